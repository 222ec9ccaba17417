"""NickServ: what IRC's clients say to it to make an account and to log in.

It is spoken to with PRIVMSG, NOTICE, NICKSERV or NS, before registration as well, and answers with
notices. Nothing of it is stored, echoed or logged: there are passwords in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from ...chat.accounts import client_certificates
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.text import shown
from . import accounts
from .client import IrcClient
from .message import Message
from .people import NICKSERV, SERVICES
from .registration import check_server_password, complete_registration, who_and_password
from .render import timestamp

Answer = Callable[["IrcClient", str], Awaitable[None]]

HELP = {
    "REGISTER": "REGISTER <password> [<e-mail>]: make your nick an account; the e-mail is not kept",
    "IDENTIFY": "IDENTIFY [<name>] <password>: log in, as your nick or as that name",
    "PASSWD": "PASSWD <old> <new>: change your password; your other sessions end, and your"
    " certificates are removed but for the one of this connection",
    "CERT": "CERT ADD [<fingerprint>], CERT LIST, CERT DEL <fingerprint>: client certificates that"
    " log in with SASL EXTERNAL; without a fingerprint it is the one of this connection",
    "INFO": "INFO [<name>]: whether a name is an account's, for those who have logged in",
    "HELP": "HELP [<command>]: this",
}
NOT_HERE = {
    "LOGOUT": "An account stays logged in as long as its connection does: QUIT.",
    "GHOST": "That is not needed: your account can be here with several clients at once.",
    "DROP": "An account is erased at another door: delete-account there.",
    "GROUP": "An account has one name.",
    "VERIFY": "That is not needed: an account is good as soon as it is made.",
}
OTHER_WORDS = {
    "ID": "IDENTIFY",
    "LOGIN": "IDENTIFY",
    "SETPASS": "PASSWD",
    "RECOVER": "GHOST",
    "REGAIN": "GHOST",
    "RELEASE": "GHOST",
}


def redirected(message: Message) -> Message:
    """A message to NickServ as the command NICKSERV; any other message as it is."""
    if message.command in ("PRIVMSG", "NOTICE") and len(message.params) > 1:
        target = message.params[0].partition("@")[0].lower()
        if target in SERVICES:
            return replace(message, command="NICKSERV", params=message.params[1:])
    return message


async def nickserv(client: IrcClient, message: Message) -> None:
    await answer(client, " ".join(message.params))


async def ns(client: IrcClient, message: Message) -> None:
    await answer(client, " ".join(message.params))


async def answer(client: IrcClient, text: str) -> None:
    """Carry out what was said to NickServ."""
    word, _, rest = text.strip().partition(" ")
    word, rest = word.upper(), rest.strip()
    if word == "SET" and rest.upper().startswith(("PASSWORD ", "PASS ")):
        word, rest = "PASSWD", rest.partition(" ")[2].strip()
    word = OTHER_WORDS.get(word, word)
    if word in NOT_HERE:
        say(client, NOT_HERE[word])
        return
    if not client.registered and (kept_out := check_server_password(client)):
        say(client, kept_out.sentence)
        return
    try:
        await _ANSWERS.get(word, _help)(client, rest if word in _ANSWERS else "")
    except ChatError as error:
        if not client.closed:
            say(client, error.sentence)
            accounts.count_wrong_password(client, error)


def say(client: IrcClient, text: str) -> None:
    """Send a notice from NickServ."""
    client.notice(text, f"{NICKSERV}!services@{client.server}")


async def _help(client: IrcClient, about: str) -> None:
    word = OTHER_WORDS.get(about.upper(), about.upper())
    if word in HELP:
        say(client, HELP[word])
        return
    say(client, f"{NICKSERV} makes accounts and logs in to them:")
    for line in HELP.values():
        say(client, f"    {line}")


async def _register(client: IrcClient, rest: str) -> None:
    password, _, last = rest.rpartition(" ")
    email = "@" in last and bool(password)
    password = password.strip() if email else rest
    if account := accounts.account_of(client):
        say(client, f"You are logged in as {account} already.")
    elif not password:
        say(client, f"Say which password: {HELP['REGISTER']}")
    elif client.nick == "*":
        say(client, "Say first what you are to be called: NICK <name>")
    else:
        await accounts.make(client, password)
        if client.closed:
            return
        kept = " Your e-mail address is not kept: there is no mail from here." if email else ""
        say(
            client, f"{client.nick} is your account now: log in with this password next time.{kept}"
        )
        await _logged_in(client)


async def _logged_in(client: IrcClient) -> None:
    proof = client.registration.proof
    if client.registered:
        accounts.tell(client, client.me)
    elif proof is not None:
        accounts.tell(client, proof.person)
        await complete_registration(client)


async def _identify(client: IrcClient, rest: str) -> None:
    if not rest:
        say(client, f"Say which password: {HELP['IDENTIFY']}")
        return
    name, password = who_and_password(client, rest, " ")
    proof = await accounts.log_in(client, name, password.strip())
    say(client, f"You are logged in as {proof.person.name}.")
    accounts.tell(client, proof.person)
    await accounts.use_proof(client, proof)


async def _change_password(client: IrcClient, rest: str) -> None:
    session, words = client.session, rest.split()
    if session is None or session.person.guest:
        say(client, "Log in first: IDENTIFY <password>")
    elif len(words) != 2:
        say(client, f"Say the old and the new one, without spaces in them: {HELP['PASSWD']}")
    else:
        await client.chat.accounts.change_password(session, *words)
        ended = Closed("password_changed", "Your password was changed: log in again.")
        client.chat.close_sessions(session.person, ended, session)
        say(client, "Your password is changed, and your other sessions have ended.")


async def _certificates(client: IrcClient, rest: str) -> None:
    word, _, written = rest.partition(" ")
    word, written = word.upper(), written.strip()
    if client.session is None or client.me.guest:
        say(client, "Log in first: IDENTIFY <password>")
    elif word == "LIST":
        await _list_certificates(client)
    elif word == "ADD":
        await _add_certificate(client, written)
    elif word in ("DEL", "DELETE", "REMOVE") and written:
        await _remove_certificate(client, client_certificates.fingerprint(written))
    else:
        say(client, HELP["CERT"])


async def _list_certificates(client: IrcClient) -> None:
    kept = await client.chat.certificates.of(client.me)
    if not kept:
        say(client, "Your account has no certificates.")
    for number, row in enumerate(kept, 1):
        used = "not used yet" if row.used is None else f"used on {timestamp(row.used)[:10]}"
        here = ", on this connection" if row.fingerprint == client.certificate else ""
        say(client, f"{number}. {row.fingerprint}: {used}{here}")


async def _add_certificate(client: IrcClient, written: str) -> None:
    added = client_certificates.fingerprint(written) if written else client.certificate
    if not added:
        say(
            client,
            "There is no client certificate on this connection: connect over TLS with one, or"
            " say its fingerprint, which is its SHA-256: CERT ADD <fingerprint>",
        )
    elif await client.chat.certificates.add(client.me, added, added == client.certificate):
        say(client, f"The certificate {added} logs in as {client.me.name} from now on.")
    else:
        say(client, "Your account has that certificate already.")


async def _remove_certificate(client: IrcClient, removed: str) -> None:
    await client.chat.certificates.remove(client.me, removed)
    ended = Closed("ended", "The certificate with which you were logged in was removed.")
    others = [
        other
        for other in client.clients.of(client.me)
        if other is not client and other.logged_in_with == removed
    ]
    for other in others:
        other.close(ended)
    say(client, f"The certificate {removed} logs in no more; sessions that it began have ended.")


async def _info(client: IrcClient, rest: str) -> None:
    if not client.registered:
        say(client, "Log in first: IDENTIFY <password>")
        return
    name = rest.split(" ")[0] or client.nick
    person = client.chat.signin.find(name)
    if person is None:
        say(client, f"{shown(name)[:64]} is nobody's account.")
        return
    if person.online:
        where = "is here now"
    elif person.last_seen:
        ago = max(0, client.chat.wall() - person.last_seen) // 1000
        where = f"was here {spoken(ago)} ago"
    else:
        where = "was not here yet"
    say(client, f"{person.name} is an account and {where}.")


_ANSWERS: dict[str, Answer] = {
    "REGISTER": _register,
    "IDENTIFY": _identify,
    "PASSWD": _change_password,
    "CERT": _certificates,
    "INFO": _info,
    "HELP": _help,
}
