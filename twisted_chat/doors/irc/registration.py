"""From the first line of an IRC client until it is registered: NICK, USER, PASS and CAP."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.events import Closed
from ...core.formatting import unformatted
from ...core.names import fold
from ...core.text import without_controls
from . import accounts, arrival, metadata, sasl
from .capabilities import CAPABILITIES, Capability
from .commands import When, command
from .message import LONGEST_LINE, Message, repeated, shortened
from .refusals import Refused

if TYPE_CHECKING:
    from ...chat.accounts.sign_in import Proof
    from .door import IrcDoor

LONGEST_USER = 18
LONGEST_REALNAME = 150
NICK_TRIES = 10  # names that one connection may ask for before it is registered


class Registration:
    """What a client has said of itself so far."""

    def __init__(self, client: IrcDoor) -> None:
        self._client = client
        self.nick = ""
        self.user = ""
        self.realname = ""
        self.password = ""  # of PASS
        self._let_in = False  # with the server's own password
        self.proof: Proof | None = None  # of who has logged in
        self.away: str | None = None  # with draft/pre-away
        self.negotiating = False  # capabilities, so that it is not over yet
        self.version = 301  # of capability negotiation
        self.advised = False
        self.names = 0

    async def go_on(self) -> None:
        """Register the client if it has said all that it takes."""
        client = self._client
        if client.registered or client.closed or self.negotiating or not self.nick or not self.user:
            return
        settings = client.chat.settings
        kept_out = self.check_server_password()
        if kept_out is not None:
            client.numeric("464", text=kept_out.sentence)
            client.flush()
            client.close(Closed("wrong_password", "This server takes a password: PASS <password>"))
            return
        proof = self.proof
        if client.exchange is not None:
            sasl.abort(client)
        if proof is None and self.password and not settings.irc_password:
            proof = await self._with_pass()
        if proof is None and settings.guests:
            proof = self._as_guest()
        if client.closed or client.registered:
            if proof is not None and client.closed:
                client.chat.leave_unseated(proof.person)
            return
        if proof is None:
            self._advise()
            return
        await arrival.welcome(client, proof)

    def check_server_password(self) -> ChatError | None:
        """Why the client is kept out by the server's own password; None if it is not.

        What was given with PASS is compared once: each comparison is a try.
        """
        client, expected = self._client, self._client.chat.settings.irc_password
        if not expected or self._let_in:
            return None
        given, self.password = self.password, ""
        if not given:
            sentence = "This server takes a password first: PASS <password>"
            return ChatError("wrong_password", sentence)
        attempts = client.chat.signin.attempts
        blocked = attempts.blocked_from(client.network)
        if blocked is not None:
            return blocked
        self._let_in = compare_digest(given.encode(), expected.encode())
        if self._let_in:
            return None
        wrong = ChatError("wrong_password", "The server's password is wrong.")
        return attempts.failed_from(client.network) or wrong

    async def _with_pass(self) -> Proof | None:
        """Log in with `PASS name:password`, or as the nick with `PASS password`."""
        client, signin = self._client, self._client.chat.signin
        given, self.password = self.password, ""
        name, password = accounts.who_and_password(client, given, ":")
        if name == self.nick and signin.tells_names and signin.find(name) is None:
            return None  # a password that nobody has asked for
        try:
            return await signin.with_password(name, password, client.network)
        except ChatError as error:
            client.numeric("464", text=error.sentence)
            client.flush()
            client.close(Closed(error.code, error.sentence))
            return None

    def _as_guest(self) -> Proof | None:
        signin = self._client.chat.signin
        try:
            return signin.guest(self.nick)
        except ChatError as error:
            wanted, self.nick = self.nick, ""
            number, text = "432", error.sentence
            if error.code == "name_taken":
                number = "433"
                if signin.find(wanted) is not None:
                    text = (
                        "That nickname is an account: log in to it with SASL or"
                        f" PASS {wanted}:PASSWORD, or take another"
                    )
            raise Refused(number, shortened(wanted), text=text) from None

    def _advise(self) -> None:
        """Say once how one gets in who has not logged in, where there are no guests."""
        if self.advised:
            return
        self.advised = True
        client = self._client
        server, nick = client.chat.settings.name, self.nick
        ways = [f"{server} takes people with an account only, and you have not logged in."]
        ways.append(
            f"Log in with SASL, or connect with the server password {nick}:YOUR-PASSWORD, or say"
            f" /quote NICKSERV IDENTIFY {nick} YOUR-PASSWORD"
        )
        try:
            if self.is_new():
                register = f"/quote REGISTER {nick} * A-PASSWORD"
                ways.append(f"{nick} is free: make it yours with {register}")
        except ChatError as error:
            ways.append(error.sentence)
        for way in ways:
            client.notice(way)

    def is_new(self) -> bool:
        """Whether the nick can become an account; a refusal if it cannot be anybody's."""
        client, signin = self._client, self._client.chat.signin
        if not self.nick or not client.chat.settings.registration_open or signin.find(self.nick):
            return False
        signin.new_name(self.nick, client.local)
        return True


