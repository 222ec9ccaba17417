"""Users of the client library, connected to a server in memory.

with Company() as company:
    tesla, edison = company.user("tesla"), company.user("edison")
    tesla.says("#lobby", "hello")
    edison.hears("#lobby/1 tesla: hello")
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from twisted_chat.clients.connection.file_connection import FileConnection
from twisted_chat.clients.connection.link import Event, Link, Lost
from twisted_chat.clients.connection.sign_in import Account
from twisted_chat.clients.connection.trust import Judgement, KnownServers, Peer
from twisted_chat.clients.files.transfer import Transfer
from twisted_chat.clients.files.transfers import TransferOptions
from twisted_chat.clients.sync.conversations import Conversation
from twisted_chat.clients.sync.messages import Outgoing
from twisted_chat.clients.sync.user import User
from twisted_chat.clients.sync.watcher import Watcher
from twisted_chat.console.render import words_of
from twisted_chat.core.entries import Entry, Kind
from twisted_chat.core.errors import ChatError
from twisted_chat.testing import PASSWORD, Client, Hall

SERVER = "chat.example:9999"
Lie = Callable[[dict[str, Any]], list[dict[str, Any]]]


class WireTransport:
    """The client's end of a connection in memory."""

    disconnecting = False

    def __init__(self, wire: Cable) -> None:
        self._wire = wire
        self.producer: Any = None  # which waits until everything was taken
        self.reading = True

    def write(self, data: bytes) -> None:
        self._wire.sends_later(data)
        if self.producer is not None:
            self.producer.pauseProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming, "the other kind is asked again and again while it waits for its disk"
        self.producer = producer

    def taken(self) -> None:
        """The other end has everything that was written."""
        if self.producer is not None:
            self.producer.resumeProducing()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def loseConnection(self) -> None:
        self._wire.hung_up = True

    abortConnection = loseConnection

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 9999)


class Cable(Client):
    """A connection with a client's protocol at its other end, which may break after any byte."""

    def __init__(self, hall: Company, end: Any, breaks_after: int | None) -> None:
        """`breaks_after` is how many bytes, of both directions, it carries."""
        super().__init__(hall, "127.0.0.1")
        self.left = breaks_after
        self.hung_up = False
        self.broken = False
        self._coming = b""  # what the client has not read yet
        self.silent = False  # nothing of what the server says arrives, nor that it has gone
        self.swallows: list[str] = []  # lines that have this in them do not arrive
        self.lies: list[Lie] = []  # what the server makes of what it says
        self.sent = self.came = 0  # bytes that the client has sent, and that came to it
        self.end = end
        self.near = WireTransport(self)
        self.end.makeConnection(self.near)

    def _carried(self, data: bytes) -> bytes:
        if self.left is None:
            return data
        data = data[: self.left]
        self.left -= len(data)
        return data

    def deliver(self) -> bool:
        if self.broken or self.closed or not self._pending or not self.transport.reading:
            return False
        piece, rest = self._pending[:65536], self._pending[65536:]
        self._pending = self._carried(piece)
        self.sent += len(self._pending)
        delivered = super().deliver()
        self._pending += rest
        self._break_if_used_up()
        if not self._pending and not self.broken:
            self.near.taken()
        return delivered

    def collect(self) -> None:
        if self.broken or (self.silent and not self.hung_up):
            return
        super().collect()
        self._hand_over()
        self._break_if_used_up()
        if self.closed and not self.broken and not self._coming:
            self.broken = True
            self.end.connectionLost(Failure(ConnectionDone()))
        elif self.hung_up and not self.broken:
            # What was written before is still carried.
            while Client.deliver(self):
                pass
            self.breaks()

    def take_in(self, data: bytes) -> None:
        data = self._carried(data)
        if self.swallows:
            data = b"".join(
                line
                for line in data.splitlines(keepends=True)
                if not any(word.encode() in line for word in self.swallows)
            )
        for lie in self.lies:
            data = b"".join(_told_by(lie, line) for line in data.splitlines(keepends=True))
        self._coming += data

    def _hand_over(self) -> None:
        """Give the client what has come, as long as it reads; the server waits for that."""
        producer = self.transport.producer
        if producer is not None and len(self._coming) > 65536:
            producer.pauseProducing()
        while self._coming and self.near.reading and not self.broken:
            data, self._coming = self._coming[:65536], self._coming[65536:]
            self.came += len(data)
            self.end.dataReceived(data)
        if producer is not None and not self._coming and not self.closed:
            producer.resumeProducing()

    def _break_if_used_up(self) -> None:
        if self.left == 0 and not self.broken:
            self.breaks()

    def breaks(self) -> None:
        """The connection is gone for both ends; what was under way is lost."""
        if self.broken:
            return
        self.broken = True
        if not self.closed:
            self.transport.closed = True
            self.protocol.connectionLost(Failure(ConnectionLost()))
        self.end.connectionLost(Failure(ConnectionLost()))


