"""Rooms: making them, going in and out, inviting, topics, deleting."""

from __future__ import annotations

from hmac import compare_digest

from msgspec.structs import replace

from ...core import command_table as words
from ...core.entries import Kind
from ...core.errors import ChatError
from ...core.events import Invitation, Notice
from ...core.names import Name, room_name
from ...core.results import Done, Joined, Result, TopicIs
from ...core.rooms import LOBBY, Person, Role, Room
from ...core.rules import Rules
from ...core.text import check_formatted
from ...store import Ledger
from ..chat import Chat
from ..rooms import keeps_its_name, not_available
from ..session import Session
from .lookup import (
    LONGEST_REASON,
    joined_room,
    known_room,
    moderated_room,
    somebody_named,
    visible_room,
)

MOST_ROOMS = 200  # of one person
DAYS_UNTIL_ERASED = 7
DAYS_UNTIL_FREE = 7  # of a name that a room had
MOST_FORMER = 3  # such names of one room


async def create(chat: Chat, session: Session, command: words.Create) -> Joined:
    person = session.person
    name = chat.names.check_room(command.room)
    if not chat.rooms.available(name):
        raise not_available(name)
    _may_be_in_another(session)
    chat.limits.count_room(session)
    rules = Rules(invite_only=command.private, secret=command.private)
    room, seq = await chat.membership.create(person, name, rules)
    return Joined(room.name, seq, "", created=True)


def _may_be_in_another(session: Session) -> None:
    if len(session.person.rooms) >= MOST_ROOMS:
        raise ChatError("too_many", f"Nobody can be in more than {MOST_ROOMS} rooms: leave one.")


async def join(chat: Chat, session: Session, command: words.Join) -> Joined:
    room = visible_room(chat, session, command.room)
    person = session.person
    if room.has(person):
        return Joined(room.name, room.last_seq, room.topic, encrypted=room.encrypted)
    _may_come_in(chat, room, person, command.key)
    _may_be_in_another(session)
    seq = await chat.membership.join(person, room)
    return Joined(room.name, seq, room.topic, encrypted=room.encrypted)


async def join_made(chat: Chat, session: Session, name: str) -> Joined | None:
    """Join a room that is just being made, right after that; None if it is not being made."""
    person, wanted = session.person, room_name(name)
    _may_be_in_another(session)
    made = await chat.membership.join_made(person, wanted)
    if made is None:
        return None
    room, seq = made
    return Joined(room.name, seq, room.topic)


def _may_come_in(chat: Chat, room: Room, person: Person, key: str) -> None:
    """Raise a ChatError if the room's rules keep somebody out."""
    rules, invited = room.rules, person.id in room.invited
    if room.banned(person, chat.wall()) or (not invited and rules.bans_person(person)):
        raise ChatError("banned", f"You are banned from {room.name}.")
    if rules.accounts_only and person.guest:
        raise ChatError("accounts_only", f"{room.name} is for people with an account only.")
    if invited:
        return  # who is asked in needs no key, and finds a place
    if rules.invite_only and not rules.invites_person(person):
        raise ChatError("invite_only", f"{room.name} is by invitation only: ask its operators.")
    if rules.key and not compare_digest(rules.key.encode(), key.encode("utf-8", "replace")):
        raise ChatError("bad_key", f"{room.name} has a key: join {room.name} <key>")
    if rules.limit and len((room.members.keys() | room.coming) - {person.id}) >= rules.limit:
        members = "1 member" if rules.limit == 1 else f"{rules.limit:,} members"
        raise ChatError("room_full", f"{room.name} is full: it takes {members}.")


async def leave(chat: Chat, session: Session, command: words.Leave) -> Result:
    room = joined_room(chat, session, command.room)
    if room is chat.rooms.lobby:
        raise ChatError("not_allowed", f"Everybody is in {LOBBY}; nobody leaves it.")
    person = session.person
    reason = check_formatted(command.reason, LONGEST_REASON) if command.reason else ""
    if len(room.members) == 1:
        if person.guest:
            chat.membership.leave_last(person, room)
            return Done(f"You have left {room.name}, which is no more.")
        if await chat.membership.leave_unused(person, room):
            return Done(f"You have left {room.name}, which is no more: nothing was said there.")
        room = joined_room(chat, session, command.room)  # somebody may have come meanwhile
    heir = room.heir(person) if room.role_of(person) is Role.OWNER else None
    if heir is None and room.role_of(person) is Role.OWNER:
        raise ChatError(
            "not_allowed", f"You are the last in {room.name}: to be rid of it, delete {room.name}"
        )
    await chat.membership.put_out(room, person, Kind.LEAVE, person, reason, heir=heir)
    return Done(f"You have left {room.name}.")


