"""Connecting to a server: over TLS, and without it only where nobody can listen in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
)

from .address import Address
from .file_connection import FileConnection
from .link import DialedProtocol, Link, Lost
from .trust import Peer

if TYPE_CHECKING:
    from .tls import Handshake

ANSWER_WITHIN = 10.0  # seconds until a host is taken not to answer

Dial = Callable[[], Deferred[tuple[Link, Peer]]]
DialFile = Callable[[bool], Deferred[tuple[FileConnection, Peer]]]

E = TypeVar("E", bound=DialedProtocol)


class NoTls(Lost):
    """Somebody answered, and not in TLS."""


class Dialer:
    """Makes connections to one server, as often as it is asked to."""

    def __init__(self, reactor: Any, address: Address, insecure: bool = False) -> None:
        self._reactor = reactor
        self._address = address
        self._insecure = insecure

    def __call__(self) -> Deferred[tuple[Link, Peer]]:
        return Deferred.fromCoroutine(self._dial())

    def dial_for_file(self, tls: bool) -> Deferred[tuple[FileConnection, Peer]]:
        """Make a connection for a file, with TLS or without as the user's own has it."""
        dialing = self._over_tls if tls else self._without_tls
        return Deferred.fromCoroutine(dialing(partial(FileConnection, self._reactor)))

    async def _dial(self) -> tuple[Link, Peer]:
        make = partial(Link, self._reactor)
        try:
            return await self._over_tls(make)
        except NoTls as error:
            # What answers may have no TLS: that will do on this machine, or where one insists.
            link, peer = await self._without_tls(make)
            if not (peer.loopback or self._insecure):
                link.abort()
                raise error
            return link, peer

    async def _over_tls(self, make: Callable[[], E]) -> tuple[E, Peer]:
        from .tls import Handshake  # a tenth of a second, while the program shows up

        try:
            handshake = Handshake(self._address.host)
        except ValueError:
            raise Lost(f"There is no host called {self._address.host}.") from None
        end = make()
        end.tls = True
        await self._connect(end, handshake)
        problem = handshake.problem()
        peer = Peer(
            tls=True,
            loopback=_is_loopback(end),
            fingerprint=handshake.fingerprint(),
            verified=not problem,
            problem=problem,
        )
        return end, peer

    async def _without_tls(self, make: Callable[[], E]) -> tuple[E, Peer]:
        end = make()
        await self._connect(end, None)
        return end, Peer(tls=False, loopback=_is_loopback(end))

    async def _connect(self, end: DialedProtocol, handshake: Handshake | None) -> None:
        address = self._address
        endpoint: Any = HostnameEndpoint(
            self._reactor, address.host, address.port, timeout=ANSWER_WITHIN
        )
        if handshake is not None:
            endpoint = wrapClientTLS(handshake, endpoint)
        try:
            await connectProtocol(endpoint, end)
        except (DNSLookupError, ValueError):
            raise Lost(f"There is no host called {address.host}.") from None
        except ConnectError:
            raise Lost(
                f"There is no answer from {address.host} on port {address.port}:"
                " is the server running?"
            ) from None
        slow = self._reactor.callLater(ANSWER_WITHIN, end.abort)
        try:
            await end.ready
        except CancelledError:
            end.abort()
            raise
        except ConnectionAborted:
            raise Lost(f"{address.server} says nothing: is that a chat server?") from None
        except (ConnectionDone, ConnectionLost):
            # As a relay does while there is no server behind it, and no server without TLS.
            raise Lost(f"{address.server} hung up at once: is the server running?") from None
        except Exception:
            raise NoTls(
                f"{address.server} does not answer in TLS, and without it everybody on the way"
                " could read along: ask who runs it; --insecure connects all the same."
            ) from None
        finally:
            if slow.active():
                slow.cancel()


def _is_loopback(end: DialedProtocol) -> bool:
    host = getattr(end.transport.getPeer(), "host", "")
    try:
        address = ip_address(str(host).split("%")[0].removeprefix("::ffff:"))
    except ValueError:
        return False
    return address.is_loopback
