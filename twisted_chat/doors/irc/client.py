"""One IRC client and all of them: what they ask for, what they know, and how they are answered.

The commands work on these. What reads the lines and calls the commands is the door.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import gmtime, strftime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ...chat.accounts.sign_in import Proof
from ...chat.chat import Chat
from ...chat.commands import perform
from ...chat.session import Session, State
from ...connection.interface import Connection
from ...connection.line_queue import MOST_MISTAKES, BaseDoor
from ...core.commands import Command
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.limits import SlidingWindow
from ...core.results import Result
from ...core.rooms import Person, Room
from ...core.text import shown
from .liveness import Liveness
from .message import LONGEST_LINE, LONGEST_TAGS, encoded
from .multiline import Batch, LineCuts
from .people import People, status_signs
from .refusals import (
    MESSAGE_NUMERICS,
    NUMERICS,
    REFUSALS,
    Refusal,
    Refused,
    refusal_line,
    standard_reply,
)
from .render import CAPABILITIES, IrcDialect, timestamp
from .responses import Labels, Response

T = TypeVar("T")
K = TypeVar("K")

DEVICE = "irc"  # all IRC sessions of an account are one device
CHUNK = 400  # letters of Base64 in one AUTHENTICATE; as many say that more follow
LONGEST_LOGIN = 8 * 1024  # letters of one message of a login
WEBIRC_WARNINGS = (5, 50, 60.0)
"""Refusals that are logged, of one network and of all, in so many seconds."""

METADATA_SYNCS = (20, 500, 10.0)
"""What one person and all may ask for in so many seconds; each asks the store."""


class Registration(Struct):
    """What a client has said about itself so far."""

    nick: str = ""
    user: str = ""
    realname: str = ""
    password: str = ""  # of PASS
    let_in: bool = False  # with the server's own password
    proof: Proof | None = None  # of who has logged in
    away: str | None = None  # with draft/pre-away
    negotiating: bool = False  # capabilities, so that it is not over yet
    version: int = 301  # of capability negotiation
    advised: bool = False
    nick_tries: int = 0


class Mechanism(Protocol):
    """A way to log in with SASL."""

    @property
    def name(self) -> str:
        """Of the account that is tried."""

    @property
    def proof(self) -> Proof | None:
        """Who it is, at the end."""

    async def answer(self, data: bytes) -> bytes | None:
        """What the server says to the client's message; None when there is nothing more to say."""


class Exchange:
    """A login with SASL that is under way, and the client's message as far as it has come."""

    def __init__(self, mechanism: Mechanism) -> None:
        self.mechanism = mechanism
        self._gathered = ""

    def take(self, chunk: str) -> bytes | None:
        """The client's message once it is whole."""
        if chunk != "+":
            self._gathered += chunk
        if len(chunk) == CHUNK:
            return None
        whole, self._gathered = self._gathered, ""
        try:
            return b64decode(whole, validate=True)
        except ValueError:
            raise ChatError("sasl", "That is not Base64.") from None

    @property
    def size(self) -> int:
        """How many characters have come of a message that is not whole yet."""
        return len(self._gathered)

    @property
    def too_long(self) -> bool:
        """Whether more has come than any login takes."""
        return len(self._gathered) > LONGEST_LOGIN


class Index(Generic[K]):
    """The clients that have to do with something, such as a room."""

    def __init__(self) -> None:
        self._clients: dict[K, dict[IrcClient, None]] = {}

    def add(self, key: K, client: IrcClient) -> None:
        self._clients.setdefault(key, {})[client] = None

    def remove(self, key: K, client: IrcClient) -> None:
        del self._clients[key][client]
        if not self._clients[key]:
            del self._clients[key]

    def of(self, key: K) -> list[IrcClient]:
        return list(self._clients.get(key, ()))


