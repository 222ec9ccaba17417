"""The one place that changes the database.

A `Ledger` is used by the writer only, inside its transaction: a change is given it, does what
it has to and returns; the writer commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from .accounts import MOVE_CURSOR
from .connections import BUSY_TIMEOUT
from .full_text_index import UNSCRUBBED
from .rooms import RoomChanges

_MOVE_READ_CURSOR = (
    "INSERT INTO read_cursor (account, room, seq) VALUES (?,?,?) "
    "ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq"
)

_SET_CURSOR_BACK = "UPDATE cursor SET seq = ? WHERE account = ? AND device = ? AND room = ?"

_MOVE_READ_MARKER = (
    "INSERT INTO read_marker (account, target, time) VALUES (?,?,?) "
    "ON CONFLICT DO UPDATE SET time = excluded.time WHERE excluded.time > time"
)


class Ledger(RoomChanges):
    """Everything that a change can do: to the rooms' logs, to people, to rooms, to cursors."""

    def secret(self, fresh: str) -> str:
        """What this server alone knows; `fresh` from now on, if it had none."""
        run = self.connection.exec_driver_sql
        run("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (fresh,))
        return str(run("SELECT value FROM meta WHERE key = 'secret'").scalar_one())

    def move_cursors(self, rows: Sequence[tuple[int, str, int, int]]) -> None:
        """Note what was delivered: (account, device, room, seq). Cursors only grow."""
        if rows:
            self.connection.exec_driver_sql(MOVE_CURSOR, list(rows))

    def set_cursors_back(self, account: int, device: str, places: Mapping[int, int]) -> None:
        """A device has less of these rooms than was noted."""
        rows = [(seq, account, device, room) for room, seq in places.items()]
        if rows:
            self.connection.exec_driver_sql(_SET_CURSOR_BACK, rows)

    def move_read_cursors(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Note what was read: (account, room, seq). Cursors only grow."""
        if rows:
            self.connection.exec_driver_sql(_MOVE_READ_CURSOR, list(rows))

    def move_read_marker(self, account: int, target: str, time: int) -> None:
        """Note until when an account has read what it calls so. Markers only grow."""
        self._check_alive(account)
        self.connection.exec_driver_sql(_MOVE_READ_MARKER, (account, target, time))


def scrub(connection: sa.Connection, pages: int = 256) -> bool:
    """Do one step of making erased text unrecoverable; True when nothing is left to do.

    Runs outside a transaction, on the writer's connection. A step rewrites about so many pages
    of the index; at last the write-ahead log is emptied too.
    """
    run = connection.exec_driver_sql
    step = run("SELECT value FROM meta WHERE key = ?", (UNSCRUBBED,)).scalar()
    if step is None:
        return True
    run("BEGIN IMMEDIATE")
    before = run("SELECT total_changes()").scalar_one()
    # A negative number takes all parts of the index into one merge, a positive one goes on.
    amount = -pages if step == "begin" else pages
    run("INSERT INTO words (words, rank) VALUES ('merge', ?)", (amount,))
    merged = run("SELECT total_changes()").scalar_one() - before
    run("UPDATE meta SET value = 'merge' WHERE key = ?", (UNSCRUBBED,))
    run("COMMIT")
    if step == "begin" or merged > 1:
        return False
    run("PRAGMA busy_timeout = 0")  # somebody reading is no reason to keep everybody waiting
    busy = run("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    if not busy:
        run("DELETE FROM meta WHERE key = ?", (UNSCRUBBED,))
    return not busy
