"""Which doors there are, and which of them are open at a port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct, field


class DoorKind(Enum):
    """A kind of door, or what else the first bytes ask for; the values are what people are told."""

    TLS = "TLS"
    JSON = "JSON"
    FETCH = "files"
    IRC = "IRC"
    WEB = "HTTP"
    TEXT = "text"
    FOREIGN = "something else"


ALL = frozenset((DoorKind.JSON, DoorKind.FETCH, DoorKind.IRC, DoorKind.WEB, DoorKind.TEXT))
SPOKEN = (DoorKind.IRC, DoorKind.JSON, DoorKind.TEXT)  # what one can talk in


class OpenDoors(Struct, frozen=True):
    """Which doors are open at one port."""

    doors: frozenset[DoorKind] = ALL
    plain: bool = True  # without TLS too
    elsewhere: Mapping[DoorKind, int] = field(default_factory=dict)  # the ports of the others

    def without(self, closed: Iterable[DoorKind]) -> OpenDoors:
        """The same with some doors switched off."""
        return OpenDoors(self.doors - frozenset(closed), self.plain, self.elsewhere)

    @property
    def only(self) -> DoorKind | None:
        """The one door there is, which therefore needs no first bytes to tell it."""
        doors = self.doors - {DoorKind.FETCH}
        return next(iter(doors)) if len(doors) == 1 else None

    def port_of(self, door: DoorKind, here: int) -> int | None:
        """The port at which a door is open, which is this one if it can be."""
        return here if door in self.doors else self.elsewhere.get(door)


def hint(open_doors: OpenDoors, wanted: DoorKind, page: str) -> str:
    """What somebody is told who wants what is not spoken at a port.

    `page` is the address of the web page, empty when there is none.
    """
    names = [door.value for door in SPOKEN if door in open_doors.doors]
    spoken = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    over = "" if open_doors.plain else " over TLS only"
    other = open_doors.elsewhere.get(wanted) if wanted in SPOKEN else None
    way = f"; port {other} speaks {wanted.value}" if other else ""
    there = f"; the web page is at {page}" if page else ""
    return f"This port speaks {spoken or DoorKind.WEB.value}{over}{way}{there}."
