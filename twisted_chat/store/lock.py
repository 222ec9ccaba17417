"""One server for one database: a lock that ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ..core.errors import StartError


class Lock:
    """A locked file beside the database.

    It says which process has the lock, and which database was last here: so a database that
    has vanished is not mistaken for a first start.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pid, self.epoch = self._read()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            who = f" (process {pid})" if pid else ""
            raise StartError(
                f"Another server{who} is using {database} already; stop it first, "
                "or give this one a database of its own."
            ) from None
        self.note(self.epoch)

    def note(self, epoch: str) -> None:
        """Write down that this process uses the database with this epoch."""
        content = f"{os.getpid()}\n{epoch}\n".encode()
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))
        self.epoch = epoch

    def release(self) -> None:
        """Let another server begin. The file stays: removing it would race with that server."""
        os.close(self._file)

    def _read(self) -> tuple[str, str]:
        lines = os.pread(self._file, 200, 0).decode("ascii", "replace").split("\n")
        return lines[0], lines[1] if len(lines) > 1 else ""
