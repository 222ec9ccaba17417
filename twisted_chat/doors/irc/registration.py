"""From a client's first line to its last: WEBIRC, PASS, NICK, USER, the welcome, PING and QUIT."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address

from ... import __version__
from ...chat.accounts.sign_in import Proof
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.formatting import unformatted
from ...core.names import fold
from ...core.rooms import Room
from ...core.text import without_controls
from . import channels, chathistory, metadata, presence, read_markers, server_info
from .client import IrcClient
from .message import Message, repeated, shortened, unescape, words_in
from .people import folded
from .refusals import Refused

LONGEST_USER = 18
NICK_TRIES = 10  # nicks for which one connection may ask before it is registered
HIGHEST_PORT = 65535


async def complete_registration(client: IrcClient) -> None:
    """Register the client if it has sent everything that this takes."""
    registration, settings = client.registration, client.chat.settings
    named = registration.nick and registration.user
    if client.registered or client.closed or registration.negotiating or not named:
        return
    kept_out = check_server_password(client)
    if kept_out is not None:
        client.numeric("464", text=kept_out.sentence)
        client.flush()
        client.close(Closed("wrong_password", "This server takes a password: PASS <password>"))
        return
    proof = registration.proof
    if client.exchange is not None:
        abort_login(client)
    if proof is None and registration.password and not settings.irc_password:
        proof = await _log_in_with_pass(client)
    if proof is None and settings.guests:
        proof = _as_guest(client)
    if client.closed or client.registered:
        if proof is not None and client.closed:
            client.chat.leave_unseated(proof.person)
        return
    if proof is None:
        _advise(client)
        return
    await _welcome(client, proof)


def abort_login(client: IrcClient) -> None:
    """Give up a login with SASL."""
    client.exchange = None
    client.numeric("906", text="The login was given up")


def check_server_password(client: IrcClient) -> ChatError | None:
    """Why the client is kept out by the server's own password; None if it is not.

    What was given with PASS is compared once: each comparison is a try.
    """
    registration, expected = client.registration, client.chat.settings.irc_password
    if not expected or registration.let_in:
        return None
    given, registration.password = registration.password, ""
    if not given:
        return ChatError("wrong_password", "This server takes a password first: PASS <password>")
    attempts = client.chat.signin.attempts
    blocked = attempts.blocked_from(client.network)
    if blocked is not None:
        return blocked
    registration.let_in = compare_digest(given.encode(), expected.encode())
    if registration.let_in:
        return None
    wrong = ChatError("wrong_password", "The server's password is wrong.")
    return attempts.failed_from(client.network) or wrong


async def _log_in_with_pass(client: IrcClient) -> Proof | None:
    """Log in with `PASS name:password`, or as the nick with `PASS password`."""
    registration, signin = client.registration, client.chat.signin
    given, registration.password = registration.password, ""
    name, password = who_and_password(client, given, ":")
    if name == registration.nick and signin.tells_names and signin.find(name) is None:
        return None  # no account has that name, so nobody has asked for a password
    try:
        return await signin.with_password(name, password, client.network)
    except ChatError as error:
        client.numeric("464", text=error.sentence)
        client.flush()
        client.close(Closed(error.code, error.sentence))
        return None


def who_and_password(client: IrcClient, text: str, separator: str) -> tuple[str, str]:
    """Split a text into a name and a password; without a name it is the nick.

    A password may have the separator in it. What is not an account's name is taken for the
    beginning of a password; but not where that would tell which names are accounts.
    """
    signin = client.chat.signin
    name, separated, password = text.partition(separator)
    if not separated:
        return client.nick, text
    if signin.tells_names and signin.find(name) is None and signin.find(client.nick) is not None:
        return client.nick, text
    return name, password


def _as_guest(client: IrcClient) -> Proof | None:
    registration, signin = client.registration, client.chat.signin
    try:
        return signin.guest(registration.nick)
    except ChatError as error:
        wanted, registration.nick = registration.nick, ""
        number, text = "432", error.sentence
        if error.code == "name_taken":
            number = "433"
            if signin.find(wanted) is not None:
                text = (
                    "That nickname is an account: log in to it with SASL or"
                    f" PASS {wanted}:PASSWORD, or take another"
                )
        raise Refused(number, shortened(wanted), text=text) from None


def _advise(client: IrcClient) -> None:
    """Say once how to log in, where there are no guests."""
    registration = client.registration
    if registration.advised:
        return
    registration.advised = True
    server, nick = client.chat.settings.name, registration.nick
    ways = [f"{server} takes people with an account only, and you have not logged in."]
    ways.append(
        f"Log in with SASL, or connect with the server password {nick}:YOUR-PASSWORD, or say"
        f" /quote NICKSERV IDENTIFY {nick} YOUR-PASSWORD"
    )
    try:
        if is_new(client):
            register = f"/quote REGISTER {nick} * A-PASSWORD"
            ways.append(f"{nick} is free: make it yours with {register}")
    except ChatError as error:
        ways.append(error.sentence)
    for way in ways:
        client.notice(way)


def is_new(client: IrcClient) -> bool:
    """Whether the nick can become an account. Raises ChatError if it cannot be anybody's."""
    nick, signin = client.registration.nick, client.chat.signin
    if not nick or not client.chat.settings.registration_open or signin.find(nick):
        return False
    signin.new_name(nick, client.local)
    return True


