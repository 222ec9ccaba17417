"""The obvious Twisted chat server, to compare with: it writes every line to every member.

It stores nothing, knows no rooms, limits nothing and asks nobody for a password.
"""

from __future__ import annotations

import sys

from twisted.internet.interfaces import IAddress, IReactorCore, IReactorTCP, ITCPTransport
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure


class Member(LineReceiver):
    """One connection; its first line is its name."""

    factory: Room
    delimiter = b"\n"

    def __init__(self, room: Room) -> None:
        self.factory = room
        self.name = b""

    def connectionMade(self) -> None:
        assert ITCPTransport.providedBy(self.transport)
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line: bytes) -> None:
        if not self.name:
            self.name = line
            self.factory.members.add(self)
            self.sendLine(b"Login successful, Welcome to the naive server!")
        elif line.startswith(b"BM "):
            self.factory.tell_everyone(self, line[3:])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.members.discard(self)


class Room(ServerFactory["Member"]):
    """Everybody who has given a name, and the number of the last message."""

    noisy = False

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self.last = 0

    def buildProtocol(self, addr: IAddress | None) -> Member:
        return Member(self)

    def tell_everyone(self, sender: Member, text: bytes) -> None:
        self.last += 1
        line = b"[%d 10:42] %s: %s" % (self.last, sender.name, text)
        for member in self.members:
            if member is not sender:
                member.sendLine(line)
        sender.sendLine(b"(Message %d sent: %d now, 0 later)" % (self.last, len(self.members) - 1))


def main() -> None:
    from twisted.internet import reactor

    assert IReactorTCP.providedBy(reactor) and IReactorCore.providedBy(reactor)
    # Twisted types the parameter by a protocol class of its own, which no factory matches.
    reactor.listenTCP(int(sys.argv[1]), Room(), 512, "127.0.0.1")  # type: ignore[arg-type]
    reactor.run()


if __name__ == "__main__":
    main()
