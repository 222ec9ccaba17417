"""Where the service listens: a port number, or any endpoint that Twisted knows."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IReactorSocket,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from ..core.errors import StartError, reason_of

BACKLOG = 1024  # connections that may wait to be taken up


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


def check(port: str, option: str = "port") -> None:
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


def shown(listening: IListeningPort, port: str) -> str:
    """What people are told to connect to: the number, or else the endpoint."""
    number = getattr(listening.getHost(), "port", None)
    return port if number is None else str(cast(int, number))
