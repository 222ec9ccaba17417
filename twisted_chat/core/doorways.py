"""Which doors there are, and which of them are open at a port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class Offer:
    """Which doors are open at one port."""

    doors: frozenset[Door] = ALL
    plain: bool = True  # without TLS too

    def without(self, closed: Iterable[Door]) -> Offer:
        """The same with some doors switched off."""
        return Offer(self.doors - frozenset(closed), self.plain)

    @property
    def only(self) -> Door | None:
        """The one door there is, which therefore needs no first bytes to tell it."""
        doors = self.doors - {Door.FETCH}
        return next(iter(doors)) if len(doors) == 1 else None


def hint(offer: Offer, page: str) -> str:
    """What somebody is told who speaks what is not spoken at a port."""
    names = [door.value for door in (Door.IRC, Door.JSON, Door.TEXT) if door in offer.doors]
    spoken = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    over = "" if offer.plain else " over TLS only"
    there = f"; the web page is at {page}" if Door.WEB in offer.doors else ""
    return f"This port speaks {spoken or Door.WEB.value}{over}{there}."
