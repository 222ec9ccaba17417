"""Who came, who left and who is typing, told to those who are here and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..core.events import Presence, Typing
from ..core.rooms import Person, Room
from ..doors.interface import Dialect
from .delivery import Delivery
from .session import Session, State

PAUSE = 1.0  # seconds between two notices of who came and left
MOST_NAMES = 50  # beyond these a notice only counts
TYPING_PAUSE = 3.0  # seconds for which one word about somebody in a conversation is enough
MOST_TYPISTS = 50  # where more are online, somebody types all the time and nobody is told


class Onlooker(Protocol):
    """What a door has that wants to know at once who comes, goes and changes."""

    def came(self, person: Person) -> None:
        """Somebody's first session has begun."""

    def went(self, person: Person, reason: str) -> None:
        """Somebody's last session has ended; it is in its rooms still."""

    def away_changed(self, person: Person) -> None:
        """Somebody is away, or is back."""

    def renamed(self, person: Person, old_name: str) -> None:
        """A guest has another name."""

    def became_account(self, person: Person) -> None:
        """A guest's name is an account's now."""

    def invited(self, room: Room, by: Person, person: Person) -> None:
        """Somebody is asked into a room."""

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        """A room has another name."""


class Onlookers(list[Onlooker]):
    """Tells all of them; one that fails harms neither the others nor who is talked about."""

    log = Logger()

    def came(self, person: Person) -> None:
        self._tell(lambda onlooker: onlooker.came(person))

    def went(self, person: Person, reason: str) -> None:
        self._tell(lambda onlooker: onlooker.went(person, reason))

    def away_changed(self, person: Person) -> None:
        self._tell(lambda onlooker: onlooker.away_changed(person))

    def renamed(self, person: Person, old_name: str) -> None:
        self._tell(lambda onlooker: onlooker.renamed(person, old_name))

    def became_account(self, person: Person) -> None:
        self._tell(lambda onlooker: onlooker.became_account(person))

    def invited(self, room: Room, by: Person, person: Person) -> None:
        self._tell(lambda onlooker: onlooker.invited(room, by, person))

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        self._tell(lambda onlooker: onlooker.room_renamed(room, old, by, reason))

    def _tell(self, tell: Callable[[Onlooker], None]) -> None:
        for onlooker in tuple(self):
            try:
                tell(onlooker)
            except Exception:
                self.log.failure("An onlooker could not take in who came, went or changed")


class PresenceNotices:
    """Tells the lobby who joined and left the conversation.

    The first to come or go is told at once; whoever follows within the second is
    gathered into one notice at its end. Who comes and goes within it is not told.
    """

    def __init__(self, delivery: Delivery, clock: IReactorTime) -> None:
        self._delivery = delivery
        self._clock = clock
        self._joined: dict[str, None] = {}
        self._left: dict[str, None] = {}
        self._waiting = False

    def joined(self, person: Person) -> None:
        """Somebody's first session began."""
        if person.name in self._left:
            del self._left[person.name]
        else:
            self._joined[person.name] = None
            self._tell_or_gather()

    def left(self, person: Person) -> None:
        """Somebody's last session ended."""
        if person.name in self._joined:
            del self._joined[person.name]
        else:
            self._left[person.name] = None
            self._tell_or_gather()

    def renamed(self, person: Person, old: str) -> bool:
        """Somebody has another name; whether everybody has been told of the old one."""
        if old not in self._joined:
            return True
        del self._joined[old]
        self._joined[person.name] = None
        return False

    def stop(self) -> None:
        """Tell nothing more: everybody is leaving."""
        self._waiting = True

    def _tell_or_gather(self) -> None:
        if not self._waiting:
            self._tell()

    def _tell(self) -> None:
        joined, left = tuple(self._joined), tuple(self._left)
        self._joined.clear()
        self._left.clear()
        self._waiting = bool(joined or left)
        if not self._waiting:
            return
        self._clock.callLater(PAUSE, self._tell)
        rendered: dict[Dialect, bytes] = {}
        newcomers = frozenset(joined[:MOST_NAMES])
        for session in self._delivery.live_in(self._delivery.rooms.lobby):
            dialect = session.door.dialect
            if session.person.name in newcomers:
                others = tuple(name for name in joined if name != session.person.name)
                line = dialect.event(_notice(others, left)) if others or left else b""
            else:
                line = rendered.get(dialect) or dialect.event(_notice(joined, left))
                rendered[dialect] = line
            session.write(line)


def _notice(joined: tuple[str, ...], left: tuple[str, ...]) -> Presence:
    return Presence(
        joined=joined[:MOST_NAMES],
        left=left[:MOST_NAMES],
        more_joined=max(0, len(joined) - MOST_NAMES),
        more_left=max(0, len(left) - MOST_NAMES),
    )


class Typists:
    """Tells the others in a conversation that somebody is typing."""

    def __init__(
        self,
        delivery: Delivery,
        audience: Callable[[Room], tuple[int, int]],
        ticks: Callable[[], float],
    ) -> None:
        self._delivery = delivery
        self._audience = audience
        self._ticks = ticks
        self._told: dict[tuple[int, int], float] = {}  # by person and room, the latest last

    def typing(
        self, person: Person, room: Room, but: Callable[[Session], bool] = lambda session: False
    ) -> None:
        """Tell of somebody who may speak in a room; `but` says who knows it already."""
        now = self._ticks()
        self._forget(now)
        key = (person.id, room.id)
        online, _ = self._audience(room)
        if online > MOST_TYPISTS or key in self._told:
            return
        self._told[key] = now
        for session in self._delivery.present_in(room):
            other = session.person
            # Only to one who is shown the room this moment; it is not worth a queue.
            if (
                session.state is State.LIVE
                and other is not person
                and person.id not in other.ignores
                and not but(session)
            ):
                session.receive(Typing(room.label(other), person.name))

    def _forget(self, now: float) -> None:
        while self._told:
            oldest = next(iter(self._told))
            if self._told[oldest] + TYPING_PAUSE > now:
                return
            del self._told[oldest]
