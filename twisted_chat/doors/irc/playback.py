"""Showing what was said before, as one batch to those who know batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...console.render import clock_time
from ...core.entries import Entry, Kind
from .render import target_of

if TYPE_CHECKING:
    from .door import IrcDoor

EVENTS = tuple(int(kind) for kind in Kind if kind is not Kind.KEYS)
"""What is history to those who want to see more than messages; keys are for programs."""


def hidden(client: IrcDoor) -> tuple[int, ...]:
    """Whose words the client's person does not want to see."""
    return tuple(sorted(client.me.ignores))


def show(client: IrcDoor, entries: Iterable[Entry]) -> None:
    """Add entries to the answer; a client that does not see times has them before the words."""
    chat, me = client.chat, client.me
    stamped = not client.has("server-time")
    for entry in entries:
        room = chat.rooms.rooms.get(entry.room)
        if room is None or me.hides(entry) or not room.may_read(me, entry.seq):
            continue  # which may have come to be while the store was asked
        stamp = f"[{clock_time(entry.time, chat.wall())}] " if stamped else ""
        target = target_of(room, entry, me)
        client.response.add_rendered(client.dialect.replayed(room, target, entry, stamp))
