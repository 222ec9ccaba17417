"""A whole chat server in memory, for tests that read like a conversation.

    with Hall() as hall:
        alice, bob = hall.person("alice"), hall.person("bob")
        alice.types("BM hello")
        bob.hears("alice: hello")

The store, the protocols and the dialects are the real ones. Only sockets, threads
and time are replaced: nothing happens but in `settle`, and no time passes but in
`wait`.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from .chat.accounts.passwords import Passwords
from .chat.chat import Chat
from .connection.tls import TlsFactory
from .doors.text.door import FIRST_STEPS
from .factory import ChatFactory
from .settings import Settings
from .store import open_store

START = 1_767_261_600_000  # 2026-01-01 10:00 UTC, in milliseconds
PASSWORD = "correct horse"


class MemoryTransport(StringTransport):
    """The server's end of a connection whose other end is a test."""

    def __init__(self, address: IPv4Address) -> None:
        super().__init__(peerAddress=address)
        self.protocol: Any = None
        self.closed = False
        self.reading = True
        self.window: int | None = None  # how many more bytes fit before the sender is to wait

    def write(self, data: bytes) -> None:
        if self.closed:
            return
        super().write(data)
        if self.window is not None:
            self.window -= len(data)
            if self.window < 0 and self.producer is not None:
                self.producer.pauseProducing()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def loseConnection(self) -> None:
        self.disconnecting = True

    def loseWriteConnection(self) -> None:
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.disconnecting = True


class AtOnce:
    """Does at once what threads of their own do, and takes no time for anything."""

    def run(self, work: Callable[[], Any]) -> Deferred[Any]:
        return maybeDeferred(work)

    def worked(self) -> float:
        return 0.0


class Client:
    """The other end: what it was sent, and how far a test has looked at it."""

    def __init__(self, hall: Hall, host: str) -> None:
        self.hall = hall
        self.transport = MemoryTransport(IPv4Address("TCP", host, hall.next_port()))
        self.protocol = hall.factory.buildProtocol(self.transport.getPeer())
        self.received = ""
        self._pending = b""  # what was sent while the server did not read
        self.transport.protocol = self.protocol  # until there is TLS between them
        self.protocol.makeConnection(self.transport)

    # --- the wire ---------------------------------------------------------------------------

    def sends(self, data: bytes) -> None:
        """Send bytes, which the server reads as soon as it is ready to."""
        self.sends_later(data)
        self.hall.settle()

    def sends_later(self, data: bytes) -> None:
        """Send bytes that the server reads together with what others send, or when it settles."""
        self._pending += data

    def deliver(self) -> bool:
        """Hand over what the server is ready to read; whether there was anything."""
        if not self._pending or not self.transport.reading or self.closed:
            return False
        data, self._pending = self._pending[:65536], self._pending[65536:]
        self.transport.protocol.dataReceived(data)
        return True

    def collect(self) -> None:
        """Take what the server has sent, and notice that it closed the connection."""
        self.take_in(self.transport.value())
        self.transport.clear()
        if self.transport.disconnecting and not self.transport.closed:
            self.transport.closed = True
            self.transport.protocol.connectionLost(Failure(ConnectionDone()))

    def take_in(self, data: bytes) -> None:
        """What the server has sent."""
        self.received += data.decode()

    @property
    def closed(self) -> bool:
        """Whether the connection is over."""
        return self.transport.closed

    def vanishes(self) -> None:
        """The connection breaks without a word."""
        self.hall.settle()
        self.transport.closed = True
        self.transport.protocol.connectionLost(Failure(ConnectionAborted()))
        self.hall.settle()

    def is_killed(self) -> None:
        """The client ends before it has read everything, so its system resets the connection."""
        self.hall.settle()
        self.transport.closed = True
        self.transport.protocol.connectionLost(Failure(ConnectionLost()))
        self.hall.settle()

    def breaks(self) -> None:
        """The connection breaks before the server has done what it was asked."""
        while self.deliver():
            pass
        self.transport.closed = True
        self.transport.protocol.connectionLost(Failure(ConnectionAborted()))

    def ends_input(self) -> None:
        """The client sends its last byte and goes on reading."""
        self.hall.settle()
        self.transport.protocol.readConnectionLost()
        self.hall.settle()

    def stops_reading(self) -> None:
        """More is sent than the client takes."""
        assert self.transport.producer is not None
        self.transport.producer.pauseProducing()

    def reads_at_most(self, count: int) -> None:
        """The client is going to read so many bytes and then no more."""
        self.transport.window = count

    def reads_again(self) -> None:
        """The client takes what was held back."""
        self.transport.window = None
        assert self.transport.producer is not None
        self.transport.producer.resumeProducing()
        self.hall.settle()

    # --- a person ---------------------------------------------------------------------------

    def types(self, *lines: str) -> None:
        """Type lines, each ended with the Enter key."""
        for line in lines:
            self.sends(line.encode() + b"\n")

    def says(self, text: str) -> None:
        """Say something to everyone."""
        self.types(f"BM {text}")

    def takes(self) -> str:
        """Everything that came since one last looked."""
        self.hall.settle()
        text, self.received = self.received, ""
        return text

    def hears(self, *expected: str) -> None:
        """These texts came, in this order; looks at nothing that comes after them."""
        self.hall.settle()
        for text in expected:
            before, found, after = self.received.partition(text)
            assert found, f"{text!r} did not come, but:\n{before}"
            self.received = after

    def reads(self, *lines: str) -> None:
        """Exactly these lines came, and nothing else."""
        came = self.takes().splitlines()
        assert came == list(lines), "these came instead:\n" + "\n".join(came)

    def hears_nothing(self) -> None:
        """Nothing came."""
        self.reads()


