"""What waits in memory for all connections together, in either direction, and its bound.

A connection counts for what its peer has not read, and for what has come of it that could not
be taken yet: the beginning of a line, lines that wait for their turn, a message in parts. Each of
these has a bound of its own. This is the bound for all of them, so that many connections, each
within its limits, do not fill the memory.
"""

from __future__ import annotations

import re
import resource
import sys
from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import Protocol

from twisted.logger import Logger

LOOKS = 8  # so often it is counted anew while the budget is filled up
PART = 4  # of what is free at the start, connections may have this part to wait in
LEAST = 4 * 1024 * 1024  # bytes
MOMENT = 0.001  # seconds; of those who hold something for as long, those who hold most go first

_STATUS, _CGROUP = Path("/proc/self/status"), Path("/sys/fs/cgroup/memory.max")
_SIZE = re.compile(r"VmSize:\s+([0-9]+) kB")


class Holder(Protocol):
    """A connection as the budget sees it."""

    @property
    def party(self) -> Hashable:
        """Whose it is: an account's, or a network's as long as nobody has signed in."""

    def held(self) -> int:
        """How many bytes wait for it, or of it, at this moment."""

    def unburden(self) -> None:
        """Close it at once, without a word, in a later turn of the reactor."""


class Backlog:
    """The budget of all connections.

    When half of it is used up, every client with anything left to read counts as one that does not
    read, and is written nothing more until it has; what it misses is in the store. When nearly all
    of it is used up, connections are closed until a quarter is free: those that hold most for
    longest, of the party that holds most.
    """

    log = Logger()

    def __init__(self, most: int, ticks: Callable[[], float]) -> None:
        self.most = most
        self._ticks = ticks
        self.tight = False
        """Whether a peer with anything queued counts as one that does not read."""
        self._holders: dict[Holder, float] = {}  # since when each holds something
        self._counted = 0  # at least what all of them hold
        self._look_at = most // LOOKS
        self._closed = 0  # connections in the last second

    def add(self, holder: Holder, size: int, anew: bool = False) -> None:
        """So many bytes more wait for a connection, or of it; `anew` if none did before."""
        if anew or holder not in self._holders:
            self._holders[holder] = self._ticks()
        self._counted += size
        if self._counted >= self._look_at:
            self.look()

    def forget(self, holder: Holder) -> None:
        """A connection is gone."""
        self._holders.pop(holder, None)

    def look(self) -> None:
        """Count anew, and do something about it."""
        held = {holder: size for holder in self._holders if (size := holder.held())}
        self._holders = {holder: self._holders[holder] for holder in held}
        total = sum(held.values())
        if total > self.most - self.most // LOOKS:
            total -= self._relieve(held, total - self.most * 3 // 4)
        self.tight = total > self.most // 2
        self._counted = total
        self._look_at = total + self.most // LOOKS

    def tend(self) -> None:
        """Every second: forget who holds nothing any more, and log what had to be done."""
        if self._holders:
            self.look()
        closed, self._closed = self._closed, 0
        if closed:
            self.log.warn(
                "Too much waited for connections that do not read, or send by halves: {closed} of"
                " them were closed (--backlog; {most:,} bytes may wait)",
                closed=closed,
                most=self.most,
            )

    def _relieve(self, held: dict[Holder, int], excess: int) -> int:
        """Close connections that hold so much together; what they hold."""
        now = self._ticks()
        parties: dict[Hashable, list[tuple[float, Holder]]] = {}
        for holder, size in held.items():
            burden = size * (MOMENT + now - self._holders[holder])
            parties.setdefault(holder.party, []).append((burden, holder))
        worst = []  # a heap of what each party holds: the most first
        for number, of in enumerate(parties.values()):
            of.sort(key=lambda one: one[0])
            worst.append((-sum([burden for burden, _ in of]), number, of))
        heapify(worst)
        freed = 0
        while freed < excess:
            total, number, of = worst[0]
            burden, holder = of.pop()
            if of:
                heapreplace(worst, (total + burden, number, of))
            else:
                heappop(worst)
            freed += held[holder]
            self._closed += 1
            del self._holders[holder]
            holder.unburden()
        return freed


def affordable(wanted: int) -> int:
    """How much may wait for connections: what is wanted, or less where there is little memory.

    0 stands for as much as there is.
    """
    free = [limit - used for limit, used in limits()]
    return max(LEAST, min([wanted or sys.maxsize, *(one // PART for one in free)]))


def limits() -> list[tuple[int, int]]:
    """The limits that the system sets to this process, and what is used up of each."""
    found = []
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        size = _SIZE.search(_read(_STATUS))
        found.append((soft, int(size[1]) * 1024 if size else 0))
    most = _read(_CGROUP).strip()
    if most.isdigit():
        found.append((int(most), 0))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