class Clients:
    """The IRC clients of a server, and what they share."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.people = People(chat)
        self.description = shown(chat.settings.description or chat.settings.name)
        self.started = strftime("%Y-%m-%d %H:%M UTC", gmtime(chat.wall() / 1000))
        self.most_online = 0
        self.unregistered = 0
        self.registered: dict[IrcClient, None] = {}
        self.in_channel: Index[Room] = Index()  # those that were shown its JOIN
        self.monitors: Index[str] = Index()  # by the folded name about which they are told
        self.subscribers: Index[str] = Index()  # by the key of metadata about which they are told
        # Those that were sent the names in a channel since the others were told who has come.
        self.sent_names: set[IrcClient] = set()
        self.read_markers: dict[Person, dict[str, int]] = {}  # milliseconds by folded name
        self.line_cuts = LineCuts()
        self.labels = Labels()
        self.webirc_warnings = SlidingWindow(*WEBIRC_WARNINGS)
        limited = chat.settings.flood_limit > 0
        self.metadata_syncs = SlidingWindow(*METADATA_SYNCS) if limited else None
        self._dialects: dict[frozenset[str], IrcDialect] = {}

    def dialect(self, caps: frozenset[str]) -> IrcDialect:
        """The dialect of clients with these capabilities; the same object for all of them."""
        dialect = self._dialects.get(caps)
        if dialect is None:
            dialect = IrcDialect(self.people, self.labels, self.line_cuts, caps)
            self._dialects[caps] = dialect
        return dialect

    # --- who is here ------------------------------------------------------------------------

    def opened(self, client: IrcClient) -> None:
        """A connection speaks IRC."""
        self.unregistered += 1
        client.counted = True

    def add(self, client: IrcClient) -> None:
        """A client has registered."""
        self._count_off(client)
        self.registered[client] = None

    def remove(self, client: IrcClient) -> None:
        """A connection is gone."""
        self._count_off(client)
        self.registered.pop(client, None)
        self.labels.forget(client.label_scope)
        for room in tuple(client.channels):
            client.close_channel(room)
        for key in tuple(client.monitored):
            client.unmonitor(key)
        client.unsubscribe(*client.subscribed)
        if client.person is not None:
            self.note_bot(client.person)
            if not self.of(client.person):
                self.read_markers.pop(client.person, None)

    def _count_off(self, client: IrcClient) -> None:
        self.unregistered -= client.counted
        client.counted = False

    def of(self, person: Person) -> list[IrcClient]:
        """Somebody's IRC clients."""
        doors = [session.door for session in self.chat.sessions.of(person)]
        return [door for door in doors if isinstance(door, IrcClient) and door in self.registered]

    def persons(self) -> set[Person]:
        """Everybody who is here with an IRC client."""
        return {client.me for client in self.registered}

    def neighbors(self, person: Person) -> dict[IrcClient, None]:
        """The IRC clients that share a room with somebody, their own included."""
        found = dict.fromkeys(self.of(person))
        for room in (self.chat.rooms.lobby, *person.rooms):
            found.update(dict.fromkeys(self.in_channel.of(room)))
        return found

    def present(self, room: Room) -> list[Person]:
        """Who is in a room now. Those who are away from the server are not shown there."""
        if room is self.chat.rooms.lobby:
            return list(self.chat.roster.online.values())
        return [member.person for member in room.members.values() if member.person.online]

    # --- what their modes say ---------------------------------------------------------------

    def note_bot(self, person: Person) -> None:
        """Note whether one of somebody's clients says that they are a program."""
        if any("B" in client.modes for client in self.of(person)):
            self.people.bots.add(person.name)
        else:
            self.people.bots.discard(person.name)

    def is_oper(self, person: Person) -> bool:
        """Whether one of somebody's clients is an operator's, or they administer the server."""
        return person.admin or any(client.oper for client in self.of(person))

    def is_invisible(self, person: Person) -> bool:
        """Whether only those who share a room with somebody see them in lists."""
        return any("i" in client.modes for client in self.of(person))


