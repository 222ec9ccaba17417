"""What the client keeps on this computer, and in which folders.

For each account at a server there is a folder of slots: the databases `slot-1.db`, `slot-2.db` …,
each used by one client at a time. A slot has a device, a token and positions of its own, the
messages that are not sent yet, and the rows of the end-to-end encryption, which are ciphertext
here. What a slot that no client uses has left to send is taken over by the next client that
starts.
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
from urllib.parse import quote

from platformdirs import user_config_path, user_data_path, user_downloads_path
from twisted.internet.defer import Deferred

from ...core.encryption import RowChange

NAME = "twisted-chat"


def config_folder() -> Path:
    """The folder of what people set; made if need be."""
    return private_folder(user_config_path(NAME, appauthor=False))


def data_folder() -> Path:
    """The folder of what the client keeps; made if need be."""
    return private_folder(user_data_path(NAME, appauthor=False))


def account_folder(server: str, name: str) -> Path:
    """The folder of one account at one server, which may not be there yet."""
    return data_folder() / _file_name(server) / _file_name(name.lower())


def downloads_folder(given: str = "") -> Path:
    """The folder for what is fetched: the one that was given, or the person's usual one."""
    return Path(given).expanduser() if given else user_downloads_path()


def private_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _file_name(text: str) -> str:
    """Any text as one name in a folder, never `.` or `..`."""
    quoted = quote(text, safe="-_@+=,!#")
    return quoted.replace(".", "%2E") if set(quoted) == {"."} else quoted


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
# What a database of an earlier version does not have yet: table, column, and its type.
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


class Position(NamedTuple):
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
    """Return the name of this computer for lists of sessions."""
    name = "".join(c for c in socket.gethostname() if c.isprintable())[:48]
    return name or "client"


def places_in(db: sqlite3.Connection) -> dict[str, Position]:
    """How far the conversations are."""
    rows = db.execute("SELECT room, id, seq FROM position")
    return {room: Position(number, seq) for room, number, seq in rows}


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
    db: sqlite3.Connection, facts: Mapping[str, str], places: Mapping[str, Position]
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
    """Do the same in the slots that are not in use; return whether no other one is."""
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


T = TypeVar("T")
Run = Callable[[Callable[[], T]], "Deferred[T]"]

KEEP = (
    "INSERT OR IGNORE INTO outbox (cid, room, text, file, sealed, manner) VALUES (?, ?, ?, ?, ?, ?)"
)
SEAL = "UPDATE outbox SET sealed = ?, text = '' WHERE cid = ?"
PUT = "INSERT OR REPLACE INTO secret (tab, key, value) VALUES (?, ?, ?)"
ONE_TEXT = "SELECT key, value FROM secret WHERE tab = 'text' AND key = ?"
FORGET = "DELETE FROM secret WHERE tab = 'text' AND key >= ? AND key < ?"


class Work(NamedTuple):
    """Something to do on the disk."""

    do: Callable[[], None]
    done: Deferred[None]
    lasts: bool  # if it cannot be done now, it is done before anything that comes later


