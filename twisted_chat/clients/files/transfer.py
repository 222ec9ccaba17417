"""One file on its way, as somebody sees it who waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ...core.errors import ChatError

OVER = 5.0  # seconds over which a speed is measured
TELL = 0.25  # seconds between two times that progress is told


class Transfer:
    """A file that is sent or fetched."""

    def __init__(
        self,
        clock: IReactorTime,
        number: int,
        name: str,
        place: str,
        changed: Callable[[Transfer], None],
    ) -> None:
        """`place` is where it is sent to, and empty for one that is fetched."""
        self.number = number
        self.name = name
        self.place = place
        self.size = 0  # in storage, once that is known
        self.done = 0
        self.trouble = ""  # why nothing moves, if nothing does
        self.finished: Deferred[Any] = Deferred()
        self.is_whole = False  # as the other side, or the disk, has confirmed
        self.is_over = False
        self.stopped: ChatError | None = None  # why somebody has ended it
        self._clock = clock
        self._changed = changed
        self._told = -TELL
        self._way: deque[tuple[float, int]] = deque()
        self._work: Deferred[Any] | None = None

    @property
    def sends(self) -> bool:
        return bool(self.place)

    @property
    def percent(self) -> int:
        """How much of it is done; 100 only when all of it is known to be there."""
        return min(100 * self.done // self.size, 99 + self.is_whole) if self.size else 0

    @property
    def speed(self) -> float:
        """Bytes a second, in the last seconds."""
        if len(self._way) < 2 or self.trouble:
            return 0.0
        since, before = self._way[0]
        return (self.done - before) / max(self._clock.seconds() - since, TELL)

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes at this speed, if that can be said."""
        return (self.size - self.done) / self.speed if self.speed > 0 else None

    def begin(self, work: Deferred[Any]) -> None:
        """This is what carries it out."""
        self._work = work
        work.addBoth(self._ended)

    def moved(self, done: int) -> None:
        """So much of it is done now."""
        now = self._clock.seconds()
        if done < self.done:
            self._way.clear()
        self.done = done
        self.trouble = ""
        if not self._way or now - self._way[-1][0] >= TELL:
            self._way.append((now, done))
            while now - self._way[0][0] > OVER and len(self._way) > 2:
                self._way.popleft()
        if now - self._told >= TELL:
            self.tell()

    def held_up(self, trouble: str) -> None:
        """Nothing moves for the moment."""
        self.trouble = trouble
        self._way.clear()
        self.tell()

    def tell(self) -> None:
        self._told = self._clock.seconds()
        self._changed(self)

    def stop(self, reason: ChatError) -> None:
        """End it before it is done."""
        self.stopped = reason
        if self._work is not None:
            self._work.cancel()

    def _ended(self, outcome: Any) -> None:
        self.is_over = True
        self.tell()
        self.finished.callback(outcome)  # a Failure makes it an errback
