"""The ports of the service: the one for every door, and those of single doors.

A port is at a number, or at any endpoint that Twisted knows.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IReactorSocket,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from ..core.doors import ALL, DoorKind, OpenDoors
from ..core.errors import StartError, reason_of
from ..factory import AtPort, ChatFactory
from ..settings import Settings

BACKLOG = 1024  # connections that may wait to be taken up
MAIN = "port"  # the option of the port for every door


def bind(port: str, option: str = "port") -> socket.socket | None:
    """Take a numbered port, not listening yet; None where an endpoint is described instead.

    `option` is what the operator has to change when it cannot be had. It is one socket for IPv6
    and IPv4, or for IPv4 where the machine has no IPv6.
    """
    if not port.isdigit():
        return None
    try:
        return _bound(socket.AF_INET6, ("::", int(port)))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise StartError(_sentence(port, error, option)) from None
    try:
        return _bound(socket.AF_INET, ("0.0.0.0", int(port)))
    except OSError as error:
        raise StartError(_sentence(port, error, option)) from None


def _bound(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def listen(
    reactor: IReactorSocket,
    port: str,
    bound: socket.socket | None,
    factory: ServerFactory,
    option: str = "port",
) -> IListeningPort:
    """Take connections from here on."""
    try:
        if bound is None:
            return _endpoint(reactor, port, factory, option)
        with bound:
            bound.listen(BACKLOG)
            # The reactor works on a duplicate of its own.
            return reactor.adoptStreamPort(bound.fileno(), bound.family, factory)
    except OSError as error:
        raise StartError(_sentence(port, error, option)) from None


def check_place(port: str, option: str = "port") -> None:
    """Refuse what cannot be understood, without listening there."""
    if not port.isdigit():
        from twisted.internet import reactor

        _understood(reactor, port, option)


def _understood(reactor: object, description: str, option: str) -> IStreamServerEndpoint:
    try:
        from twisted.internet.endpoints import serverFromString  # a numbered port needs none

        return cast(IStreamServerEndpoint, serverFromString(reactor, _with_backlog(description)))
    except Exception as error:
        # Every kind of endpoint has its own way of not understanding its description.
        raise StartError(
            f"--{option}: {description} is not a place to listen at: {reason_of(error)}; a port"
            " number, tcp:9999:interface=127.0.0.1 and unix:/run/chat are."
        ) from None


def _endpoint(
    reactor: IReactorSocket, description: str, factory: ServerFactory, option: str
) -> IListeningPort:
    _remove_dead_socket(description)
    endpoint = _understood(reactor, description, option)
    outcome: list[IListeningPort | Failure] = []
    listening: Deferred[IListeningPort] = endpoint.listen(factory)
    listening.addBoth(outcome.append)
    if not outcome:
        raise StartError(
            f"Listening at {description} takes time, and the service does not wait: choose another"
            f" place with --{option}."
        )
    if isinstance(outcome[0], Failure):
        raise StartError(_sentence(description, outcome[0].value, option))
    return outcome[0]


def _with_backlog(description: str) -> str:
    if description.startswith(("tcp:", "tcp6:", "ssl:", "unix:")) and "backlog=" not in description:
        return f"{description}:backlog={BACKLOG}"
    return description


def _remove_dead_socket(description: str) -> None:
    """Remove the socket file that a killed server has left, if nobody answers there."""
    found = re.match(r"unix:(?:address=)?((?:[^:\\]|\\.)+)", description)
    if found is None:
        return
    path = re.sub(r"\\(.)", r"\1", found[1])
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
    except ConnectionRefusedError:
        os.unlink(path)
    except OSError:
        pass  # listening there will say what is wrong


def _sentence(port: str, error: BaseException | None, option: str) -> str:
    cause = error.socketError if isinstance(error, CannotListenError) else error
    assert cause is not None
    code = getattr(cause, "errno", None)
    where = f"port {port}" if port.isdigit() else port
    if code == errno.EADDRINUSE:
        begin = f"Port {port}" if port.isdigit() else port
        return f"{begin} is in use by another program; choose another with --{option}."
    if code in (errno.EACCES, errno.EPERM):
        advice = " (numbers below 1024 are for the administrator)" if port.isdigit() else ""
        way = f"choose another with --{option}"
        return f"There is no permission to listen at {where}{advice}; {way}."
    return f"Listening at {where} (--{option}) is not possible: {reason_of(cause)}."


def shown_place(opened: IListeningPort, port: str) -> str:
    """What people are told to connect to: the number, or else the endpoint."""
    number = getattr(opened.getHost(), "port", None)
    return port if number is None else str(cast(int, number))


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
        place = shown_place(self.open, self.place)
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
            port.bound = bind(port.place, port.option)

    def listen(self, reactor: IReactorSocket, factory: ChatFactory) -> None:
        """Take connections from here on."""
        built: list[tuple[Wanted, ChatFactory | AtPort]] = []
        for port in self.all:
            door = factory if port.option == MAIN else factory.at(port.open_doors)
            port.open = listen(reactor, port.place, port.bound, door, port.option)
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
