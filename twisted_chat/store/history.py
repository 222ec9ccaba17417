"""What was said in rooms: one entry, the newest messages, and pages around a place."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from ..core.entries import Entry, Kind, State
from . import schema
from .records import COLUMNS, Page, Scope, entry_of, page_of
from .sqlite.sql import LIST, SHOWN

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
_DELETED = int(State.DELETED)
_WORDS = f"({int(Kind.MESSAGE)}, {int(Kind.EDIT)})"
_NOT_HIDDEN = f"(sender IS NULL OR sender NOT IN ({LIST}))"
# The partial index has nothing but messages, in the order of their ids.
_MESSAGES = (
    f"SELECT {COLUMNS} FROM {SHOWN} "
    f"WHERE room = ? AND kind = 1 AND id > ? AND id < ? AND state <> {_DELETED} AND {_NOT_HIDDEN} "
    "ORDER BY id {order} LIMIT ?"
)
_EVENTS = (
    f"SELECT {COLUMNS} FROM entry WHERE room = ? AND seq > ? AND seq < ? "
    f"AND NOT (kind = 1 AND state = {_DELETED}) AND (kind NOT IN {_WORDS} OR {_NOT_HIDDEN}) "
    f"AND kind IN ({LIST}) ORDER BY seq {{order}} LIMIT ?"
)
_LAST = (
    f"SELECT time FROM {SHOWN} "
    f"WHERE room = ? AND kind = 1 AND id > ? AND state <> {_DELETED} AND {_NOT_HIDDEN} "
    "ORDER BY id DESC LIMIT 1"
)


class At(NamedTuple):
    """A place in a conversation: a message's number, or a time in milliseconds."""

    seq: int | None = None
    time: int | None = None


class View(NamedTuple):
    """What of a conversation somebody sees: the entries after one number and up to another."""

    room: int
    since: int
    upto: int
    hidden: tuple[int, ...] = ()
    """Accounts whose words are left out."""
    kinds: tuple[int, ...] | None = None
    """The kinds of entries that are seen; None for messages alone."""


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


def messages(
    connection: sa.Connection, scopes: Iterable[Scope], limit: int, before_id: int | None = None
) -> Page:
    """The newest messages over several rooms (before an entry's id).

    A deleted message is among them, without its text.
    """
    before = _NO_END if before_id is None else before_id
    spans = ((room, id_at(connection, room, since), before) for room, since in scopes)
    return _page(connection, _newest(connection, spans, limit + 1), limit)


def messages_of(
    connection: sa.Connection, scope: Scope, limit: int, before_seq: int | None = None
) -> Page:
    """The newest messages of one room (before a number)."""
    before = None if before_seq is None else id_at(connection, scope.room, before_seq - 1) + 1
    return messages(connection, [scope], limit, before)


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


def id_at(connection: sa.Connection, room: int, seq: int) -> int:
    """The id of the last entry of a room up to a number; 0 when there is none."""
    if seq <= 0:
        return 0
    found = connection.exec_driver_sql(_ID_AT, (room, seq)).scalar()
    return int(found or 0)


# Pages of one conversation


def before(connection: sa.Connection, view: View, place: At | None, limit: int) -> Page:
    """The newest entries before a place, or of all."""
    end = view.upto + 1 if place is None else _end(connection, view, place)
    return _page_of_view(connection, view, view.since, end, limit, newest=True)


def after(connection: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The oldest entries after a place."""
    return _page_of_view(
        connection, view, _start(connection, view, place), view.upto + 1, limit, newest=False
    )


def latest(connection: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The newest entries of those after a place."""
    return _page_of_view(
        connection, view, _start(connection, view, place), view.upto + 1, limit, newest=True
    )


def between(connection: sa.Connection, view: View, first: At, second: At, limit: int) -> Page:
    """Entries between two places, counted from the first one on."""
    forwards = _start(connection, view, first) < _end(connection, view, second) - 1
    low, high = (first, second) if forwards else (second, first)
    return _page_of_view(
        connection,
        view,
        _start(connection, view, low),
        _end(connection, view, high),
        limit,
        newest=not forwards,
    )


def around(connection: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The entry at a place, and as many before as after it."""
    middle = _end(connection, view, place)
    older = _page_of_view(connection, view, view.since, middle, limit // 2, newest=True)
    rest = limit - len(older.entries)
    newer = _page_of_view(
        connection, view, max(view.since, middle - 1), view.upto + 1, rest, newest=False
    )
    return Page(older.entries + newer.entries, older.more or newer.more)


def last_times(
    connection: sa.Connection, scopes: Iterable[Scope], hidden: tuple[int, ...]
) -> dict[int, int]:
    """When the newest message of each conversation was; those that have none are left out."""
    times = {}
    left_out = json.dumps(hidden)
    for room, since in scopes:
        span = (room, id_at(connection, room, since), left_out)
        time = connection.exec_driver_sql(_LAST, span).scalar()
        if time is not None:
            times[room] = int(time)
    return times


def _start(connection: sa.Connection, view: View, place: At) -> int:
    """The number after which everything comes that is later than a place."""
    if place.seq is not None:
        return max(view.since, place.seq)
    return max(view.since, seq_before(connection, view.room, (place.time or 0) + 1))


def _end(connection: sa.Connection, view: View, place: At) -> int:
    """The number before which everything comes that is earlier than a place."""
    if place.seq is not None:
        return min(view.upto + 1, place.seq)
    return min(view.upto, seq_before(connection, view.room, place.time or 0)) + 1


def _page_of_view(
    connection: sa.Connection, view: View, start: int, end: int, limit: int, newest: bool
) -> Page:
    order = "DESC" if newest else "ASC"
    left_out = json.dumps(view.hidden)
    span: tuple[object, ...]
    if view.kinds is None:
        floor, ceiling = (
            id_at(connection, view.room, start),
            id_at(connection, view.room, end - 1) + 1,
        )
        span = (view.room, floor, ceiling, left_out, limit + 1)
        found = connection.exec_driver_sql(_MESSAGES.replace("{order}", order), span)
    else:
        span = (view.room, start, end, left_out, json.dumps(view.kinds), limit + 1)
        found = connection.exec_driver_sql(_EVENTS.replace("{order}", order), span)
    return page_of(found, limit, newest)


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
