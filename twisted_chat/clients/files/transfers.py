"""Sending and fetching files: each on a connection of its own, from where the other side is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from ...core.errors import ChatError
from ...core.text import shown
from ..connection.backoff import Backoff
from ..connection.dialer import DialFile
from ..connection.file_connection import FileConnection
from ..connection.link import FOR_NOW, Lost
from ..connection.trust import is_the_same
from ..encryption.files import Veiling
from ..sync.storage import Run
from .packing import Packing
from .transfer import Transfer

if TYPE_CHECKING:
    from ..sync.user import User

MOST_AT_ONCE = 4  # transfers that move; others wait for their turn
# What may be better at the next attempt; everything else says what is wrong for good.
PASSING = (FOR_NOW - {"store_full"}) | {
    *("", "lost", "stalled", "timeout", "idle", "full", "flood", "offline", "bad_ticket"),
}
NO_CONNECTION = "waiting for a connection"

T = TypeVar("T")


class Files(NamedTuple):
    """What transfers are made with."""

    dial: DialFile
    run: Run[Any]  # carries out what may block
    folder: Path  # for what is fetched and goes nowhere else


class Transfers:
    """All transfers of one user."""

    def __init__(self, clock: IReactorTime, user: User, files: Files) -> None:
        self.running: dict[int, Transfer] = {}
        self.packing: Packing = Veiling(user)
        self.user = user
        self.clock = clock
        self.run = files.run
        self.folder = files.folder
        self._dial = files.dial
        self._number = 0
        self._turns = DeferredSemaphore(MOST_AT_ONCE)
        self._online: list[Deferred[None]] = []  # those who wait for a connection
        self._ended: list[Deferred[None]] = []  # those who wait for the end

    # --- what one can do ---------------------------------------------------------------------

    def send(self, place: str, path: Path) -> Transfer:
        """Send a file; `finished` fires with the message that names it, which is on its way."""
        from .uploads import Upload  # not before it is wanted: the program starts sooner

        transfer = self._new(path.name, place)
        return self._begin(transfer, Upload(self, transfer, path).carry_out())

    def fetch(self, file: int, path: Path | None = None, folder: Path | None = None) -> Transfer:
        """Fetch a file: to a path, into a folder, or into the folder for what is fetched.

        `finished` fires with what is Fetched.
        """
        from .downloads import Download

        transfer = self._new(f"file {file}", "")
        download = Download(self, transfer, file, path, folder or self.folder)
        return self._begin(transfer, download.carry_out())

    def cancel(self, transfer: Transfer) -> None:
        """Somebody does not want it any more."""
        transfer.stop(ChatError("cancelled", f"{shown(transfer.name)}: cancelled."))

    def end(self) -> Deferred[None]:
        """The program ends; fires when no file is open any more."""
        ended: Deferred[None] = Deferred()
        self._ended.append(ended)
        for transfer in list(self.running.values()):
            transfer.stop(ChatError("left", left_sentence(transfer)))
        self._over()
        return ended

    def _over(self) -> None:
        if not self.running:
            ended, self._ended = self._ended, []
            for one in ended:
                one.callback(None)

    def _new(self, name: str, place: str) -> Transfer:
        self._number += 1
        transfer = Transfer(self.clock, self._number, name, place, self.user.watcher.transfer)
        self.running[self._number] = transfer
        return transfer

    def _begin(self, transfer: Transfer, work: Coroutine[Any, Any, Any]) -> Transfer:
        moving = Deferred.fromCoroutine(self._in_turn(transfer, work))
        transfer.begin(moving)
        moving.addBoth(lambda _: self._over())  # after everybody was told of it
        return transfer

    async def _in_turn(self, transfer: Transfer, work: Coroutine[Any, Any, T]) -> T:
        try:
            if not self._turns.tokens:
                transfer.held_up("waiting for its turn")
            await self._turns.acquire()
        except BaseException:
            work.close()
            del self.running[transfer.number]
            raise transfer.stopped or CancelledError() from None
        try:
            return await work
        except CancelledError:
            raise transfer.stopped or CancelledError() from None
        finally:
            self._turns.release()
            del self.running[transfer.number]

    # --- what a transfer needs ---------------------------------------------------------------

    async def again_and_again(self, transfer: Transfer, once: Callable[[], Awaitable[T]]) -> T:
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
            transfer.held_up(trouble if self.user.is_online else NO_CONNECTION)
            await self._pause(backoff.next(least))

    async def reach(self) -> FileConnection:
        """A connection to the server that this user is at, and to no other."""
        before = self.user.life.peer
        connection, peer = await self._dial(before.tls)
        if not is_the_same(before, peer):
            connection.abort()
            raise ChatError(
                "untrusted",
                f"What answers for {self.user.life.server} now has another key than before:"
                " nothing was sent to it.",
            )
        return connection

    def connected(self) -> None:
        """The user is signed in."""
        waiting, self._online = self._online, []
        for one in waiting:
            one.callback(None)

    async def _connection(self, transfer: Transfer) -> None:
        while not self.user.is_online:
            transfer.held_up(NO_CONNECTION)
            waiting: Deferred[None] = Deferred()
            self._online.append(waiting)
            await waiting

    async def _pause(self, seconds: float) -> None:
        pause: Deferred[None] = Deferred()
        call = self.clock.callLater(seconds, pause.callback, None)
        try:
            await pause
        finally:
            if call.active():
                call.cancel()


def left_sentence(transfer: Transfer) -> str:
    """What has become of a transfer that was not done when the program ended."""
    name = shown(transfer.name)
    if transfer.sends:
        return f"{name} is not sent yet: send it again, and it goes on where it was."
    return f"{name} is not all here yet: get it again, and that goes on where it was."
