"""The group commit: one thread; each transaction takes in all that came during the last.

When nothing waits, the full-text index is brought up to date, a little at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..core.errors import ChatError
from .cursors import DirtyCursors, Moves
from .ledger import Ledger, Mark
from .sqlite.connections import CONSTRAINT_ERRORS, OPERATIONAL_ERRORS, driver, refusal
from .sqlite.database import Database
from .sqlite.lock import LastCommit, keep, last_commit_in
from .sqlite.sql import BEGIN_TO_WRITE
from .work import Batch, Change, Post, Upkeep, Work

BATCH_WORKS = 512
BATCH_BYTES = 256 * 1024
QUEUE_WORKS = 4096
QUEUE_BYTES = 16 * 1024 * 1024

COMPLAIN_EVERY = 60.0  # seconds

IDLE = 0.1
"""Seconds without work after which the index is looked after."""

MOST_BEHIND = 100_000
"""Entries that the index may lack; beyond that it is looked after between two batches too."""

AWAY = 0.2
"""Seconds after which it is looked again whether the database is back in its place."""

_NO_ROOM = 5.0  # seconds until the index is tried again when the disk had no room for it
_SIZE_OF_OTHERS = 256

_log = logging.getLogger(__name__)


class Item(NamedTuple):
    """Works that came at once, and how large they are; without any it only wakes the writer."""

    works: Sequence[Work]
    size: int


class Writer:
    """Takes works in their order and commits them in batches.

    `submit` and `cursors` are for one thread (the reactor's). `deliver` is called on the
    writer's thread, once for each batch, after its commit. `die` is called when it is not known
    whether something was stored: it must end the process, for then nobody may be answered.

    `heartbeat` is the monotonic time at which the present batch began, None between batches.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        deliver: Callable[[Batch], object],
        die: Callable[[], object],
        max_works: int = QUEUE_WORKS,
        max_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.heartbeat: float | None = None
        self.cursors: Final = DirtyCursors()
        self._database = database
        self._committer = Committer(database, now, self.cursors)
        self._deliver = deliver
        self._die = die
        self._max_works = max_works
        self._max_bytes = max_bytes
        # What was said at once is one item, so that the writer wakes for all of it.
        self._queue: SimpleQueue[Item] = SimpleQueue()
        # Each of these is counted up by one thread only, so no lock is needed.
        self._put_works = self._put_bytes = 0
        self._taken_works = self._taken_bytes = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dead = False
        self._patience = IDLE
        # What was committed to a database that was no longer in its place.
        self._withheld: Batch | None = None
        self._stopping = threading.Event()

    def submit(self, work: Work) -> None:
        """Queue a work; ChatError when there is no room for it, and then nothing is stored."""
        self._take_in(_SIZE_OF_OTHERS)
        self._queue.put(Item((work,), _SIZE_OF_OTHERS))

    def post(self, posts: Sequence[Post]) -> None:
        """Queue what was said at once; what there is no room for is answered so."""
        taken: list[Post] = []
        refused: list[Post] = []
        total = 0
        for post in posts:
            if len(taken) >= BATCH_WORKS or total >= BATCH_BYTES:
                self._queue.put(Item(taken, total))
                taken, total = [], 0
            try:
                size = _size_of(post)
                self._take_in(size)
            except ChatError as error:
                post.error = error
                refused.append(post)
            else:
                taken.append(post)
                total += size
        if taken:
            self._queue.put(Item(taken, total))
        for post in refused:  # who may have more to say, and that behind what was taken
            post.answer()

    def _take_in(self, size: int) -> None:
        """Count one work more, or refuse it."""
        if self._closed or self._dead:
            raise ChatError("busy", "The server is stopping; try again soon.", retry_after=1)
        if (
            self._put_works - self._taken_works >= self._max_works
            or self._put_bytes - self._taken_bytes + size > self._max_bytes
        ):
            raise ChatError(
                "busy", "Too much is waiting to be stored; try again in a moment.", retry_after=1
            )
        self._put_works += 1
        self._put_bytes += size

    @property
    def waiting(self) -> int:
        """How many works are queued."""
        return self._put_works - self._taken_works

    def wake(self) -> None:
        """Write the cursors that have moved, even if there is nothing else to write."""
        self._queue.put(Item((), 0))

    def start(self) -> None:
        """Begin to work on a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="store writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish everything that is queued, and end."""
        self._closed = True
        self._stopping.set()
        if self._thread is not None:
            self.wake()
            self._thread.join()
            self._thread = None
        while self.run_once():
            pass

    def run_once(self) -> bool:
        """Commit one batch on the calling thread; False when there is nothing to do."""
        if self._dead or self._is_withholding():
            return False
        try:
            first = self._queue.get_nowait()
        except Empty:
            if not self.cursors:
                return False
            first = Item((), 0)
        self._guarded(lambda: self._settle(first))
        return not self._dead

    def index(self, done: Callable[[bool | Exception], object]) -> None:
        """Take some more into the full-text index; True when it knows all that was stored."""
        self.submit(Upkeep(self._committer.follow_with_index, done))

    @property
    def behind(self) -> int:
        """About how many entries the full-text index does not know yet."""
        return self._committer.behind

    def _work(self) -> None:
        while not self._dead and not (self._closed and self._queue.empty()):
            if self._is_withholding():
                if self._stopping.wait(AWAY):
                    return
                continue
            try:
                # In a silent hour nothing is to be done, and nobody looks again and again.
                item = self._queue.get(timeout=self._patience if self.behind else None)
            except Empty:
                self._guarded(self._idle)
            else:
                self._patience = IDLE
                self._guarded(lambda item=item: self._settle(item))  # type: ignore[misc]

    def _idle(self) -> None:
        self._look_after_index()
        self._committer.checkpoint()

    def _look_after_index(self) -> None:
        upkeep = Upkeep(self._committer.follow_with_index, lambda outcome: None)
        self._committer.attend(upkeep)
        self._patience = 0.0 if upkeep.error is None else _NO_ROOM

    def _gather(self, item: Item) -> tuple[list[Work], Upkeep[Any] | None]:
        """Whatever is waiting, until a batch is full; an upkeep ends it."""
        works: list[Work] = []
        room = BATCH_BYTES
        while True:
            self._taken_works += len(item.works)
            self._taken_bytes += item.size
            room -= item.size
            if item.works and isinstance(item.works[0], Upkeep):
                return works, item.works[0]
            works.extend(item.works)
            if len(works) >= BATCH_WORKS or room <= 0:
                return works, None
            try:
                item = self._queue.get_nowait()
            except Empty:
                return works, None

    def _settle(self, first: Item) -> None:
        works, upkeep = self._gather(first)
        if works or self.cursors:
            last = self._committer.last
            batch = self._committer.commit(works)
            if self._committer.last != last and self._database.has_moved():
                self._withheld = batch
            else:
                self._report(batch)
        if upkeep is not None:
            self._committer.attend(upkeep)
            self._deliver(Batch([], [upkeep]))
        if self.behind > MOST_BEHIND:
            self._look_after_index()
        self._committer.checkpoint()

    def _report(self, batch: Batch) -> None:
        self._database.note(self._committer.last)
        self._deliver(batch)

    def _is_withholding(self) -> bool:
        """Whether something was committed that cannot be told of yet.

        If the files come back to their place, it is there, and so it is told of then. If not, it is
        lost, and nobody was answered. Meanwhile no other batch is committed.
        """
        if self._withheld is not None and not self._database.moved():
            batch, self._withheld = self._withheld, None
            self._guarded(lambda: self._report(batch))
        return self._withheld is not None

    def _guarded(self, work: Callable[[], None]) -> None:
        self.heartbeat = time.monotonic()
        try:
            work()
        except BaseException:
            # Nobody is answered, since it is not known what was stored and reported.
            _log.critical("The store's writer failed; the server must end", exc_info=True)
            self._dead = True
            self._die()
        finally:
            self.heartbeat = None


class Committer:
    """Commits batches on the one connection that writes: each wholly, or not at all.

    A work that fails alone leaves nothing behind, and the rest of its batch is stored.
    """

    def __init__(self, database: Database, now: Callable[[], int], cursors: DirtyCursors) -> None:
        connection = self._connection = database.writer
        self._log = database.log
        self._driver = driver(connection)
        self._run = self._driver.execute
        self._ledger = Ledger(connection, now)
        self._cursors = cursors
        self._complained = -COMPLAIN_EVERY
        self._changed = False  # anything but messages, in the present transaction
        self.last = last_commit_in(self._run)

    def commit(self, works: list[Work]) -> Batch:
        """Commit a batch, or roll it back and put the same refusal into all its works.

        Any error that it raises says that it is not known which of the two has happened.
        """
        moves = self._cursors.take()
        start = self._ledger.mark()
        try:
            try:
                self._write(works, moves, self._say)
            except CONSTRAINT_ERRORS:
                # Messages are inserted together. One that breaks a constraint is to fail alone.
                self._roll_back(start)
                self._write(works, moves, self._apply)
        except Exception as error:
            answer = refusal(error)
            if answer is None:
                raise
            self._roll_back(start)
            self._complain(error)
            self._cursors.put_back(moves)
            for work in works:
                work.error = answer
                if isinstance(work, Post):
                    work.entry = None
            return Batch([], works)
        entries, gone = self._ledger.forget()
        return Batch(entries, works, gone)

    def _complain(self, reason: Exception) -> None:
        """Tell who runs the server, but not again and again: the log may be on that disk."""
        now = time.monotonic()
        if now - self._complained >= COMPLAIN_EVERY:
            self._complained = now
            cause = reason.orig if isinstance(reason, DBAPIError) else reason
            _log.error("Messages could not be stored, and were refused: %s", cause)

    def attend(self, upkeep: Upkeep[Any]) -> None:
        """Do something between two transactions; a refusal is its own affair."""
        try:
            upkeep.result = upkeep.run(self._connection)
        except Exception as error:
            upkeep.error = refusal(error)
            if upkeep.error is None:
                raise
            self._end_transaction()

    def checkpoint(self) -> None:
        """Take the write-ahead log into the database when it has become long.

        What does not go, for want of room or because of another program, goes later.
        """
        if self._log.is_long():
            self.attend(Upkeep(lambda _: self._log.checkpoint(), lambda outcome: None))

    @property
    def behind(self) -> int:
        """About how many entries the full-text index does not know yet."""
        return self._ledger.log.behind()

    def follow_with_index(self, connection: sa.Connection) -> bool:
        """Take some more entries into the full-text index; True when it knows all."""
        self._ledger.log.follow_with_index()
        return not self.behind

    def _write(self, works: list[Work], moves: Moves, say: Callable[[Post], None]) -> None:
        ledger = self._ledger
        self._changed = False
        self._run(BEGIN_TO_WRITE)
        # First, so that what a change of this batch erases does not come back.
        ledger.cursors.move(moves.delivered)
        ledger.cursors.move_read(moves.read)
        keys = [
            (work.sender, work.draft.cid)
            for work in works
            if isinstance(work, Post) and work.draft.cid is not None and work.sender is not None
        ]
        if keys:
            ledger.log.recall(keys)
        for work in works:
            if isinstance(work, Post):
                say(work)
            elif isinstance(work, Change):
                self._apply(work)
        ledger.log.flush()
        last = LastCommit(self.last.changes + self._changed, ledger.log.last_id)
        if self._changed:
            keep(self._run, last)
        self._run("COMMIT")
        self.last = last

    def _say(self, post: Post) -> None:
        ledger = self._ledger
        before = len(ledger.log.entries)
        try:
            post.entry = ledger.log.say(post.room, post.sender, post.author, post.draft)
        except ChatError as error:
            post.error = error
        else:
            post.again = len(ledger.log.entries) == before

    def _apply(self, work: Post | Change[Any]) -> None:
        """Let a work succeed, or fail alone and leave nothing behind."""
        ledger = self._ledger
        mark = ledger.mark()
        self._run("SAVEPOINT work")
        work.error = None  # of an attempt that was rolled back
        changed = False
        try:
            if isinstance(work, Post):
                self._say(work)
            else:
                before = self._driver.total_changes
                work.result = work.apply(ledger)
                changed = self._driver.total_changes != before
            ledger.log.flush()
        except OPERATIONAL_ERRORS:
            raise  # the disk, not the work
        except Exception as error:
            if isinstance(error, CONSTRAINT_ERRORS):
                work.error = ChatError("conflict", "Somebody was faster; look again.")
            else:
                work.error = error
            if isinstance(work, Post):
                work.entry = None
            self._run("ROLLBACK TO work")
            ledger.fall_back(mark)
        else:
            self._changed |= changed
        self._run("RELEASE work")

    def _roll_back(self, start: Mark) -> None:
        self._end_transaction()
        self._ledger.fall_back(start)
        self._ledger.forget()

    def _end_transaction(self) -> None:
        # After some errors SQLite has rolled back by itself.
        if self._driver.in_transaction:
            self._run("ROLLBACK")


def _size_of(post: Post) -> int:
    """The bytes of a message, which proves that it can be stored as text."""
    text, cid = post.draft.text, post.draft.cid
    if cid is None and text.isascii() and post.author.isascii():
        return len(post.author) + len(text)
    try:
        return len(f"{post.author}{cid}{text}".encode())
    except UnicodeEncodeError:
        raise ChatError("bad_utf8", "This text contains half a character.") from None
