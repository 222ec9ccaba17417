"""The ports of the service: the one for every door, and those of single doors."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort

from ..core.doors import ALL, DoorKind, OpenDoors
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
    open_doors: OpenDoors
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
    ports = [Wanted(MAIN, settings.port, OpenDoors(ALL), "")]
    for option, place, kind in (
        ("irc-port", settings.irc_port, DoorKind.IRC),
        ("web-port", settings.web_port, DoorKind.WEB),
    ):
        if place is not None:
            ports.append(Wanted(option, place, OpenDoors(frozenset({kind})), kind.value))
    if settings.tls_port is not None:
        ports.append(Wanted("tls-port", settings.tls_port, OpenDoors(ALL, plain=False), "TLS"))
    for port in ports:
        port.open_doors = port.open_doors.without(settings.closed_doors)
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
            door = factory if port.option == MAIN else factory.at(port.open_doors)
            port.open = listening.listen(reactor, port.place, port.bound, door, port.option)
            built.append((port, door))
        elsewhere = self._doors()
        for port, door in built:
            others = {one: at for one, at in elsewhere.items() if one not in port.open_doors.doors}
            door.open_doors = port.open_doors = replace(port.open_doors, elsewhere=others)

    def _doors(self) -> dict[DoorKind, int]:
        """The first port that has each door, where it has a number that people can be told."""
        found: dict[DoorKind, int] = {}
        for port in self.all:
            number: int | None = getattr(port.open and port.open.getHost(), "port", None)
            if number is not None:
                for door in port.open_doors.doors:
                    found.setdefault(door, number)
        return found

    def close(self) -> Deferred[Any]:
        """Take no more; fires when all of them are closed."""
        opened = [port.open for port in self.all if port.open is not None]
        return DeferredList([maybeDeferred(one.stopListening) for one in opened])