# --- commands -------------------------------------------------------------------------------


@command("PASS", 1, when=When.BEFORE)
def give_password(client: IrcDoor, message: Message) -> None:
    client.registration.password = message.params[0]


@command("NICK", when=When.ALWAYS, help="NICK <name>: be called so")
async def take_nick(client: IrcDoor, message: Message) -> None:
    wanted = message.params[0] if message.params else ""
    if not wanted:
        raise Refused("431")
    if client.registered:
        arrival.rename(client, wanted)
        return
    registration = client.registration
    registration.names += 1
    if registration.names > NICK_TRIES:
        client.close(Closed("too_many_tries", "That was tried too often: goodbye."))
        return
    check_nick(client, wanted)
    registration.nick = wanted
    await registration.go_on()


def check_nick(client: IrcDoor, wanted: str) -> None:
    """Refuse what cannot be anybody's name."""
    try:
        fold(wanted)
    except ChatError as error:
        raise Refused("432", repeated(wanted), text=error.sentence) from None


@command("USER", 4, when=When.BEFORE)
async def give_user(client: IrcDoor, message: Message) -> None:
    registration = client.registration
    user = "".join(c for c in message.params[0] if c.isascii() and (c.isalnum() or c in "-_."))
    if not message.params[0] or not message.params[3]:
        raise Refused("461", "USER")
    registration.user = user[:LONGEST_USER] or "chat"
    registration.realname = "".join(c for c in unformatted(message.params[3]) if c.isprintable())
    await registration.go_on()


@command("CAP", 1, when=When.ALWAYS)
async def negotiate(client: IrcDoor, message: Message) -> None:
    word, *rest = message.params
    registration = client.registration
    match word.upper():
        case "LS":
            if rest and rest[0].isascii() and rest[0].isdigit():
                registration.version = max(registration.version, int(rest[0][:5]))
            registration.negotiating = not client.registered
            if registration.version >= 302:
                client.caps.add("cap-notify")
            _list(client, "LS", _offered(client))
        case "LIST":
            _list(client, "LIST", sorted(client.caps))
        case "REQ":
            registration.negotiating = not client.registered
            _request(client, rest[0] if rest else "")
        case "END":
            registration.negotiating = False
            await registration.go_on()
        case _:
            raise Refused("410", repeated(word), text="There is no such CAP command")


def _offered(client: IrcDoor) -> list[str]:
    rows = [row for row in CAPABILITIES.values() if row.offered(client)]
    if client.registration.version < 302:
        # They get one line, and are older than the drafts that would not fit into it.
        rows = [row for row in rows if "/" not in row.name]
    return [_written(client, row) for row in rows]


def _written(client: IrcDoor, row: Capability) -> str:
    value = row.value(client) if client.registration.version >= 302 else ""
    return f"{row.name}={value}" if value else row.name


def _list(client: IrcDoor, word: str, names: list[str]) -> None:
    """The names on as many lines as they take; only those who know version 302 get several."""
    most = LONGEST_LINE - len(f":{client.clients.server} CAP {client.nick} {word} * :\r\n".encode())
    lines = [""]
    for name in names:
        longer = f"{lines[-1]} {name}".strip()
        if len(longer) > most and client.registration.version >= 302:
            lines.append(name)
        else:
            lines[-1] = longer
    for index, line in enumerate(lines, 1):
        more = "* " if index < len(lines) else ""
        client.line(client.clients.server, f"CAP {client.nick} {word} {more}:{line}")


def _request(client: IrcDoor, asked: str) -> None:
    """Take all changes or none."""
    caps = set(client.caps)
    written = without_controls(asked)
    for word in filter(None, asked.split(" ")):
        name = word.removeprefix("-")
        row = CAPABILITIES.get(name)
        wanted = not word.startswith("-")
        if row is None or row.fixed or (wanted and not row.offered(client)):
            client.line(client.clients.server, f"CAP {client.nick} NAK :{written}")
            return
        if wanted:
            caps.add(name)
        elif name == "cap-notify" and client.registration.version >= 302:
            client.line(client.clients.server, f"CAP {client.nick} NAK :{written}")
            return
        else:
            caps.discard(name)
    client.line(client.clients.server, f"CAP {client.nick} ACK :{written}")
    client.flush()
    if metadata.CAPABILITY not in caps:
        client.clients.subscriptions.clear(client)
    client.caps = caps
    client.caps_changed()
