"""Pages of one conversation: relative to a message or to a time, in either direction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from ..core.entries import Kind, State
from .queries import id_at, seq_before
from .records import Scope
from .rows import COLUMNS, Page, page_of
from .sqlite.sql import LIST, SHOWN

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


def before(db: sa.Connection, view: View, place: At | None, limit: int) -> Page:
    """The newest entries before a place, or of all."""
    end = view.upto + 1 if place is None else _end(db, view, place)
    return _page(db, view, view.since, end, limit, newest=True)


def after(db: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The oldest entries after a place."""
    return _page(db, view, _start(db, view, place), view.upto + 1, limit, newest=False)


def latest(db: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The newest entries of those after a place."""
    return _page(db, view, _start(db, view, place), view.upto + 1, limit, newest=True)


def between(db: sa.Connection, view: View, first: At, second: At, limit: int) -> Page:
    """Entries between two places, counted from the first one on."""
    forwards = _start(db, view, first) < _end(db, view, second) - 1
    low, high = (first, second) if forwards else (second, first)
    return _page(db, view, _start(db, view, low), _end(db, view, high), limit, newest=not forwards)


def around(db: sa.Connection, view: View, place: At, limit: int) -> Page:
    """The entry at a place, and as many before as after it."""
    middle = _end(db, view, place)
    older = _page(db, view, view.since, middle, limit // 2, newest=True)
    rest = limit - len(older.entries)
    newer = _page(db, view, max(view.since, middle - 1), view.upto + 1, rest, newest=False)
    return Page(older.entries + newer.entries, older.more or newer.more)


def last_times(
    db: sa.Connection, scopes: Iterable[Scope], hidden: tuple[int, ...]
) -> dict[int, int]:
    """When the newest message of each conversation was; those that have none are left out."""
    times = {}
    left_out = json.dumps(hidden)
    for room, since in scopes:
        span = (room, id_at(db, room, since), left_out)
        time = db.exec_driver_sql(_LAST, span).scalar()
        if time is not None:
            times[room] = int(time)
    return times


def _start(db: sa.Connection, view: View, place: At) -> int:
    """The number after which everything comes that is later than a place."""
    if place.seq is not None:
        return max(view.since, place.seq)
    return max(view.since, seq_before(db, view.room, (place.time or 0) + 1))


def _end(db: sa.Connection, view: View, place: At) -> int:
    """The number before which everything comes that is earlier than a place."""
    if place.seq is not None:
        return min(view.upto + 1, place.seq)
    return min(view.upto, seq_before(db, view.room, place.time or 0)) + 1


def _page(db: sa.Connection, view: View, start: int, end: int, limit: int, newest: bool) -> Page:
    order = "DESC" if newest else "ASC"
    left_out = json.dumps(view.hidden)
    span: tuple[object, ...]
    if view.kinds is None:
        floor, ceiling = id_at(db, view.room, start), id_at(db, view.room, end - 1) + 1
        span = (view.room, floor, ceiling, left_out, limit + 1)
        found = db.exec_driver_sql(_MESSAGES.replace("{order}", order), span)
    else:
        span = (view.room, start, end, left_out, json.dumps(view.kinds), limit + 1)
        found = db.exec_driver_sql(_EVENTS.replace("{order}", order), span)
    return page_of(found, limit, newest)
