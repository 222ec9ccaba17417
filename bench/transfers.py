"""How fast messages are while files are moved: a pair of probes, and twenty transfers.

The transfers run in a process of their own, at the lowest priority, so that what the figures
show is what the server does and not how its clients compete for the processor.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import Any

PASSWORD = "correct-horse-7"
TRANSFERS = 20
SIZE = 50_000_000  # bytes of each file
PIECE = 256 * 1024
PROBE_EVERY = 0.004  # seconds


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def connect(port: int, tls: bool) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context().wrap_socket(plain) if tls else plain


class Asker:
    """A program that waits for each answer."""

    def __init__(self, port: int, tls: bool) -> None:
        self.socket = connect(port, tls)
        self._rest = b""
        self._number = 0

    def line(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                raise OSError("the server closed the connection")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        if not line.startswith(b"{"):
            return self.line()  # a prompt, since this program was slow to begin
        told: dict[str, Any] = json.loads(line)
        return told

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        self._number += 1
        request = {"id": self._number, "do": do, **arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            told = self.line()
            if told.get("re") == self._number:
                if "error" in told:
                    raise OSError(f"{do}: {told['error']['message']}")
                ok: dict[str, Any] = told["ok"]
                return ok

    def sign_in(self, name: str) -> Asker:
        self.ask("register", name=name, password=PASSWORD)
        return self


def contents() -> Iterator[bytes]:
    """Files that differ, made quickly."""
    block = os.urandom(1_000_000)
    for number in range(TRANSFERS):
        yield number.to_bytes(16, "big") + (block * (SIZE // len(block)))[16:]


def upload(port: int, tls: bool, ticket: str, content: bytes) -> None:
    carrier = Asker(port, tls)
    start = carrier.ask("upload", ticket=ticket)["from"]
    carrier.socket.sendall(memoryview(content)[start:])
    if carrier.line().get("event") != "stored":
        raise OSError("an upload was not stored")


# --- the movers ------------------------------------------------------------------------------


class Mover:
    """One transfer after another in one direction, never waiting for anything but the server."""

    def __init__(self, port: int, tls: bool, owner: Asker, content: bytes, file: int) -> None:
        """Uploads the content again and again; or fetches the file, if there is one."""
        self.port, self.tls, self.owner, self.content, self.file = port, tls, owner, content, file
        self.sha256 = "" if file else sha256(content).hexdigest()
        self.left = 0
        self.moved = 0
        self.round = 0
        self.begin()

    def begin(self) -> None:
        self.carrier = Asker(self.port, self.tls)
        if self.file:
            ticket = self.owner.ask("get", file=self.file)["ticket"]
            self.left = self.carrier.ask("download", ticket=ticket)["size"]
            self.left -= len(self.carrier._rest)
        else:
            self.round += 1
            name = f"file-{self.round}"
            size = len(self.content)
            offer = self.owner.ask("offer", room="#lobby", name=name, size=size, sha256=self.sha256)
            self.carrier.ask("upload", ticket=offer["ticket"])
            self.left = size
        self.carrier.socket.setblocking(False)

    def ready(self) -> bool:
        """Move what can be moved now; True when the file is through."""
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            if self.file:
                count = len(self.carrier.socket.recv(PIECE))
            elif self.left:
                start = len(self.content) - self.left
                view = memoryview(self.content)[start : start + PIECE]
                count = self.carrier.socket.send(view)
            else:
                if not self.carrier.socket.recv(PIECE):
                    raise OSError("an upload was not answered")
                return True
            self.left -= count
            self.moved += count
            return bool(self.file) and not (self.left and count)
        return False


def move(port: int, tls: bool, uploads: bool, file: int, pipe: Connection) -> None:
    """What the process of the movers does until it is told to stop."""
    os.nice(19)
    owners = [Asker(port, tls).sign_in(f"mover{number}{os.getpid()}") for number in range(5)]
    movers = [
        Mover(port, tls, owners[number % len(owners)], content if uploads else b"", file)
        for number, content in enumerate(contents())
    ]
    way = selectors.EVENT_WRITE if uploads else selectors.EVENT_READ
    with selectors.DefaultSelector() as selector:
        for mover in movers:
            selector.register(mover.carrier.socket, way, mover)
        began = time.monotonic()
        pipe.send("moving")
        while not pipe.poll():
            for key, _ in selector.select(0.1):
                mover = key.data
                done = mover.ready()
                if done:
                    selector.unregister(mover.carrier.socket)
                    mover.carrier.socket.close()
                    mover.begin()
                    selector.register(mover.carrier.socket, way, mover)
                elif uploads and not mover.left:
                    selector.modify(mover.carrier.socket, selectors.EVENT_READ, mover)
        pipe.send(sum(mover.moved for mover in movers) / (time.monotonic() - began))


@contextlib.contextmanager
def moving(port: int, tls: bool, uploads: bool, file: int) -> Iterator[Connection]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=move, args=(port, tls, uploads, file, there)
    )
    process.start()
    there.close()  # so that its end is noticed here
    try:
        if here.recv() != "moving":
            raise OSError("the transfers did not begin")
        yield here
    finally:
        process.kill()
        process.join()


# --- the probes ------------------------------------------------------------------------------


def probe(port: int, tls: bool, seconds: float, name: str) -> dict[str, float]:
    """From handing a private message to the kernel until the other has it, in milliseconds."""
    one = Asker(port, tls).sign_in(f"{name}one")
    two = Asker(port, tls).sign_in(f"{name}two")
    took: list[float] = []
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        request = {"id": number, "do": "send", "room": f"{name}two", "text": f"probe {number}",
                   "cid": f"{name}{number}"}  # fmt: skip
        begin = time.monotonic()
        one.socket.sendall(json.dumps(request).encode() + b"\n")
        while two.line().get("text") != f"probe {number}":
            pass
        took.append((time.monotonic() - begin) * 1000)
        while one.line().get("re") != number:
            pass
        time.sleep(PROBE_EVERY)
    took.sort()
    return {"p50_ms": took[len(took) // 2], "p99_ms": took[len(took) * 99 // 100],
            "max_ms": took[-1], "count": len(took)}  # fmt: skip


def measure(port: int, tls: bool, seconds: float) -> dict[str, Any]:
    """Idle, with twenty downloads, and with twenty uploads."""
    sender = Asker(port, tls).sign_in("sender")
    content = next(contents())
    digest = sha256(content).hexdigest()
    offer = sender.ask("offer", room="#lobby", name="big", size=len(content), sha256=digest)
    upload(port, tls, offer["ticket"], content)
    sender.ask("send", room="#lobby", text="", file=offer["file"], cid="big")
    figures: dict[str, Any] = {"idle": probe(port, tls, seconds, "idle")}
    for way, uploads in (("down", False), ("up", True)):
        with moving(port, tls, uploads, 0 if uploads else offer["file"]) as movers:
            figures[way] = probe(port, tls, seconds, way)
            movers.send("stop")
            figures[way]["MB_per_s"] = movers.recv() / 1e6
    return figures


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2] == "tls", float(sys.argv[3]))))
