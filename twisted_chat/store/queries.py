"""Questions to the database: plain functions for a connection that only reads."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..core.entries import Entry
from ..core.rooms import RoomKind
from . import device_keys, files, schema
from .records import (
    Account,
    Ban,
    Certificate,
    FormerName,
    Member,
    Mute,
    Room,
    Scope,
    Snapshot,
    Token,
)
from .rows import COLUMNS, Page, entry_of, page_of
from .sqlite.sql import SHOWN

_entry = schema.entry
_ENTRIES = sa.select(*(_entry.c[name] for name in COLUMNS.split(", ")))

# Entries of one room have growing numbers (seq) and growing ids, so either says a place.
_ID_AT = "SELECT id FROM entry WHERE room = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"
# The partial index keeps the messages in the order of their ids, so hardly anything but what is
# returned (or counted) is read.
_IN_SPAN = f"FROM {SHOWN} WHERE room = ? AND kind = 1 AND id > ? AND id < ?"
_UNREAD = "(sender IS NULL OR sender <> ?) AND state <> 2"
_NEWEST = f"SELECT id {_IN_SPAN} AND (? IS NULL OR ({_UNREAD})) ORDER BY id DESC LIMIT ?"
_COUNT = f"SELECT count(*) {_IN_SPAN} AND {_UNREAD}"
_IS_BEFORE = "SELECT time < ? FROM entry WHERE room = ? AND seq = ?"
_NO_END = 2**63 - 1
MOST_OWNERS = 100  # of one certificate, that are looked at


def load(connection: sa.Connection) -> Snapshot:
    """Everything that a server keeps in memory."""

    def all_of(table: sa.Table) -> Iterable[Any]:
        return connection.execute(sa.select(table))

    return Snapshot(
        accounts=[Account._make(row) for row in all_of(schema.account)],
        rooms=[Room._make(row) for row in all_of(schema.room)],
        members=[Member._make(row) for row in all_of(schema.member)],
        mutes=[Mute._make(row) for row in all_of(schema.mute)],
        bans=[Ban._make(row) for row in all_of(schema.ban)],
        invites=[(row[0], row[1]) for row in all_of(schema.invite)],
        ignored=[(row[0], row[1]) for row in all_of(schema.ignored)],
        former=[FormerName._make(row) for row in all_of(schema.former_name)],
        devices=device_keys.versions(connection),
        files=files.unnamed(connection),
        used=files.used(connection),
    )


def secret(connection: sa.Connection) -> str | None:
    """What this server alone knows; None if it has no secret yet."""
    found = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "secret"))
    return found.scalar_one_or_none()


def credentials(connection: sa.Connection, account: int) -> dict[str, str]:
    """What an account's sign-in is checked against: {scheme: value}."""
    table = schema.credential
    found = connection.execute(
        sa.select(table.c.scheme, table.c.value).where(table.c.account == account)
    )
    return {row.scheme: row.value for row in found}


def token(connection: sa.Connection, hash: str) -> Token | None:
    """The token of this hash, or the one that came for it and was not used yet."""
    table = schema.token
    good = sa.or_(table.c.hash == hash, table.c.former == hash)
    found = connection.execute(sa.select(table).where(good)).first()
    return None if found is None else Token._make(found)


def unused_tokens(connection: sa.Connection, before: int, limit: int) -> list[int]:
    """The numbers of tokens that were last used before a time."""
    table = schema.token
    found = connection.execute(sa.select(table.c.id).where(table.c.used < before).limit(limit))
    return list(found.scalars())


def tokens(connection: sa.Connection, account: int) -> list[Token]:
    """The tokens of an account, the last used first."""
    table = schema.token
    found = connection.execute(
        sa.select(table).where(table.c.account == account).order_by(table.c.used.desc())
    )
    return [Token._make(row) for row in found]


def certificates(connection: sa.Connection, account: int) -> list[Certificate]:
    """The certificates that an account may log in with, the oldest first."""
    table = schema.certificate
    found = connection.execute(
        sa.select(table).where(table.c.account == account).order_by(table.c.added)
    )
    return [Certificate._make(row) for row in found]


