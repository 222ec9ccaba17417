"""One file on its way: how far it is, and what a transfer needs of the server and of threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ...core.errors import ChatError
from ..connection.backoff import Backoff
from ..connection.dialer import DialFile
from ..connection.file_connection import FileConnection
from ..connection.lifecycle import Lifecycle
from ..connection.link import FOR_NOW, Ask, Event, Lost
from ..connection.trust import is_the_same
from ..sync.storage import Run

# What may be better at the next attempt; everything else says what is wrong for good.
PASSING = (FOR_NOW - {"store_full"}) | {
    *("", "lost", "stalled", "timeout", "idle", "full", "flood", "offline", "bad_ticket"),
}
NO_CONNECTION = "waiting for a connection"

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


T = TypeVar("T")


class SerialWorker:
    """Does the work of one file that blocks, one piece after another, on threads.

    To stop waiting does not stop the work: a file is not closed while a thread reads it.
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


class Server:
    """The server as transfers reach it: over connections of their own, as long as it takes."""

    def __init__(
        self, clock: IReactorTime, life: Lifecycle, ask: Ask, dial: DialFile, run: Run[Any]
    ) -> None:
        """`life` is the user's own connection, which `ask` uses; `run` does what may block."""
        self.ask = ask
        self.run = run
        self._clock = clock
        self._life = life
        self._dial = dial
        self._online: list[Deferred[None]] = []  # those who wait for a connection

    @property
    def name(self) -> str:
        return self._life.server

    @property
    def hello(self) -> Event:
        """What the server has said of itself."""
        return self._life.hello

    async def retry(self, transfer: Transfer, once: Callable[[], Awaitable[T]]) -> T:
        """Do something over connections, however many it takes."""
        backoff = Backoff()
        while True:
            await self._connection(transfer)
            before = transfer.done
            least: object = 0
            try:
                return await once()
            except Lost as lost:
                if lost.code not in PASSING:
                    raise ChatError(lost.code, str(lost)) from None
                trouble = str(lost)
            except ChatError as error:
                if error.code not in PASSING:
                    raise
                trouble, least = error.sentence, error.details.get("retry_after")
            if transfer.done > before:
                backoff.forget()
            transfer.held_up(trouble if self._life.is_online else NO_CONNECTION)
            await self._pause(backoff.next(least))

    async def connect(self) -> FileConnection:
        """A connection to the server that this user is at, and to no other."""
        before = self._life.peer
        connection, peer = await self._dial(before.tls)
        if not is_the_same(before, peer):
            connection.abort()
            raise ChatError(
                "untrusted",
                f"What answers for {self.name} now has another key than before:"
                " nothing was sent to it.",
            )
        return connection

    def connected(self) -> None:
        """The user is signed in."""
        waiting, self._online = self._online, []
        for one in waiting:
            one.callback(None)

    async def _connection(self, transfer: Transfer) -> None:
        while not self._life.is_online:
            transfer.held_up(NO_CONNECTION)
            waiting: Deferred[None] = Deferred()
            self._online.append(waiting)
            await waiting

    async def _pause(self, seconds: float) -> None:
        pause: Deferred[None] = Deferred()
        call = self._clock.callLater(seconds, pause.callback, None)
        try:
            await pause
        finally:
            if call.active():
                call.cancel()
