"""What a client keeps on disk for one account: its token, how far it is, and what it has to send.

Several clients of one account may run at once. Each takes a slot of its own, with a
device, a token and positions of its own; what a slot that nobody uses has left to send
is taken over by the next client that starts.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")
Run = Callable[[Callable[[], T]], "Deferred[T]"]

KEEP = "INSERT OR IGNORE INTO outbox (cid, room, text, file) VALUES (?, ?, ?, ?)"
UNSENT = "SELECT cid, room, text, file FROM outbox ORDER BY number"
MOST_SLOTS = 20  # as many sessions as an account may have
SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS position
    (room TEXT PRIMARY KEY, id INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox
    (number INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, room TEXT NOT NULL, text TEXT NOT NULL);
"""
# What a shelf of an earlier version has not got yet: a table, a column, and what it is.
ADDED = (("outbox", "file", "INTEGER NOT NULL DEFAULT 0"),)


class Unsent(NamedTuple):
    """A message that the server has not acknowledged yet."""

    cid: str
    room: str
    text: str  # of a file, its name
    file: int = 0  # the number that the server has given it


class Place(NamedTuple):
    """How far a conversation has come; the id tells it from another of the same name."""

    id: int
    seq: int


class Shelf:
    """One slot. What changes is written by `run`, one piece of work after another."""

    def __init__(self, folder: Path, run: Run[Any]) -> None:
        self._run = run
        self._lock, path = _free_slot(folder)
        try:
            self._db = _open(path)
            self._take_over(folder, path)
            # Read here and never again: later the database is another thread's.
            self.facts: dict[str, str] = dict(self._db.execute("SELECT name, value FROM fact"))
            self.places = _places(self._db)
            self.unsent = _unsent(self._db)
        except BaseException:
            os.close(self._lock)
            raise
        if "device" not in self.facts:
            self.facts["device"] = f"{_computer()} {token_hex(2)}"
            self._put(self.facts)
        self._work: list[Callable[[], None]] = []
        self._kept: list[Deferred[None]] = []
        self._busy = False
        self._closing: Deferred[None] | None = None
        self._closed = False

    def _take_over(self, folder: Path, own: Path) -> None:
        """What another slot could not send, if nobody uses it now."""
        for path in sorted(folder.glob("slot-*.db")):
            lock = None if path == own else _locked(path.with_suffix(".lock"))
            if lock is None:
                continue
            try:
                with closing(_open(path)) as other:
                    left = _unsent(other)
                    with self._db:
                        self._db.execute("BEGIN")
                        self._do(KEEP, left)
                    other.execute("DELETE FROM outbox")
            finally:
                os.close(lock)

    # --- writing -----------------------------------------------------------------------------

    def remember(self, **facts: str) -> Deferred[None]:
        """Keep facts such as the token; fires when they are on disk."""
        self.facts.update(facts)
        return self._soon(lambda: self._put(facts))

    def begin_anew(self, **facts: str) -> Deferred[None]:
        """The server's numbers mean something else now: keep these facts and no position."""
        self.facts.update(facts)

        def write() -> None:
            self._put(facts)
            self._db.execute("DELETE FROM position")

        return self._soon(write)

    def keep(self, message: Unsent) -> Deferred[None]:
        """Keep a message until it is acknowledged; fires when it is on disk."""
        return self._soon(lambda: self._do(KEEP, [message]))

    def drop(self, cid: str) -> Deferred[None]:
        """A message needs to be kept no longer."""
        return self._soon(lambda: self._do("DELETE FROM outbox WHERE cid = ?", [(cid,)]))

    def move(self, places: Mapping[str, Place], gone: Iterable[str] = ()) -> Deferred[None]:
        """Keep how far conversations have come, and forget those one is not in any more."""
        rows = [(room, place.id, place.seq) for room, place in places.items()]
        lost = [(room,) for room in gone]

        def write() -> None:
            self._do("INSERT OR REPLACE INTO position (room, id, seq) VALUES (?, ?, ?)", rows)
            self._do("DELETE FROM position WHERE room = ?", lost)

        return self._soon(write)

    def close(self) -> Deferred[None]:
        """Give the slot free when everything is written."""
        closing: Deferred[None] = Deferred()
        if self._closed:
            closing.callback(None)
        else:
            self._closing, self._closed = closing, True
            self._next()
        return closing

    def _soon(self, work: Callable[[], None]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._work.append(work)
        self._kept.append(done)
        self._next()
        return done

    def _next(self) -> None:
        """Everything that waits is one transaction, so a thousand messages are not a thousand."""
        if self._busy:
            return
        if not self._work:
            if self._closing is not None:
                self._db.close()
                os.close(self._lock)
                closing, self._closing = self._closing, None
                closing.callback(None)
            return
        self._busy = True
        work, self._work = self._work, []
        kept, self._kept = self._kept, []

        def write() -> None:
            with self._db:
                self._db.execute("BEGIN")
                for one in work:
                    one()

        self._run(write).addBoth(self._written, kept)

    def _written(self, outcome: Any, kept: list[Deferred[None]]) -> None:
        self._busy = False
        for done in kept:
            if outcome is None:
                done.callback(None)
            else:
                done.errback(outcome)
        self._next()

    def _put(self, facts: Mapping[str, str]) -> None:
        self._do("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", list(facts.items()))

    def _do(self, statement: str, rows: list[Any]) -> None:
        if rows:
            self._db.executemany(statement, rows)


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # One piece of work after another uses it, if from another thread than the first.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(SCHEMA)
    for table, column, kind in ADDED:
        if column not in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    return db


def _computer() -> str:
    """What lists of sessions call this computer."""
    name = "".join(c for c in socket.gethostname() if c.isprintable())[:48]
    return name or "client"


def _places(db: sqlite3.Connection) -> dict[str, Place]:
    rows = db.execute("SELECT room, id, seq FROM position")
    return {room: Place(number, seq) for room, number, seq in rows}


def _unsent(db: sqlite3.Connection) -> list[Unsent]:
    return [Unsent(*row) for row in db.execute(UNSENT)]


def _free_slot(folder: Path) -> tuple[int, Path]:
    for number in range(1, MOST_SLOTS + 1):
        path = folder / f"slot-{number}.db"
        lock = _locked(path.with_suffix(".lock"))
        if lock is not None:
            return lock, path
    raise OSError("too many clients of this account run on this computer")


def _locked(path: Path) -> int | None:
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
