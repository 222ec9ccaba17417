"""The writing half of a connection: many sockets at little cost, and what has arrived.

Answers to one batch go out together, and the last words reach a peer that still reads.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IPushProducer, ISSLTransport
from twisted.internet.tcp import Connection
from twisted.protocols.basic import LineReceiver
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from .interface import Factory

_ACKNOWLEDGED = struct.Struct("=Q")  # in what Linux tells of a TCP connection
_ACKNOWLEDGED_AT = 120

ABORT = 5.0  # seconds a closing connection may take
SEND_BUFFER = 64 * 1024  # what the kernel may hold for one peer; it doubles the number


class Sender(Protocol):
    """A connection that has to know whether its peer reads."""

    def peer_stopped_reading(self) -> None: ...
    def peer_reads_again(self) -> None: ...


@implementer(IPushProducer)
class Outflow:
    """Tells a sender when its peer stops reading and when it reads again.

    It must not be the protocol itself, whose `pauseProducing` stops reading.
    """

    __slots__ = ("_sender",)

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def pauseProducing(self) -> None:
        self._sender.peer_stopped_reading()

    def resumeProducing(self) -> None:
        self._sender.peer_reads_again()

    def stopProducing(self) -> None:
        pass


class Direct:
    """A transport whose `write` is `writer`; all the rest is the transport's own."""

    __slots__ = ("beneath", "write")

    def __init__(self, beneath: Any, waits: Callable[[int, bool], None]) -> None:
        self.beneath = beneath
        self.write = writer(beneath, [], waits)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


def prepare(transport: Any) -> None:
    """Bound what the kernel keeps for a peer, and let it find out when the peer is gone."""
    try:
        handle = transport.getHandle()
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        for name, value in (
            ("TCP_KEEPIDLE", 45),
            ("TCP_KEEPINTVL", 15),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", 90_000),
        ):
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    except (AttributeError, OSError):
        pass  # not a TCP socket: a pipe in a test, or a Unix socket


def writer(
    transport: Any, before: list[bytes], waits: Callable[[int, bool], None]
) -> Callable[[bytes], None]:
    """How to write to a transport, after what is in `before`: at once if nothing is queued there.

    `waits` is told how many bytes were queued, and whether nothing was before.

    A transport's own `write` waits for the reactor to find the socket writable, which
    costs two system calls and a turn for each member of a room. So a plain TCP socket is
    sent what it takes, and the transport the rest, behind which everything waits until it
    is gone. To see that, this function looks into the transport's buffers, and nothing else
    does. It is called for every member of a room, and does without every look it can.
    """
    if not isinstance(transport, Connection):

        def pass_on(data: bytes) -> None:
            data = _joined(before, data)
            if data:
                transport.write(data)

        return pass_on

    send = transport.socket.send
    queued = False

    def write_now(data: bytes) -> None:
        nonlocal queued
        if before or queued or not data:
            data = _joined(before, data)
            queued = bool(transport.dataBuffer or transport._tempDataBuffer)
        sent = 0
        if data and not queued:
            try:
                sent = send(data)
            except OSError:
                sent = 0  # full, or broken: the transport finds out which
        if sent < len(data):
            anew, queued = not queued, True
            transport.write(data[sent:])
            waits(len(data) - sent, anew)

    return write_now


def _joined(before: list[bytes], data: bytes) -> bytes:
    if before:
        data = b"".join((*before, data))
        before.clear()
    return data


def outstanding(transport: Any) -> int | None:
    """How many bytes the peer's kernel has not acknowledged yet; None if unknowable."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport = getattr(transport.transport, "beneath", None)
    if not sys.platform.startswith("linux") or not isinstance(transport, Connection):
        return None
    if not transport.connected:
        return None
    try:
        return _queued(transport) + _unacknowledged(transport)
    except OSError:
        return None


def put_behind(transport: Any) -> None:
    """Let a transport that has anything queued pause its producer, until it has sent all of it.

    By itself it does so from 64 KiB on. That number cannot be changed for it: it is also how much
    it reads at once.
    """
    if isinstance(transport, Connection) and not transport.producerPaused:
        producer: Any = transport.producer
        if producer is not None:
            transport.producerPaused = True
            producer.pauseProducing()


def forget_queued(transport: Any) -> None:
    """Free what was never sent over a connection that is gone, before all of it is collected."""
    if isinstance(transport, Connection):
        transport.dataBuffer, transport.offset = b"", 0
        transport._tempDataBuffer, transport._tempDataLen = [], 0


def queued(transport: Any) -> int:
    """How many bytes wait in this process until the peer's kernel takes them."""
    waiting = 0
    if isinstance(transport, TLSMemoryBIOProtocol):
        waiting = sum(map(len, transport._appSendBuffer))
        transport = getattr(transport.transport, "beneath", None)
    return waiting + _queued(transport) if isinstance(transport, Connection) else waiting


