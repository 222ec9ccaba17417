"""What was said: single entries, pages, what somebody missed, and searches.

A search for many words in a long history takes a reading thread for a second or more, and so does
a page of a long history without the words of people who have said nearly all of it. So these take
turns: others read what was said while somebody looks for something.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred, succeed

from ..core.entries import Entry, size_of
from ..core.errors import ChatError
from ..core.limits import FairLine
from ..core.results import Line, Unseen
from ..core.rooms import Person, Room, RoomBook
from ..store import Query, Scope, history, search
from ..store.history import At, View
from ..store.records import Page
from .async_store import AsyncStore
from .session import Session

__all__ = [
    "MOST_UNSEEN",
    "At",
    "History",
    "Missed",
    "Page",
    "Query",
    "Scope",
    "View",
    "Way",
    "scopes",
]

T = TypeVar("T")
MOST_WAITING = 64
RETRY_AFTER = 2
MOST_UNSEEN = 100  # messages that are shown of what somebody missed

Way = Literal["before", "after", "latest", "around", "between"]
_WAYS: dict[Way, Callable[..., Page]] = {
    "before": history.before,
    "after": history.after,
    "latest": history.latest,
    "around": history.around,
    "between": history.between,
}


class Missed(NamedTuple):
    """The newest of what was missed in a conversation, and how many messages are older."""

    room: Room
    entries: list[Entry]
    older: int


def scopes(person: Person, rooms: Sequence[Room]) -> tuple[Scope, ...]:
    """What of these conversations a person may read."""
    return tuple(
        Scope(room.id, room.readable_since(person)) for room in rooms if not room.deleted_at
    )


class History:
    """Reads entries; searches one at a time, in which people take turns."""

    def __init__(self, store: AsyncStore, rooms: RoomBook, wall: Callable[[], int]) -> None:
        self._store = store
        self._rooms = rooms
        self._wall = wall
        self._line: FairLine[Deferred[None]] = FairLine(MOST_WAITING)
        self._searching = False

    def lines(self, person: Person, entries: Sequence[Entry]) -> tuple[Line, ...]:
        """Entries as this person sees them, without those of people they ignore.

        While the store was asked, they may have lost the right to read some of them.
        """
        rooms = self._rooms.rooms
        return tuple(
            Line(room.label(person), entry)
            for entry in entries
            if (room := rooms.get(entry.room)) is not None
            and entry.sender not in person.ignores
            and room.may_read(person, entry.seq)
        )

    # --- entries, whatever their kind ---------------------------------------------------------

    def entry(self, room: Room, seq: int) -> Deferred[Entry | None]:
        """The entry of that number in a room."""
        return self._store.read(lambda db: history.entry(db, room.id, seq))

    def entries(self, room: Room, after: int, upto: int, limit: int) -> Deferred[list[Entry]]:
        """The first entries of a room after a number and up to another."""
        return self._store.read(lambda db: history.entries(db, room.id, after, upto, limit))

    def seq_before(self, room: Room, time: int) -> Deferred[int]:
        """The number of the last entry of a room before a time; 0 if there is none."""
        return self._store.read(lambda db: history.seq_before(db, room.id, time))

    # --- pages --------------------------------------------------------------------------------

    def newest(self, person: Person, count: int) -> Deferred[Page]:
        """The newest messages of all of a person's conversations."""
        readable = scopes(person, self._rooms.of(person))
        return self._store.read(lambda db: history.messages(db, readable, count))

    def newest_in(
        self, room: Room, person: Person, count: int, before: int | None
    ) -> Deferred[Page]:
        """The newest messages of a conversation, or the newest before a number."""
        [scope] = scopes(person, [room])
        return self._store.read(lambda db: history.messages_of(db, scope, count, before))

    async def page(
        self, session: Session, way: Way, view: View, places: Sequence[At | None], limit: int
    ) -> Page:
        """A page relative to one or two places; see `store.history`."""
        ask = _WAYS[way]
        return await self._ask(session, lambda db: ask(db, view, *places, limit))

    async def last_times(
        self, session: Session, rooms: Sequence[Room], hidden: tuple[int, ...]
    ) -> dict[int, int]:
        """When something was last said in these conversations, by their ids.

        The words of the accounts in `hidden` do not count; where nothing else was said, the
        conversation is left out.
        """
        person = session.person
        asked = [Scope(room.id, max(room.readable_since(person), 0)) for room in rooms]
        return await self._ask(session, lambda db: history.last_times(db, asked, hidden))

    # --- what was missed ----------------------------------------------------------------------

    async def unseen(self, session: Session) -> Unseen:
        """What no session of the account was shown before this one began."""
        person = session.person
        if person.guest or person.shown is None:
            return Unseen(())
        shown = person.shown
        missed = [
            (
                room.id,
                max(shown.get(room.id, 0), room.readable_since(person)),
                session.position(room),
            )
            for room in self._rooms.of(person)
            if shown.get(room.id, 0) < session.position(room)
        ]
        if not missed:
            return Unseen(())
        entries, older = await self._store.read(
            lambda db: history.unseen(db, person.id, missed, MOST_UNSEEN)
        )
        rooms = self._rooms.rooms
        more = tuple(
            (rooms[room].label(person), count, before)
            for room, (count, before) in older.items()
            if room in rooms and rooms[room].has(person)
        )
        return Unseen(self.lines(person, entries), more, self._wall())

    def missed(
        self, person: Person, views: Sequence[tuple[Room, View]], size: int
    ) -> Deferred[list[Missed]]:
        """The newest entries of each of these views, until all together have about that size."""

        def ask(db: Connection) -> list[Missed]:
            found, used = [], 0
            for room, view in views:
                page = Page([], more=True)
                if used < size:
                    page = history.before(db, view, None, MOST_UNSEEN)
                    used += sum(map(size_of, page.entries))
                older = 0
                if page.more:
                    upto = page.entries[0].seq - 1 if page.entries else view.upto
                    older = history.unread(db, person.id, [(room.id, view.since, upto)])[room.id]
                found.append(Missed(room, page.entries, older))
            return found

        return self._store.read(ask)

    # --- searches -----------------------------------------------------------------------------

    async def search(self, session: Session, wanted: Query) -> Page:
        """Find messages for somebody; ChatError('busy') when too many others search."""
        await self._turn(session.party)
        try:
            await self._store.index_all()
            return await self._store.read(lambda db: search(db, wanted))
        finally:
            self._end_turn()

    async def _ask(self, session: Session, question: Callable[[Connection], T]) -> T:
        """Ask what may take as long as a search where the words of some people are left out."""
        if not session.person.ignores:
            return await self._store.read(question)
        await self._turn(session.party)
        try:
            return await self._store.read(question)
        finally:
            self._end_turn()

    def _turn(self, key: Hashable) -> Deferred[None]:
        if not self._searching:
            self._searching = True
            return succeed(None)
        if not self._line.takes(key):
            raise _busy()
        turn: Deferred[None] = Deferred()
        removed = self._line.put(key, turn)
        if removed is not None and not removed.called:
            removed.errback(_busy())
        return turn

    def _end_turn(self) -> None:
        while self._line:
            turn = self._line.take()
            if not turn.called:  # its search was not refused meanwhile
                turn.callback(None)
                return
        self._searching = False


def _busy() -> ChatError:
    return ChatError(
        "busy", "Many others are searching: try again in a moment.", retry_after=RETRY_AFTER
    )
