"""The slots of an account on this computer: files that one client each uses, and what is in them.

What is here blocks, and is done before anything is connected.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

UNSENT = "SELECT cid, room, text, file, sealed, manner FROM outbox ORDER BY number"
SOME_TEXTS = "SELECT key, value FROM secret WHERE tab = 'text' AND key >= ? AND key < ?"
SOME_ROWS = (
    "SELECT tab, key, value FROM secret WHERE (tab, key) > (?, ?) ORDER BY tab, key LIMIT 500"
)
IN_REACH = 1000  # messages before the position of a conversation whose rows are at hand
LAST = "~"  # after every key that goes on
SINCE = "encrypted "  # facts: from which entry on a conversation of this number is encrypted
TEXT = "text"  # the table of rows that are one to a message
SENT = "cid/"  # its rows of what has no number yet
MOST_SLOTS = 20  # as many sessions as an account may have
Again = Callable[[str, str, bytes], bytes]
SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS position
    (room TEXT PRIMARY KEY, id INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox
    (number INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, room TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS secret
    (tab TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tab, key))
    WITHOUT ROWID;
"""
# What a shelf of an earlier version has not got yet: a table, a column, and what it is.
ADDED = (
    ("outbox", "file", "INTEGER NOT NULL DEFAULT 0"),
    ("outbox", "sealed", "TEXT NOT NULL DEFAULT ''"),
    ("outbox", "manner", "TEXT NOT NULL DEFAULT ''"),
)


class Unsent(NamedTuple):
    """A message that the server has not acknowledged yet."""

    cid: str
    room: str
    text: str  # of a file, its name; nothing if the conversation is encrypted
    file: int = 0  # the number that the server has given it
    sealed: str = ""  # what is sent of it instead
    manner: str = ""  # "action", or "notice"


class Place(NamedTuple):
    """How far a conversation has come; the id tells it from another of the same name."""

    id: int
    seq: int


def opened(path: Path) -> sqlite3.Connection:
    """The database of a slot, for its owner's eyes only."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # One piece of work after another uses it, if from another thread than the first.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.executescript(SCHEMA)
    for table, column, kind in ADDED:
        if column not in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    return db


def computer() -> str:
    """What lists of sessions call this computer."""
    name = "".join(c for c in socket.gethostname() if c.isprintable())[:48]
    return name or "client"


def places_in(db: sqlite3.Connection) -> dict[str, Place]:
    """How far the conversations are."""
    rows = db.execute("SELECT room, id, seq FROM position")
    return {room: Place(number, seq) for room, number, seq in rows}


def unsent_in(db: sqlite3.Connection) -> list[Unsent]:
    """What the server has not acknowledged, in its order."""
    return [Unsent(*row) for row in db.execute(UNSENT)]


def secrets_in(db: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
    """All rows of the encryption but those of messages."""
    return list(db.execute("SELECT tab, key, value FROM secret WHERE tab <> ?", (TEXT,)))


def texts_in(db: sqlite3.Connection, prefix: str) -> dict[str, bytes]:
    """The rows of messages whose keys begin so."""
    return dict(db.execute(SOME_TEXTS, (prefix, prefix + LAST)))


def texts_in_reach(
    db: sqlite3.Connection, facts: Mapping[str, str], places: Mapping[str, Place]
) -> dict[str, bytes]:
    """The rows of messages that may come once more: what a client was killed over."""
    found: dict[str, bytes] = {}
    positions = {str(place.id): place.seq for place in places.values()}
    for name in facts:
        number = name.removeprefix(SINCE)
        if number != name:
            # An edit is kept with the message that it changes, which may have come long before.
            first = max(0, positions.get(number, 0) - IN_REACH)
            found.update(db.execute(SOME_TEXTS, (f"{number}/{first:012}", f"{number}/{LAST}")))
    return found


def encrypt_anew(db: sqlite3.Connection, again: Again) -> None:
    """Put in the place of every row of the encryption what `again` makes of it."""
    last = ("", "")
    while rows := db.execute(SOME_ROWS, last).fetchall():
        changed = ((again(*row), row[0], row[1]) for row in rows)
        db.executemany("UPDATE secret SET value = ? WHERE tab = ? AND key = ?", changed)
        last = rows[-1][:2]


def encrypt_others_anew(folder: Path, own: Path, again: Again) -> bool:
    """The same in the slots that nobody uses; whether nobody uses any but one's own."""
    whole = True
    for path in sorted(folder.glob("slot-*.db")):
        lock = None if path == own else locked(path.with_suffix(".lock"))
        if lock is None:
            whole = whole and path == own
            continue
        try:
            with closing(opened(path)) as other, other:
                other.execute("BEGIN")
                encrypt_anew(other, again)
        finally:
            os.close(lock)
    return whole


def free_slot(folder: Path) -> tuple[int, Path]:
    """A slot that nobody uses, with its lock."""
    for number in range(1, MOST_SLOTS + 1):
        path = folder / f"slot-{number}.db"
        lock = locked(path.with_suffix(".lock"))
        if lock is not None:
            return lock, path
    raise OSError("too many clients of this account run on this computer")


def locked(path: Path) -> int | None:
    """The lock of a slot, or None if somebody has it."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock
