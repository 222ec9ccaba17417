"""One file on its way, in or out. Whoever moves the bytes asks here for each piece."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import DeferredLock

from ...core.errors import ChatError
from ...core.events import Closed
from ...store.blobs import NoRoom

if TYPE_CHECKING:
    from ...core.rooms import Room
    from ...core.roster import Person
    from ...store import StoredFile
    from ...store.blobs import Appending, Reading
    from .counter import Files
    from .pending import Unnamed

T = TypeVar("T")

PIECE = 64 * 1024  # bytes that are read at once
_TOO_MANY = frozenset((errno.EMFILE, errno.ENFILE))
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Moving:
    """What both ways have in common."""

    def __init__(
        self,
        files: Files,
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
        """Called when the right to it is gone; it must end it."""

    def check(self) -> None:
        """Refuse to go on when the right to it is gone."""
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

    def __init__(self, files: Files, unnamed: Unnamed, device: int) -> None:
        super().__init__(files, unnamed.owner, unnamed.room, unnamed.id, unnamed.blob, device)
        self.unnamed = unnamed
        self.size = unnamed.size
        self.start = 0
        self._appending: Appending | None = None

    async def open(self) -> None:
        """Find out what is there, and go on from there."""
        unnamed, blobs = self.unnamed, self._files.blobs

        def opened() -> Appending:
            known = None if unnamed.last is None else unnamed.last.hashed
            return blobs.append_to(unnamed.blob, known)

        appending = self._appending = await self._opened(unnamed.lock, opened)
        while await self._do(unnamed.lock, lambda: appending.hash_more(STEP)):
            pass
        self.start = unnamed.have = appending.size

    @property
    def left(self) -> int:
        """How many bytes are still to come."""
        return self.size - self.unnamed.have

    def check(self) -> None:
        assert self.room is not None
        self._files.may_send(self.person, self.room)

    async def take(self, data: bytes) -> None:
        """Write bytes at the end; they are never more than what is left."""
        self.check()
        appending = self._appending
        assert appending is not None and len(data) <= self.left
        try:
            await self._do(self.unnamed.lock, lambda: appending.write(data))
        except (NoRoom, OSError) as error:
            if _is_full(error):
                raise disk_full() from None
            await self._drop()
            raise
        self.unnamed.have = appending.size
        self.unnamed.touched = self._files.now()

    async def _drop(self) -> None:
        """Keep nothing of it; whoever sends it hears why from here."""
        self._files.ended(self)
        await self._files.drop(self.unnamed)

    async def refuse_more(self) -> None:
        """More came than the file was said to have: nothing of it is kept."""
        await self._drop()
        raise ChatError(
            "too_long",
            f"More came than the {self.size} bytes that were offered, so nothing is kept.",
        )

    async def finish(self) -> None:
        """All has come: keep it if it is what was offered, else nothing of it."""
        self.check()
        unnamed = self.unnamed
        if unnamed.complete:
            return
        if await self.synced() != unnamed.sha256:
            await self._drop()
            raise ChatError(
                "damaged",
                "What arrived is not the file that was offered, so nothing of it is kept:"
                " offer it again.",
            )
        await self._files.complete(unnamed)

    async def synced(self) -> str:
        """All that has come is on the disk; its SHA-256. What cannot be synced has to come anew."""
        appending = self._appending
        assert appending is not None
        try:
            return await self._do(self.unnamed.lock, appending.finish)
        except OSError as error:
            await self._drop()
            if _is_full(error):
                raise disk_full() from None
            raise

    def end(self) -> None:
        if self.over:
            return
        super().end()
        unnamed, appending = self.unnamed, self._appending
        if unnamed.receiving is self:
            unnamed.receiving = None
            unnamed.promised_until = 0.0
        if appending is not None:
            unnamed.last = appending
            unnamed.lock.run(self._files.run, appending.close).addErrback(_closing_failed)


class Serving(Moving):
    """A file that is being fetched."""

    def __init__(
        self,
        files: Files,
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


STEP = 8 * 1024 * 1024  # bytes that are hashed at once


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