# --- the welcome -----------------------------------------------------------------------------


async def _welcome(client: IrcClient, proof: Proof) -> None:
    """Sign somebody in who has proved who they are, and send the welcome and their rooms."""
    registration, clients = client.registration, client.clients
    asked = registration.nick
    clients.people.set_look(proof.person, registration.user, registration.realname, client.network)
    client.sign_in(proof)
    settings, server = client.chat.settings, client.server
    if client.nick != asked:
        # Until 001 a client believes that it has the nick for which it has asked.
        client.line(f"{asked}!{registration.user}@{proof.person.host}", f"NICK :{client.nick}")
    mask = clients.people.mask(client.nick)
    client.numeric("001", text=f"Welcome to {settings.name}, {mask}")
    client.numeric("002", text=f"Your host is {server}, running version twisted-chat-{__version__}")
    client.numeric("003", text=f"This server has been up since {clients.started}")
    client.numeric(
        "004", server, f"twisted-chat-{__version__}", "Biow", "beIiklmnostvCR", "beIklov"
    )
    server_info.tell_isupport(client)
    server_info.tell_counts(client)
    await metadata.tell_own(client)
    server_info.tell_motd(client)
    await presence.apply_early_away(client)
    await show_channels(client)


async def show_channels(client: IrcClient) -> None:
    """Show the client the rooms of its person, and begin the delivery."""
    session = client.own_session
    await read_markers.load(client)
    for room in tuple(session.person.rooms):
        if not client.closed and client.has_joined(room):
            await _enter(client, room)
    if not client.closed:
        await chathistory.replay_private(client)
    if not client.closed:
        client.flush()
        session.begin()
        client.liveness.proven()  # asks at once whether what was missed has come


async def _enter(client: IrcClient, room: Room) -> None:
    """Show a room, and what was missed in it."""
    if channels.show_channel(client, room):
        await chathistory.replay_channel(client, room, client.own_session.position(room))


# --- PASS, NICK, USER ------------------------------------------------------------------------


def password(client: IrcClient, message: Message) -> None:
    client.registration.password = message.params[0]


async def nick(client: IrcClient, message: Message) -> None:
    wanted = message.params[0] if message.params else ""
    if not wanted:
        raise Refused("431")
    if client.registered:
        _rename(client, wanted)
        return
    registration = client.registration
    registration.nick_tries += 1
    if registration.nick_tries > NICK_TRIES:
        client.close(Closed("too_many_tries", "That was tried too often: goodbye."))
        return
    _check_nick(client, wanted)
    registration.nick = wanted
    await complete_registration(client)


