"""The connection: bytes to lines, and lines to the door that understands them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from msgspec.structs import replace
from twisted.internet.error import ConnectionAborted, ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IHandshakeListener,
)
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from .connection import interface
from .connection.interface import BytesDoor, ConnectedDoor
from .connection.negotiation import Negotiation
from .connection.peer import Peer
from .connection.proxy_header import Header
from .connection.tls import certificate_of, name_asked_for, sends_too_much
from .connection.transport import Outflow, Output, prepare
from .core.addresses import Network, bracketed
from .core.doors import DoorKind, OpenDoors, hint
from .core.errors import ChatError
from .core.events import Closed
from .doors.file_transfer import FetchDoor
from .doors.irc.door import IrcDoor, IrcServer
from .doors.json.door import JsonDoor
from .doors.text.door import TextDoor
from .doors.web.door import WebDoor
from .doors.web.websocket import WebSocketDoor
from .doors.wrong_door import turned_away

FIRST_LINE = 20.0  # seconds until a first line must have come
SIGNED_IN = 180.0  # seconds until somebody must have signed in
TURNED_AWAY = 1.0  # seconds until the connection of somebody who was turned away is closed
LINES_AT_ONCE = 128
MOST_DISCARDED = 64 * 1024  # of one endless line, before its connection is closed
NO_TLS = bytes.fromhex("15030100020228")  # what TLS says where no handshake can succeed


class Factory(interface.Factory, Protocol):
    """What a connection needs of its factory, with what its doors need."""

    @property
    def irc(self) -> IrcServer: ...


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class ChatProtocol(Output):
    """One connection to the chat."""

    factory: Factory
    door: ConnectedDoor

    def __init__(self, address: IAddress) -> None:
        super().__init__()
        self.peer = Peer.of(address)
        self.open_doors = OpenDoors()
        self.secure = not self.peer.host  # nobody can listen in on a Unix socket
        self.heard = False
        self._begun = 0.0  # when it was decided
        self._destination: tuple[str, int] | None = None  # as a proxy has it
        self._proxy_has_tls = False
        self._gateway = False  # it speaks for somebody who has not come here themselves
        self._discarded = 0
        self._held = False
        self._stuck = False  # the peer does not read, so it is not read either

    @property
    def address(self) -> str:
        return self.peer.address

    @property
    def host(self) -> str:
        return self.peer.host

    @property
    def network(self) -> Network:
        return self.peer.network

    @property
    def local(self) -> bool:
        return self.peer.local

    @property
    def destination(self) -> tuple[str, int] | None:
        """The host and the port that the peer has connected to, as far as they are known."""
        place = self._destination
        if place is None:
            here = self.transport.getHost()
            host = getattr(here, "host", None)
            if host is None:
                return None
            place = str(host).removeprefix("::ffff:"), here.port
        return self.asked_for_name or place[0], place[1]

    @property
    def asked_for_name(self) -> str:
        """What the peer has called this server in TLS; empty without it."""
        return name_asked_for(self.transport)

    @property
    def certified_names(self) -> frozenset[str]:
        """The names in the server's certificate, in lower case."""
        return self.factory.certified_names

    @property
    def awaits_header(self) -> bool:
        """Whether a proxy has still to say for whom it connects."""
        return self.negotiation.awaits_header

    @property
    def tls(self) -> bool:
        """Whether the peer has come with TLS, be it to a proxy."""
        return self.over_tls or self._proxy_has_tls

    @property
    def certificate(self) -> str:
        """The fingerprint of the peer's certificate; empty without one, and behind a proxy."""
        return "" if self._gateway else certificate_of(self.transport)

    # --- the connection's beginning and end -------------------------------------------------

    def connectionMade(self) -> None:
        prepare(self.transport)
        self.transport.registerProducer(Outflow(self), True)
        self.since = self.factory.chat.ticks()
        self.secure = self.secure or self.over_tls
        self.door = TextDoor(self.factory.chat, self)
        self.negotiation = Negotiation(self)
        self.factory.connected(self)

    def introduce(self, header: Header) -> None:
        """A proxy has said for whom it connects."""
        peer = self.peer
        if header.source is not None:
            peer = Peer.at(*header.source).behind(peer)
            self._destination = header.destination
            self.secure = self._proxy_has_tls = header.secure
        self.factory.located(self, peer)

    def speak_for(self, host: str, port: int, secure: bool) -> None:
        """A web gateway has said for whom it connects, and whether they have come to it with TLS.

        Nobody behind a gateway is local, and its own certificate is not theirs.
        """
        private = self.secure or self.local  # nobody listens in between the gateway and here
        self._gateway = True
        self.secure = self._proxy_has_tls = secure and private
        self.factory.located(self, replace(Peer.at(host, port), local=False))

    def begin_tls(self, data: bytes) -> None:
        """These are the first bytes of TLS; without a certificate there is none."""
        tls = self.factory.put_tls_beneath(self)
        if not self.factory.has_tls:
            self.refuse_tls(NO_TLS)
        elif tls is None:
            self.drop()
        else:
            self.secure = True
            tls.dataReceived(data)

    def refuse_tls(self, alert: bytes) -> None:
        """Say in TLS that there is none: a client can tell this from a server that is gone."""
        self.door.lost()
        self.transport.write(alert)
        self.transport.loseConnection()

    def handshakeCompleted(self) -> None:
        """What was opened with TLS begins anew inside it."""
        if sends_too_much(self.transport):
            self.drop()
        elif not self.door.closed:
            self.transport.registerProducer(Outflow(self), True)
            self.negotiation.listen()

    def begin(self, kind: DoorKind) -> None:
        """It is decided which dialect this is."""
        self._begun = self.factory.chat.ticks()
        if kind not in self.open_doors.doors or not (self.open_doors.plain or self.over_tls):
            self._turn_away(kind)
            return
        if kind is DoorKind.TEXT:
            self.door.greet()
            return
        prompted = self.door.abandon()
        chat = self.factory.chat
        match kind:
            case DoorKind.FETCH:
                self.door = FetchDoor(chat, self)
            case DoorKind.IRC:
                self.door = IrcDoor(chat, self, self.factory.irc)
            case DoorKind.WEB:
                self.door = WebDoor(chat, self)
            case _:
                self.door = JsonDoor(chat, self)
        self.door.greet(on_new_line=prompted)

    def _turn_away(self, kind: DoorKind) -> None:
        """Say in one line what is spoken here, in the dialect of the client, and close."""
        sentence = hint(self.open_doors, kind, self._page())
        prompted = self.door.abandon()
        said = turned_away(kind, sentence, self.factory.chat.wall(), prompted)
        self.end_reading_on(said, TURNED_AWAY)

    def _page(self) -> str:
        """Return the address of the web page as this client reaches it; empty without one."""
        host, here = self.destination or ("HOST", 0)
        port = self.open_doors.port_of(DoorKind.WEB, here)
        if port is None:
            return ""
        has_tls = port == here and (self.over_tls or not self.open_doors.plain)
        return f"{'https' if has_tls else 'http'}://{bracketed(host)}:{port or 'PORT'}/"

    def hand_over(self, door: BytesDoor) -> None:
        """A ticket was good: from here on there are the bytes of a file."""
        self.door.lost()
        self.door = door
        self.setRawMode()
        self.signed_in()
        early, self._buffer = self._buffer, b""
        if early:
            door.feed(early)
        if self._stuck:
            door.peer_stopped_reading()
        self.go_on()
        door.begin()

    def become_socket(self, head: bytes, destination: tuple[str, int] | None) -> None:
        """From here on there are the frames of a WebSocket, and IRC in them."""
        door = WebSocketDoor(self.factory.chat, self, self.factory.irc, destination)
        self.door = door
        if door.shake_hands(head):
            self.setRawMode()
            door.greet()
        else:
            door.lost()
            self.end(b"")

    def start_over(self) -> None:
        """Somebody else is there than was greeted."""
        self.door.abandon()
        self.door = TextDoor(self.factory.chat, self)

    def drop(self) -> None:
        """End the connection without a word: nobody there would understand it."""
        self.door.lost()
        self.transport.abortConnection()

    @property
    def party(self) -> Hashable:
        """Whose this is: an account's, or a network's as long as nobody has signed in."""
        session = self.door.session
        return self.network if session is None else session.person.id

    def held(self) -> int:
        return super().held() + len(self._buffer) + self.door.held()

    def kept(self, size: int) -> None:
        """So many bytes have come that cannot be taken yet."""
        self.factory.backlog.add(self, size)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.negotiation.lost()
        self.ended()
        try:
            if not self.door.closed:
                if reason.check(ConnectionLost) and not reason.check(ConnectionAborted):
                    self.door.reset()
                self.door.lost()
        finally:
            self.factory.disconnected(self)
            self.forget_all()

    def cut_off(self) -> None:
        """No more can be read, and the last line may have lost its end on the way."""
        if self.line_mode:
            self._buffer = self._buffer[: self._buffer.rfind(b"\n") + 1]
        self.readConnectionLost()

    def readConnectionLost(self) -> None:
        """The peer has sent its last byte; it may still read what it asked for."""
        if self.door.closed:
            self.transport.loseConnection()  # it may have been waited for that
            return
        if self._buffer and self.line_mode:
            self.dataReceived(b"\n")
        if not self.negotiation.decided and not self.door.closed:
            self.negotiation.end_of_input()
        if not self.door.closed:
            self.door.end_of_input()

    def writeConnectionLost(self) -> None:
        pass

    def overdue(self, now: float) -> Closed | None:
        """Why this connection, in which nobody has signed in, has lasted too long."""
        age = now - self.since
        patience = self.door.patience
        if patience is not None and now - self._begun > patience:
            return Closed("timeout", f"That took longer than {patience:.0f} seconds: goodbye.")
        if not self.heard and age > FIRST_LINE:
            return Closed("timeout", f"Nothing was heard for {FIRST_LINE:.0f} seconds: goodbye.")
        if age > SIGNED_IN:
            return Closed("timeout", "Nobody logged in for three minutes: goodbye.")
        return None

    def expire(self, reason: Closed) -> None:
        """It has lasted too long."""
        if not self.negotiation.decided:
            self.negotiation.give_up()
        self.door.close(reason)

    def close(self, reason: Closed) -> None:
        """End the connection from the server's side, saying why."""
        self.door.close(reason)

    # --- reading ------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Take all lines of a packet in one go, which LineReceiver would do one copy at a time."""
        if self.door.closed:
            return  # one who is being turned away is not listened to
        if not self.line_mode:
            super().dataReceived(data)
            return
        if self._busyReceiving:
            self._buffer += data
            self.kept(len(data))
            return
        if not self.negotiation.decided and data:
            data = self.negotiation.take(data)
            if not data or self.door.closed:
                return
        before = len(self._buffer)
        self._busyReceiving = True
        try:
            self._split(self._buffer + data if self._buffer else data)
        finally:
            self._busyReceiving = False
        if self._buffer:
            if not self.line_mode:
                super().dataReceived(b"")  # it has become a WebSocket, and these are frames
            elif len(self._buffer) > before:
                self.kept(len(self._buffer) - before)

    def _split(self, data: bytes) -> None:
        self._buffer = data
        while True:
            # Only as many as are taken at a time: what waits is not split again after each pause.
            *lines, self._buffer = self._buffer.split(b"\n", LINES_AT_ONCE)
            for index, line in enumerate(lines):
                if self.paused:
                    self._buffer = b"\n".join([*lines[index:], self._buffer])
                    return
                if self._discarded:
                    self._discarded = 0  # the end of a line that was refused
                    continue
                self.lineReceived(line)
                if self.door.closed:
                    self._buffer = b""
                    return
                if not self.line_mode and self.door.frame is not None:
                    self._buffer = b"\n".join([*lines[index + 1 :], self._buffer])
                    return
            if len(lines) < LINES_AT_ONCE:
                break
        if len(self._buffer) > self.door.longest_line:
            self._overflow()

    def _overflow(self) -> None:
        """A line that does not end: say so once, forget it, and close if it goes on and on."""
        if not self._discarded:
            self.door.too_long(self.door.longest_line)
        self._discarded += len(self._buffer)
        self._buffer = b""
        if self._discarded > MOST_DISCARDED:
            self.door.close(Closed("too_long", "That line does not end: goodbye."))

    def rawDataReceived(self, data: bytes) -> None:
        door = self.door
        if door.closed:
            return
        if door.frame is not None:
            # A frame may be six bytes long. The rest follows, unless the flood limit pauses it.
            data, self._buffer = data[: door.frame], data[door.frame :]
        door.data(data)

    def lineReceived(self, line: bytes) -> None:
        self.heard = True
        door = self.door
        if len(line) > door.longest_line:
            door.too_long(door.longest_line)
            return
        if line[-1:] == b"\r":
            line = line[:-1]
            door.use_crlf()
        door.feed(line)

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
        elif self.paused and not self.door.closed:
            self.resumeProducing()

    # --- what others tell it ------------------------------------------------------------------

    def peer_stopped_reading(self) -> None:
        """More is queued than may be: add nothing to it, and take no commands either."""
        self._stuck = True
        self.door.peer_stopped_reading()
        self._read_or_not()

    def peer_reads_again(self) -> None:
        self._stuck = False
        self.door.peer_reads_again()
        self._read_or_not()

    def signed_in(self) -> None:
        self.factory.signed_in(self)

    def refuse_connection(self, error: ChatError) -> None:
        """Close a connection that is one too many."""
        self.close(Closed(error.code, error.sentence))