def certificate_owners(
    connection: sa.Connection, fingerprint: str, named: Iterable[int]
) -> list[Certificate]:
    """The accounts that a certificate is of: those of these, and any at which it was used."""
    table = schema.certificate
    among = table.c.account.in_(tuple(named)) | table.c.used.is_not(None)
    wanted = sa.select(table).where(table.c.fingerprint == fingerprint, among)
    found = connection.execute(wanted.limit(MOST_OWNERS))
    return [Certificate._make(row) for row in found]


def entries(
    connection: sa.Connection,
    room: int,
    after: int,
    upto: int | None,
    limit: int,
    most: int | None = None,
) -> list[Entry]:
    """Entries of all kinds after one number and up to another (or the end), oldest first.

    They are one page, of `most` bytes if not as large as any, so there may be more up to there.
    """
    wanted = _ENTRIES.where(_entry.c.room == room, _entry.c.seq > after)
    if upto is not None:
        wanted = wanted.where(_entry.c.seq <= upto)
    found = connection.execute(wanted.order_by(_entry.c.seq).limit(limit))
    return page_of(found, limit, most=most).entries


def entry(connection: sa.Connection, room: int, seq: int) -> Entry | None:
    """One entry of a room."""
    found = connection.execute(_ENTRIES.where(_entry.c.room == room, _entry.c.seq == seq)).first()
    return None if found is None else entry_of(found)


def history(
    connection: sa.Connection, scopes: Iterable[Scope], limit: int, before_id: int | None = None
) -> Page:
    """The newest messages over several rooms (before an entry's id).

    A deleted message is among them, without its text.
    """
    before = _NO_END if before_id is None else before_id
    spans = ((room, id_at(connection, room, since), before) for room, since in scopes)
    return _page(connection, _newest(connection, spans, limit + 1), limit)


def history_of(
    connection: sa.Connection, scope: Scope, limit: int, before_seq: int | None = None
) -> Page:
    """The newest messages of one room (before a number)."""
    before = None if before_seq is None else id_at(connection, scope.room, before_seq - 1) + 1
    return history(connection, [scope], limit, before)


def unseen(
    connection: sa.Connection,
    account: int,
    gaps: Iterable[tuple[int, int, int]],
    limit: int,
) -> tuple[list[Entry], dict[int, tuple[int, int]]]:
    """Messages by others in the gaps (room, after, upto), deleted ones left out: the newest,
    oldest first.

    And for every room with more: how many older ones, and the number before which they are.
    """
    spans = {
        room: (id_at(connection, room, after), id_at(connection, room, upto) + 1, upto + 1)
        for room, after, upto in gaps
    }
    rooms = ((room, floor, end) for room, (floor, end, _) in spans.items())
    shown = _page(connection, _newest(connection, rooms, limit, account), limit).entries
    for found in reversed(shown):
        spans[found.room] = (spans[found.room][0], found.id, found.seq)
    older: dict[int, tuple[int, int]] = {}
    for room, (floor, end, seq) in spans.items():
        row = connection.exec_driver_sql(_COUNT, (room, floor, end, account)).one()
        if row[0]:
            older[room] = (row[0], seq)
    return shown, older


def unread(
    connection: sa.Connection, account: int, spans: Iterable[tuple[int, int, int]]
) -> dict[int, int]:
    """How many messages by others, deleted ones left out, are in the spans (room, after, upto)."""
    counts = {}
    for room, after, upto in spans:
        ends = (id_at(connection, room, after), id_at(connection, room, upto) + 1)
        counts[room] = connection.exec_driver_sql(_COUNT, (room, *ends, account)).scalar_one()
    return counts


def last_before(connection: sa.Connection, room: int, time: int) -> int:
    """The id of a room's last entry before a time; 0 when there is none."""
    return id_at(connection, room, seq_before(connection, room, time))


def seq_before(connection: sa.Connection, room: int, time: int) -> int:
    """The number of a room's last entry before a time; 0 when there is none.

    Times never decrease inside a room, so a few looks are enough.
    """
    low, high = 1, _last_seq(connection, room)
    while low <= high:
        middle = (low + high) // 2
        earlier = connection.exec_driver_sql(_IS_BEFORE, (time, room, middle)).scalar()
        if earlier is None or earlier:
            low = middle + 1
        else:
            high = middle - 1
    return high


