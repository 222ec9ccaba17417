"""Where in a transcript an entry belongs, and under which day."""

from __future__ import annotations

from bisect import bisect_left, insort
from time import localtime
from typing import NamedTuple


class Spot(NamedTuple):
    """Where to write an entry: before this mark, or at the end if there is none."""

    before: str
    new_day: bool  # the day has to be written above it


def day_number(milliseconds: int) -> int:
    """A number of its own for each local day."""
    try:
        time = localtime(milliseconds / 1000)
    except (OverflowError, OSError, ValueError):
        return 0
    return time.tm_year * 1000 + time.tm_yday


def mark_of(seq: int) -> str:
    """The mark where an entry begins."""
    return f"entry{seq}"


def mark_of_day(day: int) -> str:
    """The mark where the line of a day begins."""
    return f"day{day}"


class Ordering:
    """The entries that a transcript shows, by their numbers."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._days: dict[int, int] = {}

    def __contains__(self, seq: int) -> bool:
        return seq in self._days

    @property
    def first(self) -> int:
        """The oldest entry; 0 if there is none."""
        return self._seqs[0] if self._seqs else 0

    def add(self, seq: int, milliseconds: int) -> Spot:
        """Take an entry in that is not there yet."""
        day = day_number(milliseconds)
        known = day in self._days.values()
        at = bisect_left(self._seqs, seq)
        before = ""
        if at < len(self._seqs):
            following = self._seqs[at]
            its_day = self._days[following]
            before = mark_of(following) if its_day == day else mark_of_day(its_day)
        insort(self._seqs, seq)
        self._days[seq] = day
        return Spot(before, not known)

    def forget_first(self) -> tuple[str, ...]:
        """The oldest entry is gone: the marks that nothing needs any more."""
        seq = self._seqs.pop(0)
        day = self._days.pop(seq)
        gone = mark_of(seq)
        return (gone,) if day in self._days.values() else (gone, mark_of_day(day))
