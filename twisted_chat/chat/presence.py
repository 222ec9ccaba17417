"""Who came and who left, told at most once a second however many it were."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..core.events import Presence
from ..core.rooms import Room
from ..core.roster import Person

if TYPE_CHECKING:
    from ..doors.interface import Dialect
    from .delivery import Delivery

PAUSE = 1.0
MOST_NAMES = 50  # beyond these a notice only counts


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
