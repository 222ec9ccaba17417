"""Saying things: to everyone, in a room, in private, and changing what was said."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from ...core import vocabulary as words
from ...core.entries import IN_WORDS, MANNERS, Entry, Form, Kind, State
from ...core.errors import ChatError
from ...core.results import Done, Result, Sent, SentToSeveral, Whispered
from ...core.rooms import LOBBY, Role, Room
from ...core.roster import Person
from ...core.text import check_formatted
from ...store import Ledger
from ..chat import Chat
from ..composing import check_cid, check_tags, composed, only_sealed, stale
from ..session import Session
from .lookup import (
    LONGEST_REASON,
    Said,
    account_named,
    kept_file,
    may_know_of,
    message_named,
    moderated_room,
    no_such_message,
    place_of,
    somebody_named,
    visible_room,
)
from .rooms import delete_room

MOST_RECIPIENTS = 100

Answer = Deferred[Sent] | Coroutine[Deferred[Any], Any, Whispered]
Saying = words.Broadcast | words.Say | words.Message
S = TypeVar("S", words.Broadcast, words.Say, words.Message)


def repeatable(say: Callable[[Chat, Session, S], Answer]) -> Callable[[Chat, Session, S], Answer]:
    """Answer a message that is sent again with its number, whatever keeps it from being said now.

    Who has lost the answer would otherwise take the refusal for the fate of the first one.
    """

    def said(chat: Chat, session: Session, command: S) -> Answer:
        try:
            return say(chat, session, command)
        except ChatError as refusal:
            return _said_before(chat, session.person, command, refusal)

    return said


def _said_before(chat: Chat, person: Person, command: Saying, refusal: ChatError) -> Deferred[Sent]:
    """The answer to a message that was stored under this id before, or else the refusal."""
    name = command.room if isinstance(command, words.Say) else LOBBY
    if isinstance(command, words.Message):
        name = command.user
    room, cid, form = place_of(chat, person, name), command.cid, MANNERS.get(command.manner)
    text = command.text
    if not isinstance(command, words.Broadcast) and command.sealed:
        text, form = command.sealed, Form.SEALED
    if form is None or cid is None or person.guest:
        raise refusal
    check_cid(cid)
    known = room is not None and may_know_of(room, person)

    def apply(ledger: Ledger) -> Entry:
        # Behind everything that is waiting, so the first sending of it is known by now. Also where
        # there is no such room: how long an answer takes must not tell that from a hidden one.
        old = ledger.said(person.id, cid)
        if old is None or room is None or (old.room != room.id and not known):
            raise refusal
        ledger.post(room.id, Kind.MESSAGE, person.id, person.name, text, cid=cid, form=form)
        return old

    def again(old: Entry) -> Sent:
        assert room is not None
        return chat.sent(person, room, old, again=True)

    return chat.store.change(apply).addCallback(again)


@repeatable
def broadcast(chat: Chat, session: Session, command: words.Broadcast) -> Answer:
    lobby, manner, tags = chat.rooms.lobby, command.manner, command.tags
    return chat.say(session, lobby, command.text, command.cid, manner=manner, tags=tags)


@repeatable
def say(chat: Chat, session: Session, command: words.Say) -> Answer:
    return chat.say(
        session,
        visible_room(chat, session, command.room),
        command.text,
        command.cid,
        command.sealed,
        command.version,
        command.manner,
        command.tags,
    )


def act(chat: Chat, session: Session, command: words.Act) -> Answer:
    where = (command.place, command.text, command.cid)
    if command.place.startswith("#"):
        return say(chat, session, words.Say(*where, manner="action"))
    return message(chat, session, words.Message(*where, manner="action"))


@repeatable
def message(chat: Chat, session: Session, command: words.Message) -> Answer:
    other = somebody_named(chat, command.user)
    _may_write_to(session.person, other)
    if session.person.guest or other.guest:
        check_cid(command.cid)
        composed(chat, None, command.text, command.sealed, command.manner)
        how = {"manner": command.manner, "tags": command.tags}
        return chat.whisper(session, [other], command.text, **how)
    room = session.person.pairs.get(other.id)
    if room is not None:
        return chat.say(
            session,
            room,
            command.text,
            command.cid,
            command.sealed,
            command.version,
            command.manner,
            command.tags,
        )
    return _first_message(chat, session, other, command)


def _may_write_to(person: Person, other: Person) -> None:
    if person is other:
        raise ChatError("args", "That is you: choose somebody else to write to.")


def _first_message(
    chat: Chat, session: Session, other: Person, command: words.Message
) -> Deferred[Sent]:
    """Begin a private conversation with its first message, in one transaction."""
    text, form = composed(chat, None, command.text, command.sealed, command.manner)
    check_cid(command.cid)
    check_tags(command.tags)
    person, cid, tags = session.person, command.cid, command.tags

    def apply(ledger: Ledger) -> tuple[Entry, bool]:
        again = cid is not None and ledger.said(person.id, cid) is not None
        room = _pair_for_words(ledger, person, other)
        entry = ledger.post(
            room, Kind.MESSAGE, person.id, person.name, text, cid=cid, form=form, tags=tags
        )
        return entry, again

    def show(stored: tuple[Entry, bool]) -> Sent:
        entry, again = stored
        room = chat.membership.show_in_pair(person, other, entry, session)
        return chat.sent(person, room, entry, again)

    return chat.store.change(apply, session).addCallback(show)


def _pair_for_words(ledger: Ledger, person: Person, other: Person) -> int:
    """The private conversation of two people; refused if it was encrypted meanwhile."""
    room = ledger.pair(person.id, other.id)
    if ledger.encrypted(room):
        raise only_sealed(f"Your conversation with {other.name}")
    return room


async def broadcast_users(
    chat: Chat, session: Session, command: words.BroadcastUsers
) -> SentToSeveral:
    person = session.person
    if not 0 < len(command.users) <= MOST_RECIPIENTS:
        raise ChatError("args", f"One message can go to 1 to {MOST_RECIPIENTS} people.")
    session.door.charge(len(command.users) - 1)  # for looking them up, too
    named = (account_named(chat, name) for name in command.users)
    others = list({other.id: other for other in named}.values())
    for other in others:
        _may_write_to(person, other)
        room = person.pairs.get(other.id)
        if room is not None and not chat.rooms.takes_words(room):
            raise only_sealed(f"Your conversation with {other.name}")
    composed(chat, None, command.text)

    def apply(ledger: Ledger) -> list[Entry]:
        rooms = [_pair_for_words(ledger, person, other) for other in others]
        return [
            ledger.post(room, Kind.MESSAGE, person.id, person.name, command.text) for room in rooms
        ]

    entries = await chat.store.change(apply, session)
    now: list[Sent] = []
    later: list[Sent] = []
    for other, entry in zip(others, entries, strict=True):
        room = chat.membership.show_in_pair(person, other, entry, session)
        (now if other.online else later).append(chat.sent(person, room, entry))
    return SentToSeveral(tuple(now), tuple(later))


def talk(chat: Chat, session: Session, command: words.Talk) -> Result:
    """Where one talks is the door's to remember; here it is only looked at."""
    room = speaking_place(chat, session, command.place or LOBBY)
    if room is not None and room.encrypted and session.door.dialect.plain:
        raise only_sealed()  # every line would be refused
    return Done()


