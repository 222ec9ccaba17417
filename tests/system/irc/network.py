"""IRC clients on real sockets."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

from tests.support.server_process import PATIENCE, Server
from tests.system.world import World
from twisted_chat.doors.irc.message import Message, parse

PASSWORD = "alternating-current"
_numbers = itertools.count(1)


class Peer:
    """One IRC connection."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self._rest = b""
        self.nick = ""

    def sends(self, *lines: str) -> None:
        """Send lines."""
        self._socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def line(self) -> str:
        """The next line; an empty one when the connection has ended."""
        while b"\r\n" not in self._rest:
            data = self._socket.recv(65536)
            if not data:
                return ""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line.decode()

    def until(self, *words: str) -> list[Message]:
        """The messages up to one with one of these commands."""
        came = []
        while line := self.line():
            message = parse(line)
            assert message is not None
            came.append(message)
            if message.command in words:
                return came
        raise AssertionError(f"none of {words} came, but {came}")

    def answers(self, *lines: str) -> list[Message]:
        """Send lines; what came until the answer to a PING behind them."""
        token = f"sync{next(_numbers)}"
        self.sends(*lines, f"PING {token}")
        came: list[Message] = []
        while True:
            came += self.until("PONG")
            if came[-1].params[-1] == token:
                return came[:-1]

    def only(self, command: str, *lines: str) -> Message:
        """Send lines; the one message with this command among what came."""
        came = self.answers(*lines)
        found = [message for message in came if message.command == command]
        assert len(found) == 1, came
        return found[0]

    def ends(self) -> list[Message]:
        """What comes until the server closes the connection."""
        came = []
        while line := self.line():
            message = parse(line)
            assert message is not None
            came.append(message)
        return came

    def close(self) -> None:
        self._socket.close()


class Network(World):
    """Connections of one test to a server that a whole module shares."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server

    def peer(self) -> Peer:
        """A connection on which nothing was said yet."""
        peer = Peer(self.server)
        self.after(peer.close)
        return peer

    def registered(self, nick: str = "", *caps: str, password: str = "") -> Peer:
        """A guest, or an account with its password, that has read the welcome."""
        peer = self.peer()
        peer.nick = nick or f"guest{next(_numbers)}"
        before = ["CAP LS 302", f"CAP REQ :{' '.join(caps)}"] if caps else []
        if password:
            before.append(f"PASS {peer.nick}:{password}")
        after = ["CAP END"] if caps else []
        peer.answers(*before, f"NICK {peer.nick}", f"USER {peer.nick} 0 * :Real Name", *after)
        return peer

    def room(self) -> str:
        """A name that no room has."""
        return f"#room{next(_numbers)}"

    def joined(self, room: str, *caps: str, nick: str = "") -> Peer:
        """A guest in a room."""
        peer = self.registered(nick, *caps)
        peer.answers(f"JOIN {room}")
        return peer
