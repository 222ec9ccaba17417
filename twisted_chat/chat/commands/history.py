"""Looking back: history, what was missed, and search."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import command_table as words
from ...core import search_query
from ...core.errors import ChatError
from ...core.results import Page
from ...core.rooms import Room
from ..chat import Chat
from ..history import Query, scopes
from ..session import Session
from .lookup import account_named, conversation

MOST_AT_ONCE = 500
PAGE = 20


async def history(chat: Chat, session: Session, command: words.History) -> Page:
    if not 1 <= command.count <= MOST_AT_ONCE:
        raise ChatError("args", f"History shows 1 to {MOST_AT_ONCE} messages at once.")
    if command.before is not None and command.before < 1:
        raise ChatError("args", "Messages are numbered from 1 on.")
    person = session.person
    place = command.place or ("#lobby" if command.before is not None else "")
    if not place:
        found = await chat.history.newest(person, command.count)
        return Page(chat.history.lines(person, found.entries), now=chat.wall())
    room = conversation(chat, session, place)
    if room is None:
        return Page(())
    found = await chat.history.newest_in(room, person, command.count, command.before)
    conversation(chat, session, place)  # who was put out meanwhile is told nothing
    older = found.entries[0].seq if found.more else None
    shown = chat.history.lines(person, found.entries)
    return Page(shown, place=room.label(person), older=older, now=chat.wall())


async def find(chat: Chat, session: Session, command: words.Search) -> Page:
    wanted = _query(chat, session, command)
    found = await chat.history.search(session, wanted)
    older = found.entries[0].id if found.more else None
    shown = chat.history.lines(session.person, found.entries)
    return Page(shown, older=older, search=True, now=chat.wall())


def _query(chat: Chat, session: Session, command: words.Search) -> Query:
    person = session.person
    typed = search_query.read(command.words)
    filters = typed.filters
    rooms: Sequence[Room] = chat.rooms.of(person)
    if "in" in filters:
        room = conversation(chat, session, filters["in"])
        rooms = [] if room is None else [room]
    author = account_named(chat, filters["from"]).id if "from" in filters else None
    return Query(
        words=typed.words,
        author=author,
        scopes=scopes(person, rooms),
        after_time=typed.day("after"),
        before_time=typed.day("before"),
        before_id=command.page,
        limit=PAGE,
    )
