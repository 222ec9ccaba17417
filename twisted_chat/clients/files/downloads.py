"""Fetching one file: it grows under another name, and gets its own when it is whole.

`Part` is the file until then. Its methods block, and run on other threads. Everything is done by
way of the open folder, never by a path, and no link is followed: whatever somebody puts in the
way, nothing else on this computer is touched.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.defer import CancelledError

from ...core.attachments import size_in_words
from ...core.errors import ChatError, reason_of
from ...core.text import shown
from ..connection.file_connection import FileConnection
from ..connection.link import NONSENSE, Lost
from .codec import Codec, Damaged, Encoding, FileEncryption, Ticket, blocks_of, plain_size
from .filenames import numbered, safe_name, shortened
from .transfer import SerialWorker, Server, Transfer

MOST_DAMAGED = 2  # times that what came may not be what it must be
# After these, what is there is gone on with when the file is asked for again.
GOES_ON = frozenset({"disk", "untrusted", "left"})


class Fetched(NamedTuple):
    """A file that is here."""

    file: int
    path: Path
    size: int  # its own
    sha256: str  # of what is stored of it


class Download:
    """One file on its way to this computer."""

    def __init__(
        self,
        server: Server,
        encryption: FileEncryption,
        transfer: Transfer,
        file: int,
        path: Path | None,
        folder: Path,
    ) -> None:
        """With a `path`, it is to be there; else in the folder, under its own name."""
        self._server = server
        self._encryption = encryption
        self._transfer = transfer
        self._file = file
        self._path = path
        self._folder = folder
        self._do = SerialWorker(server.run)
        self._part: Part | None = None
        self._ticket: Ticket | None = None
        self._damaged = 0
        self._keep = True

    async def carry_out(self) -> Fetched:
        """Fetch it; where it is."""
        try:
            return await self._server.retry(self._transfer, self._once)
        except (ChatError, CancelledError) as error:
            why = error if isinstance(error, ChatError) else self._transfer.stopped
            self._keep = why is None or why.code in GOES_ON
            raise
        finally:
            await self._do(self._close)

    def _close(self) -> None:
        if self._part is not None:
            if not self._keep:
                self._part.remove()
            self._part.close()

    async def _once(self) -> Fetched:
        """One attempt."""
        ticket = _ticket(await self._server.ask("get", file=self._file))
        part = await self._begun(ticket)
        try:
            if part.position < ticket.size:
                connection = await self._server.connect()
                try:
                    await self._carry(part, connection, ticket)
                finally:
                    connection.close()
            path = await self._do(part.finish)
            self._transfer.is_whole = True
            return Fetched(ticket.file, path, part.size, ticket.sha256)
        except Damaged:
            self._damaged += 1
            if self._damaged < MOST_DAMAGED:
                await self._do(part.begin_again)
                raise Lost("What came was damaged: it is fetched again.") from None
            raise ChatError(
                "damaged",
                f"{shown(part.wanted.name)} is not what was sent, and was not kept: ask who"
                " sent it to send it again.",
            ) from None

    async def _begun(self, ticket: Ticket) -> Part:
        """The part that is here of it."""
        before = self._ticket
        self._ticket = ticket
        if self._part is not None and before is not None:
            if (before.size, before.sha256) != (ticket.size, ticket.sha256):
                raise Lost(NONSENSE)
            await self._do(self._part.interrupted)
            return self._part
        encoding = await self._encryption.incoming(ticket)
        part = await self._do(partial(self._open, ticket, encoding))
        self._transfer.name, self._transfer.size = part.wanted.name, ticket.size
        while await self._do(part.hash_on):
            self._transfer.moved(part.position)
        await self._do(part.check_room)
        return part

    def _open(self, ticket: Ticket, encoding: Encoding) -> Part:
        name = safe_name(encoding.name, f"file-{ticket.file}")
        wanted = wanted_at(self._path, name) if self._path else wanted_in(self._folder, name)
        whose = f"{self._server.name} {ticket.file} {ticket.size} {ticket.sha256}"
        mark = sha256(whose.encode()).hexdigest()[:12]
        self._part = Part(wanted, Expected(mark, ticket.size, ticket.sha256, encoding.codec))
        return self._part

    async def _carry(self, part: Part, connection: FileConnection, ticket: Ticket) -> None:
        position = part.position
        answer = await connection.ask("download", ticket=ticket.ticket, **{"from": position})
        if (answer.get("from"), answer.get("size")) != (position, ticket.size):
            raise Lost(NONSENSE)
        self._transfer.moved(position)
        while part.position < ticket.size:
            data = await connection.more()
            await self._do(partial(part.take, data))
            self._transfer.moved(part.position)


def _ticket(answer: dict[str, Any]) -> Ticket:
    try:
        return Ticket(
            int(answer["file"]),
            str(answer["name"]),
            int(answer["size"]),
            str(answer["sha256"]),
            str(answer["ticket"]),
            str(answer["room"]),
            int(answer["seq"]),
        )
    except (KeyError, TypeError, ValueError):
        raise Lost(NONSENSE) from None


HASHED_AT_ONCE = 256 * 1024  # about so many bytes are looked at at once
MOST_TRIES = 10  # to open a part while others come and go
MOST_OF_A_NAME = 10_000  # files that may have one name but for their number


class Wanted(NamedTuple):
    """Where a file is to be."""

    folder: Path
    name: str
    chosen: bool = False  # by the person, who expects it there and nowhere else


class Expected(NamedTuple):
    """What a file must turn out to be."""

    mark: str  # of this file and no other
    stored: int  # bytes
    sha256: str  # of these bytes
    codec: Codec


class Part:
    """The beginning of a file, under a name that says so."""

    def __init__(self, wanted: Wanted, facts: Expected) -> None:
        """A ChatError says why there can be none."""
        self.wanted = wanted
        self._facts = facts
        self._codec = facts.codec
        try:
            self.size = plain_size(facts.codec, facts.stored)
        except Damaged:
            raise ChatError("damaged", f"{shown(wanted.name)} cannot be what was sent.") from None
        self._blocks = blocks_of(facts.codec, self.size)
        self._name = f"{shortened(wanted.name)}.{facts.mark}.part"
        self._rest = b""
        self._hash = sha256()
        self._done = 0  # blocks that are in the file, and in the hash
        with _said(wanted.folder):
            self._folder = os.open(wanted.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if wanted.chosen and self._is_there(wanted.name):
                raise ChatError(
                    "exists",
                    f"{shown(str(wanted.folder / wanted.name))} is there already,"
                    " and nothing is overwritten: give another name.",
                )
            with _said(wanted.folder / self._name):
                self._file = self._locked()
            self._kept = self._whole_blocks()
        except BaseException:
            os.close(self._folder)
            raise

    # --- what is there -----------------------------------------------------------------------

    def _is_there(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            return True
        return False

    def _locked(self) -> int:
        """The file of the part, for this transfer alone."""
        for _ in range(MOST_TRIES):
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            try:
                file = os.open(self._name, flags, 0o600, dir_fd=self._folder)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                os.unlink(self._name, dir_fd=self._folder)  # the link alone
                continue
            if self._is_own(file):
                return file
            os.close(file)
        raise OSError(errno.EEXIST, "something else is in its place: move it away")

    def _is_own(self, file: int) -> bool:
        """Whether nobody else has to do with an open file, which is locked then."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise ChatError(
                "busy_file", f"{shown(self.wanted.name)} is being fetched to there already."
            ) from None
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            os.close(file)
            raise OSError(errno.EEXIST, "something else is in its place: move it away")
        with suppress(FileNotFoundError):
            named = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
            if not os.path.samestat(found, named):
                return False  # another transfer was done with it in this moment
            if found.st_nlink == 1:
                return True
            # The whole file has its name already, or this is a second name of something else.
            os.unlink(self._name, dir_fd=self._folder)
        return False

    def _whole_blocks(self) -> int:
        """How many blocks an earlier transfer has left; what is beyond them is dropped."""
        size = os.fstat(self._file).st_size
        blocks = size // self._codec.plain
        if size == self.size and size:
            return self._blocks
        if blocks >= self._blocks:
            blocks = 0  # longer than it can ever be
        os.ftruncate(self._file, blocks * self._codec.plain)
        return blocks

    def hash_on(self) -> bool:
        """Look at the next piece of what is there; whether there is more."""
        if self._done < self._kept:
            step = max(1, HASHED_AT_ONCE // self._codec.plain)
            upto = min(self._done + step, self._kept)
            begin, end = self._done * self._codec.plain, upto * self._codec.plain
            plain = os.pread(self._file, end - begin, begin)
            if len(plain) != min(end, self.size) - begin:
                raise ChatError("disk", f"{shown(self._name)} was changed by somebody else.")
            self._hash.update(self._codec.outward(self._done, plain, upto == self._blocks))
            self._done = upto
        return self._done < self._kept

    @property
    def position(self) -> int:
        """How much is here of what is stored; from there the rest is wanted."""
        return min(self._done * self._codec.stored, self._facts.stored)

    # --- what comes --------------------------------------------------------------------------

    def check_room(self) -> None:
        """A ChatError if the disk has no room for the rest."""
        free = os.fstatvfs(self._folder)
        left = self.size - min(self._done * self._codec.plain, self.size)
        if left > free.f_bavail * free.f_frsize:
            raise ChatError(
                "disk",
                f"{shown(self.wanted.name)} has {size_in_words(self.size)}, and there is no room"
                f" for it in {shown(str(self.wanted.folder))}: make some.",
            )

    def take(self, data: bytes) -> None:
        """Write what has come next; Damaged if it cannot be right."""
        data = self._rest + data
        if len(data) > self._facts.stored - self.position:
            raise Damaged("there is more than there should be")
        ends = len(data) == self._facts.stored - self.position
        blocks = self._blocks - self._done if ends else len(data) // self._codec.stored
        length = len(data) if ends else blocks * self._codec.stored
        data, self._rest = data[:length], data[length:]
        if blocks == 0:
            return
        plain = self._codec.inward(self._done, data, ends)
        at = self._done * self._codec.plain
        with _said(self.wanted.folder / self._name):
            while plain:
                written = os.pwrite(self._file, plain, at)
                plain, at = plain[written:], at + written
        self._hash.update(data)
        self._done += blocks

    def begin_again(self) -> None:
        """Nothing of it was right."""
        self._rest, self._done, self._kept, self._hash = b"", 0, 0, sha256()
        os.ftruncate(self._file, 0)

    def interrupted(self) -> None:
        """The connection is gone: what comes next begins at `position`."""
        self._rest = b""

    # --- the end -----------------------------------------------------------------------------

    def finish(self) -> Path:
        """Give it its name, which no other file has; Damaged if it is not what it must be."""
        if self._hash.hexdigest() != self._facts.sha256:
            raise Damaged("it has another hash")
        with _said(self.wanted.folder / self.wanted.name):
            os.fsync(self._file)
            name = self._named()
            with suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=self._folder)
            os.fsync(self._folder)  # else the new name may be gone after a power cut
        return self.wanted.folder / name

    def _named(self) -> str:
        for number in range(1, MOST_OF_A_NAME):
            name = numbered(self.wanted.name, number)
            try:
                self._link(name)
            except FileExistsError:
                continue
            return name
        raise OSError(errno.EEXIST, "too many files have this name")

    def _link(self, name: str) -> None:
        folder = self._folder
        try:
            os.link(self._name, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise
            # No second names on this file system: take the name first, and then its place.
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder))
            os.rename(self._name, name, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self) -> None:
        """Leave nothing of it."""
        with suppress(OSError):
            os.unlink(self._name, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of it; what is there can be gone on with later."""
        os.close(self._file)
        os.close(self._folder)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Makes a sentence of what the disk says."""
    try:
        yield
    except OSError as error:
        raise ChatError(
            "disk", f"{shown(str(path))} cannot be written: {reason_of(error)}."
        ) from None


def wanted_at(path: Path, name: str) -> Wanted:
    """Where a file is to be whose reader has given a path; `name` is its own."""
    if path.is_dir():
        return Wanted(path, name)
    if not path.parent.is_dir():
        raise ChatError("no_folder", f"There is no folder {shown(str(path.parent))}.")
    return Wanted(path.parent, path.name, chosen=True)


def wanted_in(folder: Path, name: str) -> Wanted:
    """Where a file is to be for which nobody has given a path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChatError(
            "no_folder", f"There can be no folder {shown(str(folder))}: {reason_of(error)}."
        ) from None
    return Wanted(folder, name)