async def invite(chat: Chat, session: Session, command: words.Invite) -> Result:
    room = joined_room(chat, session, command.room)
    other = somebody_named(chat, command.user)
    if room.rules.keeps_out(other):
        moderated_room(chat, session, command.room)
    if room.has(other):
        raise ChatError("args", f"{other.name} is in {room.name} already.")
    if room.banned(other, chat.wall()):
        raise ChatError("banned", f"{other.name} is banned from {room.name}: unban first.")
    await chat.store.change(lambda ledger: ledger.rooms.put_invite(room.id, other.account))
    room.invited.add(other.id)
    chat.membership.note(room, other)
    by = session.person.name
    chat.onlookers.invited(room, session.person, other)
    if session.person.id not in other.ignores:
        sentence = f"{by} invites you to {room.name}: join {room.name}"
        chat.sessions.tell(other, Invitation("invited", sentence, room.name, by))
    return Done(f"{other.name} is invited to {room.name}.")


async def topic(chat: Chat, session: Session, command: words.Topic) -> Result:
    if command.text is None:
        room = known_room(chat, session, command.room)
        return TopicIs(room.name, room.topic)
    room = joined_room(chat, session, command.room)
    person, now = session.person, chat.wall()
    if room.rules.topic_by_operators:
        moderated_room(chat, session, command.room)
    elif room.role_of(person) < Role.OPERATOR:
        chat.membership.may_speak(person, room)  # a topic says something too
    text = check_formatted(command.text, chat.settings.topic_length) if command.text else ""

    def apply(ledger: Ledger) -> Rules:
        rules = replace(ledger.rooms.rules(room.id), topic_by=person.name, topic_at=now)
        ledger.rooms.set(room.id, topic=text)
        ledger.rooms.set_rules(room.id, rules)
        ledger.log.post(room.id, Kind.TOPIC, person.account, person.name, text)
        return rules

    rules = await chat.store.change(apply)
    room.topic = text
    room.keep_rules(rules)
    return Done()


async def rename(chat: Chat, session: Session, command: words.Rename) -> Done:
    room = moderated_room(chat, session, command.room, Role.OWNER)
    person, old = session.person, room.name
    name = chat.names.check_room(command.name)
    reason = check_formatted(command.reason, LONGEST_REASON) if command.reason else ""
    _may_be_renamed(chat, room, name)
    until = chat.wall() + DAYS_UNTIL_FREE * 24 * 3600 * 1000
    await chat.membership.rename(room, name, until, person, reason)
    return Done(f"{old} is called {name.shown} now.")


def _may_be_renamed(chat: Chat, room: Room, name: Name) -> None:
    """Raise a ChatError if a room cannot have that name now."""
    if room is chat.rooms.lobby:
        raise ChatError("not_allowed", f"{LOBBY} is everybody's and keeps its name.")
    if name == room.named:
        raise ChatError("args", f"{room.name} is called so already.")
    if not chat.rooms.takes_words(room):
        raise keeps_its_name(room)
    if not chat.rooms.available(name, room):
        raise not_available(name)
    if room in chat.rooms.being_renamed:
        raise ChatError("not_now", f"{room.name} is just being renamed: try again.")
    former = [one.folded for one in chat.rooms.former_names(room)]
    names = {*former, room.named.folded, name.folded}
    if len(names) > MOST_FORMER + 1:
        raise ChatError(
            "too_many",
            f"{room.name} has been renamed {MOST_FORMER} times in {DAYS_UNTIL_FREE} days: wait"
            " until one of its old names is free again.",
        )


async def delete_room(chat: Chat, session: Session, name: str, sure: bool) -> Result:
    """Hide a room at once; it is erased a week later."""
    room = moderated_room(chat, session, name, Role.OWNER)
    if room is chat.rooms.lobby:
        raise ChatError("not_allowed", f"{LOBBY} is everybody's and cannot be deleted.")
    if not sure:
        raise ChatError(
            "confirm",
            f"Deleting {room.name} hides it from everybody at once ({_counted(room)}) and "
            f"erases it after {DAYS_UNTIL_ERASED} days; until then: undelete {room.name}",
        )
    now = chat.wall()
    await chat.store.change(lambda ledger: ledger.rooms.set(room.id, deleted_at=now))
    by = session.person.name
    for member in list(room.members.values()):
        if member.person is not session.person:
            chat.sessions.tell(
                member.person, Notice("room_deleted", f"{by} has deleted {room.name}.")
            )
    chat.membership.close_room(room, now)
    return Done(
        f"{room.name} is deleted. For {DAYS_UNTIL_ERASED} days this brings it back:"
        f" undelete {room.name}"
    )


def _counted(room: Room) -> str:
    return "1 member" if len(room.members) == 1 else f"{len(room.members):,} members"


async def undelete(chat: Chat, session: Session, command: words.Undelete) -> Result:
    room = chat.rooms.find(command.room)
    member = None if room is None else room.members.get(session.person.id)
    if room is None or room.deleted_at is None or member is None or member.role < Role.OWNER:
        raise ChatError("no_such_room", f"There is no deleted room {command.room} of yours.")
    await chat.store.change(lambda ledger: ledger.rooms.set(room.id, deleted_at=None))
    chat.membership.reopen_room(room)
    return Done(f"{room.name} is back, with everything that was said in it.")
