"""Keeping order in a room: roles, bans, mutes and the room's rules."""

from __future__ import annotations

from ...core import command_table as words
from ...core import rules as rulebook
from ...core.entries import Kind
from ...core.errors import ChatError
from ...core.events import Notice
from ...core.results import Done, MaskLine, ModesAre, Result
from ...core.rooms import LOBBY, Member, Person, Role, Room, Tightening
from ...core.rules import LISTS, RuleChange, Rules
from ...core.text import check_formatted
from ...store import FOR_EVER, Ledger
from ..chat import Chat
from ..session import Session
from .lookup import LONGEST_REASON, deadline, known_room, moderated_room, somebody_named

MAKES_NO_SENSE_IN_LOBBY = frozenset("IRiklns")


def _target(
    chat: Chat, session: Session, room: Room, name: str, or_oneself: bool = False
) -> Person:
    """The person of that name, who must have a lower role than the one who asks."""
    person = somebody_named(chat, name)
    if person is session.person:
        if or_oneself:
            return person
        raise ChatError("args", f"That is you. To go, type leave {room.name}.")
    if room.role_of(person) >= room.role_of(session.person):
        raise ChatError(
            "not_allowed", f"The role of {person.name} in {room.name} is not below yours."
        )
    return person


def _member(room: Room, person: Person) -> Member:
    member = room.members.get(person.id)
    if member is None:
        raise ChatError("no_such_user", f"{person.name} is not in {room.name}.")
    return member


def _not_lobby(chat: Chat, room: Room) -> None:
    if room is chat.rooms.lobby:
        raise ChatError("not_allowed", "Nobody can be put out of the lobby; see help ban-user.")


async def _set_role(chat: Chat, session: Session, name: str, user: str, role: Role) -> Result:
    room = moderated_room(chat, session, name)
    _not_lobby(chat, room)
    other = _target(chat, session, room, user, or_oneself=role is Role.MEMBER)
    member, by = _member(room, other), session.person
    if member.role is Role.OWNER:
        raise ChatError(
            "not_allowed", f"{room.name} is yours, and its owner is always an operator."
        )
    if member.role is role:
        has = "is an operator already" if role else "is no operator"
        raise ChatError("args", f"{other.name} {has} in {room.name}.")

    def apply(ledger: Ledger) -> None:
        ledger.rooms.put_member(room.id, other.account, role=role)
        kind = Kind.OP if role else Kind.DEOP
        ledger.log.post(room.id, kind, by.account, by.name, subject=other.name)

    before, member.role = member.role, min(role, member.role)
    try:
        await chat.store.change(apply)
    except ChatError:
        member.role = before
        raise
    member.role = role
    return Done()


async def op(chat: Chat, session: Session, command: words.Op) -> Result:
    return await _set_role(chat, session, command.room, command.user, Role.OPERATOR)


async def deop(chat: Chat, session: Session, command: words.Deop) -> Result:
    return await _set_role(chat, session, command.room, command.user, Role.MEMBER)


async def _set_voice(chat: Chat, session: Session, name: str, user: str, voice: bool) -> Result:
    room = moderated_room(chat, session, name)
    if room is chat.rooms.lobby:
        raise ChatError("not_allowed", "Nobody is given a voice in the lobby.")
    other = somebody_named(chat, user)
    member, by = _member(room, other), session.person
    if member.voice is voice:
        return Done()

    def apply(ledger: Ledger) -> None:
        ledger.rooms.put_member(room.id, other.account, voice=voice)
        kind = Kind.VOICE if voice else Kind.DEVOICE
        ledger.log.post(room.id, kind, by.account, by.name, subject=other.name)

    before, member.voice = member.voice, member.voice and voice
    try:
        await chat.store.change(apply)
    except ChatError:
        member.voice = before
        raise
    member.voice = voice
    return Done()


async def voice(chat: Chat, session: Session, command: words.Voice) -> Result:
    return await _set_voice(chat, session, command.room, command.user, True)


async def devoice(chat: Chat, session: Session, command: words.Devoice) -> Result:
    return await _set_voice(chat, session, command.room, command.user, False)


async def kick(chat: Chat, session: Session, command: words.Kick) -> Result:
    room = moderated_room(chat, session, command.room)
    _not_lobby(chat, room)
    other = _target(chat, session, room, command.user)
    _member(room, other)
    reason = check_formatted(command.reason, LONGEST_REASON) if command.reason else ""
    await chat.membership.put_out(room, other, Kind.KICK, session.person, reason)
    return Done()


async def ban(chat: Chat, session: Session, command: words.Ban) -> Result:
    room = moderated_room(chat, session, command.room)
    _not_lobby(chat, room)
    other = _target(chat, session, room, command.user)
    until = deadline(chat, command.duration)
    had, before = other.id in room.bans, room.bans.get(other.id)
    room.bans[other.id] = until
    chat.membership.note(room, other)
    try:
        await chat.membership.put_out(
            room, other, Kind.BAN, session.person, command.duration, until
        )
    except ChatError:
        if had:
            room.bans[other.id] = before
        else:
            room.bans.pop(other.id, None)
        raise
    return Done()


