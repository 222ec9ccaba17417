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

    def port_of(self, kind: DoorKind, here: int) -> int | None:
        """Return the port at which a kind of door is open, `here` if it can be; None if nowhere."""
        return here if kind in self.doors else self.elsewhere.get(kind)


def hint(open_doors: OpenDoors, wanted: DoorKind, page: str) -> str:
    """Return the sentence for a client that wants a door which is not open at a port.

    `page` is the address of the web page, empty when there is none.
    """
    names = [kind.value for kind in SPOKEN if kind in open_doors.doors]
    spoken = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    over = "" if open_doors.plain else " over TLS only"
    other = open_doors.elsewhere.get(wanted) if wanted in SPOKEN else None
    way = f"; port {other} speaks {wanted.value}" if other else ""
    there = f"; the web page is at {page}" if page else ""
    return f"This port speaks {spoken or DoorKind.WEB.value}{over}{way}{there}."