def _check_nick(client: IrcClient, wanted: str) -> None:
    """Raise Refused for what cannot be anybody's name."""
    try:
        fold(wanted)
    except ChatError as error:
        raise Refused("432", repeated(wanted), text=error.sentence) from None


async def user(client: IrcClient, message: Message) -> None:
    registration = client.registration
    user = "".join(c for c in message.params[0] if c.isascii() and (c.isalnum() or c in "-_."))
    if not message.params[0] or not message.params[3]:
        raise Refused("461", "USER")
    registration.user = user[:LONGEST_USER] or "chat"
    registration.realname = "".join(c for c in unformatted(message.params[3]) if c.isprintable())
    await complete_registration(client)


def _rename(client: IrcClient, wanted: str) -> None:
    """Give a guest another name. Raises Refused for an account, which keeps its name."""
    me = client.me
    if wanted == me.name:
        return
    if not me.guest:
        if folded(wanted) == me.named.folded:
            raise Refused("432", wanted, text=f"Your account is written {me.name}.")
        raise Refused("447", text=f"Your nick is your account's name, {me.name}, and stays so.")
    try:
        client.chat.guests.rename(me, wanted)
    except ChatError as error:
        number = "433" if error.code == "name_taken" else "432"
        raise Refused(number, repeated(wanted), text=error.sentence) from None


# --- WEBIRC ----------------------------------------------------------------------------------


def webirc(client: IrcClient, message: Message) -> None:
    password, gateway, _, host, *rest = message.params
    if not _is_trusted(client, password):
        if client.clients.webirc_warnings.take(client.network, client.chat.ticks()) == 0:
            client.log.warn(
                "WEBIRC from {where}, calling itself {gateway}, is refused: see --webirc",
                where=client.address,
                gateway=shortened(gateway),
            )
        _refuse(client, "not_allowed", "Invalid WebIRC password")
        return
    if not client.first_line:
        _refuse(client, "syntax", "WEBIRC comes before everything else")
        return
    try:
        address = ip_address(host)
    except ValueError:
        _refuse(client, "args", "The fourth parameter of WEBIRC is an address")
        return
    options = _options(rest[0] if rest else "")
    client.gateway = shortened(gateway)
    host = str(getattr(address, "ipv4_mapped", None) or address)
    port = _port(options.get("remote-port", ""))
    client.connection.speak_for(host, port, "secure" in options)


def _is_trusted(client: IrcClient, password: str) -> bool:
    """Whether the connection comes from the address of a gateway with this password."""
    given, host = password.encode(), client.connection.host
    return any(
        compare_digest(one.password.encode(), given)
        for one in client.chat.settings.webirc
        if not host or ip_address(host.partition("%")[0]) in one.network
    )


def _options(written: str) -> dict[str, str]:
    found = {}
    for word in written.split(" "):
        key, _, value = word.partition("=")
        found[key] = unescape(value)
    return found


def _port(written: str) -> int:
    plain = written.isascii() and written.isdigit() and len(written) <= 5
    return int(written) if plain and int(written) <= HIGHEST_PORT else 0


def _refuse(client: IrcClient, code: str, sentence: str) -> None:
    client.close(Closed(code, sentence))


# --- PING, PONG, QUIT ------------------------------------------------------------------------


async def ping(client: IrcClient, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("409")
    session = client.session
    if session is not None:
        # Clients take the answer as a sign that they have everything there was when they asked.
        await session.caught_up()
    server = client.server
    client.line(server, f"PONG {server} :{without_controls(message.params[0])}")


def pong(client: IrcClient, message: Message) -> None:
    if message.params:
        client.liveness.ponged(message.params[-1])


def quit(client: IrcClient, message: Message) -> None:
    reason = words_in(message, 0)
    session = client.session
    if session is not None:
        session.parting = f"Quit: {reason}" if reason else "Quit"
        if client.connection.flushed():
            # A client that says goodbye has read what has arrived.
            client.chat.cursors.note_all_shown(session)
    client.leave(f"ERROR :Goodbye{': ' + reason if reason else ''}\r\n".encode())
