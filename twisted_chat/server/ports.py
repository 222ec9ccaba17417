"""The ports of the service: the one for every door, and those of single doors."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort

from ..core.doors import ALL, Door, Offer
from . import listening

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IReactorSocket

    from ..factory import AtPort, ChatFactory
    from ..settings import Settings

MAIN = "port"  # the option of the port for every door


class Wanted(Struct):
    """A port that is to be opened."""

    option: str
    place: str  # a number, or an endpoint
    offer: Offer
    speaks: str  # what the log says of it; nothing of the one for all
    bound: socket.socket | None = None
    open: IListeningPort | None = None

    @property
    def shown(self) -> str:
        """Where it is, as people are told."""
        assert self.open is not None
        place = listening.shown(self.open, self.place)
        return f"port {place}" if place.isdigit() else place


def wanted(settings: Settings) -> list[Wanted]:
    """The ports that the settings ask for."""
    ports = [Wanted(MAIN, settings.port, Offer(ALL), "")]
    if settings.irc_port is not None:
        ports.append(Wanted("irc-port", settings.irc_port, Offer(frozenset({Door.IRC})), "IRC"))
    if settings.web_port is not None:
        ports.append(Wanted("web-port", settings.web_port, Offer(frozenset({Door.WEB})), "HTTP"))
    if settings.tls_port is not None:
        ports.append(Wanted("tls-port", settings.tls_port, Offer(ALL, plain=False), "TLS"))
    for port in ports:
        port.offer = port.offer.without(settings.closed_doors)
    return ports


class Ports:
    """All of them, from binding to closing."""

    def __init__(self, settings: Settings) -> None:
        self.all = wanted(settings)

    def bind(self) -> None:
        """Take the numbered ones while the process may still have the right to."""
        for port in self.all:
            port.bound = listening.bind(port.place, port.option)

    def listen(self, reactor: IReactorSocket, factory: ChatFactory) -> None:
        """Take connections from here on."""
        built: list[tuple[Wanted, ChatFactory | AtPort]] = []
        for port in self.all:
            door = factory if port.option == MAIN else factory.at(port.offer)
            port.open = listening.listen(reactor, port.place, port.bound, door, port.option)
            built.append((port, door))
        elsewhere = self._doors()
        for port, door in built:
            others = {one: at for one, at in elsewhere.items() if one not in port.offer.doors}
            door.offer = port.offer = replace(port.offer, elsewhere=others)

    def _doors(self) -> dict[Door, int]:
        """The first port that has each door, where it has a number that people can be told."""
        found: dict[Door, int] = {}
        for port in self.all:
            number: int | None = getattr(port.open and port.open.getHost(), "port", None)
            if number is not None:
                for door in port.offer.doors:
                    found.setdefault(door, number)
        return found

    def close(self) -> Deferred[Any]:
        """Take no more; fires when all of them are closed."""
        opened = [port.open for port in self.all if port.open is not None]
        return DeferredList([maybeDeferred(one.stopListening) for one in opened])
