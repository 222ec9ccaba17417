"""Signed-in clients: a person at a door, and how far each has been shown its rooms.

A session never queues messages. While it keeps up it is *live* and is written to
as soon as something is committed. When its peer reads too slowly, it is taken out
of delivery and remembers one number per room; when the peer reads again it goes on
from there, out of memory or out of the store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Protocol

from twisted.internet.defer import Deferred

from ..core.events import Closed, Event
from ..core.rooms import Person, Room
from ..doors.interface import Dialect, Door


class State(Enum):
    """Where a session is between its sign-in and its end."""

    WAITING = "waiting"  # its door has something to show first
    CATCHING_UP = "catching up"  # being shown what is after its positions
    LIVE = "live"  # written to at once
    PAUSED = "paused"  # the peer does not read
    CLOSED = "closed"


MOST_UNREAD = 128 * 1024
"""Bytes that a peer's system may buffer for a program that does not read."""


class Unconfirmed:
    """What was noted as shown because the peer's system has it, though the peer may not.

    A program that is killed before it has read everything resets the connection. Then the places
    are good that were noted before the last bytes came that can have been left unread.
    """

    __slots__ = ("_noted",)

    def __init__(self) -> None:
        self._noted: deque[tuple[int, int, int, int]] = deque()

    def note(self, acknowledged: int, room: int, before: int, after: int) -> None:
        """Remember that a room was noted as shown up to `after` at that many acknowledged bytes."""
        noted = self._noted
        noted.append((acknowledged, room, before, after))
        while acknowledged - noted[0][0] > MOST_UNREAD:
            noted.popleft()

    def confirm(self) -> None:
        """Forget the notes, since the peer has done something and so reads."""
        self._noted.clear()

    def places(self) -> dict[int, tuple[int, int]]:
        """For each room by its id, the number to go back to and the one that was noted."""
        found: dict[int, tuple[int, int]] = {}
        for _, room, before, after in self._noted:
            found[room] = (found[room][0] if room in found else before, after)
        return found


class Feed(Protocol):
    """What a session asks of the delivery."""

    def catch_up(self, session: Session) -> None:
        """Write what the session has not been shown, then let it be live."""

    def positions(self, session: Session) -> dict[Room, int]:
        """Where a live session is in each of its conversations."""

    def withdraw(self, session: Session) -> None:
        """Write nothing more to this session."""


