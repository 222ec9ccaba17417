"""Work that blocks, one piece after another, on threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from ..sync.storage import Run

T = TypeVar("T")


class InOrder:
    """Carries out what has to do with one file.

    Whoever stops waiting does not stop the work: a file is not closed while a thread reads it.
    """

    def __init__(self, run: Run[Any]) -> None:
        self._run = run
        self._waiting: deque[tuple[Callable[[], Any], Deferred[Any]]] = deque()
        self._busy = False

    def __call__(self, work: Callable[[], T]) -> Deferred[T]:
        """Do this when all that was asked for before is done."""
        done: Deferred[T] = Deferred()
        self._waiting.append((work, done))
        self._next()
        return done

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        work, done = self._waiting.popleft()
        self._run(work).addBoth(self._over, done)

    def _over(self, outcome: Any, done: Deferred[Any]) -> None:
        self._busy = False
        done.callback(outcome)
        self._next()