class IrcClient(BaseDoor):
    """One IRC client: what is known about it, and how it is answered."""

    dialect: IrcDialect

    def __init__(self, chat: Chat, connection: Connection, clients: Clients) -> None:
        super().__init__(chat, connection)
        self.clients = clients
        self.people = clients.people
        self.server = clients.people.server
        self.longest_line = LONGEST_LINE + LONGEST_TAGS
        self.caps: set[str] = set()
        self.dialect = clients.dialect(frozenset())
        self.registration = Registration()
        self.response = Response(self.server)  # to what is being carried out
        self.oper = False
        self.oper_tries = 0
        self.said_away = ""  # by this client, and not another of the person's
        self.modes: set[str] = set()  # of the user: i, w, B
        self.label_scope = clients.labels.new_scope()
        self.wrong_passwords = 0
        self.gateway = ""  # what a web gateway that speaks for the client calls itself
        self.logged_in_with = ""  # the certificate, if it was one
        self.exchange: Exchange | None = None
        self.channels: dict[Room, None] = {}  # whose JOIN it was shown
        self.unsettled: dict[str, None] = {}  # names about whom it could not be told something
        self.monitored: dict[str, str] = {}  # folded name → as the client wrote it
        self.subscribed: dict[str, None] = {}  # keys of metadata about which it is told
        self.early_metadata: dict[str, str] = {}  # its own, said before registration
        self.unsynced = False  # some has changed about which it could not be told
        self.open_batch: Batch | None = None  # of lines that the client sends
        self.liveness = Liveness(self)
        self.part_reasons: dict[str, str] = {}  # of rooms that are being left
        self.first_line = True  # whether what is carried out came first
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
        """The person who is registered here."""
        assert self.session is not None
        return self.session.person

    @property
    def own_session(self) -> Session:
        """The session of a client that is registered."""
        assert self.session is not None
        return self.session

    def perform(self, command: Command) -> Deferred[Result]:
        """Have the chat carry out a command. Raises ChatError, now or later, for a refusal."""
        return perform(self.chat, self.own_session, command)

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

    def has_joined(self, room: Room) -> bool:
        """Whether the client has joined a room, as it sees it."""
        session = self.session
        if session is None or not room.has(session.person):
            return False
        return session.lobby if room is self.chat.rooms.lobby else room.pair is None

    def may_look_into(self, room: Room) -> bool:
        """Whether the client may be told who is in a room."""
        return room.has(self.me) or not (room.rules.secret or room.hidden)

    def has(self, *caps: str) -> bool:
        """Whether the client has asked for all of these capabilities."""
        return self.caps.issuperset(caps)

    @property
    def reads(self) -> bool:
        """Whether it takes what it is sent. What is kept nowhere is not queued for the others."""
        return self.session is not None and self.session.reads

    def tags_now(self, person: Person) -> dict[str, str]:
        """The tags of something that a person does now and that is no entry."""
        tags = {}
        if self.has("server-time"):
            tags["time"] = timestamp(self.chat.wall())
        if self.has("account-tag") and not person.guest:
            tags["account"] = person.name
        return tags

    def status_prefix(self, room: Room, person: Person) -> str:
        """The signs before somebody's nick: all of them for a client that has asked for it."""
        signs = status_signs(room, person)
        return signs if self.has("multi-prefix") else signs[:1]

    # --- beginning and end ------------------------------------------------------------------

    def greet(self, on_new_line: bool = False) -> None:
        """Say nothing: IRC's servers do not speak first."""
        self.clients.opened(self)
        if on_new_line:
            self.connection.write(b"\r\n")

    def sign_in(self, proof: Proof) -> None:
        """Seat somebody who has proved who they are, without showing them anything yet."""
        session = self.chat.enter(proof, self, DEVICE, lobby=False)
        self.seat(session)
        self.liveness.begin()
        self.clients.add(self)

    def lost(self) -> None:
        super().lost()
        self.clients.remove(self)

    def farewell(self, reason: Closed) -> bytes:
        return self.dialect.event(reason)

    # --- what it has asked for --------------------------------------------------------------

    def set_capabilities(self, caps: set[str]) -> None:
        """Take what the client has asked for. What is delivered may look otherwise from now on."""
        self.caps = caps
        dialect = self.clients.dialect(CAPABILITIES & caps)
        if dialect is self.dialect:
            return
        session = self.session
        if session is None or session.state is not State.LIVE:
            self.dialect = dialect
            return
        self.chat.delivery.withdraw(session)
        self.dialect = dialect
        self.chat.delivery.admit(session)

    def open_channel(self, room: Room) -> bool:
        """Show the client a room from now on; False if it is shown it already."""
        if room in self.channels:
            return False
        self.channels[room] = None
        self.clients.in_channel.add(room, self)
        return True

    def close_channel(self, room: Room) -> bool:
        """Show it a room no longer; False if it was not shown it."""
        if room not in self.channels:
            return False
        del self.channels[room]
        self.clients.in_channel.remove(room, self)
        return True

    def monitor(self, key: str, name: str) -> None:
        """Tell the client from now on when somebody of that name comes and goes."""
        self.monitored[key] = name
        self.clients.monitors.add(key, self)

    def unmonitor(self, key: str) -> None:
        """Tell it no longer."""
        if self.monitored.pop(key, None) is not None:
            self.clients.monitors.remove(key, self)

    def subscribe(self, key: str) -> None:
        """Tell the client from now on when metadata of that key changes."""
        self.subscribed[key] = None
        self.clients.subscribers.add(key, self)

    def unsubscribe(self, *keys: str) -> None:
        """Tell it no longer."""
        for key in keys:
            if key in self.subscribed:
                del self.subscribed[key]
                self.clients.subscribers.remove(key, self)

    # --- answers ----------------------------------------------------------------------------

    def line(self, source: str, text: str, tags: Mapping[str, str] | None = None) -> None:
        """Add a line to the answer; its `text` is whole but for the source."""
        self.response.add(f":{source} {text}", tags)
        if not self.response.awaited:
            self.flush()

    def numeric(self, number: str, *params: str, text: str | None = None) -> None:
        """Add a numeric to the answer."""
        words = [number, self.nick, *params]
        self.line(self.server, " ".join(words) + ("" if text is None else f" :{text}"))

    def fail(self, command: str, code: str, text: str, *context: str, kind: str = "FAIL") -> None:
        """Add a standard reply to the answer."""
        self.line(self.server, standard_reply(kind, command, code, text, *context))

    def notice(self, text: str, source: str = "") -> None:
        """Add words of the server's to the answer, a line for each of theirs."""
        for line in text.splitlines():
            self.line(source or self.server, f"NOTICE {self.nick} :{shown(line)}")

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
        response.add(f":{self.server} {line}")
        if self.session is None and not command:
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES:
                self.close(Closed("syntax", "Too many lines that are no commands: goodbye."))
        if not response.awaited:
            self.flush()

    def report(self, failure: Failure) -> None:
        """Log a fault of the program's, and say so in the answer if the client is still there."""
        if failure.check(CancelledError):
            return
        sentence = self.refusal_for(failure).sentence
        if not self.closed:
            self.fail("*", "INTERNAL_ERROR", sentence)

    def wait_for(
        self, done: Deferred[T], subject: str, show: Callable[..., None], *arguments: Any
    ) -> None:
        """Send the answer only when something is done.

        `show` is called with the client, the result and the arguments, and adds to the answer. A
        failure is added as a refusal, for which `subject` is what the command was about.
        Every message passes here, so there are callbacks and no coroutines, which cost more.
        """
        self.response.awaited += 1
        known = (self.response, subject, show, *arguments)
        done.addCallbacks(self._show, self._refuse, known, errbackArgs=(self.response, subject))

    def _show(
        self,
        result: Any,
        response: Response,
        subject: str,
        show: Callable[..., None],
        *arguments: Any,
    ) -> None:
        self._respond(response, subject, show, result, *arguments)

    def _refuse(self, failure: Failure, response: Response, subject: str) -> None:
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
            self.report(Failure())
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
            self.report(Failure())
        finally:
            self.end_message()

    def not_registered(self) -> Refused:
        """The refusal of what only a registered client may do."""
        registration = self.registration
        if registration.negotiating:
            return Refused("451", text="Register first: NICK and USER, and CAP END")
        if not registration.nick or not registration.user:
            return Refused("451")
        way = ", or make your nick an account" if self.chat.settings.registration_open else ""
        return Refused("451", text=f"Log in first, with SASL or PASS{way}")

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
        return self.liveness.proven()


def _raise_again(client: IrcClient, failure: Failure) -> None:
    failure.raiseException()
