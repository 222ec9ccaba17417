"""Turning on end-to-end encryption."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...core import command_table as words
from ...core.entries import Entry, Kind
from ...core.errors import ChatError
from ...core.results import Done, Result
from ...core.rooms import LOBBY, Person, Role, Room, mark_of
from ...store import Ledger
from ..chat import Chat
from ..session import Session
from .lookup import account_named, conversation, joined_room, moderated_room
from .permission import check


async def encrypt(chat: Chat, session: Session, command: words.Encrypt) -> Result:
    person = session.person
    if command.place.startswith("#"):
        return await _encrypt_room(chat, session, command)
    other = account_named(chat, command.place)
    if other is person:
        raise ChatError("args", "That is you: choose somebody else to write to.")
    room = person.pairs.get(other.id)
    if room is not None and room.encrypted:
        return Done(f"Your conversation with {other.name} is encrypted already.")
    _has_keys(person, "You have no device with keys yet: log in")
    _has_keys(other, f"{other.name} has no device with keys yet: it takes a login")
    if not command.sure:
        raise _confirm(f"your conversation with {other.name}")

    def apply(ledger: Ledger) -> Entry | None:
        return _turn_on(ledger, ledger.rooms.pair(person.id, other.id), person)

    with _no_more_words(chat, mark_of(person, other)):
        entry = await chat.store.change(apply)
        if entry is not None:  # and it may have begun with this
            chat.membership.show_in_pair(person, other, entry, session).encrypted = True
    return Done()


async def _encrypt_room(chat: Chat, session: Session, command: words.Encrypt) -> Result:
    if joined_room(chat, session, command.place) is chat.rooms.lobby:  # which has no owner
        raise ChatError(
            "not_allowed", f"{LOBBY} is everybody's, at every door, and cannot be encrypted."
        )
    room = moderated_room(chat, session, command.place, Role.OWNER)
    if room.encrypted:
        return Done(f"{room.name} is encrypted already.")
    _has_keys(session.person, "You have no device with keys yet: log in")
    if not command.sure:
        raise _confirm(room.name)
    with _no_more_words(chat, frozenset((room.id,))):
        await chat.store.change(lambda ledger: _turn_on(ledger, room.id, session.person))
        room.encrypted = True
    return Done()


def _has_keys(person: Person, otherwise: str) -> None:
    if not person.devices:
        raise ChatError(
            "no_keys", f"{otherwise} with a client, such as python -m twisted_chat.client HOST PORT"
        )


def _confirm(what: str) -> ChatError:
    return ChatError(
        "confirm",
        f"This encrypts {what} for good: from now on only clients that have the keys can read and"
        " write there, nobody with netcat can, and the server cannot search it. What was said"
        " before stays as it is.",
    )


def _turn_on(ledger: Ledger, room: int, person: Person) -> Entry | None:
    """Encrypt a conversation; returns the entry about it, or None if somebody was faster."""
    if ledger.rooms.encrypted(room):
        return None
    ledger.rooms.set(room, encrypted=True)
    return ledger.log.post(room, Kind.ENCRYPT, person.id, person.name)


@contextmanager
def _no_more_words(chat: Chat, mark: frozenset[int]) -> Iterator[None]:
    """Refuse plain messages while encryption is being turned on."""
    chat.rooms.being_encrypted.append(mark)
    try:
        yield
    finally:
        chat.rooms.being_encrypted.remove(mark)


def sealed_room(chat: Chat, session: Session, place: str) -> Room:
    """An encrypted conversation of this person's."""
    check(chat, session.person, words.Encrypt)
    room = conversation(chat, session, place)
    if room is None or not room.encrypted:
        raise ChatError("not_encrypted", "This conversation is not encrypted.")
    return room
