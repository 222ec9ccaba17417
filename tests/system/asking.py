"""A program on a real connection that asks for one thing after another, and moves files."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Any

from tests.support.server_process import PATIENCE, Server

PASSWORD = "correct horse"


def trusting() -> ssl.SSLContext:
    """TLS that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Asking:
    """One connection."""

    def __init__(self, server: Server, tls: bool = False) -> None:
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self.socket = trusting().wrap_socket(plain) if tls else plain
        self._rest = b""
        self._number = 0

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def line(self) -> dict[str, Any]:
        """The next line."""
        while b"\n" not in self._rest:
            data = self.socket.recv(65536)
            assert data, "the server closed the connection"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        if not line.startswith(b"{"):
            return self.line()  # a prompt, since this program was slow to begin
        told: dict[str, Any] = json.loads(line)
        return told

    def asks(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Ask for something; the answer, whatever it is."""
        self._number += 1
        request = {"id": self._number, "do": do, **arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while (told := self.line()).get("re") != self._number:
            pass
        return dict(told.get("ok", told))

    def comes(self, name: str) -> Asking:
        """Sign up, or log in."""
        who = {"name": name, "password": PASSWORD}
        known = self.asks("known", name=name)["known"]
        answer = self.asks("login" if known else "register", **who)
        assert "error" not in answer, answer
        return self

    def offers(self, room: str, name: str, content: bytes) -> dict[str, Any]:
        """Offer a file; the answer."""
        digest = sha256(content).hexdigest()
        return self.asks("offer", room=room, name=name, size=len(content), sha256=digest)

    def sends_file(self, room: str, file: int) -> dict[str, Any]:
        """Send the message that names it."""
        return self.asks("send", room=room, text="", file=file, cid=f"file {file}")

    def uploads(self, ticket: str, content: bytes) -> dict[str, Any]:
        """Send what the server does not have; what it says at last."""
        answer = self.asks("upload", ticket=ticket)
        if "error" in answer:
            return answer
        with suppress(OSError):  # it may be refused on the way, and says so
            self.socket.sendall(memoryview(content)[answer["from"] :])
        return self.line()

    def downloads(self, ticket: str, start: int = 0, most: int | None = None) -> bytes:
        """Fetch a file from a byte on, but no more of it than `most`."""
        answer = self.asks("download", ticket=ticket, **{"from": start})
        assert "error" not in answer, answer
        pieces = [self._rest]
        count = len(self._rest)
        while (most is None or count < most) and (data := self.socket.recv(1 << 20)):
            pieces.append(data)
            count += len(data)
        return b"".join(pieces)[:most]


def sends(server: Server, who: Asking, room: str, name: str, content: bytes, tls: bool) -> int:
    """All of it: a file is sent to a conversation; its number."""
    offered = who.offers(room, name, content)
    with Asking(server, tls) as carrier:
        ending = carrier.uploads(offered["ticket"], content)
    assert ending == {"event": "stored", "file": offered["file"]}, ending
    assert "seq" in who.sends_file(room, offered["file"])
    return int(offered["file"])
