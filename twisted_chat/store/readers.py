"""Where questions to the database run: on threads of their own, or at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from ..core.errors import ChatError
from .sqlite.connections import close

T = TypeVar("T")

_QUEUED = 512
_UNTAKEN = 2  # answers of each thread that were not taken yet
_log = logging.getLogger(__name__)


class Readers(Protocol):
    """Runs questions on connections that only read.

    `done` gets the answer, or the error that there was.
    """

    def ask(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Ask a quick question; ChatError('busy') when too many wait."""

    def ask_apart(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Ask a question that takes long, without keeping quick ones waiting."""

    def close(self) -> None:
        """Finish what was asked, and end."""


class InlineReaders:
    """Answers at once on the calling thread, for tests and tools."""

    def __init__(self, connect: Callable[[], sa.Connection]) -> None:
        self._connection = connect()

    def ask(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Answer now."""
        done(_answer(self._connection, question))

    ask_apart = ask

    def close(self) -> None:
        """Close the connection."""
        close(self._connection)


class ThreadReaders:
    """A few threads, each with a connection of its own.

    `call` takes a callable from any thread and runs it where the answers are wanted, as
    `reactor.callFromThread` does. A few answers may wait there to be taken, and not all that were
    asked for: they would take much memory, and be taken all in one turn of the reactor.
    """

    def __init__(
        self,
        connect: Callable[[], sa.Connection],
        call: Callable[[Callable[[], object]], object],
        threads: int = 2,
        max_queued: int = _QUEUED,
    ) -> None:
        self._connect = connect
        self._call = call
        self._max_queued = max_queued
        self._queue: SimpleQueue[tuple[Any, Any] | None] = SimpleQueue()
        self._free = threading.Semaphore(_UNTAKEN * threads)
        self._threads = [
            threading.Thread(
                target=self._serve, args=(connect(),), name=f"store reader {number}", daemon=True
            )
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def ask(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Queue a question for the next free thread."""
        if self._queue.qsize() >= self._max_queued:
            raise ChatError(
                "busy", "Too much is being looked up; try again in a moment.", retry_after=1
            )
        self._queue.put((question, done))

    def ask_apart(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Answer on a thread made for it, which a closing store does not wait for."""

        def serve() -> None:
            try:
                connection = self._connect()
            except Exception as error:
                self._report(done, error)
            else:
                self._report(done, _answer(connection, question))
                close(connection)

        threading.Thread(target=serve, name="store check", daemon=True).start()

    def close(self) -> None:
        """Answer what is queued, then close the connections."""
        for _ in self._threads:
            self._queue.put(None)
        self._free.release(_QUEUED)  # nobody takes an answer until the threads have ended
        for thread in self._threads:
            thread.join()

    def _serve(self, connection: sa.Connection) -> None:
        while (item := self._queue.get()) is not None:
            question, done = item
            self._free.acquire()
            self._report(self._taken(done), _answer(connection, question))
        close(connection)

    def _taken(self, done: Callable[[T | Exception], object]) -> Callable[[T | Exception], object]:
        def take(answer: T | Exception) -> None:
            self._free.release()
            done(answer)

        return take

    def _report(self, done: Callable[[T | Exception], object], answer: T | Exception) -> None:
        self._call(lambda: done(answer))


def _answer(connection: sa.Connection, question: Callable[[sa.Connection], T]) -> T | Exception:
    """What one question finds, all of it as of one moment."""
    try:
        connection.exec_driver_sql("BEGIN")
        try:
            return question(connection)
        finally:
            connection.exec_driver_sql("ROLLBACK")
    except Exception as error:
        if not isinstance(error, ChatError):
            _log.warning("The database could not be read", exc_info=True)
        return error
