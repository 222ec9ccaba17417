"""The writing half of a connection: answers go out together, and the last words arrive."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall, ISSLTransport
from twisted.protocols.basic import LineReceiver
from twisted.protocols.tls import TLSMemoryBIOProtocol

from .transport import acknowledged, flushed, forget_queued, outstanding, put_behind, queued, writer

if TYPE_CHECKING:
    from ..factory import ChatFactory

ABORT = 5.0  # seconds a closing connection may take


class Output(LineReceiver):
    """What is written to a connection, and how that ends."""

    factory: ChatFactory
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