def _told_by(lie: Lie, line: bytes) -> bytes:
    """A line as a server that lies sends it, with what it puts in after it."""
    if not line.startswith(b"{"):
        return line
    said = lie(json.loads(line))
    return b"".join(json.dumps(one).encode() + b"\n" for one in said)


class Wire(Cable):
    """A connection of a user."""

    def __init__(self, hall: Company, breaks_after: int | None = None) -> None:
        self.link = Link(hall.clock, lambda: hall.wall() / 1000)
        super().__init__(hall, self.link, breaks_after)


class Cargo(Cable):
    """A connection that carries a file."""

    def __init__(self, hall: Company, breaks_after: int | None = None) -> None:
        self.connection = FileConnection(hall.clock)
        super().__init__(hall, self.connection, breaks_after)


class Friend(Watcher):
    """Somebody with a client: what was shown, in words, and what was asked."""

    def __init__(self, company: Company, name: str, folder: Path) -> None:
        self.company = company
        self.name = name
        self.folder = folder
        self.password = PASSWORD
        self.passphrase = ""
        self.trusting = True
        self.shown: list[str] = []
        self.events: list[Event] = []
        self.backoff: list[float] = []
        self.asked = 0  # for the password
        self.breaks_after: list[int] = []  # for the connections to come
        self.unreachable = False
        self.peer = Peer(tls=True, loopback=False, fingerprint="SHA256:one")
        self.peer_of_cargo: Peer | None = None  # if another one answers for files
        self.wires: list[Wire] = []
        self.cargos: list[Cargo] = []
        self.cargo_breaks_after: list[int] = []  # for those to come
        self.next_cargo_is_silent = False
        self.cargo_swallows: list[str] = []  # as of a wire
        self.lies: list[Lie] = []  # what the server makes of whatever it says to this person
        self.downloads = folder / "Downloads"
        self.outcomes: dict[Transfer, list[Any]] = {}
        self.over: list[Any] = []
        self.start()

    def start(self) -> None:
        """Start the client, as after the end of an earlier one."""
        self.user = User(
            self.company.clock,
            self._dial,
            SERVER,
            self,
            known=KnownServers(self.folder / "servers.json"),
            folder=self._slots,
            run=lambda work: maybeDeferred(work),
            files=self.files(),
        )
        self.user.watcher = self
        self.over = []
        self.user.start(self.name).addBoth(self.over.append)
        self.company.settle()

    def files(self) -> TransferOptions:
        """What transfers are made with."""
        return TransferOptions(self._dial_carrier, maybeDeferred, self.downloads)

    def _dial_carrier(self, tls: bool) -> Deferred[tuple[FileConnection, Peer]]:
        if self.unreachable:
            return fail(Lost("There is no answer."))
        limit = self.cargo_breaks_after.pop(0) if self.cargo_breaks_after else None
        cargo = Cargo(self.company, limit)
        cargo.swallows = self.cargo_swallows
        cargo.silent, self.next_cargo_is_silent = self.next_cargo_is_silent, False
        self.cargos.append(cargo)
        self.company.clients.append(cargo)
        return succeed((cargo.connection, self.peer_of_cargo or self.peer))

    def _slots(self, name: str) -> Path:
        return self.folder / name

    def _dial(self) -> Deferred[tuple[Link, Peer]]:
        if self.unreachable:
            return fail(Lost("There is no answer."))
        limit = self.breaks_after.pop(0) if self.breaks_after else None
        wire = Wire(self.company, limit)
        wire.lies = self.lies
        self.wires.append(wire)
        self.company.clients.append(wire)
        return succeed((wire.link, self.peer))

    @property
    def wire(self) -> Wire:
        return self.wires[-1]

    # --- the person --------------------------------------------------------------------------

    def trusts(self, judgement: Judgement) -> Deferred[bool]:
        self.shown.append(judgement.sentence)
        return succeed(self.trusting)

    async def enter_account(self, account: Account, name: str) -> None:
        self.asked += 1
        if (await account.standing(name)).known:
            await account.log_in(name, self.password)
        else:
            await account.register(name, self.password)

    async def unlock(self, refusal: str) -> str:
        self.shown += [refusal] if refusal else []
        return self.passphrase

    def says(self, room: str, *texts: str) -> list[Outgoing]:
        """Say something, and let it arrive."""
        said = [self.user.say(room, text) for text in texts]
        self.company.settle()
        return said

    def sends(self, room: str, path: Path) -> Transfer:
        """Send a file, and let it arrive."""
        return self._moves(self.user.transfers.send(room, path))

    def fetches(self, file: int, path: Path | None = None) -> Transfer:
        """Fetch a file, and let it come."""
        return self._moves(self.user.transfers.fetch(file, path))

    def _moves(self, transfer: Transfer) -> Transfer:
        self.outcomes[transfer] = []
        transfer.finished.addBoth(self.outcomes[transfer].append)
        self.company.settle()
        return transfer

    def has(self, transfer: Transfer) -> Any:
        """What has come of a transfer."""
        (outcome,) = self.outcomes[transfer]
        return outcome

    def hears(self, *lines: str) -> None:
        """Exactly these lines were shown since one last looked."""
        shown, self.shown = self.shown, []
        assert shown == list(lines), f"these were shown instead: {shown}"

    def crashes(self) -> None:
        """The client is killed: nothing is said, nothing more is written."""
        for wire in self.wires:
            wire.link.on_event = lambda event: None
            wire.link.on_lost = lambda lost: None
            wire.breaks()
        for cargo in self.cargos:
            cargo.breaks()
        storage, self.user.account.storage = self.user.account.storage, None
        if storage is not None:
            storage.close()
        self.user.life.stop()
        self.company.settle()

    # --- what is shown -----------------------------------------------------------------------

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        said = entry.kind in (Kind.MESSAGE, Kind.EDIT)
        text = f": {words_of(entry)}" if said else f" {entry.kind.name.lower()}"
        self.shown.append(f"{conversation.label}/{entry.seq} {entry.author}{text}")

    def missing(self, conversation: Conversation, first: int, last: int) -> None:
        self.shown.append(f"{conversation.label} {first}-{last} missing")

    def set_back(self, conversation: Conversation, last: int) -> None:
        self.shown.append(f"{conversation.label} was set back to {last}")

    def waiting(self, sentence: str, seconds: float) -> None:
        self.backoff.append(seconds)

    def room(self, label: str, joined: bool) -> None:
        self.shown.append(f"{'in' if joined else 'out of'} {label}")

    def notice(self, code: str, text: str) -> None:
        self.shown.append(text)

    def about_keys(self, label: str, sentence: str) -> None:
        self.shown.append(sentence)

    def event(self, event: Event) -> None:
        self.events.append(event)


class Company(Hall):
    """A server in memory with users of the client library."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.home = Path(tempfile.mkdtemp(prefix="chat-company-"))

    def user(self, name: str, device: str = "") -> Friend:
        """Somebody who has signed up or in, and has trusted the server."""
        folder = self.home / f"{name}{device}"
        folder.mkdir(exist_ok=True)
        friend = Friend(self, name, folder)
        friend.shown.clear()
        return friend

    def __enter__(self) -> Company:
        return self

    def settle(self) -> None:
        """Until neither side has anything to do."""
        while True:
            super().settle()
            wires = [one for one in self.clients if isinstance(one, Cable)]
            for wire in wires:
                wire.collect()
            if not any(one._pending and not one.broken and not one.closed for one in wires):
                return

    def __exit__(self, *failure: Any) -> None:
        for client in self.clients:
            if isinstance(client, Wire):
                client.link.on_lost = lambda lost: None
        super().__exit__(*failure)
        shutil.rmtree(self.home)


def refusal(outcomes: Sequence[Any]) -> str:
    """Why a client has ended."""
    (failure,) = outcomes
    assert isinstance(failure, Failure)
    error = failure.value
    assert isinstance(error, ChatError | Lost), failure
    return str(error)
