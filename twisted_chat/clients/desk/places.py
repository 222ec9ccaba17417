"""Finding one's way between conversations and in what was said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ...core.entries import Entry, Kind
from ...core.errors import ChatError
from ...core.text import shown
from ..connection.link import Event
from ..sync.conversations import LOBBY, entry_of
from ..sync.user import User, as_read
from .lines import Line, of_entry

AROUND = 5  # messages before and after one that is jumped to


def listed(user: User) -> list[str]:
    """The conversations one is in, as lines."""
    found = ["Your conversations are:"]
    for one in user.conversations.all.values():
        notes = [f"{one.unread:,} unread"] if one.unread else []
        if one.mentions:
            notes.append(f"{one.mentions:,} for you")
        if notes:
            notes = [f"({', '.join(notes)})"]
        found.append(
            " ".join([shown(one.label), *notes, *([shown(one.topic)] if one.topic else [])])
        )
    return found


def people(user: User) -> list[str]:
    """Every name that is known here: of those online, in private conversations, and of authors."""
    known = user.conversations.all.values()
    private = (one.label for one in known if one.private)
    authors = (entry.author for one in known for entry in one.entries.values())
    return [str(name) for name in dict.fromkeys((*user.online, *private, *authors)) if name]


def next_unread(user: User, here: str) -> str:
    """The conversation to look at next: one in which somebody speaks to oneself comes first."""
    others = [one for one in user.conversations.all.values() if one.unread and one.label != here]
    others.sort(key=lambda one: not one.mentions)
    return others[0].label if others else ""


def _named(reference: str) -> tuple[str, int]:
    """The conversation and the number that `17`, `#room/17` and `edison/17` name."""
    place, _, number = reference.rpartition("/")
    if not (number.isascii() and number.isdigit()):
        raise ChatError("args", f"{shown(reference)} is not the number of a message.")
    return place or LOBBY, int(number)


async def answering(user: User, reference: str, text: str) -> tuple[str, str]:
    """Where an answer to a message is said, and its words, which name the message."""
    room, seq = _named(reference)
    conversation = user.conversations.get(room)
    entry = conversation.entries.get(seq) if conversation is not None else None
    if entry is None:
        answer = await user.ask("entries", room=room, after=seq - 1, upto=seq)
        entry = next((entry_of(event) for event in answer["entries"]), None)
    if entry is None or entry.kind is not Kind.MESSAGE:
        raise ChatError("no_such_message", f"There is no message {shown(reference)}.")
    return room, f"{entry.author} [{seq}]: {text}"


async def around(user: User, reference: str) -> list[Line]:
    """A message, marked, between what was said before and after it."""
    room, seq = _named(reference)
    events = await user.entries(room, max(0, seq - 1 - AROUND), seq + AROUND)
    entries = await read(user, room, events)
    if not any(entry.seq == seq for entry in entries):
        raise ChatError("no_such_message", f"There is no message {shown(reference)}.")
    return [
        of_entry(room, entry, user.name)._replace(margin="> " if entry.seq == seq else "  ")
        for entry in entries
    ]


async def lines_of(user: User, page: dict[str, Any]) -> list[Line]:
    """A page of messages as lines of their conversations."""
    found: list[Line] = []
    for room, events in groupby(page["lines"], key=lambda event: str(event["room"])):
        entries = await read(user, room, list(events))
        found += [of_entry(room, entry, user.name) for entry in entries]
    return found


async def read(user: User, room: str, events: Sequence[dict[str, Any]]) -> list[Entry]:
    """Entries that were asked for, with what they say where they are encrypted."""
    entries = [entry for event in events if (entry := entry_of(event)) is not None]
    return await user.archive.recalled(room, entries)


async def read_events(user: User, events: Sequence[Event]) -> list[Event]:
    """The same, as the events that a program is told."""
    found: list[Event] = []
    for room, group in groupby(events, key=lambda event: str(event["room"])):
        told = list(group)
        entries = {entry.seq: entry for entry in await read(user, room, told)}
        found += [
            as_read(event, entries[event["seq"]]) if event["seq"] in entries else event
            for event in told
        ]
    return found
