"""The connection: bytes to lines, and which dialect they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
)
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from .conversation import Conversation
from .core.errors import ChatError
from .core.events import Closed
from .core.limits import network
from .sending import flushed, prepare, write_now
from .text.talk import TextTalk
from .wire.talk import JsonTalk

if TYPE_CHECKING:
    from .factory import ChatFactory

SILENCE = 0.3  # how long a client may stay silent before it is greeted in the text dialect
FIRST_LINE = 20.0  # seconds until a first line must have come
SIGNED_IN = 180.0  # seconds until somebody must have signed in
ABORT = 5.0  # seconds a closing connection may take
SHORTEST_LIMIT = 8 * 1024  # bytes of a line
JSON_SPARE = 6  # what JSON's escapes can make of one byte
MOST_DISCARDED = 64 * 1024  # of one endless line, before its connection is closed


@implementer(IPushProducer)
class Outflow:
    """Tells a session when its peer stops reading and when it reads again.

    It must not be the protocol itself, whose `pauseProducing` stops reading.
    """

    __slots__ = ("_protocol",)

    def __init__(self, protocol: ChatProtocol) -> None:
        self._protocol = protocol

    def pauseProducing(self) -> None:
        self._protocol.peer_stopped_reading()

    def resumeProducing(self) -> None:
        self._protocol.peer_reads_again()

    def stopProducing(self) -> None:
        pass


@implementer(IHalfCloseableProtocol)
class ChatProtocol(LineReceiver):
    """One connection to the chat."""

    factory: ChatFactory
    transport: Any  # a TCP transport, or what stands for one
    conversation: Conversation

    def __init__(self, address: IAddress) -> None:
        host = getattr(address, "host", None)
        shown = str(host).removeprefix("::ffff:")
        self.address = f"({shown}, {address.port})" if host is not None else "(local)"  # type: ignore[attr-defined]
        self.network = network(str(host)) if host is not None else "local"
        self.local = host is None or shown.startswith("127.") or shown == "::1"
        self.decided = False
        self.heard = False
        self._discarded = 0
        self._held = False
        self._stuck = False  # the peer does not read, so it is not read either
        self._replies: list[bytes] = []
        self._silence: IDelayedCall | None = None
        self._abort: IDelayedCall | None = None

    # --- the connection's beginning and end -------------------------------------------------

    def connectionMade(self) -> None:
        prepare(self.transport)
        self.transport.registerProducer(Outflow(self), True)
        self.since = self.factory.chat.ticks()
        self.conversation = TextTalk(self.factory.chat, self)
        self.factory.connected(self)
        self._silence = self.factory.chat.clock.callLater(SILENCE, self._greet)

    def _greet(self) -> None:
        self._silence = None
        if not self.conversation.closed:
            self.conversation.greet()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for call in (self._silence, self._abort):
            if call is not None and call.active():
                call.cancel()
        self._silence = self._abort = None
        try:
            if not self.conversation.closed:
                self.conversation.lost()
        finally:
            self.factory.disconnected(self)

    def readConnectionLost(self) -> None:
        """The peer has sent its last byte; it may still read what it asked for."""
        if self._buffer and not self.conversation.closed:
            self.dataReceived(b"\n")
        self._decide(b"")
        self.conversation.end_of_input()

    def writeConnectionLost(self) -> None:
        pass

    def overdue(self, now: float) -> Closed | None:
        """Why this connection, in which nobody has signed in, has lasted too long."""
        age = now - self.since
        if not self.heard and age > FIRST_LINE:
            return Closed("timeout", f"Nothing was heard for {FIRST_LINE:.0f} seconds: goodbye.")
        if age > SIGNED_IN:
            return Closed("timeout", "Nobody logged in for three minutes: goodbye.")
        return None

    # --- reading ------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Take all lines of a packet in one go, which LineReceiver would do one copy at a time."""
        if self.conversation.closed:
            return  # one who is being turned away is not listened to
        if not self.line_mode:
            super().dataReceived(data)
            return
        if self._busyReceiving:
            self._buffer += data
            return
        if not self.decided and data:
            self._decide(data)
        self._busyReceiving = True
        try:
            self._split(self._buffer + data if self._buffer else data)
        finally:
            self._busyReceiving = False

    def _decide(self, data: bytes) -> None:
        """The first byte tells the dialect, before the prompt and after it."""
        if self.decided:
            return
        self.decided = True
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if data.startswith(b"{"):
            prompted = self.conversation.abandon()
            self.conversation = JsonTalk(self.factory.chat, self)
            self.conversation.greet(on_new_line=prompted)
        else:
            self.conversation.greet()

    def _split(self, data: bytes) -> None:
        lines = data.split(b"\n")
        self._buffer = lines.pop()
        for index, line in enumerate(lines):
            if self.paused:
                lines.append(self._buffer)
                self._buffer = b"\n".join(lines[index:])
                return
            if self._discarded:
                self._discarded = 0  # the end of a line that was refused
                continue
            self.lineReceived(line)
            if self.conversation.closed:
                self._buffer = b""
                return
        if len(self._buffer) > self._most():
            self._overflow()

    def _most(self) -> int:
        most = max(SHORTEST_LIMIT, self.factory.chat.settings.max_message + 1024)
        return most * JSON_SPARE if isinstance(self.conversation, JsonTalk) else most

    def _overflow(self) -> None:
        """A line that does not end: say so once, forget it, and close if it goes on and on."""
        if not self._discarded:
            self.conversation.too_long(self._most())
        self._discarded += len(self._buffer)
        self._buffer = b""
        if self._discarded > MOST_DISCARDED:
            self.conversation.close(Closed("too_long", "That line does not end: goodbye."))

    def lineReceived(self, line: bytes) -> None:
        self.heard = True
        if len(line) > self._most():
            self.conversation.too_long(self._most())
            return
        if line.endswith(b"\r"):
            line = line[:-1]
            self.conversation.use_crlf()
        self.conversation.feed(line)

    def hold(self) -> None:
        """Read no further until `go_on`."""
        if not self._held:
            self._held = True
            self._read_or_not()

    def go_on(self) -> None:
        """Read again."""
        if self._held:
            self._held = False
            self._read_or_not()

    def _read_or_not(self) -> None:
        if self._held or self._stuck:
            if not self.paused:
                self.pauseProducing()
        elif self.paused and not self.conversation.closed:
            self.resumeProducing()

    # --- writing ------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes now, after the answers that came before them."""
        if self._replies:
            data = b"".join((*self._replies, data))
            self._replies.clear()
        if data:
            write_now(self.transport, data)

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

    def peer_stopped_reading(self) -> None:
        """More is queued than may be: add nothing to it, and take no commands either."""
        self._stuck = True
        self.conversation.peer_stopped_reading()
        self._read_or_not()

    def peer_reads_again(self) -> None:
        self._stuck = False
        self.conversation.peer_reads_again()
        self._read_or_not()

    def end(self, farewell: bytes) -> None:
        """Close the connection once the peer has what was written, or soon in any case."""
        self.write(farewell)
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        self._abort = self.factory.chat.clock.callLater(ABORT, self._abort_now)

    def _abort_now(self) -> None:
        self._abort = None
        self.transport.abortConnection()

    def signed_in(self) -> None:
        self.factory.signed_in(self)

    def refuse_connection(self, error: ChatError) -> None:
        """Close a connection that is one too many."""
        self.conversation.close(Closed(error.code, error.sentence))
