"""What programs say of themselves and of their person, and how they fill gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...chat.chat import Chat
from ...chat.commands import check
from ...chat.commands.lookup import conversation
from ...chat.commands.messages import speaking_place
from ...chat.session import Session
from ...core import command_table as words
from ...core.errors import ChatError
from ...core.rooms import Room
from .render import Hidden, view
from .requests import Entries

MOST_ENTRIES = 500
MOST_TWICE = 10  # more names of conversations than there are conversations, in one request


async def entries(chat: Chat, session: Session, asked: Entries) -> dict[str, Any]:
    """The entries of a room after a number, whatever their kind."""
    person = session.person
    room = conversation(chat, session, asked.room)
    if not 1 <= asked.limit <= MOST_ENTRIES:
        raise ChatError("args", f"The limit is 1 to {MOST_ENTRIES}.")
    if room is None:
        return {"entries": [], "more": False}
    after = max(asked.after, room.readable_since(person), 0)
    upto = room.last_seq if asked.upto is None else min(asked.upto, room.last_seq)
    found = await chat.history.entries(room, after, upto, asked.limit)
    conversation(chat, session, asked.room)  # who was put out meanwhile is told nothing
    found = [entry for entry in found if room.may_read(person, entry.seq)]
    label = room.label(person)
    seen: list[object] = [
        Hidden(label, entry.seq)
        if person.hides(entry)
        else view(label, entry, own=entry.sender == person.id)
        for entry in found
    ]
    return {"entries": seen, "more": bool(found) and found[-1].seq < upto}


def delivered(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[str, Any]:
    """The program has received these rooms up to these numbers."""
    for room, seq in _positions(chat, session, positions).items():
        chat.cursors.note_shown(session, room, min(seq, session.position(room)))
    return {}


def read(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[str, Any]:
    """The person has read these rooms up to these numbers."""
    if session.person.guest:
        return {}
    for room, seq in _positions(chat, session, positions).items():
        chat.cursors.note_read(session, room, seq)
    return {}


def typing(chat: Chat, session: Session, place: str) -> dict[str, Any]:
    """The person is typing there; refused as a message would be."""
    check(chat, session.person, words.Say if place.startswith("#") else words.Message)
    room = speaking_place(chat, session, place)
    if room is not None:
        chat.typists.typing(session.person, room)
    return {}


def _positions(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[Room, int]:
    """The rooms and numbers, all of them or a refusal; a room has more than one way to write it.

    Looking up a name outside ASCII takes time, and one can be written in thousands of ways.
    """
    found: dict[Room, int] = {}
    for count, (label, seq) in enumerate(positions.items()):
        if count > len(found) + MOST_TWICE:
            raise ChatError("args", "Name each conversation once.")
        room = conversation(chat, session, label)
        if room is None or not 0 <= seq <= room.last_seq:
            raise ChatError("args", f"{label[:33]} has no number {seq}.")
        found[room] = max(seq, found.get(room, 0))
    return found
