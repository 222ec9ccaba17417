"""One server for one database: a lock that ends with the process, however that ends.

Beside the lock is noted what was committed last. A write-ahead log that is missing or cut off looks
to SQLite like one that ends earlier. So what was committed last is noted in another file after
every commit, and compared at the next start: less than that in the database is a loss, and no
start. The note is written and not synced. So after a kill it is exact; after a power cut it may be
some seconds old, and then notices less.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import StartError

_KEY = "last_commit"  # in `meta`, as of the last change
_NEWEST = "SELECT max(id) FROM entry"
_KEPT = f"SELECT value FROM meta WHERE key = '{_KEY}'"
_KEEP = (
    f"INSERT INTO meta VALUES ('{_KEY}', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


class LastCommit(NamedTuple):
    """How many changes there were, messages aside, and the number of the last entry."""

    changes: int = 0
    entry: int = 0

    def is_less_than(self, other: LastCommit) -> bool:
        """Whether something is missing here that is there."""
        return self.changes < other.changes or self.entry < other.entry

    def written(self) -> str:
        """As a text that is always equally long."""
        return f"{self.changes:020} {self.entry:020}"


def parse(text: str) -> LastCommit:
    """What was written; nothing at all for what makes no sense, as after a power cut."""
    numbers = text.split(" ")
    if len(numbers) != 2 or not all(it.isascii() and it.isdigit() for it in numbers):
        return LastCommit()
    return LastCommit(*map(int, numbers))


def last_commit_in(run: Callable[[str], Any]) -> LastCommit:
    """The last commit in a database; `run` is a driver connection's `execute`.

    The last entry may have been erased since, which is a change that keeps its number.
    """
    kept = run(_KEPT).fetchone()
    text = kept[0] if kept else ""
    changes, entry = parse(text.decode("ascii", "replace") if isinstance(text, bytes) else text)
    return LastCommit(changes, max(entry, run(_NEWEST).fetchone()[0] or 0))


def keep(run: Callable[[str, tuple[str]], object], last: LastCommit) -> None:
    """Write it into the database, inside the transaction that it is about."""
    run(_KEEP, (last.written(),))


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
