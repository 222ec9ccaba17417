"""Showing what was said before, as one batch to those who know batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from ...console.render import clock_time
from ...core.entries import Entry, Kind
from .render import target_of

if TYPE_CHECKING:
    from .door import IrcDoor

EVENTS = tuple(int(kind) for kind in Kind if kind is not Kind.KEYS)
"""What is history to those who want to see more than messages; keys are for programs."""

_references = count(1)


@contextmanager
def batch(
    client: IrcDoor, kind: str, *params: str, tags: Mapping[str, str] | None = None
) -> Iterator[str]:
    """What is added to the answer meanwhile is a batch; its reference, empty without batches."""
    if not client.has("batch"):
        yield ""
        return
    reference, server = f"h{next(_references)}", client.clients.server
    client.line(server, " ".join(("BATCH", f"+{reference}", kind, *params)), tags)
    yield reference
    client.line(server, f"BATCH -{reference}")


def hidden(client: IrcDoor) -> tuple[int, ...]:
    """Whose words the client's person does not want to see."""
    return tuple(sorted(client.me.ignores))


def show(client: IrcDoor, entries: Iterable[Entry], reference: str, stamped: bool = False) -> None:
    """Add entries to the answer; `stamped` writes their time before the words."""
    chat, me = client.chat, client.me
    for entry in entries:
        room = chat.rooms.rooms.get(entry.room)
        if room is None or me.hides(entry) or not room.may_read(me, entry.seq):
            continue  # which may have come to be while the store was asked
        stamp = f"[{clock_time(entry.time, chat.wall())}] " if stamped else ""
        target = target_of(room, entry, me)
        for line in client.dialect.replayed(room, target, entry, reference, stamp):
            client.answers.add_rendered(line)
