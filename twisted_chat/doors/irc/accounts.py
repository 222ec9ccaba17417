"""Logging in and making accounts: what SASL and NickServ have in common, REGISTER and VERIFY."""

from __future__ import annotations

from ...chat.accounts.sign_in import Proof
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import LOBBY, Person
from . import channels, server_info
from .client import IrcClient
from .message import Message, shortened
from .people import folded
from .refusals import REFUSALS, Failed, Refused, failed
from .registration import check_server_password, complete_registration, show_channels

MOST_FAILURES = 10  # wrong passwords on one connection, whatever names they are for


async def log_in(client: IrcClient, name: str, password: str) -> Proof:
    """Log in with a password. Raises ChatError if it is wrong."""
    check_change(client, client.chat.signin.find(name))
    proof = await client.chat.signin.with_password(name, password, client.network)
    check(client, proof)
    return proof


async def log_in_with_certificate(client: IrcClient, name: str) -> Proof:
    """Log in with the client certificate of the connection."""
    nick, presented = client.registration.nick, client.certificate
    proof = await client.chat.certificates.log_in(presented, name, nick)
    check(client, proof)
    client.logged_in_with = presented
    return proof


def check_change(client: IrcClient, person: Person | None) -> None:
    """Raise ChatError if an account would become another one on the same connection."""
    if client.registered and not client.me.guest and person is not client.me:
        raise ChatError(
            "already_somebody",
            f"You are logged in as {client.me.name}: connect again to log in as somebody else.",
        )


def check(client: IrcClient, proof: Proof) -> None:
    """Raise ChatError if a proof cannot be used here and now."""
    if client.closed:
        raise ChatError("gone", "The connection is closed.")
    check_change(client, proof.person)
    client.chat.signin.admit(proof)


def tell(client: IrcClient, person: Person) -> None:
    """Send 900: as whom the client is logged in."""
    # Before registration it is how the client will look.
    early = f"{person.name}!{client.registration.user or '*'}@{person.host}"
    mask = client.people.mask(client.nick) if client.registered else early
    client.numeric("900", mask, person.name, text=f"You are now logged in as {person.name}")


async def use_proof(client: IrcClient, proof: Proof) -> None:
    """Use a proof: at once, or when the client registers."""
    if not client.registered:
        client.registration.proof = proof
        await complete_registration(client)
    elif proof.person is not client.me:
        await _become(client, proof)


async def _become(client: IrcClient, proof: Proof) -> None:
    """Replace the guest at this connection by the account that has logged in."""
    chat, clients = client.chat, client.clients
    guest, session = client.me, client.own_session
    before = clients.people.mask(guest.name)
    places = [room.name for room in guest.rooms]
    if session.lobby:
        places.append(LOBBY)
    for room in list(client.channels):
        channels.hide_channel(client, room)
    session.parting = f"Logged in as {proof.person.name}"
    chat.depart(session)
    client.said_away = ""  # by the guest
    client.clients.read_markers.pop(guest, None)
    client.liveness.forget()
    registration = client.registration
    clients.people.set_look(proof.person, registration.user, registration.realname, client.network)
    client.sign_in(proof)
    me = client.me
    after = clients.people.mask(me.name)
    client.line(before, f"NICK :{me.name}")
    if client.has("chghost"):
        earlier = f"{me.name}!{before.partition('!')[2]}"
        client.line(earlier, f"CHGHOST {me.user} {me.host}")
    if client.has("account-notify"):
        client.line(after, f"ACCOUNT {me.name}")
    server_info.tell_account_tokens(client)
    await show_channels(client)
    await _rejoin(client, places)


async def _rejoin(client: IrcClient, places: list[str]) -> None:
    """Join the rooms of the guest again, as far as that is allowed."""
    for place in places:
        if client.closed:
            return
        try:
            await channels.join_one(client, place, "")
        except REFUSALS as error:
            client.refuse(error, place, "JOIN")


async def make(client: IrcClient, password: str) -> None:
    """Make the client's nick an account, and log in to it."""
    signin, registration = client.chat.signin, client.registration
    if client.session is not None:
        await client.chat.guests.adopt(client.session, password)
        server_info.tell_account_tokens(client)
        return
    local = client.local
    registration.proof = await signin.register(registration.nick, password, client.network, local)


def account_of(client: IrcClient) -> str:
    """The account that the client is logged in to; empty without one."""
    if client.registered:
        return "" if client.me.guest else client.me.name
    proof = client.registration.proof
    return "" if proof is None else proof.person.name


def count_wrong_password(client: IrcClient, error: ChatError) -> None:
    """Count a wrong password, and close a client that has guessed too often."""
    if error.code != "wrong_password":
        return
    client.wrong_passwords += 1
    if client.wrong_passwords >= MOST_FAILURES:
        client.flush()
        client.close(Closed("too_many_tries", "That was tried too often: goodbye."))


# --- REGISTER and VERIFY ---------------------------------------------------------------------


async def register(client: IrcClient, message: Message) -> None:
    account, _, password = message.params[:3]
    nick = "" if client.nick == "*" else client.nick
    if already := account_of(client):
        text = f"You are {already} already."
        raise Failed("ALREADY_AUTHENTICATED", text, shortened(already))
    if not nick:
        raise Failed("NEED_NICK", "Say first what you are to be called: NICK", "*")
    if account != "*" and folded(account) != folded(nick):
        text = f"An account is called like your nick, which is {nick}."
        raise Failed("ACCOUNT_NAME_MUST_BE_NICK", text, shortened(account))
    if not client.registered and (kept_out := check_server_password(client)):
        raise Refused("464", text=kept_out.sentence)
    try:
        await make(client, password)
    except ChatError as error:
        raise failed("REGISTER", error, shortened(nick)) from None
    if client.closed:
        return
    name = account_of(client)
    client.line(client.server, f"REGISTER SUCCESS {name} :{name} is your account now.")
    person = client.chat.signin.find(name)
    assert person is not None
    tell(client, person)
    await complete_registration(client)


def verify(client: IrcClient, message: Message) -> None:
    if already := account_of(client):
        text = f"You are {already} already."
        raise Failed("ALREADY_AUTHENTICATED", text, shortened(already))
    text = "Accounts are good as soon as they are made: there is nothing to verify."
    raise Failed("INVALID_CODE", text, shortened(message.params[0]))
