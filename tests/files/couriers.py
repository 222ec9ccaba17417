"""Connections that carry the bytes of a file, to and from a server in memory."""

from __future__ import annotations

from typing import Any

from twisted_chat.testing import Client, Hall, Program

HERE = "127.0.0.1"


class Courier(Program):
    """A program that moves files, each on a connection of its own."""

    def __init__(self, hall: Hall, host: str) -> None:
        super().__init__(hall, host)
        self.content = b""  # the bytes that came after the answer to `download`
        self._carrying = False

    def take_in(self, data: bytes) -> None:
        if self._carrying:
            self.content += data
            return
        line, end, rest = data.partition(b"\n")
        super().take_in(line + end)
        if b'"sha256"' in line:
            self._carrying = True
        if rest:
            self.take_in(rest)

    def uploads(self, ticket: str, content: bytes) -> dict[str, Any]:
        """Send a file, or what is missing of it; the last thing that is said about it."""
        answer = self.asks("upload", ticket=ticket)
        if "error" in answer:
            return answer
        if answer["from"] < answer["size"]:
            self.sends(content[answer["from"] :])
        return self.ending()

    def downloads(self, ticket: str, start: int = 0) -> bytes:
        """Fetch a file, or the rest of it; the bytes that came."""
        answer = self.asks("download", ticket=ticket, **{"from": start})
        assert "error" not in answer, answer
        self.hall.settle()
        return self.content

    def ending(self) -> dict[str, Any]:
        """The event with which the server has ended an upload."""
        (event,) = self.takes_events("stored", "closed")
        return event


class Netcat(Client):
    """Somebody with netcat who fetches a file."""

    def __init__(self, hall: Hall, host: str) -> None:
        super().__init__(hall, host)
        self.content = b""

    def take_in(self, data: bytes) -> None:
        self.content += data


def new_courier(hall: Hall, host: str = HERE) -> Courier:
    """A connection for the bytes of a file."""
    made = Courier(hall, host)
    hall.clients.append(made)
    return made


def new_netcat(hall: Hall, host: str = HERE) -> Netcat:
    """A terminal in which the line is run that fetches a file."""
    made = Netcat(hall, host)
    hall.clients.append(made)
    return made