class Storage:
    """One slot. What changes is written by `run`, one piece of work after another.

    What cannot be written, as when the disk is full, fails the Deferred of the call, and is tried
    again together with what comes next: so what is on disk is never ahead in one thing and
    behind in another.
    """

    def __init__(self, folder: Path, run: Run[Any]) -> None:
        self._run = run
        self._lock, path = free_slot(folder)
        self._path = path
        try:
            self._db = opened(path)
            self._take_over(folder, path)
            # Read here and never again: later the database is another thread's.
            self.facts: dict[str, str] = dict(self._db.execute("SELECT name, value FROM fact"))
            self.places = places_in(self._db)
            self.unsent = unsent_in(self._db)
            self.secrets = secrets_in(self._db)
            self.texts = texts_in_reach(self._db, self.facts, self.places)
            self.sent = {
                key.removeprefix(SENT): row for key, row in texts_in(self._db, SENT).items()
            }
        except BaseException:
            os.close(self._lock)
            raise
        if "device" not in self.facts:
            self.facts["device"] = f"{computer()} {token_hex(2)}"
            self._put(self.facts)
        self._work: list[Work] = []
        self._owed: list[Callable[[], None]] = []  # what could not be done yet, in its order
        self._busy = False
        self._closing: Deferred[None] | None = None
        self._closed = False

    def _take_over(self, folder: Path, own: Path) -> None:
        """What another slot could not send, if nobody uses it now."""
        for path in sorted(folder.glob("slot-*.db")):
            lock = None if path == own else locked(path.with_suffix(".lock"))
            if lock is None:
                continue
            try:
                with closing(opened(path)) as other:
                    left = unsent_in(other)
                    cids = {one.cid for one in left}
                    # They stay there as well, for when that device sees its own again.
                    texts = [
                        (TEXT, key, row)
                        for key, row in texts_in(other, SENT).items()
                        if key.removeprefix(SENT) in cids
                    ]
                    with self._db:
                        self._db.execute("BEGIN")
                        self._do(KEEP, left)
                        self._do(PUT, texts)
                    other.execute("DELETE FROM outbox")
            finally:
                os.close(lock)

    # --- writing -----------------------------------------------------------------------------

    def remember(self, **facts: str) -> Deferred[None]:
        """Keep facts such as the token; fires when they are on disk."""
        self.facts.update(facts)
        return self._soon(lambda: self._put(facts))

    def forget_fact(self, name: str) -> Deferred[None]:
        """Keep a fact no longer."""
        self.facts.pop(name, None)
        return self._soon(lambda: self._do("DELETE FROM fact WHERE name = ?", [(name,)]))

    def begin_anew(self, **facts: str) -> Deferred[None]:
        """The server's numbers mean something else now: keep these facts and no position."""
        self.facts.update(facts)

        def write() -> None:
            self._put(facts)
            self._db.execute("DELETE FROM position")

        return self._soon(write)

    def keep(self, message: Unsent, changes: Iterable[RowChange] = ()) -> Deferred[None]:
        """Keep a message until it is acknowledged; fires when it is on disk."""

        def write() -> None:
            self._do(KEEP, [message])
            self._change(changes)

        return self._soon(write, lasts=False)

    def seal(self, cid: str, sealed: str, changes: Iterable[RowChange]) -> Deferred[None]:
        """A message has been encrypted: keep what is sent of it, and what that has changed.

        Its words are in these changes, and nowhere in clear any more.
        """

        def write() -> None:
            self._do(SEAL, [(sealed, cid)])
            self._change(changes)

        return self._soon(write)

    def change(self, changes: Iterable[RowChange]) -> Deferred[None]:
        """Write rows of the encryption, all of them or none."""
        return self._soon(lambda: self._change(changes))

    async def encrypt_anew(self, again: Again) -> bool:
        """Encrypt all rows of the encryption anew, here and in the slots that are not in use.

        False if another client has one in use, which has to be done another time.
        """
        await self._soon(lambda: encrypt_anew(self._db, again), lasts=False)
        folder = self._path.parent
        whole: bool = await self._run(lambda: encrypt_others_anew(folder, self._path, again))
        return whole

    def find_texts(self, keys: Iterable[str]) -> Deferred[dict[str, bytes]]:
        """Rows of messages, those that there are of these keys."""
        found: dict[str, bytes] = {}
        wanted = list(keys)

        def read() -> None:
            for key in wanted:
                found.update(self._db.execute(ONE_TEXT, (key,)))

        return self._soon(read, lasts=False).addCallback(lambda _: found)

    def some_texts(self, prefix: str) -> Deferred[dict[str, bytes]]:
        """The rows of messages whose keys begin so: of one, or of a whole conversation."""
        found: dict[str, bytes] = {}

        def read() -> None:
            found.update(texts_in(self._db, prefix))

        return self._soon(read, lasts=False).addCallback(lambda _: found)

    def forget_texts(self, prefix: str) -> Deferred[None]:
        """A message was deleted: its rows go, those of its edits among them."""
        return self._soon(lambda: self._do(FORGET, [(prefix, prefix + LAST)]))

    def drop(self, cid: str) -> Deferred[None]:
        """A message needs to be kept no longer."""
        return self._soon(lambda: self._do("DELETE FROM outbox WHERE cid = ?", [(cid,)]))

    def move(self, places: Mapping[str, Position], gone: Iterable[str] = ()) -> Deferred[None]:
        """Keep how far conversations have come, and forget those one is not in any more."""
        rows = [(room, place.id, place.seq) for room, place in places.items()]
        lost = [(room,) for room in gone]

        def write() -> None:
            self._do("INSERT OR REPLACE INTO position (room, id, seq) VALUES (?, ?, ?)", rows)
            self._do("DELETE FROM position WHERE room = ?", lost)

        return self._soon(write)

    def close(self) -> Deferred[None]:
        """Release the slot when everything is written."""
        closing: Deferred[None] = Deferred()
        if self._closed:
            closing.callback(None)
        else:
            self._closing, self._closed = closing, True
            self._next()
        return closing

    def _soon(self, do: Callable[[], None], lasts: bool = True) -> Deferred[None]:
        work = Work(do, Deferred(), lasts)
        self._work.append(work)
        self._next()
        return work.done

    def _next(self) -> None:
        """Everything that waits is one transaction, so a thousand messages are not a thousand."""
        if self._busy:
            return
        if not self._work and (self._closing is None or not self._owed):
            self._end()
            return
        self._busy = True
        works, self._work = self._work, []
        owed, self._owed = self._owed, []

        def write() -> None:
            with self._db:
                self._db.execute("BEGIN")
                for one in (*owed, *(work.do for work in works)):
                    one()

        self._run(write).addBoth(self._written, works, owed)

    def _written(self, outcome: Any, works: list[Work], owed: list[Callable[[], None]]) -> None:
        self._busy = False
        if outcome is not None and self._closing is None:
            # A client that ends has tried for the last time: the server has it all once more.
            self._owed = [*owed, *(work.do for work in works if work.lasts)]
        for work in works:
            if outcome is None:
                work.done.callback(None)
            else:
                work.done.errback(outcome)
        self._next()

    def _end(self) -> None:
        """Release the slot, if that was asked for."""
        if self._closing is not None:
            self._db.close()
            os.close(self._lock)
            closing, self._closing = self._closing, None
            closing.callback(None)

    def _put(self, facts: Mapping[str, str]) -> None:
        self._do("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", list(facts.items()))

    def _do(self, statement: str, rows: list[Any]) -> None:
        if rows:
            self._db.executemany(statement, rows)

    def _change(self, changes: Iterable[RowChange]) -> None:
        for change in changes:
            if change.value is not None:
                self._db.execute(PUT, change)
            else:
                self._db.execute("DELETE FROM secret WHERE tab = ? AND key = ?", change[:2])
