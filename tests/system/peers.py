"""Clients of a real server: programs and a person with netcat, all driven by one loop."""

from __future__ import annotations

import json
import re
import selectors
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from tests.support.server_process import PATIENCE, Server

PASSWORD = "correct horse"
SIZE = 65536


class Seen(NamedTuple):
    """One entry of a room's log, as somebody was shown it."""

    seq: int
    by: str
    text: str


class Peer:
    """One end of a connection; `connected` and `line` say what comes of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.socket: socket.socket | None = None
        self._rest = b""

    def connect(self, server: Server) -> None:
        """Begin a connection."""
        self._rest = b""
        self.socket = server.connect()
        self.connected()

    def connected(self) -> None:
        """There is a connection: say who is there."""
        raise AssertionError("each kind of client begins in its own way")

    def line(self, line: str) -> None:
        """A line came."""
        raise AssertionError("each kind of client reads in its own way")

    def write(self, text: str) -> None:
        """Send a line; nothing, once the server is gone."""
        assert self.socket is not None
        with suppress(OSError):  # what it had sent before can still be read
            self.socket.sendall(text.encode() + b"\n")

    def readable(self) -> bool:
        """Take what came; False at the end of the connection."""
        assert self.socket is not None
        try:
            data = self.socket.recv(SIZE)
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.line(line.decode())
        return bool(data)

    def drain(self) -> None:
        """Take what came before the server's end, and hang up."""
        while self.socket is not None and self.readable():
            pass
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Program(Peer):
    """Sends under ids of its own, and goes on where it was after every break."""

    def __init__(self, name: str, device: str = "bot") -> None:
        super().__init__(name)
        self.device = device
        self.here = False  # signed in
        self.token = self.epoch = ""
        self.positions: dict[str, int] = {}
        self.logs: dict[str, list[Seen]] = {}
        self.waiting: dict[str, tuple[str, str]] = {}  # cid → room and text, not acknowledged
        self.acknowledged: dict[str, tuple[str, str, int]] = {}  # cid → room, text and seq
        self.answers: list[dict[str, Any]] = []
        self.closed_with = ""
        self._asked: dict[int, str] = {}  # request → the cid it was sent with
        self._number = 0

    def connected(self) -> None:
        self.here = False
        self.closed_with = ""
        self._asked.clear()
        self._sign_in("resume" if self.token else "login" if self.epoch else "register")

    def _sign_in(self, do: str) -> None:
        request: dict[str, Any] = {"do": do}
        if do == "resume":
            request["token"] = self.token
        else:
            request |= {"name": self.name, "password": PASSWORD, "device": self.device}
        if do != "register":
            request |= {"epoch": self.epoch, "positions": self.positions}
        self.write(json.dumps(request))

    def ask(self, do: str, **arguments: Any) -> None:
        """Ask for something; the answer is added to `answers`."""
        self._number += 1
        self.write(json.dumps({"id": self._number, "do": do, **arguments}))

    def send(self, room: str, cid: str, text: str) -> None:
        """Say something there."""
        self.waiting[cid] = (room, text)
        self._number += 1
        self._asked[self._number] = cid
        request = {"id": self._number, "do": "send", "room": room, "text": text, "cid": cid}
        self.write(json.dumps(request))

    def line(self, line: str) -> None:
        message = json.loads(line)
        if "event" in message:
            self._event(message)
        elif not self.here:
            self._signed_in(message)
        elif (cid := self._asked.pop(message["re"] or 0, "")) != "":
            if message.get("error", {}).get("code") == "restart":
                return  # it was refused and goes on waiting
            assert "ok" in message, (self.name, cid, message)
            room, text = self.waiting.pop(cid)
            self.acknowledged[cid] = (room, text, message["ok"]["seq"])
        else:
            assert "ok" in message, message
            self.answers.append(message["ok"])

    def _signed_in(self, message: dict[str, Any]) -> None:
        if "error" in message and message["error"]["code"] != "restart":
            raise AssertionError(f"{self.name} cannot come back: {message}")
        if "error" in message:
            return  # the server has just begun to stop
        answer = message["ok"]
        assert not answer["reset"] and not answer["unknown"], answer
        self.here, self.token, self.epoch = True, answer["token"], answer["epoch"]
        for label, room in answer["rooms"].items():
            assert self.positions.setdefault(label, room["from"]) == room["from"], (label, answer)
        for cid, (room, text) in list(self.waiting.items()):
            self.send(room, cid, text)

    def _event(self, message: dict[str, Any]) -> None:
        kind = message["event"]
        if kind == "closed":
            self.closed_with = message["code"]
        elif kind == "room" and message["joined"]:
            # A room is joined at its end; a private conversation is seen from its beginning.
            self.positions[message["room"]] = message["last"]
        elif "seq" in message:
            label, seq = message["room"], message["seq"]
            before = self.positions.get(label, 0)
            assert seq == before + 1, f"{self.name} was shown {label}/{seq} after {before}"
            self.positions[label] = seq
            by = message.get("from") or message.get("by", "")
            self.logs.setdefault(label, []).append(Seen(seq, by, message.get("text", "")))


class Person(Peer):
    """Somebody with netcat, who sees what was stored and cannot send twice under one id."""

    _ENTRY = re.compile(r"\[(?:#lobby/)?([0-9]+) [^]]*\] ([^ ]+): (.*)")
    _SENT = re.compile(r"\(Message ([0-9]+) sent: .*\)")
    _OLDER = re.compile(r"\(and ([0-9,]+) older: history #lobby before ([0-9]+)\)")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.known = False
        self.here = False
        self.shown: dict[int, Seen] = {}
        self.under_way: list[str] = []
        self.acknowledged: dict[str, int] = {}
        self.in_doubt: list[str] = []
        self.older: list[tuple[int, int, frozenset[int]]] = []  # told of, before, shown till then
        self.last_words: list[str] = []

    def connected(self) -> None:
        self.here = False
        self.in_doubt += self.under_way
        self.under_way.clear()
        self.last_words.clear()
        self.write("\n".join([self.name, PASSWORD] + ([] if self.known else [PASSWORD])))

    def says(self, text: str) -> None:
        """Say something to everyone."""
        self.under_way.append(text)
        self.write(f"BM {text}")

    def line(self, line: str) -> None:
        self.last_words.append(line)
        if "Login successful" in line:
            self.here = self.known = True
        elif found := self._ENTRY.fullmatch(line):
            seen = Seen(int(found[1]), found[2], found[3])
            assert self.shown.setdefault(seen.seq, seen) == seen, line
        elif found := self._SENT.fullmatch(line):
            self.acknowledged[self.under_way.pop(0)] = int(found[1])
        elif found := self._OLDER.fullmatch(line):
            count = int(found[1].replace(",", ""))
            self.older.append((count, int(found[2]), frozenset(self.shown)))


def run(peers: Iterable[Peer], done: Callable[[], bool]) -> None:
    """Let clients take what comes, until something is so."""
    with selectors.DefaultSelector() as selector:
        for peer in peers:
            assert peer.socket is not None
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        while not done():
            ready = selector.select(PATIENCE)
            assert ready, "nothing comes any more"
            for key, _ in ready:
                if not key.data.readable():
                    raise AssertionError(f"{key.data.name}'s connection ended")


def numbers(first: int = 1) -> Iterator[int]:
    """Numbers from one on."""
    while True:
        yield first
        first += 1
