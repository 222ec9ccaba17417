"""Logging in and making accounts: what SASL, NickServ and REGISTER have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import LOBBY
from . import arrival, channels, isupport
from .refusals import REFUSALS

if TYPE_CHECKING:
    from ...chat.accounts.sign_in import Proof
    from ...core.roster import Person
    from .door import IrcDoor

MOST_FAILURES = 10  # wrong passwords on one connection, whatever names they are for


async def log_in(client: IrcDoor, name: str, password: str) -> Proof:
    """Prove to be an account with its password."""
    check_change(client, client.chat.signin.find(name))
    proof = await client.chat.signin.with_password(name, password, client.network)
    check(client, proof)
    return proof


async def log_in_with_certificate(client: IrcDoor, name: str) -> Proof:
    """Be the account of the certificate that the client has come with."""
    nick, presented = client.registration.nick, client.certificate
    proof = await client.chat.certificates.log_in(presented, name, nick)
    check(client, proof)
    client.logged_in_with = presented
    return proof


def who_and_password(client: IrcDoor, text: str, separator: str) -> tuple[str, str]:
    """The name and the password that were given in one text, in which the name may be left out.

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


def check_change(client: IrcDoor, person: Person | None) -> None:
    """Refuse that an account becomes another one on the same connection."""
    if client.registered and not client.me.guest and person is not client.me:
        raise ChatError(
            "already_somebody",
            f"You are logged in as {client.me.name}: connect again to log in as somebody else.",
        )


def check(client: IrcDoor, proof: Proof) -> None:
    """Refuse a proof that cannot be used here and now."""
    if client.closed:
        raise ChatError("gone", "The connection is closed.")
    check_change(client, proof.person)
    client.chat.signin.admit(proof)


def tell(client: IrcDoor, person: Person) -> None:
    """900: who the client is logged in as."""
    # Before registration it is how the client will look.
    early = f"{person.name}!{client.registration.user or '*'}@{person.host}"
    mask = client.clients.mask(client.nick) if client.registered else early
    client.numeric("900", mask, person.name, text=f"You are now logged in as {person.name}")


async def settle(client: IrcDoor, proof: Proof) -> None:
    """Be whom the client has proved to be: at once, or when it registers."""
    if not client.registered:
        client.registration.proof = proof
        await client.registration.go_on()
    elif proof.person is not client.me:
        await become(client, proof)


async def become(client: IrcDoor, proof: Proof) -> None:
    """The guest at this connection goes, and the account that has logged in is here instead."""
    chat, clients = client.chat, client.clients
    guest, session = client.me, client.session
    assert session is not None
    before = clients.mask(guest.name)
    places = [room.name for room in guest.rooms]
    if session.lobby:
        places.append(LOBBY)
    for room in clients.rooms_of(client):
        arrival.hide_room(client, room)
    session.parting = f"Logged in as {proof.person.name}"
    chat.depart(session)
    client.said_away = ""  # by the guest
    client.clients.markers.forget(guest)
    client.liveness.forget()
    registration = client.registration
    clients.looks(proof.person, registration.user, registration.realname, client.network)
    client.sit_down(proof)
    me = client.me
    after = clients.mask(me.name)
    client.line(before, f"NICK :{me.name}")
    if client.has("chghost"):
        earlier = f"{me.name}!{before.partition('!')[2]}"
        client.line(earlier, f"CHGHOST {me.user} {me.host}")
    if client.has("account-notify"):
        client.line(after, f"ACCOUNT {me.name}")
    isupport.tell_account(client)
    await arrival.show_all(client)
    await _come_back(client, places)


async def _come_back(client: IrcDoor, places: list[str]) -> None:
    """Go again where the guest was, as far as that is allowed."""
    for place in places:
        if client.closed:
            return
        try:
            await channels.join_one(client, place, "")
        except REFUSALS as error:
            client.refuse(error, place, "JOIN")


async def make(client: IrcDoor, password: str) -> None:
    """Make the client's nick an account, which it is logged in to then."""
    signin, registration = client.chat.signin, client.registration
    if client.session is not None:
        await client.chat.guests.adopt(client.session, password)
        isupport.tell_account(client)
        return
    local = client.local
    registration.proof = await signin.register(registration.nick, password, client.network, local)


def account_of(client: IrcDoor) -> str:
    """The account that the client is logged in to; empty without one."""
    if client.registered:
        return "" if client.me.guest else client.me.name
    proof = client.registration.proof
    return "" if proof is None else proof.person.name


def failed(client: IrcDoor, error: ChatError) -> None:
    """Count a wrong password; who guesses on and on is closed."""
    if error.code != "wrong_password":
        return
    client.failures += 1
    if client.failures >= MOST_FAILURES:
        client.flush()
        client.close(Closed("too_many_tries", "That was tried too often: goodbye."))
