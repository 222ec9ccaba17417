"""How far devices were shown their rooms, and people have read them.

Cursors move in memory first, and are written with the next commit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from .changes import Changes
from .log import Log
from .schema import cursor, entry, member, read_cursor, read_marker

GONE = "\n"  # stands in cursors for all devices that are forgotten; no device can be called so

_AT_MOST = 2000

_TAKE_OVER = (
    "INSERT INTO cursor (account, device, room, seq) "
    "SELECT account, ?, room, max(seq) FROM cursor WHERE {which} GROUP BY account, room "
    "ON CONFLICT (account, device, room) DO UPDATE SET seq = excluded.seq "
    "WHERE excluded.seq > cursor.seq"
)
_WITHOUT_TOKEN = (
    "account = ? AND device NOT IN ('', ?)"
    " AND device NOT IN (SELECT device FROM token WHERE account = ?)"
)

_MOVE = (
    "INSERT INTO cursor (account, device, room, seq) VALUES (?,?,?,?) "
    "ON CONFLICT (account, device, room) DO UPDATE SET seq = excluded.seq "
    "WHERE excluded.seq > cursor.seq"
)

_MOVE_READ = (
    "INSERT INTO read_cursor (account, room, seq) VALUES (?,?,?) "
    "ON CONFLICT (account, room) DO UPDATE SET seq = excluded.seq "
    "WHERE excluded.seq > read_cursor.seq"
)

_SET_BACK = "UPDATE cursor SET seq = ? WHERE account = ? AND device = ? AND room = ?"

_MOVE_MARKER = (
    "INSERT INTO read_marker (account, target, time) VALUES (?,?,?) "
    "ON CONFLICT (account, target) DO UPDATE SET time = excluded.time "
    "WHERE excluded.time > read_marker.time"
)


class Moves(NamedTuple):
    """Cursors to be written: (account, device, room, seq) and (account, room, seq)."""

    delivered: list[tuple[int, str, int, int]]
    read: list[tuple[int, int, int]]


class DirtyCursors:
    """Remembers, for each cursor, the furthest place; one thread moves them, one writes."""

    def __init__(self) -> None:
        self._delivered: dict[tuple[int, str, int], int] = {}
        self._read: dict[tuple[int, int], int] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._delivered or self._read)

    def move(self, account: int, device: str, room: int, seq: int) -> None:
        """A device has everything of a room up to `seq`."""
        key = (account, device, room)
        with self._lock:
            if self._delivered.get(key, -1) < seq:
                self._delivered[key] = seq

    def forget(self, account: int, device: str, rooms: Iterable[int]) -> None:
        """Write nothing of where a device was in these rooms."""
        with self._lock:
            for room in rooms:
                self._delivered.pop((account, device, room), None)

    def move_read(self, account: int, room: int, seq: int) -> None:
        """A person has read everything of a room up to `seq`."""
        with self._lock:
            if self._read.get((account, room), -1) < seq:
                self._read[account, room] = seq

    def take(self) -> Moves:
        """Take out what is to be written now: not so much that messages would wait for it."""
        moves = Moves([], [])
        with self._lock:
            while self._delivered and len(moves.delivered) < _AT_MOST:
                key, seq = self._delivered.popitem()
                moves.delivered.append((*key, seq))
            while self._read and len(moves.read) < _AT_MOST:
                place, seq = self._read.popitem()
                moves.read.append((*place, seq))
        return moves

    def put_back(self, moves: Moves) -> None:
        """Keep for later what could not be written."""
        for row in moves.delivered:
            self.move(*row)
        for place in moves.read:
            self.move_read(*place)


class CursorChanges(Changes):
    """The part of the ledger that is about cursors."""

    def __init__(self, log: Log) -> None:
        super().__init__(log.connection, log.now)
        self._log = log

    def move(self, rows: Sequence[tuple[int, str, int, int]]) -> None:
        """Note what was delivered: (account, device, room, seq). Cursors only grow."""
        if rows:
            self.connection.exec_driver_sql(_MOVE, list(rows))

    def set_back(self, account: int, device: str, places: Mapping[int, int]) -> None:
        """A device has less of these rooms than was noted."""
        rows = [(seq, account, device, room) for room, seq in places.items()]
        if rows:
            self.connection.exec_driver_sql(_SET_BACK, rows)

    def move_read(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Note what was read: (account, room, seq). Cursors only grow."""
        if rows:
            self.connection.exec_driver_sql(_MOVE_READ, list(rows))

    def move_marker(self, account: int, target: str, time: int) -> None:
        """Note until when an account has read what it calls so. Markers only grow."""
        self._check_alive(account)
        self.connection.exec_driver_sql(_MOVE_MARKER, (account, target, time))

    def rename_markers(self, room: int, old: str, new: str) -> None:
        """Move the markers that members have in a room, by its name as IRC clients fold it."""
        was, is_now = old.lower()[:64], new.lower()[:64]
        if was == is_now:
            return
        members = sa.select(member.c.account).where(member.c.room == room)
        theirs = read_marker.c.account.in_(members)
        moved = sa.select(read_marker.c.account).where(theirs, read_marker.c.target == was)
        self.connection.execute(
            sa.delete(read_marker).where(
                read_marker.c.target == is_now, read_marker.c.account.in_(moved)
            )
        )
        self.connection.execute(
            sa.update(read_marker).where(theirs, read_marker.c.target == was).values(target=is_now)
        )

    def begin_at_end(self, account: int, room: int) -> None:
        """Count everything so far in a room as delivered to all devices of an account."""
        self._log.flush()
        self.connection.exec_driver_sql(_MOVE, (account, "", room, self._log.end(room)))

    def forget_device(self, account: int, device: str) -> None:
        """Forget how far a device was shown its rooms.

        How far any device of the account was shown them remains known.
        """
        self._forget("account = ? AND device = ?", account, device)

    def forget_devices_without_token(self, account: int) -> None:
        """Do the same for all devices of an account that have no token."""
        self._forget(_WITHOUT_TOKEN, account, GONE, account)

    def _forget(self, which: str, *values: object) -> None:
        run = self.connection.exec_driver_sql
        run(_TAKE_OVER.format(which=which), (GONE, *values))
        run(f"DELETE FROM cursor WHERE {which}", values)


