"""Threads for what would hold up the reactor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ..core.errors import ChatError


class Worker(Protocol):
    """Does what would hold up the reactor."""

    def run(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Do something elsewhere; fires with its result."""

    def worked(self) -> float:
        """For how many seconds the reactor's own thread has used the processor."""


class WorkerThreads:
    """A few threads for one kind of work.

    Work waits in a line of any length, so callers wait for a result before they ask for more.
    """

    def __init__(self, reactor: IReactorFromThreads, threads: int, name: str) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(minthreads=0, maxthreads=threads, name=name)
        self._closed = False

    def run(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Do something on one of the threads; fires with its result."""
        if self._closed:
            return fail(ChatError("restart", "The server is stopping; try again in a moment."))
        if not self._pool.started:
            self._pool.start()
        return deferToThreadPool(self._reactor, self._pool, work)

    def worked(self) -> float:
        """For how many seconds the thread that asks, the reactor's, has used the processor."""
        return time.thread_time()

    def close(self) -> None:
        """Finish what was begun, and end the threads."""
        self._closed = True
        if self._pool.started and not self._pool.joined:
            self._pool.stop()
