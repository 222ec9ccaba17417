"""Builds the connections, counts them and looks after them."""

from __future__ import annotations

from collections import Counter

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from .chat.chat import Chat
from .connection.interface import CountedConnection
from .connection.memory_budget import Backlog, affordable
from .connection.peer import Peer
from .connection.tls import TlsFactory
from .core.addresses import Network
from .core.doors import OpenDoors
from .core.errors import ChatError
from .core.events import Closed
from .core.limits import SlidingWindow
from .doors.irc.door import IrcServer
from .protocol import ChatProtocol

PER_NETWORK = 10  # a tenth of all connections for one network
BEFORE_LOGIN = 5  # a fifth of all connections may be of people not signed in yet
BEFORE_LOGIN_PER_NETWORK = 32
# TLS costs some work before anybody has proved anything; a class comes in all at once.
HANDSHAKES_PER_NETWORK = 600
HANDSHAKES = 10_000
HANDSHAKE_SPAN = 10.0  # seconds

_FULL = ChatError("full", "The server is full: try again later.")


class ChatFactory(ServerFactory):
    """The shared factory: it holds the one `Chat`, and every connection that is open."""

    log = Logger()
    noisy = False

    def __init__(
        self, chat: Chat, most_connections: int | None = None, tls: TlsFactory | None = None
    ) -> None:
        """Without `tls` there is no TLS."""
        self.chat = chat
        self._tls = tls
        limit = chat.settings.connection_limit
        self._possible = most_connections or 0  # what there is room for in this process
        self.most = min(limit or self._possible, self._possible or limit)
        self.limited = bool(limit)
        self._has_unlimited = bool(chat.settings.unlimited)
        self.connections: dict[CountedConnection, None] = {}
        self.networks: Counter[Network] = Counter()
        # By whose network each is counted; unknown behind a proxy.
        self._counted: dict[CountedConnection, Network] = {}
        self.not_signed_in: dict[CountedConnection, None] = {}  # in order of age
        self.not_signed_in_of: Counter[Network] = Counter()  # by their networks
        self._handshakes = SlidingWindow(HANDSHAKES_PER_NETWORK, HANDSHAKES, HANDSHAKE_SPAN)
        self.open_doors = OpenDoors().without(chat.settings.closed_doors)
        self.backlog = Backlog(affordable(chat.settings.backlog), chat.ticks)
        self.irc = IrcServer(chat)
        self._every_second = LoopingCall(self._look_after)
        self._every_second.clock = chat.clock

    def startFactory(self) -> None:
        self._every_second.start(1.0, now=False)

    def stopFactory(self) -> None:
        if self._every_second.running:
            self._every_second.stop()

    def at(self, open_doors: OpenDoors) -> AtPort:
        """The factory for a port with these doors, whose connections are all kept here."""
        return AtPort(self, open_doors)

    def buildProtocol(self, address: IAddress | None) -> ChatProtocol:  # type: ignore[override]
        assert address is not None
        protocol = ChatProtocol(address)
        protocol.factory = self
        protocol.open_doors = self.open_doors
        return protocol

    def connected(self, connection: CountedConnection) -> None:
        """A connection was made; one too many is told so and closed."""
        self.connections[connection] = None
        awaits_header = connection.awaits_header
        # Where some are to have no limits, a proxy has first to say whether it is one of these.
        most = self.most if awaits_header and not self._has_unlimited else self._possible
        if most and len(self.connections) > most:
            connection.refuse_connection(_FULL)
        elif awaits_header:
            # The proxy's own network has nothing to do with it.
            self.not_signed_in[connection] = None
        else:
            self.located(connection, connection.peer)

    def located(self, connection: CountedConnection, peer: Peer) -> None:
        """It is known whose connection it is; there may be too many of theirs."""
        self._forget_network(connection)
        if peer.within(self.chat.settings.unlimited):
            peer = peer.unlimited()
        connection.peer = peer
        self._counted[connection] = peer.network
        self.networks[peer.network] += 1
        full = self._full(peer.network)
        if full is not None:
            connection.refuse_connection(full)
            return
        self.not_signed_in[connection] = None
        self.not_signed_in_of[peer.network] += 1

    def _full(self, network: Network) -> ChatError | None:
        if not self.limited or not network.limited:
            return None
        if len(self.connections) > self.most:
            return _FULL
        if self.networks[network] > max(1, self.most // PER_NETWORK):
            return ChatError("full", "Too many connections from your network: close some first.")
        waiting = self.not_signed_in_of[network]
        crowded = len(self.not_signed_in) >= max(1, self.most // BEFORE_LOGIN)
        if waiting >= BEFORE_LOGIN_PER_NETWORK or crowded:
            return ChatError("full", "Too many are logging in at once: try again in a moment.")
        return None

    @property
    def certified_names(self) -> frozenset[str]:
        """The names in the certificate of the moment, in lower case."""
        return frozenset() if self._tls is None else self._tls.names

    @property
    def has_tls(self) -> bool:
        return self._tls is not None

    def put_tls_beneath(self, connection: CountedConnection) -> IProtocol | None:
        """Put TLS beneath a connection, if there is any and not too many want it at once."""
        if self._tls is None:
            return None
        counted = self.limited and connection.network.limited
        if counted and self._handshakes.take(connection.network, self.chat.ticks()) > 0:
            return None
        return self._tls.put_beneath(connection)

    def signed_in(self, connection: CountedConnection) -> None:
        """Count a connection no more among those that are not signed in."""
        if connection in self.not_signed_in:
            del self.not_signed_in[connection]
            if connection in self._counted:
                _take_one(self.not_signed_in_of, self._counted[connection])

    def disconnected(self, connection: CountedConnection) -> None:
        """A connection is gone."""
        self.connections.pop(connection, None)
        self.backlog.forget(connection)
        self._forget_network(connection)

    def _forget_network(self, connection: CountedConnection) -> None:
        self.signed_in(connection)
        network = self._counted.pop(connection, None)
        if network is not None:
            _take_one(self.networks, network)

    def _look_after(self) -> None:
        try:
            self._close_overdue()
            self.backlog.tend()
            self.chat.housekeeping.sweep(self.chat.ticks())
            self.irc.tend(self.chat.ticks())
        except Exception:
            # Whatever it was, in a second everything is looked after again.
            self.log.failure("Something was not looked after")

    def _close_overdue(self) -> None:
        now = self.chat.ticks()
        for connection in list(self.not_signed_in):
            overdue = connection.overdue(now)
            if overdue is None:
                # They are in order of age, but a later one may still owe its first line.
                if now - connection.since < 1.0:
                    break
            else:
                connection.expire(overdue)

    def stop(self, reason: Closed) -> None:
        """Tell everybody why, and close every connection."""
        self.chat.stop(reason)
        for connection in list(self.connections):
            connection.close(reason)


class AtPort(ServerFactory):
    """Builds connections that come in at one port."""

    noisy = False

    def __init__(self, factory: ChatFactory, open_doors: OpenDoors) -> None:
        self._factory = factory
        self.open_doors = open_doors

    def buildProtocol(self, address: IAddress | None) -> ChatProtocol:  # type: ignore[override]
        protocol = self._factory.buildProtocol(address)
        protocol.open_doors = self.open_doors
        return protocol


def _take_one(counts: Counter[Network], network: Network) -> None:
    counts[network] -= 1
    if not counts[network]:
        del counts[network]