# Questions


def delivered(connection: sa.Connection, account: int) -> dict[int, int]:
    """How far each room was delivered to an account, on whichever of its devices."""
    found = connection.execute(
        sa.select(cursor.c.room, sa.func.max(cursor.c.seq))
        .where(cursor.c.account == account)
        .group_by(cursor.c.room)
    )
    return {row[0]: row[1] for row in found}


def delivered_to(connection: sa.Connection, account: int, device: str) -> dict[int, int]:
    """How far each room was delivered to one device; to `""`, where the account came to it."""
    found = connection.execute(
        sa.select(cursor.c.room, cursor.c.seq).where(
            cursor.c.account == account, cursor.c.device == device
        )
    )
    return {row[0]: row[1] for row in found}


def read(connection: sa.Connection, account: int) -> dict[int, int]:
    """How far an account has read each room."""
    found = connection.execute(
        sa.select(read_cursor.c.room, read_cursor.c.seq).where(read_cursor.c.account == account)
    )
    return {row[0]: row[1] for row in found}


def markers(connection: sa.Connection, account: int) -> dict[str, int]:
    """Until when an account has read what it calls by these names, as its clients said."""
    found = connection.execute(
        sa.select(read_marker.c.target, read_marker.c.time).where(read_marker.c.account == account)
    )
    return {row[0]: row[1] for row in found}


def read_times(connection: sa.Connection, account: int) -> dict[int, int]:
    """When the last entry was that an account has read, by the rooms' ids."""
    found = connection.execute(
        sa.select(read_cursor.c.room, entry.c.time)
        .join(entry, (entry.c.room == read_cursor.c.room) & (entry.c.seq == read_cursor.c.seq))
        .where(read_cursor.c.account == account)
    )
    return {row[0]: row[1] for row in found}
