"""Finding, making, checking and opening the database file."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...core.errors import StartError, reason_of
from .. import migrations, schema
from . import full_text, integrity
from .connections import close, driver, open_raw, open_reader, open_writer
from .lock import LastCommit, Lock, last_commit_in
from .sql import BEGIN_TO_WRITE
from .write_ahead_log import WriteAheadLog, log_of, sync_folder, write_again

_SETTLED = 3_000_000_000
"""Nanoseconds after which a folder that changes again has another time on any file system."""


class Database:
    """A database that this process alone has open."""

    def __init__(self, path: Path, lock: Lock, epoch: str) -> None:
        self.path = path
        self.epoch = epoch
        self._lock = lock
        self.writer = open_writer(path)
        # Something must be read for the log to be there.
        self.writer.exec_driver_sql("SELECT 1 FROM meta").all()
        self.log = WriteAheadLog(path, self.writer)
        sync_folder(path.parent)
        lock.note(epoch, last_commit_in(driver(self.writer).execute))
        self._names = (str(path), str(self.log.path))
        self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._quiet_since = 0
        self._opened = [*map(_identity, self._names)]

    def note(self, last: LastCommit) -> None:
        """Note what was committed last where the next start will find it without the log."""
        self._lock.note_commit(last)

    def reader(self) -> sa.Connection:
        """Another connection, which can only read."""
        return open_reader(self.path)

    def moved(self) -> bool:
        """Whether the files that are in use are no longer those that have the names."""
        return [*map(_identity, self._names)] != self._opened

    def has_moved(self) -> bool:
        """The same for every commit, at a fraction of the cost.

        Whatever happens to a name changes the time of its folder. A time that is so recent that
        another change could have the same says nothing yet.
        """
        changed = os.fstat(self._folder).st_mtime_ns
        if changed == self._quiet_since:
            return False
        now = time.time_ns()
        if self.moved():
            return True
        if now - changed > _SETTLED:
            self._quiet_since = changed
        return False

    def close(self) -> None:
        """Close; readers must be closed before, since the last connection tidies up."""
        os.close(self._folder)
        close(self.writer)
        self.log.close()
        self._lock.release()


def locate(path_or_url: str) -> Path:
    """The file that a path or an `sqlite:///` address names; StartError for other addresses."""
    scheme, separator, rest = path_or_url.partition("://")
    if not separator:
        return Path(path_or_url).absolute()
    if scheme != "sqlite":
        raise StartError(
            f"Databases of the kind {scheme!r} cannot be used: give the path of a file, "
            "or an address like sqlite:////var/lib/chat/chat.db."
        )
    name = unquote(rest.removeprefix("/"))
    if not rest.startswith("/") or name in ("", ":memory:"):
        raise StartError(
            f"{path_or_url} names no file: an address looks like sqlite:////var/lib/chat/chat.db."
        )
    return Path(name).absolute()


def open_database(path_or_url: str, now: Callable[[], int]) -> Database:
    """Open a database, making or migrating it first if need be.

    StartError says in one sentence what is in the way; then nothing was changed.
    """
    path = locate(path_or_url)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = path.resolve()
        lock = Lock(path)
    except OSError as error:
        raise StartError(f"The database {path} cannot be used: {reason_of(error)}.") from error
    try:
        if not path.exists():
            _make(path, lock, now)
        integrity.check_names(path)
        integrity.check_writable(path)
        if integrity.is_interrupted(path):
            integrity.undo_interrupted(path)
        epoch, to_migrate = _look(path, lock)
        write_again(path)
        if to_migrate:
            _change(path, now, migrations.upgrade)
        database = Database(path, lock, epoch)
    except BaseException as error:
        lock.release()
        if isinstance(error, OSError | DBAPIError | sqlite3.Error):
            why = reason_of(getattr(error, "orig", error))
            raise StartError(f"The database {path} cannot be used: {why}.") from error
        raise
    return database


def _make(path: Path, lock: Lock, now: Callable[[], int]) -> None:
    """Make an empty database under another name and give it its own when it is complete."""
    log = log_of(path)
    if lock.epoch or (log.exists() and log.stat().st_size):
        raise StartError(
            f"The database {path} is gone, though a server has used it before. Restore a backup "
            f"of it, or remove {path.name}.lock and {path.name}-wal to begin with an empty one."
        )
    unfinished = path.with_name(path.name + ".new")
    for leftover in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + leftover).unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _change(unfinished, now, _fill)
    unfinished.rename(path)
    try:
        sync_folder(path.parent)
    except OSError:
        path.rename(unfinished)  # it would be there at the next start, and gone after a power cut
        raise


def _fill(connection: sa.Connection, now: int) -> None:
    connection.exec_driver_sql(BEGIN_TO_WRITE)
    schema.create(connection, migrations.revisions()[-1], now)
    full_text.create(connection)
    connection.exec_driver_sql("COMMIT")


def _change(
    path: Path, now: Callable[[], int], change: Callable[[sa.Connection, int], object]
) -> None:
    connection = open_writer(path)
    try:
        change(connection, now())
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    except DBAPIError as error:
        raise StartError(
            f"The database {path} could not be brought up to date: {error.orig}. "
            "Nothing was changed."
        ) from error
    finally:
        close(connection)


def _look(path: Path, lock: Lock) -> tuple[str, bool]:
    """The epoch of a sound database, and whether it must be migrated; else StartError."""
    integrity.check_header(path)
    raw = open_raw(path, "ro")
    raw.text_factory = bytes  # text that is no UTF-8 is nothing to stop for
    try:
        version = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        if version is None:
            raise integrity.damaged(path, "it does not know its version")
        revision = version[0].decode("ascii", "replace")
        known = migrations.revisions()
        if revision not in known:
            raise StartError(
                f"The database {path} was made by a newer version of this program (its schema is "
                f"{revision!r}, this program knows up to {known[-1]!r}). Nothing was changed; "
                "install that version again."
            )
        integrity.check_log(path, raw)
        epoch = integrity.check_newest(path, raw)
        integrity.check_last_commit(path, raw, epoch, lock.epoch, lock.last)
        return epoch, revision != known[-1]
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes what it finds damaged
        raise integrity.damaged(path, str(error)) from error
    finally:
        raw.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
