"""Turns for those who move much: one after another, and messages go first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger


class Turns:
    """Whoever asks is called when it is its turn; each turn is one piece of a file."""

    log = Logger()

    def __init__(self, clock: IReactorTime, ticks: Callable[[], float]) -> None:
        self._clock = clock
        self._ticks = ticks
        self._waiting: deque[Callable[[], None]] = deque()
        self._next: IDelayedCall | None = None

    def ask(self, go: Callable[[], None]) -> None:
        """Be called once, when everybody who asked before has had a turn."""
        self._waiting.append(go)
        if self._next is None:
            self._next = self._clock.callLater(0, self._call_next)

    def _call_next(self) -> None:
        self._next = None
        go = self._waiting.popleft()
        try:
            go()
        except Exception:
            self.log.failure("A turn was not taken")
        if self._waiting and self._next is None:
            self._next = self._clock.callLater(0, self._call_next)
