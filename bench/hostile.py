"""How long the worst input at every door holds the reactor, in a server in memory.

    .venv/bin/python bench/hostile.py

Each input is the longest that its door takes, and made to be slow for whatever reads it: blanks
that could belong to two parts of a pattern, text that never closes, letters that grow when they
are folded. What is measured is the longest single step on the reactor, reading or delivering, the
best of three; what runs on threads is not in it, and neither is waiting. The slowest are printed,
and any above the budget ends it with 1.
"""

from __future__ import annotations

import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from json import dumps
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from twisted_chat.chat.chat import Chat
from twisted_chat.doors.irc.commands import COMMANDS
from twisted_chat.testing import PASSWORD, Client, Hall

BUDGET = 5.0  # milliseconds
SHOWN = 15
HEAD = 7900  # bytes of a field in the head of a request
LINE = 4000  # bytes of a line in text or JSON
IRC_LINE = 440

TEXTS = {
    "letters": "a",
    "blanks": " ",
    "digits": "1",
    "quotes": '"',
    "stars": "*",
    "commas": "a,",
    "words": "a ",
    "filters": "from:a ",
    "durations": "1s",
    "signs": "+b",
    "links": "http://",
    "marks": "e\u0301\u0301\u0301\u0301",
    "signs beside letters": "\u102b",
    "signs that grow": "\ufdfa",
    "Chinese": "漢",
    "emoji": "\U0001f600",
    "flags": "\U0001f1e6",
    "joiners": "\u200d",
    "colors": "\x0312,3",
}
FIELDS = (
    *("X", "Host", "Range", "If-Range", "If-None-Match", "Origin", "Cookie", "Content-Length"),
    *("Transfer-Encoding", "Content-Disposition", "Content-Type", "Authorization", "Expect"),
    *("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol"),
)
PIECES = {
    **{name: text.encode() for name, text in TEXTS.items()},
    "tabs": b"\t ",
    "semicolons": b"; ",
    "names of files": b'; filename="\\"',
    "open quotes": b'; filename="',
    "ranges": b"bytes=1-,",
    "chunks": b"1\r\n",
}
FIRST = {
    "empty lines": b"\n" * 65_536,
    "short lines": b"x\n" * 32_768,
    "braces": b"{" * 65_536,
    "lists": b"[" * 8000 + b"\n",
    "a deep object": b'{"a":' * 1500 + b"\n",
    "a wide object": b"{" + b",".join(b'"a%d":1' % n for n in range(700)) + b"}\n",
    "a long number": b'{"id":' + b"9" * 8000 + b"}\n",
    "zero bytes": b"\0" * 65_536,
    "tags": b"@" + b";" * 4090 + b" NICK a\r\n",
    "escaped tags": b"@a=" + b"\\" * 4080 + b" NICK a\r\n",
    "parameters": b"NICK" + b" a" * 240 + b"\r\n",
    "capabilities": b"CAP REQ :" + b"sasl " * 95 + b"\r\n",
    "TLS": b"\x16\x03" * 32_768,
    "a proxy's header": b"PROXY " + b" " * 65_000,
}
SOCKET = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: " + b64encode(bytes(16)) + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FRAMES = {"pings": b"\x89\x80abcd", "empty texts": b"\x81\x80abcd", "short": b"\x81\x81abcdx"}


class Anything(Client):
    """A client that reads whatever comes."""

    def take_in(self, data: bytes) -> None:
        self.received += data.decode("utf-8", "replace")


