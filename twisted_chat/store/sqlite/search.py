"""Full-text search over the rooms that somebody may read."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...core.errors import ChatError
from ..history import last_before
from ..records import COLUMNS, Page, Scope, page_of
from .connections import driver
from .full_text import phrase

_MAX_TERMS = 32
_MAX_BYTES = 512  # of words, because a longer phrase keeps a reading thread busy
_NO_END = 2**63 - 1
_MOST_SECONDS = 5.0  # of one search
_LOOK_EVERY = 1000  # of SQLite's steps

# The index walks its matches from the newest on, so a page costs what it shows. Rooms that are
# readable only in part are looked at for each match; the others are settled in the index.
_SEARCH = f"""
SELECT {", ".join("e." + name for name in COLUMNS.split(", "))}
FROM words CROSS JOIN entry AS e ON e.id = words.rowid
WHERE words MATCH ?1 AND words.rowid > ?2 AND words.rowid < ?3
  AND e.kind = 1 AND e.state <> 2 AND (?4 IS NULL OR e.time > ?4) AND (?5 IS NULL OR e.time < ?5)
  AND NOT EXISTS (
    SELECT 1 FROM json_each(?6) AS part
    WHERE e.room = json_extract(part.value, '$[0]') AND e.seq <= json_extract(part.value, '$[1]')
  )
ORDER BY words.rowid DESC LIMIT ?7
"""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Every word must occur; "several words" in quotes, in this order."""

    words: str
    scopes: tuple[Scope, ...]
    author: int | None = None
    """The number of the account that said it."""
    after_time: int | None = None
    before_time: int | None = None
    before_id: int | None = None
    """For the next page: the id of the oldest entry of this one."""
    limit: int = 20
    anything: bool = False
    """Without words and author, find every message instead of asking for one of them."""


def search(connection: sa.Connection, query: Query, seconds: float = _MOST_SECONDS) -> Page:
    """The newest of the messages that match.

    ChatError('query') when there is nothing to look for, or it takes longer than that.
    """
    if not query.scopes:
        return Page([], more=False)
    until = time.monotonic() + seconds
    raw = driver(connection)
    raw.set_progress_handler(lambda: time.monotonic() > until, _LOOK_EVERY)
    try:
        return _found(connection, query)
    except DBAPIError as error:
        if time.monotonic() > until and "interrupted" in str(error.orig):
            raise ChatError(
                "query", "That takes too long to look for: search one room, or some days only."
            ) from None
        raise
    finally:
        raw.set_progress_handler(None, 0)


def _found(connection: sa.Connection, query: Query) -> Page:
    expression = _expression(query)
    first, end = _span(connection, query)
    parts = [[scope.room, scope.since] for scope in query.scopes if scope.since > 0]
    found = connection.exec_driver_sql(
        _SEARCH,
        (
            expression,
            first,
            end,
            query.after_time,
            query.before_time,
            json.dumps(parts),
            query.limit + 1,
        ),
    )
    return page_of(found, query.limit, newest=True)


def _span(connection: sa.Connection, query: Query) -> tuple[int, int]:
    """The ids between which everything lies that the query may find."""
    rooms = [scope.room for scope in query.scopes]
    first, end = 0, _NO_END
    if query.after_time is not None:
        after = query.after_time + 1
        first = min(last_before(connection, room, after) for room in rooms)
    if query.before_time is not None:
        before = query.before_time
        end = 1 + max(last_before(connection, room, before) for room in rooms)
    return first, end if query.before_id is None else min(end, query.before_id)


def _expression(query: Query) -> str:
    """The query in the index's own language; whatever people typed is inside quotes there."""
    if len(query.words.encode("utf-8", "replace")) > _MAX_BYTES:
        raise ChatError(
            "query", f"A search has at most {_MAX_BYTES} bytes: search for less.", max=_MAX_BYTES
        )
    terms = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^\s"]+)', query.words)]
    phrases = [found for term in terms if (found := phrase(term)) is not None]
    if len(phrases) > _MAX_TERMS:
        raise ChatError("query", f"Search for {_MAX_TERMS} words at most.", max=_MAX_TERMS)
    some = query.author is not None or query.anything
    if not phrases and (query.words.strip() or not some):
        raise ChatError("query", "There is no word to look for in this.")
    conditions = [f"(text : {words})" for words in phrases]
    if query.author is not None:
        conditions.append(f"(tags : a{query.author})")
    rooms = " OR ".join(f"r{scope.room}" for scope in query.scopes)
    conditions.append(f"(tags : ({rooms}))")
    return " AND ".join(conditions)
