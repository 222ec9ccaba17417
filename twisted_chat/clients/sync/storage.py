"""What a client keeps on disk for one account: its token, how far it is, what it has to send,
and the rows of its end-to-end encryption, which are ciphertext here.

Several clients of one account may run at once. Each takes a slot of its own, with a
device, a token and positions of its own; what a slot that nobody uses has left to send
is taken over by the next client that starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

from twisted.internet.defer import Deferred

from .slots import (
    LAST,
    SENT,
    TEXT,
    Again,
    Place,
    Unsent,
    computer,
    encrypt_anew,
    encrypt_others_anew,
    free_slot,
    locked,
    opened,
    places_in,
    secrets_in,
    texts_in,
    texts_in_reach,
    unsent_in,
)

T = TypeVar("T")
Change = tuple[str, str, bytes] | tuple[str, str]  # a row to write, or one to delete
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


class Shelf:
    """One slot. What changes is written by `run`, one piece of work after another.

    What cannot be written, as when the disk is full, is said to whoever asked for it, and is
    tried again together with whatever comes next: so what is on disk is never ahead in one
    thing and behind in another.
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

    def keep(self, message: Unsent, changes: Iterable[Change] = ()) -> Deferred[None]:
        """Keep a message until it is acknowledged; fires when it is on disk."""

        def write() -> None:
            self._do(KEEP, [message])
            self._change(changes)

        return self._soon(write, lasts=False)

    def seal(self, cid: str, sealed: str, changes: Iterable[Change]) -> Deferred[None]:
        """A message has been encrypted: keep what is sent of it, and what that has changed.

        Its words are in these changes, and nowhere in clear any more.
        """

        def write() -> None:
            self._do(SEAL, [(sealed, cid)])
            self._change(changes)

        return self._soon(write)

    def change(self, changes: Iterable[Change]) -> Deferred[None]:
        """Write rows of the encryption, all of them or none."""
        return self._soon(lambda: self._change(changes))

    async def encrypt_anew(self, again: Again) -> bool:
        """Encrypt all rows of the encryption anew, here and in the slots that nobody uses.

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
        """Give the slot back, if that was asked for."""
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

    def _change(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if len(change) == 3:
                self._db.execute(PUT, change)
            else:
                self._db.execute("DELETE FROM secret WHERE tab = ? AND key = ?", change)
