"""The contents of files, on disk: names of the server's own, in one folder.

Everything here blocks, and may run on any thread; one content is written by one thread at a time.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hashlib import _Hash

FLUSH_EVERY = 256 * 1024
"""How much may be written before the disk is to begin with it: what is owed to it stays little."""

_NAME = re.compile("[0-9a-f]{32}")
_BLOCK = 4096  # what a write may take beyond its own length
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would be waited for


class NoRoom(Exception):
    """So little would be left free on the disk that nothing may be written."""


class Content(NamedTuple):
    """What lies in the folder under one name."""

    size: int
    touched: float  # seconds since 1970


class Hashed(NamedTuple):
    """The SHA-256 of the first bytes of a content."""

    size: int
    digest: _Hash


class Blobs:
    """The folder of contents. No name that comes from outside is ever a path in it."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, making it if need be."""
        self.folder = folder
        self.keep_free = 0  # bytes of the disk that stay free
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._counting = Lock()
        self._in_flight = 0  # bytes that are being written, and may not be counted by the disk yet

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._folder)

    def create(self) -> str:
        """Make an empty content; its name."""
        name = token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
        os.close(os.open(name, flags, 0o600, dir_fd=self._folder))
        return name

    def remove(self, name: str) -> None:
        """Remove a content, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(_checked(name), dir_fd=self._folder)

    def listed(self) -> dict[str, Content]:
        """Every content there is; what has another kind of name is not ours."""
        found = {}
        with os.scandir(self._folder) as items:
            for item in items:
                if _NAME.fullmatch(item.name):
                    with suppress(FileNotFoundError):  # it has just been removed
                        is_now = item.stat(follow_symlinks=False)
                        found[item.name] = Content(is_now.st_size, is_now.st_mtime)
        return found

    def free(self) -> int:
        """How many bytes may be written before too few are left."""
        disk = os.fstatvfs(self._folder)
        return disk.f_bavail * disk.f_frsize - self.keep_free

    def append_to(self, name: str, known: Hashed | None = None) -> Appending:
        """Open a content to write at its end; `known` spares hashing that again."""
        return Appending(self, self._open(name, os.O_RDWR | os.O_APPEND), known)

    def read_from(self, name: str) -> Reading:
        """Open a content to read it."""
        return Reading(self._open(name, os.O_RDONLY))

    def sync_names(self) -> None:
        """Make sure that the contents have their names after a power cut."""
        os.fsync(self._folder)

    @contextmanager
    def taking(self, size: int) -> Iterator[None]:
        """Count what is about to be written; NoRoom when it must not be."""
        with self._counting:
            if self.free() - self._in_flight - size - _BLOCK < 0:
                raise NoRoom
            self._in_flight += size + _BLOCK
        try:
            yield
        finally:
            with self._counting:
                self._in_flight -= size + _BLOCK

    def _open(self, name: str, flags: int) -> int:
        descriptor = os.open(_checked(name), flags | _SAFE, dir_fd=self._folder)
        found = os.fstat(descriptor)
        # Whatever else has the name, or has another name besides, was not made here.
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            os.close(descriptor)
            raise OSError(errno.ELOOP, "It is no file of the server's own", name)
        return descriptor


class Appending:
    """A content that is being written."""

    def __init__(self, blobs: Blobs, descriptor: int, known: Hashed | None) -> None:
        self._blobs = blobs
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._flushed = self.size
        if known is None or known.size > self.size:
            known = Hashed(0, sha256())
        self._hashed, self._digest = known

    @property
    def hashed(self) -> Hashed:
        """How far it is hashed, for whoever goes on with it."""
        return Hashed(self._hashed, self._digest)

    def hash_more(self, most: int) -> bool:
        """Hash so many bytes of what was there before; whether there are more."""
        data = os.pread(self._descriptor, min(most, self.size - self._hashed), self._hashed)
        self._digest.update(data)
        self._hashed += len(data)
        return self._hashed < self.size and bool(data)

    def write(self, data: bytes) -> None:
        """Append; if that fails, nothing of it is kept."""
        try:
            with self._blobs.taking(len(data)):
                _write_all(self._descriptor, data)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self._digest.update(data)
        self._hashed += len(data)
        self.size += len(data)
        if self.size - self._flushed >= FLUSH_EVERY:
            _begin_to_flush(self._descriptor, self._flushed, self.size)
            self._flushed = self.size

    def finish(self) -> str:
        """Make sure that all of it is on the disk; its SHA-256. If that fails, nothing is kept."""
        try:
            os.fsync(self._descriptor)
            self._blobs.sync_names()
        except OSError:
            # The kernel takes for written what the disk may not have, so another sync says nothing.
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            raise
        return self._digest.hexdigest()

    def close(self) -> None:
        os.close(self._descriptor)


class Reading:
    """A content that is being read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from there, fewer only at the end."""
        return os.pread(self._descriptor, most, at)

    def close(self) -> None:
        os.close(self._descriptor)


def contents_of(database: Path) -> Path:
    """The folder of the contents that belong to a database: `files`, beside chat.db.

    Two databases in one folder must not share it, for each would sweep the other's away.
    """
    name = "files" if database.name == "chat.db" else f"{database.name}-files"
    return database.with_name(name)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _begin_to_flush(descriptor: int, start: int, end: int) -> None:
    if hasattr(os, "posix_fadvise"):
        # Linux begins to write these pages and waits for nothing. A sync would make the commits of
        # messages wait, which go to the same disk; there is one at the end.
        os.posix_fadvise(descriptor, start, end - start, os.POSIX_FADV_DONTNEED)
    else:
        os.fsync(descriptor)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise OSError(errno.EINVAL, "That is no name of a content", name)
    return name