class Program(Client):
    """A client of the JSON dialect."""

    def __init__(self, hall: Hall, host: str) -> None:
        super().__init__(hall, host)
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def asks(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Ask for something and return the answer; events that come meanwhile are kept."""
        number = self.begins(do, **arguments)
        return self.answer_to(number)

    def begins(self, do: str, **arguments: Any) -> int:
        """Ask for something."""
        number = self.queues(do, **arguments)
        self.hall.settle()
        return number

    def queues(self, do: str, **arguments: Any) -> int:
        """Ask for something in one packet with what is asked next."""
        self._number += 1
        request = {"id": self._number, "do": do, **arguments}
        self._pending += json.dumps(request).encode() + b"\n"
        return self._number

    def answer_to(self, number: int) -> dict[str, Any]:
        """The answer that has come to a request."""
        self.sort_out()
        for index, message in enumerate(self.events):
            if message.get("re") == number:
                answer = self.events.pop(index)
                return dict(answer.get("ok", answer))
        raise AssertionError(f"no answer to {number} came, but {self.events}")

    def sort_out(self) -> list[dict[str, Any]]:
        """Read the lines that have come; what was not asked for is in `events`."""
        for line in self.takes().splitlines():
            if line:
                self.events.append(json.loads(line))
        return self.events

    def takes_events(self, *kinds: str) -> list[dict[str, Any]]:
        """The events that have come of these kinds, or of any."""
        self.sort_out()
        chosen = [e for e in self.events if "event" in e and (not kinds or e["event"] in kinds)]
        self.events = [e for e in self.events if e not in chosen]
        return chosen


class Hall:
    """A server in memory, on a database in a folder of its own."""

    tls: TlsFactory | None = None  # what there is of TLS

    def __init__(self, directory: Path | None = None, **settings: Any) -> None:
        self._own = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="chat-hall-"))
        self.settings = Settings(
            **{
                "flood_limit": 0,
                "password_min": 1,
                "connection_limit": 0,
                "plaintext": "always",
                "keep_free": 0,
                **settings,
            }
        )
        self.clock = Clock()
        self.wall_offset = 0
        self.clients: list[Client] = []
        self._port = 50_000
        self.opened = False
        self.open()

    def open(self) -> None:
        """Start the server, as after a restart."""
        path = self.directory / "chat.db"
        if not path.exists():
            shutil.copy(_template(), path)
        self.store = open_store(str(path), self.wall, die=_died)
        passwords = Passwords(self.clock, memory=8, rounds=1, scram_rounds=16, run=_at_once)  # type: ignore[arg-type]
        self.chat = Chat(
            self.settings,
            self.store,
            passwords,
            self.clock,
            self.clock.seconds,
            self.wall,
            AtOnce(),
        )
        self.chat.start()
        self.factory = ChatFactory(self.chat, tls=self.tls)
        self.factory.doStart()
        self.opened = True

    def close(self) -> None:
        """Stop the server; the database stays."""
        if not self.opened:
            return
        self.opened = False
        for client in self.clients:
            if not client.closed:
                client.vanishes()
        self.clients.clear()
        self.factory.doStop()
        self.store.close()

    def restart(self) -> None:
        """Stop and start again."""
        self.close()
        self.open()

    def __enter__(self) -> Hall:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if self._own:
            shutil.rmtree(self.directory)

    # --- time -------------------------------------------------------------------------------

    def wall(self) -> int:
        """The time of day, in milliseconds."""
        return START + int(self.clock.seconds() * 1000) + self.wall_offset

    def settle(self) -> None:
        """Let everything happen that is ready to."""
        for _ in range(100_000):
            busy = self.store.run_once()
            for client in list(self.clients):
                busy = client.deliver() or busy
            if any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
                self.clock.advance(0)
                busy = True
            for client in self.clients:
                client.collect()
            if not busy:
                return
        raise AssertionError("the server does not come to rest")

    def wait(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, second by second or in other steps."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            self.settle()

    # --- people -----------------------------------------------------------------------------

    def next_port(self) -> int:
        self._port += 1
        return self._port

    def connects(self, host: str = "127.0.0.1") -> Client:
        """Somebody with netcat, who has said nothing yet."""
        client = Client(self, host)
        self.clients.append(client)
        return client

    def person(self, name: str, password: str = PASSWORD, host: str = "127.0.0.1") -> Client:
        """Somebody with netcat who has signed up or logged in, and has read the welcome."""
        client = self.connects(host)
        client.types(name)
        if "choose a password" in client.received:
            client.types(password, password)
        elif client.received.endswith("password: "):  # which nobody asks a guest for
            client.types(password)
        client.hears("Login successful, Welcome to ", f"{FIRST_STEPS}\n")
        self.wait(2)  # until everybody has been told
        for other in self.clients:
            other.collect()
            if not isinstance(other, Program):
                other.received = _without_presence(other.received)
        return client

    def program(self, host: str = "127.0.0.1") -> Program:
        """A program that has been greeted, and has not logged in."""
        program = Program(self, host)
        self.clients.append(program)
        return program

    def bot(self, name: str, device: str = "bot", **arguments: Any) -> Program:
        """A program that has registered or logged in."""
        program = self.program()
        known = self.chat.roster.names.find(name) is not None
        do = "login" if known else "register"
        answer = program.asks(do, name=name, password=PASSWORD, device=device, **arguments)
        assert "error" not in answer, answer
        program.events.clear()
        return program


def _without_presence(received: str) -> str:
    lines = received.splitlines(keepends=True)
    return "".join(line for line in lines if not line.endswith(" the conversation\n"))


def _at_once(work: Callable[[], Any]) -> Deferred[Any]:
    return succeed(work())


def _died() -> None:
    raise AssertionError("the store does not know what it has stored")


_made: list[Path] = []


def _template() -> Path:
    """A fresh database, made once and copied for every hall."""
    if not _made:
        folder = Path(tempfile.mkdtemp(prefix="chat-template-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        store = open_store(str(folder / "chat.db"), lambda: START)
        store.close()
        _made.append(folder / "chat.db")
    return _made[0]


__all__ = ["Client", "Hall", "Program"]
