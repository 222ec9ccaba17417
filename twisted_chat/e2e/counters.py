"""The order of messages: each device counts what it says in each place.

The server puts messages in an order and may leave some out. The number inside each message
tells: a gap and a step back are shown, and a number that came before is a replay. Edits are
counted apart from messages, and only against replays: a message that was edited comes with its
newest text, so an edit may come before what was said earlier.

A message that was deleted or edited before it was read has lost its number, and one that
cannot be read does not show it. Each of these is seen as what it is, so it accounts for one
number of its author's that is missing.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from .messages import CannotRead, Reason, Spot
from .rows import Rows

MOST_MISSING = 1_000  # numbers of one device in one place that may still come
TABLE = "count"


class _Own(msgspec.Struct):
    last: int = 0
    last_edit: int = 0
    under_way: dict[str, tuple[int, bool]] = {}  # number, and whether of an edit, by cid


class _Theirs(msgspec.Struct):
    last: int
    missing: list[int] = []


class _Author(msgspec.Struct):
    at: Spot = Spot(0, 0)  # their latest message, read or not
    absent: int = 0  # messages that have shown no number, and account for one


class Order(NamedTuple):
    """How a message stands to those before it."""

    missing: int = 0
    late: bool = False


class MessageCounters:
    """One's own numbers, and those of others."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    # --- one's own ---------------------------------------------------------------------------

    def next(self, place: str, cid: str, *, edit: bool) -> int:
        """The number of a message; one that is encrypted anew keeps its own."""
        own = self._own(place)
        if cid not in own.under_way:
            if edit:
                own.last_edit += 1
            else:
                own.last += 1
            own.under_way[cid] = (own.last_edit if edit else own.last, edit)
            self._rows.put(TABLE, place, own)
        return own.under_way[cid][0]

    def settled(self, place: str, cid: str) -> None:
        """A message was stored."""
        own = self._own(place)
        if own.under_way.pop(cid, None) is not None:
            self._rows.put(TABLE, place, own)

    def dropped(self, place: str, cid: str) -> None:
        """A message will not be sent after all; if it was the last, the next has its number."""
        own = self._own(place)
        number, edit = own.under_way.pop(cid, (0, False))
        if not edit and number == own.last:
            own.last -= number > 0
        self._rows.put(TABLE, place, own)

    def _own(self, place: str) -> _Own:
        return self._rows.find(TABLE, place, _Own) or _Own()

    # --- others' -----------------------------------------------------------------------------

    def message(self, place: str, author: str, device: str, number: int, spot: Spot) -> Order:
        """Take in the number of somebody's message; before the first that comes none is missing."""
        order = self._count(f"{place}\n{device}", number, begin=number - 1)
        author_key = f"{place}\n@{author}"
        theirs = self._rows.find(TABLE, author_key, _Author) or _Author()
        accounted = min(order.missing, theirs.absent)
        theirs.absent -= accounted
        theirs.at = max(theirs.at, spot)
        self._rows.put(TABLE, author_key, theirs)
        return order._replace(missing=order.missing - accounted)

    def edit(self, place: str, device: str, number: int) -> None:
        """Take in the number of somebody's edit."""
        self._count(f"{place}\n{device}\nedits", number, begin=0)

    def absent(self, place: str, author: str, spot: Spot) -> None:
        """A message has come that shows no number."""
        key = f"{place}\n@{author}"
        theirs = self._rows.find(TABLE, key, _Author) or _Author()
        if spot > theirs.at:
            theirs.at = spot
            theirs.absent = min(theirs.absent + 1, MOST_MISSING)
            self._rows.put(TABLE, key, theirs)

    def _count(self, key: str, number: int, *, begin: int) -> Order:
        theirs = self._rows.find(TABLE, key, _Theirs) or _Theirs(begin)
        if number in theirs.missing:
            theirs.missing.remove(number)
            order = Order(late=True)
        elif number <= theirs.last:
            raise CannotRead(Reason.REPLAYED)
        else:
            order = Order(missing=number - 1 - theirs.last)
            first = max(theirs.last + 1, number - MOST_MISSING)
            theirs.missing = [*theirs.missing, *range(first, number)][-MOST_MISSING:]
            theirs.last = number
        self._rows.put(TABLE, key, theirs)
        return order
