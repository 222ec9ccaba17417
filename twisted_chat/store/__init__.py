"""Everything durable: accounts, rooms and what was said, in one SQLite file.

One writer commits in batches (`Store.post`, `Store.change`), a few readers answer questions
(`Store.read`). Nothing here knows of Twisted: results come back through callables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from ..core.errors import StartError, reason_of
from . import accounts, cursors, device_keys, files, history, snapshot
from .blobs import Blobs, contents_of
from .device_keys import Claimed
from .ledger import Ledger
from .readers import InlineReaders, Readers, ThreadReaders
from .records import (
    FOR_EVER,
    LOBBY,
    Account,
    Ban,
    Certificate,
    Gone,
    Member,
    Mute,
    Room,
    Scope,
    StoredFile,
    Token,
)
from .snapshot import Snapshot
from .sqlite.connections import close
from .sqlite.database import Database, open_database
from .sqlite.full_text import STEP, scrub
from .sqlite.integrity import quick_check
from .sqlite.search import Query, search
from .work import Batch, Change, Post, Upkeep
from .writer import Writer

__all__ = [
    "FOR_EVER",
    "LOBBY",
    "Account",
    "Ban",
    "Batch",
    "Blobs",
    "Certificate",
    "Claimed",
    "Gone",
    "Ledger",
    "Member",
    "Mute",
    "Post",
    "Query",
    "Room",
    "Scope",
    "Snapshot",
    "Store",
    "StoredFile",
    "Token",
    "accounts",
    "cursors",
    "device_keys",
    "files",
    "history",
    "open_store",
    "search",
    "snapshot",
]

T = TypeVar("T")
Call = Callable[[Callable[[], object]], object]


def open_store(
    path_or_url: str,
    now: Callable[[], int],
    call: Call | None = None,
    die: Callable[[], object] = lambda: os._exit(70),
) -> Store:
    """Open the database at a path or `sqlite:///` address, making it when there is none.

    `now` is the time in milliseconds. `call` runs a callable on the thread that owns the store,
    as `reactor.callFromThread` does; without it there are no threads: questions are answered at
    once, and works are done by `Store.run_once`. StartError says why it cannot be opened.
    """
    database = open_database(path_or_url, now)
    try:
        blobs = Blobs(contents_of(database.path))
    except OSError as error:
        folder = contents_of(database.path)
        database.close()
        raise StartError(f"The folder {folder} cannot be used: {reason_of(error)}.") from error
    return Store(database, blobs, now, call, die)


class Store:
    """The storage of one server. All methods are for one thread (the reactor's)."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        now: Callable[[], int],
        call: Call | None,
        die: Callable[[], object],
    ) -> None:
        self.epoch = database.epoch
        self.deliver: Callable[[Batch], object] = Batch.answer
        """What is done with every commit; it must answer the batch, after showing its entries."""
        self.blobs = blobs
        self._database = database
        self._call = call
        self._readers: Readers
        if call is None:
            self._readers = InlineReaders(database.reader)
            self.writer = Writer(database, now, self._report, die)
        else:
            self._readers = ThreadReaders(database.reader, call)
            report = call
            self.writer = Writer(
                database, now, lambda batch: report(lambda: self._report(batch)), die
            )
            self.writer.start()

    def load(self) -> Snapshot:
        """Everything that a server keeps in memory; for the start, since it blocks."""
        connection = self._database.reader()
        try:
            return snapshot.load(connection)
        finally:
            close(connection)

    def post(self, posts: Sequence[Post]) -> None:
        """Say something in rooms; what there is no place for is answered so at once."""
        self.writer.post(posts)

    def change(self, apply: Callable[[Ledger], T], done: Callable[[T | Exception], object]) -> None:
        """Change anything else. `apply` runs on the writer's thread, and fails as a whole."""
        self.writer.submit(Change(apply, done))

    def read(
        self, question: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        """Ask the database: `history`, `accounts` and others have functions that do."""
        self._readers.ask(question, done)

    def move_cursor(self, account: int, device: str, room: int, seq: int) -> None:
        """Note what was delivered; written with the next commit."""
        self.writer.cursors.move(account, device, room, seq)

    def forget_moves(self, account: int, device: str, rooms: Iterable[int]) -> None:
        """Write nothing of where a device was in these rooms, which is going to be set back."""
        self.writer.cursors.forget(account, device, rooms)

    def move_read_cursor(self, account: int, room: int, seq: int) -> None:
        """Note what was read; written with the next commit."""
        self.writer.cursors.move_read(account, room, seq)

    def flush_cursors(self) -> None:
        """Write the cursors that have moved, even if nobody says anything."""
        if self.writer.cursors:
            self.writer.wake()

    def check(self, done: Callable[[str | Exception | None], object]) -> None:
        """Read the whole file; None, or what is wrong with it. For after the start."""
        self._readers.ask_apart(quick_check, done)

    @property
    def steps_behind(self) -> int:
        """After how many times of `index` a search finds everything that is delivered by now."""
        return -(-max(0, self.writer.behind) // STEP)

    def index(self, done: Callable[[bool | Exception], object]) -> None:
        """Take some more into the full-text index; True when it knows all that was stored."""
        self.writer.index(done)

    def scrub(self, done: Callable[[bool | Exception], object]) -> None:
        """Do one step of making erased text unrecoverable; True when nothing is left to do."""
        self.writer.submit(Upkeep(scrub, done))

    def run_once(self) -> bool:
        """Without threads: do one batch of what waits; False when nothing did."""
        return self.writer.run_once()

    def moved(self) -> bool:
        """Whether the database file was deleted or replaced while it is in use."""
        return self._database.moved()

    def log_size(self) -> int:
        """The size of the write-ahead log in bytes."""
        return self._database.log.size()

    def close(self) -> None:
        """Commit everything that waits, answer every question, and let go of the file."""
        self.writer.stop()
        self._readers.close()
        self._database.close()
        self.blobs.close()

    def _report(self, batch: Batch) -> None:
        self.deliver(batch)
