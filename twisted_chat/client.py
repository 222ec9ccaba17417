"""A plain client: what is typed goes to the server, what the server says is shown.

python -m twisted_chat.client [HOST [PORT [NAME]]]
"""

from __future__ import annotations

import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectionDone, DNSLookupError
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IReactorCore,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.python.failure import Failure
from zope.interface import implementer

USAGE = "Usage: python -m twisted_chat.client [HOST [PORT [NAME]]]"
PATIENCE = 10  # seconds until a host is taken not to answer


def cleaned(text: str) -> str:
    """Only what a terminal shows as text: nothing that moves the cursor or asks it questions."""
    return "".join(
        c
        for c in text
        if c.isprintable()
        or c in "\n\t"
        or "\u200c" <= c <= "\u200f"  # joiners and marks of direction, for Persian and emoji
        or "\ufe00" <= c <= "\ufe0f"
        or "\U000e0100" <= c <= "\U000e01ef"
    )


class Connection(ITCPTransport, IConsumer):
    """A transport that says when it has enough for now."""


@implementer(IHalfCloseableProtocol)
class Server(Protocol):
    """The connection to the server."""

    transport: Connection

    def __init__(self) -> None:
        self.terminal = Terminal(self)
        self.over: Deferred[Failure | None] = Deferred()  # fires when all there was to see is shown
        self._characters = getincrementaldecoder("utf-8")("replace")

    def dataReceived(self, data: bytes) -> None:
        self.show(self._characters.decode(data))

    def show(self, text: str) -> None:
        """Put text on the terminal, a prompt without its line's end as well."""
        if self.terminal.transport is not None:
            self.terminal.transport.write(cleaned(text).encode())

    def readConnectionLost(self) -> None:
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.show(self._characters.decode(b"", final=True))
        self.terminal.leave(None if reason.check(ConnectionDone) else reason)


@implementer(IHalfCloseableProtocol)
class Terminal(Protocol):
    """Standard input and output."""

    transport: Any = None

    def __init__(self, server: Server) -> None:
        self.server = server
        self._reason: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.server.transport.write(data)

    def begin(self) -> None:
        """Take up standard input and output; whoever is slower sets the pace."""
        standard = StandardIO(self)
        self.server.transport.registerProducer(standard, True)
        standard.registerProducer(self.server.transport, True)

    def readConnectionLost(self) -> None:
        """The input has ended; answers may still come."""
        self.server.transport.unregisterProducer()
        self.server.transport.loseWriteConnection()

    def writeConnectionLost(self) -> None:
        self.connectionLost()

    def leave(self, reason: Failure | None) -> None:
        """Show what is still to be shown, then end."""
        self._reason = reason
        if self.transport is None:
            self.connectionLost()
        else:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.transport = None
        self.server.transport.unregisterProducer()
        self.server.transport.loseConnection()
        if not self.server.over.called:
            self.server.over.callback(self._reason)


@inlineCallbacks
def talk(reactor: IReactorCore, host: str, port: int, name: str) -> Any:
    """Connect, and copy both ways until the server closes."""
    endpoint = HostnameEndpoint(reactor, host, port, timeout=PATIENCE)
    try:
        server = yield connectProtocol(endpoint, Server())
        if name:
            server.transport.write(name.encode() + b"\n")
        server.terminal.begin()
        yield server.over
    except DNSLookupError:
        _leave(f"There is no host called {host}.")
    except ConnectError:
        _leave(f"There is no answer from {host} on port {port}: is the server running?")
    except Exception:
        _leave(f"The connection to {host} was lost.")


def _leave(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


def main(arguments: Sequence[str]) -> None:
    """Read the command line and talk."""
    defaults = ("localhost", "9999", "")
    host, port, name = (*arguments[:3], *defaults[len(arguments) :])
    if {"-h", "--help"} & set(arguments):
        print(USAGE)
        return
    if len(arguments) > 3 or any(word.startswith("-") for word in arguments):
        _leave(USAGE)
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        _leave(f"A port is a number from 1 to 65535, and {cleaned(port)} is not. {USAGE}")
    react(talk, (host, int(port), name))


def run() -> None:
    """The program `twisted-chat`."""
    main(sys.argv[1:])


if __name__ == "__main__":
    run()
