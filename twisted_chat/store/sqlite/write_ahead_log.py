"""The write-ahead log: what is committed is in it first, and goes from there into the database.

What a commit has put into the log must really be on the disk. A sync that fails leaves the kernel
with pages that it calls clean though the disk does not have them: no later sync writes them, and
whatever is appended behind them would be lost with them in a power cut. So after a failed sync the
process ends, and each start writes the log's pages once more before anything is appended.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ...core.errors import StartError
from .connections import driver

CHECKPOINT_EVERY = 1000
"""How long the log becomes, in pages, before it is taken into the database."""

_AT_ONCE = 1024 * 1024
_LENGTH = struct.Struct("=I")  # in SQLite's index of the log: how many pages it holds
_LENGTH_AT = 16
_HEAD = 136  # bytes of the index before the pages themselves
_LOCKS = (2, 120)  # how many bytes of the index, and where, stand for writing and checkpoints


class WriteAheadLog:
    """The log of a database, for the one connection that writes."""

    def __init__(self, database: Path, connection: sa.Connection) -> None:
        """Take the log of a connection that has read something, so that its files are there."""
        self.path = log_of(database)
        self._run = driver(connection).execute
        # Open until SQLite has closed its own: closing any descriptor gives up a process's locks.
        self._file = os.open(_index_of(database), os.O_RDONLY | os.O_CLOEXEC)
        self._index = mmap.mmap(self._file, _HEAD, mmap.MAP_SHARED, mmap.PROT_READ)

    def is_long(self) -> bool:
        """Whether it is time for a checkpoint."""
        (length,) = _LENGTH.unpack_from(self._index, _LENGTH_AT)
        return bool(length >= CHECKPOINT_EVERY)

    def checkpoint(self) -> None:
        """Take into the database what can be taken while others read.

        SQLite would do so by itself, and not tell when it fails. After a failed sync another
        checkpoint may not write the same pages again, and still allow the log to be overwritten.
        """
        self._run("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def size(self) -> int:
        """Its size in bytes: a long reader keeps it from being emptied."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        """Let go of it, after the last connection was closed."""
        self._index.close()
        os.close(self._file)


def write_again(database: Path) -> None:
    """Make sure that the disk has all that can be read from a log that was left behind.

    To be done when SQLite has read the database, but not opened it for writing: it would take
    what it reads for safe.
    """
    if not log_of(database).exists():
        return
    with _open(log_of(database), os.O_RDWR) as log, _open(_index_of(database), os.O_RDWR) as index:
        # Nobody may append or take the log into the database meanwhile.
        try:
            fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, *_LOCKS)
        except (BlockingIOError, PermissionError):
            raise StartError(
                f"Another program is writing to the database {database}; end it first."
            ) from None
        place = 0
        while data := os.pread(log, _AT_ONCE, place):
            place += os.pwrite(log, data, place)
        _sync(log)


def log_of(database: Path) -> Path:
    """The path of a database's log."""
    return database.with_name(database.name + "-wal")


def sync_folder(folder: Path) -> None:
    """Make sure that the files in a folder have their names after a power cut."""
    with _open(folder, os.O_RDONLY | os.O_DIRECTORY) as file:
        os.fsync(file)


def _index_of(database: Path) -> Path:
    return database.with_name(database.name + "-shm")


@contextmanager
def _open(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _sync(file: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)  # macOS does not reach the disk otherwise
    else:
        os.fsync(file)
