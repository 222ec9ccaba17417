"""Saying things: to everyone, in a room, in private, and changing what was said."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from ...core import command_table as words
from ...core.draft import Draft, check_cid
from ...core.entries import IN_WORDS, Entry, Form, Kind, State
from ...core.errors import ChatError
from ...core.results import Done, Result, Sent, SentToSeveral, Whispered
from ...core.rooms import LOBBY, Person, Role, Room
from ...core.text import check_formatted
from ...store import Ledger
from ..chat import Chat
from ..messages import only_sealed
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
Saying = Callable[[Chat, Session, str, Draft], Answer]


def repeatable(say: Saying) -> Saying:
    """Answer a message that is sent again with its number, even if it may not be said now.

    Who has lost the answer would otherwise take the refusal for the fate of the first one.
    """

    def said(chat: Chat, session: Session, place: str, draft: Draft) -> Answer:
        try:
            return say(chat, session, place, draft)
        except ChatError as refusal:
            return _said_before(chat, session.person, place, draft, refusal)

    return said


def _said_before(
    chat: Chat, person: Person, place: str, draft: Draft, refusal: ChatError
) -> Deferred[Sent]:
    """The answer to a message that was stored under this id before, or else the refusal."""
    room, cid = place_of(chat, person, place), draft.cid
    if cid is None or person.guest:
        raise refusal
    check_cid(cid)
    known = room is not None and may_know_of(room, person)

    def apply(ledger: Ledger) -> Entry:
        # Behind everything that is waiting, so the first sending of it is known by now. Also where
        # there is no such room: how long an answer takes must not tell that from a hidden one.
        old = ledger.log.said(person.id, cid)
        if old is None or room is None or (old.room != room.id and not known):
            raise refusal
        return ledger.log.say(room.id, person.id, person.name, draft)

    def again(old: Entry) -> Sent:
        assert room is not None
        return chat.messages.sent(person, room, old, again=True)

    return chat.store.change(apply).addCallback(again)


@repeatable
def say_in_room(chat: Chat, session: Session, name: str, draft: Draft) -> Answer:
    """Say something in a room."""
    return chat.messages.say(session, visible_room(chat, session, name), draft)


@repeatable
def _say_in_lobby(chat: Chat, session: Session, name: str, draft: Draft) -> Answer:
    return chat.messages.say(session, chat.rooms.lobby, draft)


@repeatable
def say_in_private(chat: Chat, session: Session, name: str, draft: Draft) -> Answer:
    """Say something to a person."""
    person, other = session.person, somebody_named(chat, name)
    _may_write_to(person, other)
    if person.guest or other.guest:
        return chat.messages.whisper(session, [other], draft)
    room = person.pairs.get(other.id)
    if room is not None:
        return chat.messages.say(session, room, draft)
    return _first_message(chat, session, other, draft)


def broadcast(chat: Chat, session: Session, command: words.Broadcast) -> Answer:
    draft = Draft.given(command.text, command.cid, manner=command.manner)
    return _say_in_lobby(chat, session, LOBBY, draft)


def say(chat: Chat, session: Session, command: words.Say) -> Answer:
    return say_in_room(chat, session, command.room, _draft(command))


def message(chat: Chat, session: Session, command: words.Message) -> Answer:
    return say_in_private(chat, session, command.user, _draft(command))


def _draft(command: words.Say | words.Message) -> Draft:
    return Draft.given(command.text, command.cid, command.sealed, command.version, command.manner)


def act(chat: Chat, session: Session, command: words.Act) -> Answer:
    say = say_in_room if command.place.startswith("#") else say_in_private
    return say(chat, session, command.place, Draft(command.text, command.cid, Form.ACTION))


def _may_write_to(person: Person, other: Person) -> None:
    if person is other:
        raise ChatError("args", "That is you: choose somebody else to write to.")


def _first_message(chat: Chat, session: Session, other: Person, draft: Draft) -> Deferred[Sent]:
    """Begin a private conversation with its first message, in one transaction."""
    chat.messages.check(None, draft)
    person, cid = session.person, draft.cid

    def apply(ledger: Ledger) -> tuple[Entry, bool]:
        again = cid is not None and ledger.log.said(person.id, cid) is not None
        room = _pair_for_words(ledger, person, other)
        return ledger.log.say(room, person.id, person.name, draft), again

    def show(stored: tuple[Entry, bool]) -> Sent:
        entry, again = stored
        room = chat.membership.show_in_pair(person, other, entry, session)
        return chat.messages.sent(person, room, entry, again)

    return chat.store.change(apply, session).addCallback(show)


def _pair_for_words(ledger: Ledger, person: Person, other: Person) -> int:
    """The private conversation of two people; refused if it was encrypted meanwhile."""
    room = ledger.rooms.pair(person.id, other.id)
    if ledger.rooms.encrypted(room):
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
    draft = Draft(command.text)
    chat.messages.check(None, draft)

    def apply(ledger: Ledger) -> list[Entry]:
        rooms = [_pair_for_words(ledger, person, other) for other in others]
        return [ledger.log.say(room, person.id, person.name, draft) for room in rooms]

    entries = await chat.store.change(apply, session)
    now: list[Sent] = []
    later: list[Sent] = []
    for other, entry in zip(others, entries, strict=True):
        room = chat.membership.show_in_pair(person, other, entry, session)
        (now if other.online else later).append(chat.messages.sent(person, room, entry))
    return SentToSeveral(tuple(now), tuple(later))


def talk(chat: Chat, session: Session, command: words.Talk) -> Result:
    """Check a place that a door will remember as the one where its person talks."""
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
    draft = Draft.given(command.text, sealed=command.sealed, version=command.version)
    chat.messages.check(said.room, draft)
    entry = await _message_at(chat, said, command.message)
    if entry.sender != person.id:
        raise ChatError("not_allowed", "Only the person who said it can edit a message.")
    # After the look-up: a kick, a mute or encryption may have come first.
    chat.membership.may_speak(person, said.room)
    chat.messages.check(said.room, draft)
    chat.messages.check_version(said.room, draft)
    if entry.form in IN_WORDS and not draft.sealed:
        draft = replace(draft, form=entry.form)  # an action stays one
    if entry.form in (Form.FILE, Form.SEALED_FILE):
        raise ChatError("not_allowed", "A file cannot be edited: delete it and send another one.")

    def apply(ledger: Ledger) -> None:
        room, seq = said.room.id, said.seq
        ledger.rewrite(room, seq, draft.text, State.EDITED, draft.form)
        ledger.log.post(
            *(room, Kind.EDIT, person.id, person.name, draft.text),
            target=seq,
            form=draft.form,
        )

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
    draft = Draft.given(command.reason, sealed=command.sealed, version=command.version)
    if draft.sealed:
        chat.messages.check(said.room, draft)
    entry = await _message_at(chat, said, command.what)
    said = message_named(chat, session, command.what)  # it may have been put out meanwhile
    if draft.sealed:
        chat.messages.check(said.room, draft)
        chat.messages.check_version(said.room, draft)
    if not _is_by(person, entry):
        if said.room.pair is not None:
            raise ChatError("not_allowed", "Only the person who said it can delete that.")
        moderated_room(chat, session, said.room.name, Role.OPERATOR)

    def apply(ledger: Ledger) -> None:
        ledger.rewrite(said.room.id, said.seq, "", State.DELETED)
        ledger.log.post(
            said.room.id,
            Kind.DELETE,
            None if person.guest else person.id,
            person.name,
            draft.text,
            target=said.seq,
            subject=entry.author,
            form=draft.form,
        )

    await chat.store.change(apply)
    return Done()


def _is_by(person: Person, entry: Entry) -> bool:
    """Whether a person has said a message; guests are known by the name they have had since."""
    if person.guest:
        same = entry.sender is None and entry.author == person.name
        return same and entry.time >= person.named_at
    return entry.sender == person.id


async def _message_at(chat: Chat, said: Said, reference: str) -> Entry:
    entry = await chat.history.entry(said.room, said.seq)
    if entry is None or entry.kind is not Kind.MESSAGE or entry.state is State.DELETED:
        raise no_such_message(reference)
    return entry
