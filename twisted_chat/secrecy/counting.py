"""The order of messages: each device counts what it says in each place.

The server puts messages in an order and may leave some out. The number inside each message
tells: a gap and a step back are shown, and a number that came before is a replay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .reading import CannotRead, Reason

if TYPE_CHECKING:
    from .rows import Rows

MOST_MISSING = 1_000  # numbers of one device in one place that may still come
TABLE = "count"


class _Own(msgspec.Struct):
    last: int = 0
    under_way: dict[str, int] = {}  # by the id a message was sent with


class _Theirs(msgspec.Struct):
    last: int = 0
    missing: list[int] = []
    blanks: int = 0  # unreadable messages since the last that was read
    blank_at: tuple[int, int] = (0, 0)


class Order(NamedTuple):
    """How a message stands to those before it."""

    missing: int = 0
    late: bool = False


class Counting:
    """One's own numbers, and those of others."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def next(self, place: str, cid: str) -> int:
        """The number of a message; one that is encrypted anew keeps its own."""
        own = self._own(place)
        if cid not in own.under_way:
            own.last += 1
            own.under_way[cid] = own.last
            self._rows.put(TABLE, place, own)
        return own.under_way[cid]

    def settled(self, place: str, cid: str) -> None:
        """A message was stored."""
        own = self._own(place)
        if own.under_way.pop(cid, None) is not None:
            self._rows.put(TABLE, place, own)

    def dropped(self, place: str, cid: str) -> None:
        """A message will not be sent after all; the next may have its number."""
        own = self._own(place)
        number = own.under_way.pop(cid, None)
        if number is None:
            return
        if number == own.last:
            own.last -= 1
        self._rows.put(TABLE, place, own)

    def count(self, place: str, device: str, number: int) -> Order:
        """Take in the number of somebody's message."""
        key = f"{place}\n{device}"
        theirs = self._rows.find(TABLE, key, _Theirs)
        if theirs is None:
            theirs = _Theirs(last=number - 1)  # what was said before one came is not missing
        if number in theirs.missing:
            theirs.missing.remove(number)
            order = Order(late=True)
        elif number <= theirs.last:
            raise CannotRead(Reason.REPLAYED)
        else:
            first = max(theirs.last + 1, number - MOST_MISSING)
            theirs.missing = [*theirs.missing, *range(first, number)][-MOST_MISSING:]
            order = Order(missing=max(0, number - 1 - theirs.last - theirs.blanks))
            theirs.last, theirs.blanks = number, 0
        self._rows.put(TABLE, key, theirs)
        return order

    def blank(self, place: str, device: str, spot: tuple[int, int]) -> None:
        """A message that cannot be read is shown as that, so it is not missing besides."""
        key = f"{place}\n{device}"
        theirs = self._rows.find(TABLE, key, _Theirs)
        if theirs is not None and spot > theirs.blank_at:
            theirs.blanks += 1
            theirs.blank_at = spot
            self._rows.put(TABLE, key, theirs)

    def _own(self, place: str) -> _Own:
        return self._rows.find(TABLE, place, _Own) or _Own()
