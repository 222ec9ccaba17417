"""One transaction of the writer: what goes into it, and what becomes of it when it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

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

COMPLAIN_EVERY = 60.0  # seconds

_log = logging.getLogger(__name__)


class Committer:
    """Commits batches on the one connection that writes."""

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
