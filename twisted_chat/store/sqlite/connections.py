"""Connections to the database file: one that writes and checkpoints, others that only read.

SQLite before 3.51.3 can damage a write-ahead log that several connections write or checkpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from ...core.errors import ChatError
from ..records import tolerant_text

BUSY_TIMEOUT = 5000
"""How long to wait for a lock that some other program holds, in milliseconds."""

# As SQLAlchemy says them, and the driver itself.
CONSTRAINT_ERRORS = (IntegrityError, sqlite3.IntegrityError)
OPERATIONAL_ERRORS = (OperationalError, sqlite3.OperationalError)

_LOG_KEPT = 16 * 1024 * 1024  # bytes; what a long reader made it grow beyond is cut off again

_WRITER_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS does not reach the disk otherwise
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 0",  # the writer does it
    f"PRAGMA journal_size_limit = {_LOG_KEPT}",
)


def open_raw(path: Path, mode: str) -> sqlite3.Connection:
    """A driver connection in autocommit; `mode` is `ro` or `rw`, and neither makes a file."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT / 1000,
    )


def open_writer(path: Path) -> sa.Connection:
    """The connection that writes; its user begins and commits transactions in SQL."""

    def connect() -> sqlite3.Connection:
        raw = open_raw(path, "rw")
        raw.text_factory = tolerant_text
        for setting in _WRITER_SETTINGS:
            raw.execute(setting)
        return raw

    return _open(connect)


def open_reader(path: Path) -> sa.Connection:
    """A connection that can only read."""

    def connect() -> sqlite3.Connection:
        raw = open_raw(path, "ro")
        raw.text_factory = tolerant_text
        raw.execute("PRAGMA temp_store = MEMORY")
        return raw

    return _open(connect)


def driver(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's own connection, for what is done so often that Core would cost more than it."""
    beneath = connection.connection.dbapi_connection
    assert isinstance(beneath, sqlite3.Connection)
    return beneath


def close(connection: sa.Connection) -> None:
    """Close for good; nothing is left in a pool."""
    connection.close()
    connection.engine.dispose()


def _open(connect: Callable[[], sqlite3.Connection]) -> sa.Connection:
    # AUTOCOMMIT keeps SQLAlchemy from sending a COMMIT of its own in the middle of ours. Errors are
    # logged, so they must not quote parameters: these are what people have said and typed.
    engine = sa.create_engine(
        sa.URL.create("sqlite"),
        creator=connect,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )
    return engine.connect()


def refusal(error: Exception) -> ChatError | None:
    """What to answer after an error that is known to store nothing; None after any other."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return ChatError(
            "store_full", "The server's disk is full; try again later.", retry_after=30
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT):
        return ChatError(
            "busy", "The server could not store this; try again in a moment.", retry_after=1
        )
    return None
