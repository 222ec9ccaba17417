"""What a client keeps on disk for one account: its token, how far it is, what it has to send,
and the rows of its end-to-end encryption, which are ciphertext here.

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
Change = tuple[str, str, bytes] | tuple[str, str]  # a row to write, or one to delete
Run = Callable[[Callable[[], T]], "Deferred[T]"]

KEEP = "INSERT OR IGNORE INTO outbox (cid, room, text, file, sealed) VALUES (?, ?, ?, ?, ?)"
UNSENT = "SELECT cid, room, text, file, sealed FROM outbox ORDER BY number"
PUT = "INSERT OR REPLACE INTO secret (tab, key, value) VALUES (?, ?, ?)"
ONE_TEXT = "SELECT key, value FROM secret WHERE tab = 'text' AND key = ?"
SOME_TEXTS = "SELECT key, value FROM secret WHERE tab = 'text' AND key >= ? AND key < ?"
FORGET = "DELETE FROM secret WHERE tab = 'text' AND key >= ? AND key < ?"
IN_REACH = 1000  # messages before the position of a conversation whose rows are at hand
LAST = "~"  # after every key that goes on
SINCE = "encrypted "  # facts: from which entry on a conversation of this number is encrypted
TEXT = "text"  # the table of rows that are one to a message
SENT = "cid/"  # its rows of what has no number yet
MOST_SLOTS = 20  # as many sessions as an account may have
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
)


class Unsent(NamedTuple):
    """A message that the server has not acknowledged yet."""

    cid: str
    room: str
    text: str  # of a file, its name; nothing if the conversation is encrypted
    file: int = 0  # the number that the server has given it
    sealed: str = ""  # what is sent of it instead


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
            self.secrets = _secrets(self._db)
            self.texts = _texts_in_reach(self._db, self.facts, self.places)
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
                    texts = _rows(other, SENT)
                    with self._db:
                        self._db.execute("BEGIN")
                        self._do(KEEP, left)
                        self._do(PUT, [(TEXT, *row) for row in texts.items()])
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

    def keep(self, message: Unsent, changes: Iterable[Change] = ()) -> Deferred[None]:
        """Keep a message until it is acknowledged; fires when it is on disk."""

        def write() -> None:
            self._do(KEEP, [message])
            self._change(changes)

        return self._soon(write)

    def seal(self, cid: str, sealed: str, changes: Iterable[Change]) -> Deferred[None]:
        """A message has been encrypted: keep what is sent of it, and what that has changed."""

        def write() -> None:
            self._do("UPDATE outbox SET sealed = ? WHERE cid = ?", [(sealed, cid)])
            self._change(changes)

        return self._soon(write)

    def change(self, changes: Iterable[Change]) -> Deferred[None]:
        """Write rows of the encryption, all of them or none."""
        return self._soon(lambda: self._change(changes))

    def find_texts(self, keys: Iterable[str]) -> Deferred[dict[str, bytes]]:
        """Rows of messages, those that there are of these keys."""
        found: dict[str, bytes] = {}
        wanted = list(keys)

        def read() -> None:
            for key in wanted:
                found.update(self._db.execute(ONE_TEXT, (key,)))

        return self._soon(read).addCallback(lambda _: found)

    def some_texts(self, prefix: str) -> Deferred[dict[str, bytes]]:
        """The rows of messages whose keys begin so: of one, or of a whole conversation."""
        found: dict[str, bytes] = {}
        return self._soon(lambda: found.update(_rows(self._db, prefix))).addCallback(
            lambda _: found
        )

    def forget_texts(self, prefix: str) -> Deferred[None]:
        """A message was deleted: its rows go, those of its edits among them."""
        return self._soon(lambda: self._do(FORGET, [(prefix, prefix + LAST)]))

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

    def _change(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if len(change) == 3:
                self._db.execute(PUT, change)
            else:
                self._db.execute("DELETE FROM secret WHERE tab = ? AND key = ?", change)


def _open(path: Path) -> sqlite3.Connection:
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


def _computer() -> str:
    """What lists of sessions call this computer."""
    name = "".join(c for c in socket.gethostname() if c.isprintable())[:48]
    return name or "client"


def _places(db: sqlite3.Connection) -> dict[str, Place]:
    rows = db.execute("SELECT room, id, seq FROM position")
    return {room: Place(number, seq) for room, number, seq in rows}


def _unsent(db: sqlite3.Connection) -> list[Unsent]:
    return [Unsent(*row) for row in db.execute(UNSENT)]


def _secrets(db: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
    """All rows of the encryption but those of messages."""
    return list(db.execute("SELECT tab, key, value FROM secret WHERE tab <> ?", (TEXT,)))


def _rows(db: sqlite3.Connection, prefix: str) -> dict[str, bytes]:
    """The rows of messages whose keys begin so."""
    return dict(db.execute(SOME_TEXTS, (prefix, prefix + LAST)))


def _texts_in_reach(
    db: sqlite3.Connection, facts: Mapping[str, str], places: Mapping[str, Place]
) -> dict[str, bytes]:
    """The rows of messages that may come once more: what a client was killed over, and has sent."""
    found = _rows(db, SENT)
    positions = {str(place.id): place.seq for place in places.values()}
    for name in facts:
        number = name.removeprefix(SINCE)
        if number != name:
            # An edit is kept with the message that it changes, which may have come long before.
            first = max(0, positions.get(number, 0) - IN_REACH)
            found.update(db.execute(SOME_TEXTS, (f"{number}/{first:012}", f"{number}/{LAST}")))
    return found


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
