"""Uploads and downloads that are under way, and the turns they take."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import Person, Room
from ...store import Blobs, StoredFile
from ...store.blobs import Appending, NoRoom, Reading
from .pending import PendingFile

T = TypeVar("T")

PIECE = 64 * 1024  # bytes that are read at once
STEP = 8 * 1024 * 1024  # bytes that are hashed at once
BURST = 4  # turns at once: a timer cannot wait for less than a millisecond
# What part of the time the reactor may be at work, whatever it works on, when there are turns.
COMING, GOING = 0.3, 0.5  # what comes in also goes to the disk, on which messages wait for syncs
LONGEST_REST = 0.03  # seconds; so often something is moved however busy the chat is
_TOO_MANY = frozenset((errno.EMFILE, errno.ENFILE))
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Keeper(Protocol):
    """What a transfer asks of those who keep the files."""

    log: Logger
    blobs: Blobs
    run: Callable[[Callable[[], Any]], Deferred[Any]]
    """Does something on a thread."""

    def now(self) -> float: ...

    def check_account(self, person: Person) -> None: ...

    def may_send(self, person: Person, room: Room) -> None: ...

    def may_have(self, person: Person, room: Room, seq: int, file: int) -> None: ...

    async def complete(self, pending: PendingFile) -> None: ...

    async def drop(self, pending: PendingFile) -> None: ...

    def ended(self, moving: Moving) -> None: ...


class Moving:
    """What uploads and downloads have in common."""

    def __init__(
        self,
        files: Keeper,
        person: Person,
        room: Room | None,  # None where it is for a link
        file: int,
        blob: str,
        device: int | None,  # which had the ticket; None where a link was enough
    ) -> None:
        self._files = files
        self.person = person
        self.room = room
        self.file = file
        self.blob = blob
        self.device = device
        self.by_person = True  # and not by a stranger who has a link
        self.over = False
        self.cut: Callable[[Closed], None] = self._end_for_good
        """Called when the right to the transfer is gone; it must end the transfer."""

    def check(self) -> None:
        """Raise a ChatError if the right to it is gone."""
        raise AssertionError("each way has rights of its own")

    def end(self) -> None:
        """Free what is held for it, whether it is done or not."""
        if not self.over:
            self.over = True
            self._files.ended(self)

    def _end_for_good(self, _: Closed) -> None:
        self.end()

    async def _do(self, lock: DeferredLock, work: Callable[[], T]) -> T:
        """Do something with the content, on a thread, after what is being done with it."""
        result: T = await lock.run(self._files.run, self._unless_over(work))
        return result

    async def _opened(self, lock: DeferredLock, work: Callable[[], T]) -> T:
        """Open the content; when that cannot be done, say why in a sentence."""
        try:
            return await self._do(lock, work)
        except OSError as error:
            if error.errno in _TOO_MANY:
                raise too_many() from None
            self._files.log.error(
                "The content of file {file} cannot be opened: {reason}",
                file=self.file,
                reason=error,
            )
            raise lost(self.file) from None

    def _unless_over(self, work: Callable[[], T]) -> Callable[[], T]:
        def do() -> T:
            if self.over:
                raise ChatError("gone", "The connection closed.")
            return work()

        return do


class Receiving(Moving):
    """A file that is being uploaded."""

    def __init__(self, files: Keeper, pending: PendingFile, device: int) -> None:
        super().__init__(files, pending.owner, pending.room, pending.id, pending.blob, device)
        self.pending = pending
        self.size = pending.size
        self.start = 0
        self._appending: Appending | None = None

    async def open(self) -> None:
        """Find out how much has arrived before, and continue from there."""
        pending, blobs = self.pending, self._files.blobs

        def opened() -> Appending:
            known = None if pending.last is None else pending.last.hashed
            return blobs.append_to(pending.blob, known)

        appending = self._appending = await self._opened(pending.lock, opened)
        while await self._do(pending.lock, lambda: appending.hash_more(STEP)):
            pass
        self.start = pending.have = appending.size

    @property
    def left(self) -> int:
        """How many bytes are still to come."""
        return self.size - self.pending.have

    def check(self) -> None:
        assert self.room is not None
        self._files.may_send(self.person, self.room)

    async def take(self, data: bytes) -> None:
        """Write bytes at the end; they are never more than what is left."""
        self.check()
        appending = self._appending
        assert appending is not None and len(data) <= self.left
        try:
            await self._do(self.pending.lock, lambda: appending.write(data))
        except (NoRoom, OSError) as error:
            if _is_full(error):
                raise disk_full() from None
            await self._drop()
            raise
        self.pending.have = appending.size
        self.pending.touched = self._files.now()

    async def _drop(self) -> None:
        """Delete the file; the caller tells its sender why."""
        self._files.ended(self)
        await self._files.drop(self.pending)

    async def refuse_more(self) -> None:
        """Delete the file, since more came than was offered; raises the refusal."""
        await self._drop()
        raise ChatError(
            "too_long",
            f"More came than the {self.size} bytes that were offered, so nothing is kept.",
        )

    async def finish(self) -> None:
        """Keep the file, which has arrived, if it is what was offered; else delete it."""
        self.check()
        pending = self.pending
        if pending.complete:
            return
        if await self.synced() != pending.sha256:
            await self._drop()
            raise ChatError(
                "damaged",
                "What arrived is not the file that was offered, so nothing of it is kept:"
                " offer it again.",
            )
        await self._files.complete(pending)

    async def synced(self) -> str:
        """Sync the file to the disk, and return its SHA-256; if that fails, delete the file."""
        appending = self._appending
        assert appending is not None
        try:
            return await self._do(self.pending.lock, appending.finish)
        except OSError as error:
            await self._drop()
            if _is_full(error):
                raise disk_full() from None
            raise

    def end(self) -> None:
        if self.over:
            return
        super().end()
        pending, appending = self.pending, self._appending
        if pending.receiving is self:
            pending.receiving = None
            pending.promised_until = 0.0
        if appending is not None:
            pending.last = appending
            pending.lock.run(self._files.run, appending.close).addErrback(_closing_failed)


class Serving(Moving):
    """A file that is being fetched."""

    def __init__(
        self,
        files: Keeper,
        person: Person,
        room: Room | None,
        row: StoredFile,
        device: int | None,
    ) -> None:
        super().__init__(files, person, room, row.id, row.blob, device)
        assert row.seq is not None
        self.seq = row.seq
        self.name = row.name
        self.size = row.size
        self.sha256 = row.sha256
        self.at = 0
        self.until = row.size  # where to end
        self._lock = DeferredLock()
        self._reading: Reading | None = None

    async def open(self, start: int) -> None:
        """Begin at that byte."""
        blobs = self._files.blobs
        reading = await self._opened(self._lock, lambda: blobs.read_from(self.blob))
        self._reading = reading
        if reading.size != self.size:
            raise lost(self.file)
        self.at = start

    def check(self) -> None:
        if self.room is None:
            self._files.check_account(self.person)
        else:
            self._files.may_have(self.person, self.room, self.seq, self.file)

    async def read(self) -> bytes:
        """The next piece; empty at the end."""
        self.check()
        reading, at = self._reading, self.at
        assert reading is not None
        most = min(PIECE, self.until - at)
        data = await self._do(self._lock, lambda: reading.read(at, most))
        self.at += len(data)
        if not data and self.at < self.until:
            raise lost(self.file)
        return data

    def end(self) -> None:
        if self.over:
            return
        super().end()
        if self._reading is not None:
            self._lock.run(self._files.run, self._reading.close).addErrback(_closing_failed)


class Turns:
    """Calls each transfer when it is its turn; each turn is one piece of a file.

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
        """Have `go` called once, after all who asked before."""
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


def too_many() -> ChatError:
    """The refusal when as many files are moved as can be."""
    return ChatError(
        "busy", "Too many files are being moved; try again in a moment.", retry_after=5
    )


def disk_full() -> ChatError:
    """The refusal when too little would be left on the disk."""
    return ChatError(
        "store_full", "The server's disk has no room for that; try again later.", retry_after=60
    )


def _is_full(error: Exception) -> bool:
    return isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in _FULL)


def lost(file: int) -> ChatError:
    """The refusal for a file whose content is not what it was."""
    return ChatError(
        "no_such_file",
        f"The server has lost the content of file {file}: ask for it to be sent again.",
    )


def _closing_failed(_: object) -> None:
    """The server is stopping, or the disk has said before what is wrong with it."""