class Session:
    """One client of a person."""

    __slots__ = (
        "address",
        "asked_at",
        "behind",
        "delivery",
        "device",
        "door",
        "in_line",
        "lobby",
        "parting",
        "paused_at",
        "person",
        "read",
        "said",
        "since",
        "state",
        "stuck",
        "token",
        "unconfirmed",
        "waiting",
        "write",
    )

    def __init__(
        self,
        person: Person,
        door: Door,
        delivery: Feed,
        now: float,
        device: str,
        positions: Mapping[Room, int],
        lobby: bool = True,
    ) -> None:
        self.person = person
        self.door = door
        self.delivery = delivery
        self.device = device
        self.address = door.address
        self.since = now
        self.asked_at = now  # when it last gave a command
        self.paused_at = 0.0
        self.lobby = lobby  # whether its door shows the lobby
        self.parting = ""  # why it ends, for those who look on
        self.behind: dict[Room, int] = dict(positions)
        self.read: dict[int, int] = {}  # how far it has said that it was read, by the rooms' ids
        self.said: set[int] = set()  # ids of messages that it said since it is behind
        self.in_line = False  # for a turn to catch up, or what it is to be shown is being read
        self.stuck = False  # the peer does not read
        self.token = 0  # the number of the token it can resume with
        self.unconfirmed = Unconfirmed()
        self.state = State.WAITING
        self.waiting: list[Deferred[None]] = []  # for it to be live
        self.write = door.write

    @property
    def party(self) -> Hashable:
        """The key under which limits count it: its account, or for a guest the network."""
        return self.door.network if self.person.guest else self.person.id

    @property
    def reads(self) -> bool:
        """Whether its peer reads; if not, it is sent nothing that is kept nowhere."""
        return not self.stuck and self.state is not State.CLOSED

    def receive(self, event: Event) -> None:
        """Show something that is not an entry of a room."""
        if self.state is State.CLOSED or (self.stuck and event.passing):
            return  # to one who does not read, only what it must know is queued
        self.door.receive(event)

    def begin(self) -> None:
        """Begin to deliver, since the door has shown what comes first."""
        if self.state is State.WAITING:
            self.state = State.PAUSED if self.stuck else State.CATCHING_UP
            self.delivery.catch_up(self)

    def pause(self, now: float) -> None:
        """Remember the position and write nothing, since the peer has stopped reading."""
        if not self.stuck:
            self.stuck = True
            self.paused_at = now
        if self.state is State.LIVE:
            self.behind.update(self.delivery.positions(self))
            self.delivery.withdraw(self)
        if self.state in (State.LIVE, State.CATCHING_UP):
            self.state = State.PAUSED

    def resume(self) -> None:
        """Continue from the position, since the peer reads again."""
        self.stuck = False
        if self.state is State.PAUSED:
            self.state = State.CATCHING_UP
            self.delivery.catch_up(self)

    def caught_up(self) -> Deferred[None]:
        """Return what fires when the session is live or has ended."""
        waiting: Deferred[None] = Deferred()
        self.waiting.append(waiting)
        if self.state in (State.LIVE, State.CLOSED):
            self.wait_no_more()
        return waiting

    def wait_no_more(self) -> None:
        """Fire what waits, since the session is live or has ended."""
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one.callback(None)

    def fall_behind(self, room: Room, after: int) -> None:
        """Show what a room has after that number before the session is live again."""
        if self.state is State.LIVE:
            self.behind.update(self.delivery.positions(self))
            self.delivery.withdraw(self)
            self.state = State.CATCHING_UP
        self.behind[room] = after
        if self.state is State.CATCHING_UP:
            self.delivery.catch_up(self)

    def began(self, room: Room) -> None:
        """Note that a private conversation began; if not live, show it from its first entry on."""
        if self.state in (State.WAITING, State.CATCHING_UP, State.PAUSED):
            self.behind.setdefault(room, 0)

    def lag(self) -> int:
        """The number of entries that the session has not been shown yet."""
        return sum(max(0, room.last_seq - seq) for room, seq in self.behind.items())

    def position(self, room: Room) -> int:
        """The newest entry of a room that has been written to this session."""
        return self.behind.get(room, room.last_seq)

    def close(self, reason: Closed | None) -> None:
        """End the session from the server's side."""
        if self.state is not State.CLOSED:
            self.door.close(reason)


class Sessions:
    """All open sessions; shows them events, which are no entries of rooms."""

    def __init__(self) -> None:
        self._open: dict[Session, None] = {}
        self._of: dict[Person, tuple[Session, ...]] = {}  # of those who are online

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, session: Session) -> None:
        """Add a session that begins."""
        person = session.person
        self._open[session] = None
        self._of[person] = (*self.of(person), session)
        person.online = True

    def remove(self, session: Session) -> None:
        """Remove a session that has ended."""
        person = session.person
        self._open.pop(session, None)
        left = tuple(other for other in self.of(person) if other is not session)
        person.online = bool(left)
        if left:
            self._of[person] = left
        else:
            self._of.pop(person, None)

    def of(self, person: Person) -> tuple[Session, ...]:
        """A person's open sessions."""
        return self._of.get(person, ())

    def tell(self, person: Person, event: Event) -> None:
        """Show an event at all of a person's sessions."""
        for session in self.of(person):
            session.receive(event)

    def tell_all(self, event: Event) -> None:
        """Show an event to everybody who is online."""
        self.tell_these(self, event)

    def tell_these(self, sessions: Iterable[Session], event: Event) -> None:
        """Show an event at these sessions; it is rendered once for each dialect."""
        rendered: dict[Dialect, bytes] = {}
        for session in tuple(sessions):
            if event.passing and not session.reads:
                continue
            dialect = session.door.dialect
            line = rendered.get(dialect)
            if line is None:
                line = rendered[dialect] = dialect.event(event)
            session.write(line)
