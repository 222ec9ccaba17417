"""One IRC client: its lines in, its answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ...chat.session import State
from ...connection import plaintext
from ...connection.interface import Connection
from ...connection.line_queue import MOST_MISTAKES, BaseDoor
from ...core.errors import ChatError
from ...core.events import Closed, Event
from ...core.rooms import Room
from ...core.roster import Person
from ...core.text import decode_line, shown
from . import (
    arrival,
    away,
    channels,  # noqa: F401
    chathistory,  # noqa: F401
    files,  # noqa: F401
    liveness,
    metadata,  # noqa: F401
    moderation,  # noqa: F401
    monitor,  # noqa: F401
    nickserv,
    operators,  # noqa: F401
    ping,  # noqa: F401
    privmsg,  # noqa: F401
    read_markers,  # noqa: F401
    register,  # noqa: F401
    sasl,
    search,  # noqa: F401
    server_info,  # noqa: F401
    webirc,  # noqa: F401
    who,  # noqa: F401
    whois,  # noqa: F401
)
from . import list as listing  # noqa: F401
from .capabilities import RENDERING
from .commands import Row, row_of
from .message import (
    LONGEST_LINE,
    LONGEST_TAGS,
    MOST_TAGS,
    Malformed,
    Message,
    encoded,
    parse,
    shortened,
)
from .multiline import Batch
from .refusals import (
    MESSAGE_NUMERICS,
    NUMERICS,
    REFUSALS,
    Refusal,
    Refused,
    refusal_line,
    standard_reply,
)
from .registration import Registration
from .render import IrcDialect
from .responses import Response

if TYPE_CHECKING:
    from ...chat.accounts.sign_in import Proof
    from ...chat.chat import Chat
    from .clients import Clients

T = TypeVar("T")

DEVICE = "irc"  # all IRC sessions of an account are one device


class IrcDoor(BaseDoor):
    """A conversation in IRC."""

    dialect: IrcDialect

    def __init__(self, chat: Chat, connection: Connection, clients: Clients) -> None:
        super().__init__(chat, connection)
        self.clients = clients
        self.longest_line = LONGEST_LINE + LONGEST_TAGS
        self.caps: set[str] = set()
        self.dialect = clients.dialect(frozenset())
        self.registration = Registration(self)
        self.response = Response(clients.server)  # of what is being carried out
        self.oper = False
        self.oper_tries = 0
        self.said_away = ""  # by this client, and not another of the person's
        self.modes: set[str] = set()  # of the user: i, w, B
        self.label_scope = clients.labels.new_scope()
        self.failures = 0  # wrong passwords
        self.gateway = ""  # what a web gateway that speaks for the client calls itself
        self.logged_in_with = ""  # the certificate, if it was one
        self.exchange: sasl.Exchange | None = None  # a login with SASL that is under way
        self.rooms: dict[Room, None] = {}  # which the client has joined, as it sees it
        self.unsettled: dict[str, None] = {}  # names of whom it could not be told something
        self.monitored: dict[str, str] = {}  # folded name → as the client wrote it
        self.subscribed: dict[str, None] = {}  # keys of metadata that it is told of
        self.early_metadata: dict[str, str] = {}  # its own, said before registration
        self.unsynced = False  # some has changed that it could not be told of
        self.open_batch: Batch | None = None  # of lines that the client sends
        self.liveness = liveness.Liveness(self)
        self.parting: dict[str, str] = {}  # the reasons with which rooms are being left
        self.fresh = True  # whether what is carried out is the first that has come
        self._heard = False
        self.counted = False  # among those that are not registered
        self._mistakes = 0

    # --- who this is ------------------------------------------------------------------------

    @property
    def registered(self) -> bool:
        return self.session is not None

    @property
    def person(self) -> Person | None:
        return None if self.session is None else self.session.person

    @property
    def me(self) -> Person:
        """Whoever is registered here."""
        assert self.session is not None
        return self.session.person

    @property
    def keeps_up(self) -> bool:
        """Whether the client has been written everything that there is for it."""
        return self.session is not None and self.session.state is State.LIVE

    @property
    def nick(self) -> str:
        """What numerics call the client."""
        if self.session is not None:
            return self.session.person.name
        return self.registration.nick or "*"

    def shows(self, room: Room) -> bool:
        """Whether the client has joined a room, as it sees it."""
        session = self.session
        if session is None or not room.has(session.person):
            return False
        return session.lobby if room is self.chat.rooms.lobby else room.pair is None

    def has(self, *caps: str) -> bool:
        """Whether the client has asked for all of these capabilities."""
        return self.caps.issuperset(caps)

    def caps_changed(self) -> None:
        """What is delivered looks otherwise from now on."""
        dialect = self.clients.dialect(RENDERING & self.caps)
        if dialect is not self.dialect:
            session = self.session
            live = session is not None and session.state is State.LIVE
            if session is not None and live:
                self.chat.delivery.withdraw(session)
            self.dialect = dialect
            if session is not None and live:
                self.chat.delivery.admit(session)

    # --- beginning and end ------------------------------------------------------------------

    def greet(self, on_new_line: bool = False) -> None:
        """IRC's servers say nothing first."""
        self.clients.opened(self)
        if on_new_line:
            self.connection.write(b"\r\n")

    def sit_down(self, proof: Proof) -> None:
        """Somebody has proved who it is, and is seated without being shown anything yet."""
        session = self.chat.enter(proof, self, DEVICE, lobby=False)
        self.seat(session)
        self.liveness.begin()
        self.clients.add(self)

    def lost(self) -> None:
        if not self.closed:
            away.leave(self)
        super().lost()
        self.clients.remove(self)

    def farewell(self, reason: Closed) -> bytes:
        return self.dialect.event(reason)

    # --- lines in ---------------------------------------------------------------------------

    def take(self, line: bytes) -> bool:
        label = ""
        self.liveness.heard()
        try:
            message = self._read(line)
            if message is None:
                return True
            self.fresh = not self._heard
            self._heard = True
            message = nickserv.redirected(message)
            if message.tags and self.has("labeled-response"):
                label = message.tags.get("label", "")[:64]
            row = row_of(self, message)
            if self.sending and not row.concurrent:
                return False
            response = Response(self.clients.server, row.name, label, row.concurrent)
            if row.concurrent:
                self.set_out()
                subject = message.params[0] if message.params else ""
                self._respond(response, subject, row.run, message)
            else:
                self.occupied(lambda: self._carried_out(row, message, response))
        except REFUSALS as error:
            if self.sending:
                return False  # the refusal waits until what came before is answered
            self.response.label = label
            self.refuse(error)
        return True

    def _read(self, line: bytes) -> Message | None:
        if line.startswith(b"@"):
            tags, _, rest = line.partition(b" ")
            if len(tags) - 1 > MOST_TAGS or len(rest) + 2 > LONGEST_LINE:
                raise Refused("417")
        elif len(line) + 2 > LONGEST_LINE:
            raise Refused("417")
        try:
            text = decode_line(line)
        except ChatError as error:
            raise ChatError("bad_utf8", error.sentence, command=command_in(line)) from None
        try:
            message = parse(text)
        except Malformed:
            raise ChatError("syntax", "That line has no command.") from None
        if message is not None and self.exposed and message.command not in ("CAP", "QUIT"):
            self.close(Closed("plaintext", plaintext.refusal(self.tls).sentence))
            return None
        return message

    def _carried_out(self, row: Row, message: Message, response: Response) -> Deferred[None]:
        return Deferred.fromCoroutine(self._carry_out(row, message, response))

    async def _carry_out(self, row: Row, message: Message, response: Response) -> None:
        """Carry out a command that nothing overtakes; what it answers goes out together."""
        self.response = response
        self.write_straight(False)  # but behind what is answered
        if self.session is not None and message.command not in ("PING", "PONG"):
            self.session.asked_at = self.chat.ticks()
        try:
            outcome = row.run(self, message)
            if outcome is not None:
                await outcome
        except REFUSALS as error:
            self.refuse(error, message.params[0] if message.params else "")
        except CancelledError:
            return
        except Exception:
            self._internal(Failure())
        finally:
            self.flush()
            self.response = Response(self.clients.server)
            self.write_straight(True)

    # --- answers ----------------------------------------------------------------------------

    def line(self, source: str, text: str, tags: Mapping[str, str] | None = None) -> None:
        """Add a line to the answer; its `text` is whole but for the source."""
        self.response.add(f":{source} {text}", tags)
        if not self.response.awaited:
            self.flush()

    def numeric(self, number: str, *params: str, text: str | None = None) -> None:
        """Add a numeric to the answer."""
        words = [number, self.nick, *params]
        self.line(self.clients.server, " ".join(words) + ("" if text is None else f" :{text}"))

    def fail(self, command: str, code: str, text: str, *context: str, kind: str = "FAIL") -> None:
        """Add a standard reply to the answer."""
        self.line(self.clients.server, standard_reply(kind, command, code, text, *context))

    def notice(self, text: str, source: str = "") -> None:
        """Add words of the server's to the answer, a line for each of theirs."""
        for line in text.splitlines():
            self.line(source or self.clients.server, f"NOTICE {self.nick} :{shown(line)}")

    @contextmanager
    def batch(
        self, kind: str, *params: str, tags: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Make a batch of what is added to the answer meanwhile, if the client knows batches."""
        if not self.has("batch"):
            yield
            return
        with self.response.batch(kind, *params, tags=tags):
            yield

    def refuse(
        self,
        error: Refusal,
        subject: str = "",
        command: str = "",
        numerics: Mapping[str, str] | None = None,
    ) -> None:
        """Add a refusal to the answer; a NOTICE is never answered, unless it has a label."""
        response = self.response
        command = command or response.command
        if self.closed or (command == "NOTICE" and not response.label):
            return
        if isinstance(error, ChatError) and error.code == "too_long" and not command:
            error = Refused("417")
        if numerics is None:
            numerics = MESSAGE_NUMERICS if response.concurrent else NUMERICS
        knows = self.has("standard-replies")
        line = refusal_line(error, self.nick, command, subject, numerics, knows)
        response.add(f":{self.clients.server} {line}")
        if self.session is None and not command:
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES:
                self.close(Closed("syntax", "Too many lines that are no commands: goodbye."))
        if not response.awaited:
            self.flush()

    def failed(self, failure: Failure) -> None:
        """Say that something has failed that should not have."""
        if not failure.check(CancelledError) and not self.closed:
            self._internal(failure)

    def _internal(self, failure: Failure) -> None:
        mark = token_hex(4)
        self.log.failure("Internal error {mark}", failure, mark=mark)
        self.fail("*", "INTERNAL_ERROR", f"Something went wrong here; its number is {mark}.")

    def wait_for(
        self, done: Deferred[T], subject: str, show: Callable[..., None], *arguments: Any
    ) -> None:
        """Let the answer be whole only when it is known what came of something.

        `show` is called with the client, the result and the arguments, and adds to the answer.
        Every message passes here, so there are callbacks and no coroutines, which cost more.
        """
        self.response.awaited += 1
        known = (self.response, subject, show, *arguments)
        done.addCallbacks(self._came, self._did_not, known, errbackArgs=(self.response, subject))

    def _came(
        self,
        result: Any,
        response: Response,
        subject: str,
        show: Callable[..., None],
        *arguments: Any,
    ) -> None:
        self._respond(response, subject, show, result, *arguments)

    def _did_not(self, failure: Failure, response: Response, subject: str) -> None:
        self._respond(response, subject, _raise_again, failure)

    def _respond(
        self, response: Response, subject: str, show: Callable[..., Any], *arguments: Any
    ) -> None:
        """Add to a response, and send it if nothing more is awaited."""
        before, self.response = self.response, response
        try:
            if not self.closed:
                show(self, *arguments)
        except REFUSALS as error:
            self.refuse(error, subject)
        except Exception:
            self.failed(Failure())
        finally:
            self.response = before
            response.awaited -= 1
            if not response.awaited:
                self._send_whole(response)

    def _send_whole(self, response: Response) -> None:
        try:
            if not self.closed:
                self.send(response.take())
        except Exception:
            self.failed(Failure())
        finally:
            self.landed()

    def flush(self) -> None:
        """Send the answer as far as it has come."""
        if self.closed:
            self.response.take()
        elif self.response or self.response.label:
            self.send(self.response.take())

    def send(self, lines: list[str]) -> None:
        if lines:
            self.connection.reply(encoded(lines))

    def held(self) -> int:
        parts = 0 if self.open_batch is None else self.open_batch.size
        return super().held() + parts + (0 if self.exchange is None else self.exchange.size)

    # --- what is delivered ------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send what was delivered, after what has been answered."""
        if data:
            if self.response and not self.response.undivided:
                self.flush()
            self.connection.write(data)

    def flushed(self) -> bool | None:
        return self.liveness.certain()

    def receive(self, event: Event) -> None:
        """Show something that is not an entry of a room."""
        arrival.receive(self, event)


def _raise_again(client: IrcDoor, failure: Failure) -> None:
    failure.raiseException()


def command_in(line: bytes) -> str:
    """The command of a line that is not text otherwise."""
    words = line.decode("ascii", "replace").split(" ")
    found = next((word for word in words if word[:1] not in ("@", ":", "")), "*")
    return shortened(found.upper())


# These enter their commands into the table.
from . import registration  # noqa: E402, F401