def filled(piece: bytes, size: int) -> bytes:
    """A piece again and again, as often as it fits."""
    return piece * (size // len(piece))


def strangers() -> Iterator[tuple[str, bytes, bytes]]:
    """What may come before a login: its name, what comes before it, and the input."""
    for name, data in FIRST.items():
        yield f"first bytes, {name}", b"", data
    for field in FIELDS:
        for name, piece in PIECES.items():
            value = filled(piece, HEAD).rstrip(b"\r\n").replace(b"\r\n", b" ")
            for start in ("GET / HTTP/1.1", "POST /files HTTP/1.1"):
                head = f"{start}\r\n{field}: ".encode() + value
                host = b"" if field == "Host" else b"\r\nHost: localhost"
                for end in (b"\x01", b""):
                    whole = head + end + host + b"\r\n\r\n"
                    yield f"{start[:4].strip()} {field}, {name}", b"", whole
    for name, frame in FRAMES.items():
        yield f"WebSocket, {name}", SOCKET, filled(frame, 65_536)
    for name, text in TEXTS.items():
        long = filled(text.encode(), LINE)
        yield f"a name, {name}", b"a b\n", long + b"\n"
        yield f"a password, {name}", b"tesla\n", long + b"\n"
        for do in ("login", "register", "known"):
            words = long.decode()
            asked = {"id": 1, "do": do, "name": words, "password": words}
            yield f"JSON {do}, {name}", b"", dumps(asked).encode()[:8000] + b"\n"


def people() -> Iterator[tuple[str, str, bytes]]:
    """What may come from somebody who is in: its name, the door, and the input."""
    for name, text in TEXTS.items():
        words = filled(text.encode(), LINE).decode()
        for command in ("BM", "PM tesla", "search", "mode #lobby", "mute tesla", "create", "help"):
            yield f"{command}, {name}", "text", f"{command} {words}\n".encode()
        for do, arguments in (
            ("send", {"room": "#lobby", "text": words, "cid": "c"}),
            ("send", {"room": words, "text": "x", "cid": "c"}),
            ("send", {"room": "#lobby", "text": "x", "cid": "c", "tags": words}),
            ("search", {"words": words}),
            ("mode", {"room": "#lobby", "changes": words}),
        ):
            asked = dumps({"id": 1, "do": do, **arguments}).encode()
            yield f"JSON {do}, {name}", "json", asked + b"\n"
        short = filled(text.encode(), IRC_LINE).decode()
        for command in sorted(COMMANDS.keys() - {"QUIT"}):
            for start in ("", "#lobby :", "+ "):
                line = f"{command} {start}{short}\r\n"
                yield f"IRC {command}, {name}", "irc", line.encode()


class Watch:
    """Measures what the reactor does: reading, and passing on what has been stored."""

    def __init__(self) -> None:
        self.longest = 0.0  # milliseconds

    def measure(self, step: Callable[..., None]) -> Callable[..., None]:
        """The same step, which is measured each time."""

        def measured(*arguments: Any) -> None:
            began = time.perf_counter()
            step(*arguments)
            self.longest = max(self.longest, (time.perf_counter() - began) * 1000)

        return measured

    def best(self, make: Callable[[], Client], data: bytes) -> float:
        """The longest step of the fastest of three tries."""
        times = []
        for _ in range(3):
            client = make()
            self.longest = 0.0
            self.measure(client.transport.protocol.dataReceived)(data)
            client.hall.settle()
            times.append(self.longest)
            client.received = ""
        return min(times)


class Clients:
    """Those who are in, one at each door; who was sent away comes again."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._open: dict[str, Client] = {}
        self._networks = count()

    def stranger(self, before: bytes) -> Client:
        """Somebody who has sent this and nothing else."""
        for client in [one for one in self._hall.clients if one.closed]:
            self._hall.clients.remove(client)
        # From another network each time: one of them alone would soon be refused everything.
        network = next(self._networks)
        client = Anything(self._hall, f"10.{network >> 8 & 255}.{network & 255}.1")
        self._hall.clients.append(client)
        client.sends(before)
        return client

    def at(self, door: str) -> Client:
        """Somebody who is in."""
        client = self._open.get(door)
        if client is None or client.closed:
            client = self._open[door] = getattr(self, f"_{door}")()
        return client

    def _text(self) -> Client:
        client = self.stranger(f"edison\n{PASSWORD}\n".encode())
        assert "Login successful" in client.received, client.received
        return client

    def _json(self) -> Client:
        asked = {"id": 1, "do": "login", "name": "edison", "password": PASSWORD}
        return self.stranger(dumps(asked).encode() + b"\n")

    def _irc(self) -> Client:
        lines = f"PASS :edison:{PASSWORD}\r\nNICK edison\r\nUSER e 0 * :E\r\nJOIN #lobby\r\n"
        client = self.stranger(lines.encode())
        assert " 001 edison " in client.received, client.received
        return client


def main() -> None:
    found = []
    watch = Watch()
    best = watch.best
    Chat.committed = watch.measure(Chat.committed)  # type: ignore[method-assign]
    # With the limits that a server has, or a flood would be measured that none would read.
    with Hall(flood_limit=10) as limited:
        clients = Clients(limited)
        for name, before, data in strangers():
            found.append((best(lambda b=before: clients.stranger(b), data), name))
            for client in limited.clients:
                if not client.closed:
                    client.vanishes()
    with Hall() as hall:
        for name in ("tesla", "edison"):
            hall.person(name).vanishes()
        clients = Clients(hall)
        clients.at("irc")  # for whom long messages are cut
        for name, door, data in people():
            found.append((best(lambda d=door: clients.at(d), data), name))
    found.sort(reverse=True)
    for milliseconds, name in found[:SHOWN]:
        print(f"{milliseconds:8.2f} ms  {name}")
    slow = sum(milliseconds > BUDGET for milliseconds, _ in found)
    print(f"{len(found)} inputs, {slow} of them above {BUDGET:.0f} ms")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()
