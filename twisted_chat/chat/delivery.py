"""From a committed batch to the people in its rooms.

The entries of a batch are rendered once per room and dialect and joined into one
bytes object, which is written once to everybody who is live in that room. So the
work in a busy room grows with its messages and with its members, but not with their product.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..core.entries import Entry, Kind, size_of
from ..core.rooms import Person, Room, RoomBook
from ..doors.interface import Dialect
from ..store import history
from .async_store import AsyncStore
from .session import Session, Sessions, State

# What one session is written in one turn of catching up: so many entries, and about so many bytes.
CHUNK = 200
PORTION = 32 * 1024
SLICE = 0.005  # seconds of each turn of the reactor in which sessions catch up
MOST_READING = 2  # sessions for which the store is asked at a time
RETRY = 1.0  # seconds until a read that failed is tried again

CHANGING = frozenset((Kind.EDIT, Kind.DELETE))

Audience = dict[Dialect, dict[Session, None]]


class Delivery:
    """Knows which sessions are live in which rooms, and writes them what is said there."""

    log = Logger()

    def __init__(
        self, rooms: RoomBook, sessions: Sessions, store: AsyncStore, clock: IReactorTime
    ) -> None:
        self.rooms = rooms
        self._clock = clock
        self._sessions = sessions
        self._store = store
        self._audiences: dict[Room, Audience] = {}
        self.active: set[Room] = set()  # rooms in which something was delivered lately
        self._line: deque[Session] = deque()  # who waits for a turn to catch up
        self._to_read: deque[Session] = deque()  # for whom the store has to be asked
        self._reading = 0  # for how many it is being asked
        self._serving = False
        self._until = 0.0  # when those in the line are to wait for the reactor's next turn
        self._next: IDelayedCall | None = None

    # --- the batch --------------------------------------------------------------------

    def spread(self, entries: Iterable[Entry], origins: Mapping[int, Session]) -> None:
        """Deliver a batch; `origins` tells which session said an entry, by the entry's id."""
        by_room: dict[int, list[Entry]] = {}
        for entry in entries:
            by_room.setdefault(entry.room, []).append(entry)
        for room_id, fresh in by_room.items():
            room = self.rooms.rooms.get(room_id)
            if room is None:
                continue
            room.append(fresh)
            if not CHANGING.isdisjoint([entry.kind for entry in fresh]):
                room.forget_recent()  # the store knows what has become of the words
            self.active.add(room)
            for entry in fresh:
                origin = origins.get(entry.id)
                if origin is not None and origin.state is not State.LIVE:
                    origin.said.add(entry.id)
            try:
                if room.pair is not None:
                    self._spread_pair(room, fresh, origins)
                else:
                    self._spread_room(room, fresh, origins)
            except Exception:
                # They are stored and will be read; those who sent them must be answered.
                self.log.failure("A batch could not be shown in room {room}", room=room_id)

    def _spread_room(
        self, room: Room, entries: Sequence[Entry], origins: Mapping[int, Session]
    ) -> None:
        for dialect, sessions in self._audiences.get(room, {}).items():
            if not sessions:
                continue
            pieces = dialect.entries(room, entries)
            whole = b"".join(pieces)
            special = self._special(room, entries, pieces, dialect, sessions, origins)
            for session in tuple(sessions):  # a write may pause a session and withdraw it
                session.write(special.get(session, whole) if special else whole)

    def _special(
        self,
        room: Room,
        entries: Sequence[Entry],
        pieces: list[bytes],
        dialect: Dialect,
        sessions: dict[Session, None],
        origins: Mapping[int, Session],
    ) -> dict[Session, bytes]:
        """The bytes for those who see the batch differently: authors, and people who ignore one."""
        changed: dict[Session, list[bytes]] = {}
        for index, entry in enumerate(entries):
            origin = origins.get(entry.id)
            if origin is None:
                continue
            for session in self._sessions.of(origin.person):
                if session in sessions:
                    own = changed.setdefault(session, pieces.copy())
                    own[index] = dialect.own(room, entry, session.person, session is origin)
        for session in [session for session in sessions if session.person.ignores]:
            person = session.person
            for index, entry in enumerate(entries):
                if person.hides(entry):
                    own = changed.setdefault(session, pieces.copy())
                    own[index] = dialect.hidden(room, entry, person)
        return {session: b"".join(own) for session, own in changed.items()}

    def _spread_pair(
        self, room: Room, entries: Sequence[Entry], origins: Mapping[int, Session]
    ) -> None:
        assert room.pair is not None
        for person in room.pair:
            for session in self._sessions.of(person):
                if session.state is State.LIVE:
                    self._write(session, room, entries, origins)

    def _write(
        self,
        session: Session,
        room: Room,
        entries: Sequence[Entry],
        origins: Mapping[int, Session],
    ) -> None:
        """Write entries as this one session sees them."""
        dialect, person = session.door.dialect, session.person
        pieces = []
        for entry in entries:
            if person.hides(entry):
                pieces.append(dialect.hidden(room, entry, person))
            elif entry.sender == person.id and entry.kind is Kind.MESSAGE:
                here = origins.get(entry.id) is session or entry.id in session.said
                pieces.append(dialect.own(room, entry, person, here))
            else:
                pieces.append(dialect.entry(room, entry, person))
        session.write(b"".join(pieces))

    # --- who is live ------------------------------------------------------------------

    def positions(self, session: Session) -> dict[Room, int]:
        """Where a live session is: at the end of all its conversations."""
        return {room: room.last_seq for room in self.shown_to(session)}

    def shown_to(self, session: Session) -> list[Room]:
        """The conversations that a session is shown."""
        rooms = self.rooms.of(session.person)
        return rooms if session.lobby else [room for room in rooms if room is not self.rooms.lobby]

    def admit(self, session: Session) -> None:
        """Write to this session from now on, in all its rooms."""
        session.state = State.LIVE
        session.said.clear()
        if session.lobby:
            self._enter(session, self.rooms.lobby)
        for room in session.person.rooms:
            self._enter(session, room)
        session.wait_no_more()

    def _enter(self, session: Session, room: Room) -> None:
        audience = self._audiences.setdefault(room, {})
        audience.setdefault(session.door.dialect, {})[session] = None

    def _exit(self, session: Session, room: Room) -> None:
        audience = self._audiences.get(room)
        if audience is not None:
            audience.get(session.door.dialect, {}).pop(session, None)
            if not any(audience.values()):
                del self._audiences[room]

    def withdraw(self, session: Session) -> None:
        """Write nothing more to this session."""
        self._exit(session, self.rooms.lobby)
        for room in session.person.rooms:
            self._exit(session, room)

    def show_lobby(self, session: Session, after: int | None = None) -> None:
        """Show a session the lobby too from now on, and what was said there after a number."""
        lobby = self.rooms.lobby
        if not session.lobby:
            session.lobby = True
            self.follow_with(session, lobby, lobby.last_seq if after is None else after)

    def hide_lobby(self, session: Session) -> None:
        """Show a session nothing of the lobby from now on."""
        session.lobby = False
        self._exit(session, self.rooms.lobby)
        session.behind.pop(self.rooms.lobby, None)

    def follow(self, person: Person, room: Room, after: int) -> None:
        """Show a person's sessions a room from now on, and what comes after the number `after`."""
        for session in self._sessions.of(person):
            self.follow_with(session, room, after)

    def follow_with(self, session: Session, room: Room, after: int) -> None:
        """The same for one session."""
        if session.state is State.LIVE and room.last_seq == after:
            self._enter(session, room)
        elif session.state is not State.CLOSED:
            session.fall_behind(room, after)

    def unfollow(self, person: Person, room: Room) -> None:
        """Show a person's sessions nothing more of a room."""
        for session in self._sessions.of(person):
            self._exit(session, room)
            session.behind.pop(room, None)

    def suspend(self, person: Person, room: Room) -> None:
        """The same until the room is restored; sessions that are behind keep their positions."""
        for session in self._sessions.of(person):
            self._exit(session, room)

    def show(self, person: Person, room: Room, entry: Entry) -> None:
        """Show one entry to a person who is no longer in its room."""
        for session in self._sessions.of(person):
            session.write(session.door.dialect.entry(room, entry, person))

    def present_in(self, room: Room) -> list[Session]:
        """Every session that is shown a conversation, live or behind."""
        if room.pair is not None:
            return [session for person in room.pair for session in self._sessions.of(person)]
        return self.live_in(room)

    def live_in(self, room: Room) -> list[Session]:
        """Every session that is written to at once in a room."""
        return [s for sessions in self._audiences.get(room, {}).values() for s in sessions]

    # --- those who are behind ---------------------------------------------------------

    def catch_up(self, session: Session) -> None:
        """Write what the session has not been shown, as long as its peer reads, turn by turn."""
        if session.state is not State.CATCHING_UP or session.in_line:
            return
        if self._first_behind(session) is None:
            session.behind.clear()
            self.admit(session)
            return
        session.in_line = True
        self._line.append(session)
        self._serve()

    def _serve(self) -> None:
        """Let those in the line have their turns, for a moment in each turn of the reactor."""
        if self._serving:
            return
        if self._next is None:
            self._until = self._clock.seconds() + SLICE
            self._next = self._clock.callLater(0, self._serve_on)
        elif self._clock.seconds() >= self._until:
            return
        self._serving = True
        try:
            while line := self._next_line():
                session = line.popleft()
                session.in_line = False
                if session.state is State.CATCHING_UP:
                    self._take_turn(session)
                if self._clock.seconds() >= self._until:
                    break
        finally:
            self._serving = False

    def _serve_on(self) -> None:
        self._next = None
        if self._next_line():
            self._serve()

    def _next_line(self) -> deque[Session]:
        """The queue whose first session has the next turn; it is empty if nothing is to be done."""
        return self._to_read if self._reading < MOST_READING and self._to_read else self._line

    def _take_turn(self, session: Session) -> None:
        """Write a portion of what the session has not been shown, and let it wait for the next."""
        room = self._first_behind(session)
        if room is not None:
            after = session.behind[room]
            recent = room.recent(after)
            if recent is None:
                self._read_for(session, room, after)
                return
            self._advance(session, room, _portion(recent))
        self.catch_up(session)

    def _first_behind(self, session: Session) -> Room | None:
        # A room stays in `behind` until the last one is done: while another is being read from the
        # store, more may be said in it.
        return next((room for room in session.behind if self._is_behind(session, room)), None)

    def _is_behind(self, session: Session, room: Room) -> bool:
        there = room.id in self.rooms.rooms and room.deleted_at is None
        return there and session.behind[room] < room.last_seq

    def _advance(self, session: Session, room: Room, entries: Sequence[Entry]) -> None:
        self.active.add(room)
        session.behind[room] = entries[-1].seq
        try:
            self._write(session, room, entries, {})
        except Exception:
            if len(entries) > 1:  # what cannot be shown must not hide what is beside it
                for entry in entries:
                    self._advance(session, room, [entry])
            else:
                self.log.failure("An entry of room {room} could not be shown", room=room.id)

    def _read_for(self, session: Session, room: Room, after: int) -> None:
        """Read a portion from the store; only a few are read at a time, since others ask too."""
        session.in_line = True
        if self._reading == MOST_READING:
            self._to_read.append(session)
            return
        self._reading += 1
        upto = room.last_seq

        def fetched(entries: list[Entry]) -> None:
            session.in_line = False
            # Meanwhile the session may have closed, or stopped reading, or lost the room.
            if session.state is State.CATCHING_UP and session.behind.get(room) == after:
                if entries:
                    self._advance(session, room, entries)
                else:
                    session.behind[room] = upto
            self.catch_up(session)

        def failed(_: object) -> None:
            # The store is busy: the session stays where it is and asks again.
            self._clock.callLater(RETRY, retry)

        def retry() -> None:
            session.in_line = False
            self.catch_up(session)

        def read(_: object) -> None:
            self._reading -= 1
            self._serve()

        asked = self._store.read(
            lambda db: history.entries(db, room.id, after, upto, CHUNK, PORTION)
        )
        asked.addCallbacks(fetched, failed)
        asked.addErrback(lambda failure: self.log.failure("Somebody could not catch up", failure))
        asked.addBoth(read)


def _portion(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The first of these entries, about as many as are written at a time."""
    size = 0
    for index, entry in enumerate(entries[:CHUNK], 1):
        size += size_of(entry)
        if size > PORTION:
            return entries[:index]
    return entries[:CHUNK]
