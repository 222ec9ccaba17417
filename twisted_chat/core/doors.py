"""Which doors there are, and which of them are open at a port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct, field


class Door(Enum):
    """What the first bytes ask for; the values are what people are told."""

    TLS = "TLS"
    JSON = "JSON"
    FETCH = "files"
    IRC = "IRC"
    WEB = "HTTP"
    TEXT = "text"
    FOREIGN = "something else"


ALL = frozenset((Door.JSON, Door.FETCH, Door.IRC, Door.WEB, Door.TEXT))
SPOKEN = (Door.IRC, Door.JSON, Door.TEXT)  # what one can talk in


class Offer(Struct, frozen=True):
    """Which doors are open at one port."""

    doors: frozenset[Door] = ALL
    plain: bool = True  # without TLS too
    elsewhere: Mapping[Door, int] = field(default_factory=dict)  # the ports that have the others

    def without(self, closed: Iterable[Door]) -> Offer:
        """The same with some doors switched off."""
        return Offer(self.doors - frozenset(closed), self.plain, self.elsewhere)

    @property
    def only(self) -> Door | None:
        """The one door there is, which therefore needs no first bytes to tell it."""
        doors = self.doors - {Door.FETCH}
        return next(iter(doors)) if len(doors) == 1 else None

    def port_of(self, door: Door, here: int) -> int | None:
        """The port at which a door is open, which is this one if it can be."""
        return here if door in self.doors else self.elsewhere.get(door)


def hint(offer: Offer, wanted: Door, page: str) -> str:
    """What somebody is told who wants what is not spoken at a port.

    `page` is the address of the web page, empty when there is none.
    """
    names = [door.value for door in SPOKEN if door in offer.doors]
    spoken = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    over = "" if offer.plain else " over TLS only"
    other = offer.elsewhere.get(wanted) if wanted in SPOKEN else None
    way = f"; port {other} speaks {wanted.value}" if other else ""
    there = f"; the web page is at {page}" if page else ""
    return f"This port speaks {spoken or Door.WEB.value}{over}{way}{there}."
