"""Turns for those who move much: one after another, and never all of the reactor's time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

BURST = 4  # turns at once: a timer cannot wait for less than a millisecond
# What part of the time the reactor may be at work, whatever it works on, when there are turns.
COMING, GOING = 0.3, 0.5  # what comes in also goes to the disk, on which messages wait for syncs
LONGEST_REST = 0.03  # seconds; so often something is moved however busy the chat is


class Turns:
    """Whoever asks is called when it is its turn; each turn is one piece of a file.

    After some turns there are others only when the reactor has rested for long enough since: so
    messages find it idle, as long as it is not they that keep it busy.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        ticks: Callable[[], float],
        worked: Callable[[], float],
        share: float,
    ) -> None:
        """`worked` is for how many seconds the reactor's thread has used the processor."""
        self._clock = clock
        self._ticks = ticks
        self._worked = worked
        self._share = share
        self._began = ticks(), worked()
        self._waiting: deque[Callable[[], None]] = deque()
        self._next: IDelayedCall | None = None

    def ask(self, go: Callable[[], None]) -> None:
        """Be called once, when everybody who asked before has had a turn."""
        self._waiting.append(go)
        if self._next is None:
            self._next = self._clock.callLater(self._owed(), self._look)

    def _owed(self) -> float:
        """For how long the reactor has to rest before the next turns."""
        began, worked = self._began
        elapsed = self._ticks() - began
        due = min(LONGEST_REST, (self._worked() - worked) / self._share)
        return max(0.0, due - elapsed)

    def _look(self) -> None:
        self._next = None
        rest = self._owed()
        if not rest:
            self._began = self._ticks(), self._worked()
            for _ in range(min(BURST, len(self._waiting))):
                self._call(self._waiting.popleft())
        if self._waiting and self._next is None:
            self._next = self._clock.callLater(rest, self._look)

    def _call(self, go: Callable[[], None]) -> None:
        try:
            go()
        except Exception:
            self.log.failure("A turn was not taken")
