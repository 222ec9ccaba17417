"""Sending and fetching files: each on a connection of its own, from where the other side is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from ...core.errors import ChatError
from ...core.text import shown
from ..connection.dialer import DialFile
from ..sync.storage import Run
from .codec import FileEncryption
from .transfer import Server, Transfer

MOST_AT_ONCE = 4  # transfers that move; others wait for their turn
T = TypeVar("T")


class TransferOptions(NamedTuple):
    """How transfers connect, where their work runs, and where files go."""

    dial: DialFile
    run: Run[Any]  # carries out what may block
    folder: Path  # for what is fetched and goes nowhere else


class Transfers:
    """All transfers of one user."""

    def __init__(
        self,
        clock: IReactorTime,
        server: Server,
        encryption: FileEncryption,
        folder: Path,
        changed: Callable[[Transfer], None],
    ) -> None:
        """`folder` is for what is fetched and goes nowhere else; `changed` is told of progress."""
        self.running: dict[int, Transfer] = {}
        self.encryption = encryption
        self.run = server.run  # does what may block
        self._clock = clock
        self._server = server
        self._folder = folder
        self._changed = changed
        self._number = 0
        self._turns = DeferredSemaphore(MOST_AT_ONCE)
        self._ended: list[Deferred[None]] = []  # those who wait for the end

    # --- what one can do ---------------------------------------------------------------------

    def send(self, place: str, path: Path) -> Transfer:
        """Send a file; `finished` fires with the message that names it, which is on its way."""
        from .uploads import Upload  # not before it is wanted: the program starts sooner

        transfer = self._new(path.name, place)
        return self._begin(
            transfer, Upload(self._server, self.encryption, transfer, path).carry_out()
        )

    def fetch(self, file: int, path: Path | None = None, folder: Path | None = None) -> Transfer:
        """Fetch a file: to a path, into a folder, or into the folder for what is fetched.

        `finished` fires with what is Fetched.
        """
        from .downloads import Download

        transfer = self._new(f"file {file}", "")
        download = Download(
            *(self._server, self.encryption, transfer, file, path, folder or self._folder)
        )
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
        transfer = Transfer(self._clock, self._number, name, place, self._changed)
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


def left_sentence(transfer: Transfer) -> str:
    """What has become of a transfer that was not done when the program ended."""
    name = shown(transfer.name)
    if transfer.sends:
        return f"{name} is not sent yet: send it again, and it goes on where it was."
    return f"{name} is not all here yet: get it again, and that goes on where it was."
