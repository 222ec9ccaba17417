"""Somebody with netcat, on a real connection."""

from __future__ import annotations

from tests.support.server_process import Server


class Netcat:
    """A plain connection on which somebody who has an account has logged in."""

    def __init__(self, server: Server, name: str, password: str) -> None:
        self._socket = server.connect()
        self._heard = ""
        self.types(name, password)
        self.hears("Login successful")

    def types(self, *lines: str) -> None:
        for line in lines:
            self._socket.sendall(line.encode() + b"\n")

    def hears(self, text: str) -> None:
        """Wait until this has come."""
        while text not in self._heard:
            data = self._socket.recv(4096)
            assert data, f"{text!r} did not come, but {self._heard!r}"
            self._heard += data.decode()

    def close(self) -> None:
        self._socket.close()
