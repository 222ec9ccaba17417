"""IRC over a WebSocket: one line is one message, both ways.

`websockets` does the protocol without any input or output of its own; this stands between it,
the connection and the IRC door.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from ...chat.chat import Chat
from ...connection.interface import Connection
from ...core.errors import ChatError
from ...core.events import Closed
from ..irc.door import IrcDoor, IrcServer
from ..irc.message import LONGEST_LINE, LONGEST_TAGS
from .http import Request, answer

if TYPE_CHECKING:
    from websockets.http11 import Request as Upgrade

TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"
SWITCHING = 101
FRAMES_AT_ONCE = 512  # bytes
MESSAGES = (1, 2)  # the kinds of frames that carry text and bytes


def wants_socket(request: Request) -> bool:
    """Whether a browser asks to go over to a WebSocket."""
    return request.fields.get("upgrade", "").lower() == "websocket" and request.path == "/"


def may_come_from(request: Request, origins: tuple[str, ...], secure: bool, base: str = "") -> bool:
    """Whether a page may speak for its reader: it is from here, or the operator names its origin.

    A program that is no browser has no page, and says so by naming none. `base` is how the server
    is called from outside, if that is known.
    """
    origin = request.fields.get("origin")
    if origin is None:
        return True
    own = f"{'https' if secure else 'http'}://{request.host}"
    return origin.lower() in {one.lower() for one in (own, base, *origins) if one}


class WebSocketConnection:
    """The connection as an IRC door sees it: what it writes becomes messages."""

    def __init__(
        self, connection: Connection, upgraded: Any, destination: tuple[str, int] | None
    ) -> None:
        self.destination = destination  # as the browser calls it
        self._connection = connection
        self._socket = upgraded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def write(self, data: bytes) -> None:
        self._connection.write(self._framed(data))

    def reply(self, data: bytes) -> None:
        self._connection.reply(self._framed(data))

    def end(self, farewell: bytes) -> None:
        framed = self._framed(farewell)
        if self._socket.state.name == "OPEN":
            self._socket.send_close(1000)
            framed += b"".join(self._socket.data_to_send())
        self._connection.end(framed)

    def _framed(self, data: bytes) -> bytes:
        if self._socket.state.name != "OPEN":
            return b""
        send = self._socket.send_binary if self._socket.subprotocol == BINARY else None
        send = send or self._socket.send_text
        for line in data.split(b"\r\n"):
            if line:
                send(line)
        return b"".join(self._socket.data_to_send())


class WebSocketDoor(IrcDoor):
    """The IRC door of one client that has come over a WebSocket."""

    frame = FRAMES_AT_ONCE

    def __init__(
        self,
        chat: Chat,
        connection: Connection,
        irc: IrcServer,
        destination: tuple[str, int] | None,
    ) -> None:
        # Few connections need it, and the server starts sooner without it.
        from websockets.server import ServerProtocol

        longest = LONGEST_LINE + LONGEST_TAGS
        subprotocols: list[Any] = [TEXT, BINARY]
        self._socket = ServerProtocol(
            subprotocols=subprotocols, select_subprotocol=_chosen, max_size=longest
        )
        self._below = connection
        super().__init__(chat, WebSocketConnection(connection, self._socket, destination), irc)

    @property
    def local(self) -> bool:
        return False  # the browser is on this machine, but the page may be from anywhere

    def shake_hands(self, head: bytes) -> bool:
        """Answer the request; whether it is a WebSocket from here on."""
        self._socket.receive_data(head)
        asked = self._socket.events_received()
        if not asked:  # too many fields, or a body
            sentence = "The request is not understood: this is no beginning of a WebSocket.\n"
            self._below.write(answer(HTTPStatus.BAD_REQUEST, sentence, self.chat.wall()))
            return False
        response = self._socket.accept(cast("Upgrade", asked[0]))
        self._socket.send_response(response)
        self._below.write(b"".join(self._socket.data_to_send()))
        return response.status_code == SWITCHING

    def data(self, data: bytes) -> None:
        """Bytes came."""
        self._socket.receive_data(data)
        for frame in self._socket.events_received():
            if self.closed:
                return
            self._take_frame(frame)
        waiting = len(self._socket.reader.buffer)  # the beginning of a frame
        if waiting:
            self._below.kept(min(waiting, len(data)))
        # Pongs, and the answer to a close.
        self._below.write(b"".join(self._socket.data_to_send()))
        if self._socket.close_expected() and not self.closed:
            self.leave(b"")

    def held(self) -> int:
        return super().held() + len(self._socket.reader.buffer)

    def _take_frame(self, frame: Any) -> None:
        if frame.opcode not in MESSAGES:
            super().feed(b"")  # a ping is answered, and costs what an empty line does
            return
        if not frame.fin:
            self.close(Closed("syntax", "A line is one message in one frame: goodbye."))
            return
        self.feed(bytes(frame.data).rstrip(b"\r\n"))

    def feed(self, line: bytes) -> None:
        if b"\n" in line or b"\r" in line:
            self.queue(ChatError("syntax", "A message has one line in it."))
        else:
            super().feed(line)

    def end_of_input(self) -> None:
        self._socket.receive_eof()
        super().end_of_input()


def _chosen(_: object, offered: Any) -> Any:
    """The first that both know; a client that names none gets text."""
    return next((one for one in offered if one in (TEXT, BINARY)), None)
