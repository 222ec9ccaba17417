"""Looking back: history, what was missed, and search."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import search_query
from ...core import vocabulary as words
from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.results import Line, Page, Unseen
from ...core.rooms import Room
from ...core.roster import Person
from ...store import Query, Scope, queries
from ..chat import Chat
from ..session import Session
from .lookup import account_named, conversation

MOST_AT_ONCE = 500
MOST_UNSEEN = 100
PAGE = 20


def scopes(person: Person, rooms: Sequence[Room]) -> tuple[Scope, ...]:
    """What of these conversations somebody may read."""
    return tuple(
        Scope(room.id, room.readable_since(person)) for room in rooms if not room.deleted_at
    )


def lines(chat: Chat, person: Person, entries: Sequence[Entry]) -> tuple[Line, ...]:
    """Entries as this person sees them, without those of people they ignore.

    While the store was asked, they may have lost the right to read some of them.
    """
    rooms = chat.rooms.rooms
    return tuple(
        Line(room.label(person), entry)
        for entry in entries
        if (room := rooms.get(entry.room)) is not None
        and entry.sender not in person.ignores
        and room.may_read(person, entry.seq)
    )


async def history(chat: Chat, session: Session, command: words.History) -> Page:
    if not 1 <= command.count <= MOST_AT_ONCE:
        raise ChatError("args", f"History shows 1 to {MOST_AT_ONCE} messages at once.")
    if command.before is not None and command.before < 1:
        raise ChatError("args", "Messages are numbered from 1 on.")
    person = session.person
    place = command.place or ("#lobby" if command.before is not None else "")
    if not place:
        return await _newest_of_all(chat, person, command.count)
    room = conversation(chat, session, place)
    if room is None:
        return Page(())
    scope = scopes(person, [room])[0]
    found = await chat.store.read(
        lambda db: queries.history_of(db, scope, command.count, command.before)
    )
    conversation(chat, session, place)  # who was put out meanwhile is told nothing
    older = found.entries[0].seq if found.more else None
    shown = lines(chat, person, found.entries)
    return Page(shown, place=room.label(person), older=older, now=chat.wall())


async def _newest_of_all(chat: Chat, person: Person, count: int) -> Page:
    readable = scopes(person, chat.rooms.of(person))
    found = await chat.store.read(lambda db: queries.history(db, readable, count))
    return Page(lines(chat, person, found.entries), now=chat.wall())


async def unseen(chat: Chat, session: Session) -> Unseen:
    """What no session of the account was shown before this one began."""
    person = session.person
    if person.guest or person.shown is None:
        return Unseen(())
    shown = person.shown
    missed = [
        (room.id, max(shown.get(room.id, 0), room.readable_since(person)), session.position(room))
        for room in chat.rooms.of(person)
        if shown.get(room.id, 0) < session.position(room)
    ]
    if not missed:
        return Unseen(())
    entries, older = await chat.store.read(
        lambda db: queries.unseen(db, person.id, missed, MOST_UNSEEN)
    )
    more = tuple(
        (chat.rooms.rooms[room].label(person), count, before)
        for room, (count, before) in older.items()
        if room in chat.rooms.rooms and chat.rooms.rooms[room].has(person)
    )
    return Unseen(lines(chat, person, entries), more, chat.wall())


async def find(chat: Chat, session: Session, command: words.Search) -> Page:
    wanted = _query(chat, session, command)
    found = await chat.searches.find(session, wanted)
    older = found.entries[0].id if found.more else None
    shown = lines(chat, session.person, found.entries)
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