async def unban(chat: Chat, session: Session, command: words.Unban) -> Result:
    room = moderated_room(chat, session, command.room)
    other, by = somebody_named(chat, command.user), session.person
    if other.id not in room.bans:
        raise ChatError("args", f"{other.name} is not banned from {room.name}.")

    def apply(ledger: Ledger) -> None:
        ledger.rooms.drop_ban(room.id, other.account)
        ledger.log.post(room.id, Kind.UNBAN, by.account, by.name, subject=other.name)

    await chat.store.change(apply)
    room.bans.pop(other.id, None)
    return Done()


async def mute(chat: Chat, session: Session, command: words.Mute) -> Result:
    room = moderated_room(chat, session, command.room)
    other = _target(chat, session, room, command.user)
    if room is not chat.rooms.lobby:
        _member(room, other)
    until = deadline(chat, command.duration) or FOR_EVER
    span = f" for {command.duration}" if command.duration else ""
    before = chat.membership.muted_until(room, other)
    chat.membership.set_mute(room, other, until)
    chat.membership.note(room, other)
    try:
        await _mute(chat, session, room, other, until, command.duration)
    except ChatError:
        chat.membership.set_mute(room, other, before)
        raise
    chat.sessions.tell(
        other,
        Notice(
            "muted", f"{session.person.name} muted you in {room.name}{span}: you can only read."
        ),
    )
    return Done()


async def unmute(chat: Chat, session: Session, command: words.Unmute) -> Result:
    room = moderated_room(chat, session, command.room)
    other = _target(chat, session, room, command.user)
    if chat.membership.muted_until(room, other) is None:
        raise ChatError("args", f"{other.name} is not muted in {room.name}.")
    await _mute(chat, session, room, other, None, "")
    chat.membership.set_mute(room, other, None)
    chat.sessions.tell(
        other, Notice("unmuted", f"{session.person.name} lets you speak in {room.name} again.")
    )
    return Done()


async def _mute(
    chat: Chat, session: Session, room: Room, other: Person, until: int | None, span: str
) -> None:
    by = session.person

    def apply(ledger: Ledger) -> None:
        if until is None:
            ledger.rooms.drop_mute(room.id, other.account)
        else:
            ledger.rooms.put_mute(room.id, other.account, until)
        kind = Kind.UNMUTE if until is None else Kind.MUTE
        ledger.log.post(room.id, kind, by.account, by.name, span, subject=other.name)

    await chat.store.change(apply)


# --- the rules of a room ----------------------------------------------------------------------


async def mode(chat: Chat, session: Session, command: words.Mode) -> Result:
    if not command.changes:
        return _rules_of(session, known_room(chat, session, command.room))
    room = moderated_room(chat, session, command.room)
    changes = rulebook.parse(command.changes)
    if room is chat.rooms.lobby and not MAKES_NO_SENSE_IN_LOBBY.isdisjoint(
        change.letter for change in changes
    ):
        raise ChatError("not_allowed", f"Everybody is in {LOBBY}; nobody can be kept out of it.")
    await _change_rules(chat, session, room, changes)
    return Done()


def _rules_of(session: Session, room: Room) -> ModesAre:
    """The rules as far as they are for this person to know."""
    person, rules = session.person, room.rules
    inside = room.has(person)
    letters = rules.letters(with_key=inside)
    operator = room.role_of(person) >= Role.OPERATOR
    lists = LISTS if operator else ("b",) if inside else ()
    masks = tuple(
        MaskLine(letter, mask, by, time)
        for letter in lists
        for mask, (by, time) in rules.masks(letter).items()
    )
    return ModesAre(room.name, letters, rulebook.in_words(letters), masks)


async def _change_rules(
    chat: Chat, session: Session, room: Room, changes: tuple[RuleChange, ...]
) -> None:
    """Change the rules; what takes a right away holds at once, what gives one when it is kept."""
    by, now = session.person, chat.wall()
    if not room.kept_rules.with_changes(changes, by.name, now)[1] and room.settled:
        return

    def apply(ledger: Ledger) -> Rules:
        # From what is stored, for others may be changing the same rules.
        rules, done = ledger.rooms.rules(room.id).with_changes(changes, by.name, now)
        if done:
            ledger.rooms.set_rules(room.id, rules)
            ledger.log.post(room.id, Kind.MODE, by.account, by.name, done)
        return rules

    tightening = Tightening(changes, by.name, now)
    room.tighten(tightening)
    try:
        room.keep_rules(await chat.store.change(apply))
    finally:
        room.relax(tightening)
