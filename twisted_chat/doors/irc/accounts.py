"""Logging in and making accounts: what SASL, NickServ and REGISTER have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import LOBBY
from . import arrival, channels, isupport, refusals
from .numerics import Refused

if TYPE_CHECKING:
    from ...chat.accounts.proving import Proof
    from ...core.roster import Person
    from .door import IrcTalk

MOST_FAILURES = 10  # wrong passwords on one connection, whatever names they are for


async def log_in(talk: IrcTalk, name: str, password: str) -> Proof:
    """Prove to be an account with its password."""
    check_change(talk, talk.chat.signin.find(name))
    proof = await talk.chat.signin.with_password(name, password, talk.network)
    check(talk, proof)
    return proof


async def log_in_with_certificate(talk: IrcTalk, name: str) -> Proof:
    """Be the account of the certificate that the client has come with."""
    nick, presented = talk.registration.nick, talk.certificate
    proof = await talk.chat.certificates.log_in(presented, name, nick)
    check(talk, proof)
    talk.logged_in_with = presented
    return proof


def who_and_password(talk: IrcTalk, text: str, separator: str) -> tuple[str, str]:
    """The name and the password that were given in one text, in which the name may be left out.

    A password may have the separator in it. What is not an account's name is taken for the
    beginning of a password; but not where that would tell which names are accounts.
    """
    signin = talk.chat.signin
    name, separated, password = text.partition(separator)
    if not separated:
        return talk.nick, text
    if signin.tells_names and signin.find(name) is None and signin.find(talk.nick) is not None:
        return talk.nick, text
    return name, password


def check_change(talk: IrcTalk, person: Person | None) -> None:
    """Refuse that an account becomes another one on the same connection."""
    if talk.registered and not talk.me.guest and person is not talk.me:
        raise ChatError(
            "already_somebody",
            f"You are logged in as {talk.me.name}: connect again to log in as somebody else.",
        )


def check(talk: IrcTalk, proof: Proof) -> None:
    """Refuse a proof that cannot be used here and now."""
    if talk.closed:
        raise ChatError("gone", "The connection is closed.")
    check_change(talk, proof.person)
    talk.chat.signin.admit(proof)


def tell(talk: IrcTalk, person: Person) -> None:
    """900: who the client is logged in as."""
    # Before registration it is how the client will look.
    early = f"{person.name}!{talk.registration.user or '*'}@{person.host}"
    mask = talk.company.mask(talk.nick) if talk.registered else early
    talk.numeric("900", mask, person.name, text=f"You are now logged in as {person.name}")


async def settle(talk: IrcTalk, proof: Proof) -> None:
    """Be whom the client has proved to be: at once, or when it registers."""
    if not talk.registered:
        talk.registration.proof = proof
        await talk.registration.go_on()
    elif proof.person is not talk.me:
        await become(talk, proof)


async def become(talk: IrcTalk, proof: Proof) -> None:
    """The guest at this connection goes, and the account that has logged in is here instead."""
    chat, company = talk.chat, talk.company
    guest, session = talk.me, talk.session
    assert session is not None
    before = company.mask(guest.name)
    places = [room.name for room in guest.rooms]
    if session.lobby:
        places.append(LOBBY)
    for room in company.rooms_of(talk):
        arrival.hide_room(talk, room)
    session.parting = f"Logged in as {proof.person.name}"
    chat.depart(session)
    talk.said_away = ""  # by the guest
    talk.company.markers.forget(guest)
    talk.hearing.forget()
    registration = talk.registration
    company.looks(proof.person, registration.user, registration.realname, talk.network)
    talk.sit_down(proof)
    me = talk.me
    after = company.mask(me.name)
    talk.line(before, f"NICK :{me.name}")
    if talk.has("chghost"):
        earlier = f"{me.name}!{before.partition('!')[2]}"
        talk.line(earlier, f"CHGHOST {me.user} {me.host}")
    if talk.has("account-notify"):
        talk.line(after, f"ACCOUNT {me.name}")
    isupport.tell_account(talk)
    await arrival.show_all(talk)
    await _come_back(talk, places)


async def _come_back(talk: IrcTalk, places: list[str]) -> None:
    """Go again where the guest was, as far as that is allowed."""
    for place in places:
        if talk.closed:
            return
        try:
            await channels.join_one(talk, place, "")
        except (ChatError, Refused) as error:
            refusals.add(talk, talk.answers, error, "JOIN", place)


async def make(talk: IrcTalk, password: str) -> None:
    """Make the client's nick an account, which it is logged in to then."""
    signin, registration = talk.chat.signin, talk.registration
    if talk.session is not None:
        await signin.adopt(talk.session, password)
        isupport.tell_account(talk)
        return
    local = talk.local
    registration.proof = await signin.register(registration.nick, password, talk.network, local)


def account_of(talk: IrcTalk) -> str:
    """The account that the client is logged in to; empty without one."""
    if talk.registered:
        return "" if talk.me.guest else talk.me.name
    proof = talk.registration.proof
    return "" if proof is None else proof.person.name


def failed(talk: IrcTalk, error: ChatError) -> None:
    """Count a wrong password; who guesses on and on is closed."""
    if error.code != "wrong_password":
        return
    talk.failures += 1
    if talk.failures >= MOST_FAILURES:
        talk.flush()
        talk.close(Closed("too_many_tries", "That was tried too often: goodbye."))