def _queued(transport: Connection) -> int:
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen


def flushed(transport: Any) -> bool | None:
    """Whether the peer's kernel has acknowledged everything written; None if unknowable."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        if transport._appSendBuffer:
            return False  # it waits for the end of the handshake
        transport = getattr(transport.transport, "beneath", None)
    if not sys.platform.startswith("linux") or not isinstance(transport, Connection):
        return None
    if not transport.connected or transport.dataBuffer or transport._tempDataBuffer:
        return False
    try:
        return _unacknowledged(transport) == 0
    except OSError:
        return False


def acknowledged(transport: Any) -> int | None:
    """How many bytes the peer's kernel has acknowledged in all; None if unknowable."""
    if isinstance(transport, TLSMemoryBIOProtocol):
        transport = getattr(transport.transport, "beneath", None)
    if not sys.platform.startswith("linux") or not isinstance(transport, Connection):
        return None
    try:
        told = transport.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 128)
        return int(_ACKNOWLEDGED.unpack_from(told, _ACKNOWLEDGED_AT)[0])
    except (AttributeError, OSError, struct.error):
        return None  # it is closed, or the kernel is old


def _unacknowledged(transport: Connection) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, count)
    return count[0]


class Output(LineReceiver):
    """What is written to a connection, and how that ends."""

    factory: Factory
    write: Callable[[bytes], None]
    """Sends bytes now, after the answers that came before them."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._beneath: Any = None  # the same without TLS
        self._replies: list[bytes] = []
        self._abort: IDelayedCall | None = None

    @property
    def transport(self) -> Any:
        """A TCP transport, or TLS on one, or what stands for one."""
        return self._transport

    @transport.setter
    def transport(self, transport: Any) -> None:
        self._transport = transport
        if not isinstance(transport, TLSMemoryBIOProtocol):
            self._beneath = transport
        self.write = writer(transport, self._replies, self.waits)

    @property
    def over_tls(self) -> bool:
        """Whether there is TLS on this very connection."""
        return ISSLTransport.providedBy(self.transport)

    @property
    def party(self) -> Hashable:
        """Whose connection it is."""
        raise AssertionError("only the whole connection knows")

    def waits(self, size: int, anew: bool) -> None:
        """So many bytes were queued in the transport; `anew` if none were before."""
        backlog = self.factory.backlog
        backlog.add(self, size, anew)
        if backlog.tight:
            put_behind(self._beneath)

    def held(self) -> int:
        """How many bytes wait for the peer, or of it."""
        return queued(self.transport) + sum(map(len, self._replies))

    def unburden(self) -> None:
        """Close the connection in the next turn, and forget what waits."""
        self._beneath.abortConnection()

    def reply(self, data: bytes) -> None:
        """Send an answer; the answers to one batch go out together."""
        if self.factory.chat.answering is None:
            self.write(data)
        else:
            if not self._replies:
                self.factory.chat.answering.append(self.send_replies)
            self._replies.append(data)

    def send_replies(self) -> None:
        """Send the answers that were gathered."""
        self.write(b"")

    def flushed(self) -> bool | None:
        return flushed(self.transport)

    def acknowledged(self) -> int | None:
        return acknowledged(self.transport)

    def outstanding(self) -> int | None:
        return outstanding(self.transport)

    def end(self, farewell: bytes, within: float = ABORT) -> None:
        """Close the connection once the peer has what was written, or soon in any case."""
        self.write(farewell)
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        self._abort = self.factory.chat.clock.callLater(within, self._abort_now)

    def end_reading_on(self, farewell: bytes, within: float = ABORT) -> None:
        """The same for a peer that is still sending: bytes left unread would undo the farewell."""
        if self.over_tls:
            self.end(farewell, within)  # which reads on by itself
        else:
            self.write(farewell)
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()
            self._abort = self.factory.chat.clock.callLater(within, self._abort_now)
        if self.paused:
            self.resumeProducing()

    def _abort_now(self) -> None:
        self._abort = None
        self.transport.abortConnection()

    def ended(self) -> None:
        """The connection is gone: nothing has to be aborted any more."""
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        self._abort = None

    def forget_all(self) -> None:
        """Free what waits for a connection that is gone, before it is collected itself."""
        self._buffer = b""
        forget_queued(self._beneath)
