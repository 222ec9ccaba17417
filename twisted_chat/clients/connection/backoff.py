"""How long to wait before the next attempt to connect."""

from __future__ import annotations

from collections.abc import Callable
from random import random

FIRST = 1.0
LONGEST = 60.0
STABLE = 30.0  # seconds a connection has to last until it counts as good


class Backoff:
    """Pauses that double up to a minute, each shortened at random by up to a half.

    Without chance, all clients of a server that restarts would come back in one moment,
    and again in the next.
    """

    def __init__(self, chance: Callable[[], float] = random) -> None:
        self._chance = chance
        self._failures = 0

    def lasted(self, seconds: float) -> None:
        """A connection has lasted so long."""
        if seconds >= STABLE:
            self._failures = 0

    def forget(self) -> None:
        """Begin again with the shortest pause."""
        self._failures = 0

    def next(self, least: object = 0) -> float:
        """Return the seconds to wait now, at least `least` if that is a number up to a minute."""
        if isinstance(least, int | float) and 0 < least <= LONGEST:
            return float(least) + self.next()
        longest = min(LONGEST, FIRST * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        return longest * (1.0 - self._chance() / 2)