def speaking_place(chat: Chat, session: Session, place: str) -> Room | None:
    """The conversation in which somebody may speak; None if it begins with the first message."""
    person = session.person
    if place.startswith("#"):
        room = visible_room(chat, session, place)
        chat.membership.may_speak(person, room)
        return room
    other = somebody_named(chat, place)
    _may_write_to(person, other)
    return person.pairs.get(other.id)


async def edit(chat: Chat, session: Session, command: words.Edit) -> Result:
    said = message_named(chat, session, command.message)
    person = session.person
    composed(chat, said.room, command.text, command.sealed)
    entry = await _message_at(chat, said, command.message)
    if entry.sender != person.id:
        raise ChatError("not_allowed", "Only the person who said it can edit a message.")
    # After the look-up: a kick, a mute or encryption may have come first.
    chat.membership.may_speak(person, said.room)
    text, form = composed(chat, said.room, command.text, command.sealed)
    if command.sealed and command.version != chat.devices.version(said.room):
        raise stale()
    if entry.form in IN_WORDS and not command.sealed:
        form = entry.form  # an action stays one
    if entry.form in (Form.FILE, Form.SEALED_FILE):
        raise ChatError("not_allowed", "A file cannot be edited: delete it and send another one.")

    def apply(ledger: Ledger) -> None:
        room, seq = said.room.id, said.seq
        ledger.rewrite(room, seq, text, State.EDITED, form)
        ledger.post(room, Kind.EDIT, person.id, person.name, text, target=seq, form=form)

    await chat.store.change(apply)
    return Done()


async def delete(chat: Chat, session: Session, command: words.Delete) -> Result:
    if command.what.startswith("#") and "/" not in command.what:
        if session.person.guest:
            raise ChatError(
                "guest", "A guest cannot use delete for a room: it ends with the last one in it."
            )
        return await delete_room(chat, session, command.what, command.sure)
    person = session.person
    file = kept_file(command.what)
    if file is not None:
        await chat.links.delete(person, file, session.address)
        return Done()
    said = message_named(chat, session, command.what)
    if command.reason:
        check_formatted(command.reason, LONGEST_REASON)
    if command.sealed:
        composed(chat, said.room, command.reason, command.sealed)
    entry = await _message_at(chat, said, command.what)
    said = message_named(chat, session, command.what)  # it may have been put out meanwhile
    text, form = command.reason, Form.WORDS
    if command.sealed:
        text, form = composed(chat, said.room, command.reason, command.sealed)
        if command.version != chat.devices.version(said.room):
            raise stale()
    if not _is_by(person, entry):
        if said.room.pair is not None:
            raise ChatError("not_allowed", "Only the person who said it can delete that.")
        moderated_room(chat, session, said.room.name, Role.OPERATOR)

    def apply(ledger: Ledger) -> None:
        ledger.rewrite(said.room.id, said.seq, "", State.DELETED)
        ledger.post(
            said.room.id,
            Kind.DELETE,
            None if person.guest else person.id,
            person.name,
            text,
            target=said.seq,
            subject=entry.author,
            form=form,
        )

    await chat.store.change(apply)
    return Done()


def _is_by(person: Person, entry: Entry) -> bool:
    """Whether somebody has said a message; a guest is known by the name that it has had since."""
    if person.guest:
        same = entry.sender is None and entry.author == person.name
        return same and entry.time >= person.named_at
    return entry.sender == person.id


async def _message_at(chat: Chat, said: Said, reference: str) -> Entry:
    entry = await chat.history.entry(said.room, said.seq)
    if entry is None or entry.kind is not Kind.MESSAGE or entry.state is State.DELETED:
        raise no_such_message(reference)
    return entry