def cursors(connection: sa.Connection, account: int) -> dict[int, int]:
    """How far each room was delivered to an account, on whichever of its devices."""
    table = schema.cursor
    found = connection.execute(
        sa.select(table.c.room, sa.func.max(table.c.seq))
        .where(table.c.account == account)
        .group_by(table.c.room)
    )
    return {row[0]: row[1] for row in found}


def device_cursors(connection: sa.Connection, account: int, device: str) -> dict[int, int]:
    """How far each room was delivered to one device; to `""`, where the account came to it."""
    table = schema.cursor
    found = connection.execute(
        sa.select(table.c.room, table.c.seq).where(
            table.c.account == account, table.c.device == device
        )
    )
    return {row[0]: row[1] for row in found}


def read_cursors(connection: sa.Connection, account: int) -> dict[int, int]:
    """How far an account has read each room."""
    table = schema.read_cursor
    found = connection.execute(
        sa.select(table.c.room, table.c.seq).where(table.c.account == account)
    )
    return {row[0]: row[1] for row in found}


def read_markers(connection: sa.Connection, account: int) -> dict[str, int]:
    """Until when an account has read what it calls by these names, as its clients said."""
    table = schema.read_marker
    found = connection.execute(
        sa.select(table.c.target, table.c.time).where(table.c.account == account)
    )
    return {row[0]: row[1] for row in found}


def read_times(connection: sa.Connection, account: int) -> dict[int, int]:
    """When the last entry was that an account has read, by the rooms' ids."""
    table = schema.read_cursor
    found = connection.execute(
        sa.select(table.c.room, _entry.c.time)
        .join(_entry, (_entry.c.room == table.c.room) & (_entry.c.seq == table.c.seq))
        .where(table.c.account == account)
    )
    return {row[0]: row[1] for row in found}


class Counts(NamedTuple):
    """Figures for the statistics."""

    accounts: int
    rooms: int
    entries: int
    """Of all kinds, those of erased rooms included."""
    files: int
    file_bytes: int


def counts(connection: sa.Connection) -> Counts:
    """How much there is."""
    room, account, file = schema.room, schema.account, schema.file
    row = connection.execute(
        sa.select(
            _count(account).where(~account.c.erased).scalar_subquery(),
            _count(room)
            .where(room.c.kind != int(RoomKind.PAIR), room.c.deleted_at.is_(None))
            .scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(room.c.last_seq), 0)).scalar_subquery(),
            _count(file).where(file.c.complete).scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(file.c.size), 0))
            .where(file.c.complete)
            .scalar_subquery(),
        )
    ).one()
    return Counts(*row)


def _count(table: sa.Table) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(table)


def id_at(connection: sa.Connection, room: int, seq: int) -> int:
    """The id of the last entry of a room up to a number; 0 when there is none."""
    if seq <= 0:
        return 0
    found = connection.exec_driver_sql(_ID_AT, (room, seq)).scalar()
    return int(found or 0)


def _last_seq(connection: sa.Connection, room: int) -> int:
    found = connection.execute(sa.select(sa.func.max(_entry.c.seq)).where(_entry.c.room == room))
    return found.scalar() or 0


def _newest(
    connection: sa.Connection,
    spans: Iterable[tuple[int, int, int]],
    limit: int,
    unread_by: int | None = None,
) -> list[int]:
    """The ids of the newest messages in spans (room, floor, before).

    With `unread_by` only those that are new to this account: by others, and not deleted.
    """
    found: list[int] = []  # a heap: the oldest first
    for room, floor, before in spans:
        if len(found) == limit:
            floor = max(floor, found[0]) if found else before
        span = (room, floor, before, unread_by, unread_by, limit)
        for number in connection.exec_driver_sql(_NEWEST, span).scalars().all():
            if len(found) < limit:
                heapq.heappush(found, number)
            else:
                heapq.heappushpop(found, number)
    return found


def _page(connection: sa.Connection, numbers: list[int], limit: int) -> Page:
    """The newest of the entries with these ids."""
    wanted = _ENTRIES.where(_entry.c.id.in_(numbers)).order_by(_entry.c.id.desc())
    return page_of(connection.execute(wanted), limit, newest=True)
