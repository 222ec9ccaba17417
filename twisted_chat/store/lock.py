"""One server for one database: a lock that ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from ..core.errors import StartError
from .last_commit import LastCommit, parse


class Lock:
    """A locked file beside the database.

    It says which process has the lock, which database was last here, so that one which has vanished
    is not mistaken for a first start, and what was committed last.
    """

    def __init__(self, database: Path) -> None:
        self._file = os.open(_beside(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pid, self.epoch, self.last = _read(self._file)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            who = f" (process {pid})" if pid else ""
            raise StartError(
                f"Another server{who} is using {database} already; stop it first, "
                "or give this one a database of its own."
            ) from None
        self.note(self.epoch, self.last)

    def note(self, epoch: str, last: LastCommit) -> None:
        """Write down that this process uses the database with this epoch."""
        head = f"{os.getpid()}\n{epoch}\n".encode()
        content = head + f"{last.written()}\n".encode()
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))
        self.epoch = epoch
        self.last = last
        self._place = len(head)

    def note_commit(self, last: LastCommit) -> None:
        """Write down what was committed last; where that fails, less is noticed later."""
        if last != self.last:
            self.last = last
            with suppress(OSError):
                os.pwrite(self._file, last.written().encode(), self._place)

    def release(self) -> None:
        """Let another server begin. The file stays: removing it would race with that server."""
        os.close(self._file)


def noted(database: Path) -> tuple[str, LastCommit]:
    """The epoch of the database that a server has used last here, and what it committed last."""
    try:
        file = os.open(_beside(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return "", LastCommit()
    try:
        return _read(file)[1:]
    finally:
        os.close(file)


def _beside(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _read(file: int) -> tuple[str, str, LastCommit]:
    pid, epoch, last, *_ = [*os.pread(file, 200, 0).decode("ascii", "replace").split("\n"), "", ""]
    return pid, epoch, parse(last)
