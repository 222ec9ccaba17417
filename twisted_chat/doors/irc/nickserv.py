"""NickServ: what IRC's clients say to it to make an account and to log in.

It is spoken to with PRIVMSG, NOTICE, NICKSERV or NS, before registration as well, and answers with
notices. Nothing of it is stored, echoed or logged: there are passwords in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...chat.accounts import client_certificates
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.text import shown
from . import accounts
from .commands import When, command
from .message import Message
from .render import timestamp

if TYPE_CHECKING:
    from .door import IrcTalk

NICKSERV = "NickServ"
NAMES = frozenset((NICKSERV.lower(),))

Answer = Callable[["IrcTalk", str], Awaitable[None]]

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
    """What is said to NickServ alone, as its command."""
    if message.command in ("PRIVMSG", "NOTICE") and len(message.params) > 1:
        target = message.params[0].partition("@")[0].lower()
        if target in NAMES:
            return replace(message, command="NICKSERV", params=message.params[1:])
    return message


@command("NICKSERV", when=When.ALWAYS, help="NICKSERV <command>: NICKSERV HELP tells which")
async def nickserv(talk: IrcTalk, message: Message) -> None:
    await answer(talk, " ".join(message.params))


@command("NS", when=When.ALWAYS, help="NS <command>: the same as NICKSERV")
async def ns(talk: IrcTalk, message: Message) -> None:
    await answer(talk, " ".join(message.params))


async def answer(talk: IrcTalk, text: str) -> None:
    """Answer what was said."""
    word, _, rest = text.strip().partition(" ")
    word, rest = word.upper(), rest.strip()
    if word == "SET" and rest.upper().startswith(("PASSWORD ", "PASS ")):
        word, rest = "PASSWD", rest.partition(" ")[2].strip()
    word = OTHER_WORDS.get(word, word)
    if word in NOT_HERE:
        say(talk, NOT_HERE[word])
        return
    if not talk.registered and (kept_out := talk.registration.check_server_password()):
        say(talk, kept_out.sentence)
        return
    try:
        await _ANSWERS.get(word, _help)(talk, rest if word in _ANSWERS else "")
    except ChatError as error:
        if not talk.closed:
            say(talk, error.sentence)
            accounts.failed(talk, error)


def say(talk: IrcTalk, text: str) -> None:
    """Tell the client something as NickServ."""
    talk.notice(text, f"{NICKSERV}!services@{talk.company.server}")


def describe(talk: IrcTalk) -> None:
    """Who NickServ is, for WHOIS."""
    company = talk.company
    talk.numeric("311", NICKSERV, "services", company.server, "*", text="Accounts of this server")
    talk.numeric("312", NICKSERV, company.server, text=company.description)
    talk.numeric("313", NICKSERV, text="is a service of this server")


async def _help(talk: IrcTalk, about: str) -> None:
    word = OTHER_WORDS.get(about.upper(), about.upper())
    if word in HELP:
        say(talk, HELP[word])
        return
    say(talk, f"{NICKSERV} makes accounts and logs in to them:")
    for line in HELP.values():
        say(talk, f"    {line}")


async def _register(talk: IrcTalk, rest: str) -> None:
    password, _, last = rest.rpartition(" ")
    email = "@" in last and bool(password)
    password = password.strip() if email else rest
    if account := accounts.account_of(talk):
        say(talk, f"You are logged in as {account} already.")
    elif not password:
        say(talk, f"Say which password: {HELP['REGISTER']}")
    elif talk.nick == "*":
        say(talk, "Say first what you are to be called: NICK <name>")
    else:
        await accounts.make(talk, password)
        if talk.closed:
            return
        kept = " Your e-mail address is not kept: there is no mail from here." if email else ""
        say(talk, f"{talk.nick} is your account now: log in with this password next time.{kept}")
        await _logged_in(talk)


async def _logged_in(talk: IrcTalk) -> None:
    proof = talk.registration.proof
    if talk.registered:
        accounts.tell(talk, talk.me)
    elif proof is not None:
        accounts.tell(talk, proof.person)
        await talk.registration.go_on()


async def _identify(talk: IrcTalk, rest: str) -> None:
    if not rest:
        say(talk, f"Say which password: {HELP['IDENTIFY']}")
        return
    name, password = accounts.who_and_password(talk, rest, " ")
    proof = await accounts.log_in(talk, name, password.strip())
    say(talk, f"You are logged in as {proof.person.name}.")
    accounts.tell(talk, proof.person)
    await accounts.settle(talk, proof)


async def _change_password(talk: IrcTalk, rest: str) -> None:
    session, words = talk.session, rest.split()
    if session is None or session.person.guest:
        say(talk, "Log in first: IDENTIFY <password>")
    elif len(words) != 2:
        say(talk, f"Say the old and the new one, without spaces in them: {HELP['PASSWD']}")
    else:
        await talk.chat.accounts.change_password(session, *words)
        ended = Closed("password_changed", "Your password was changed: log in again.")
        talk.chat.close_seats(session.person, ended, session)
        say(talk, "Your password is changed, and your other sessions have ended.")


async def _certificates(talk: IrcTalk, rest: str) -> None:
    word, _, written = rest.partition(" ")
    word, written = word.upper(), written.strip()
    if talk.session is None or talk.me.guest:
        say(talk, "Log in first: IDENTIFY <password>")
    elif word == "LIST":
        await _list_certificates(talk)
    elif word == "ADD":
        await _add_certificate(talk, written)
    elif word in ("DEL", "DELETE", "REMOVE") and written:
        await _remove_certificate(talk, client_certificates.fingerprint(written))
    else:
        say(talk, HELP["CERT"])


async def _list_certificates(talk: IrcTalk) -> None:
    kept = await talk.chat.certificates.of(talk.me)
    if not kept:
        say(talk, "Your account has no certificates.")
    for number, row in enumerate(kept, 1):
        used = "not used yet" if row.used is None else f"used on {timestamp(row.used)[:10]}"
        here = ", on this connection" if row.fingerprint == talk.certificate else ""
        say(talk, f"{number}. {row.fingerprint}: {used}{here}")


async def _add_certificate(talk: IrcTalk, written: str) -> None:
    added = client_certificates.fingerprint(written) if written else talk.certificate
    if not added:
        say(
            talk,
            "There is no client certificate on this connection: connect over TLS with one, or"
            " say its fingerprint, which is its SHA-256: CERT ADD <fingerprint>",
        )
    elif await talk.chat.certificates.add(talk.me, added, added == talk.certificate):
        say(talk, f"The certificate {added} logs in as {talk.me.name} from now on.")
    else:
        say(talk, "Your account has that certificate already.")


async def _remove_certificate(talk: IrcTalk, removed: str) -> None:
    await talk.chat.certificates.remove(talk.me, removed)
    ended = Closed("ended", "The certificate with which you were logged in was removed.")
    others = [
        other
        for other in talk.company.talks_of(talk.me)
        if other is not talk and other.logged_in_with == removed
    ]
    for other in others:
        other.close(ended)
    say(talk, f"The certificate {removed} logs in no more; sessions that it began have ended.")


async def _info(talk: IrcTalk, rest: str) -> None:
    if not talk.registered:
        say(talk, "Log in first: IDENTIFY <password>")
        return
    name = rest.split(" ")[0] or talk.nick
    person = talk.chat.signin.find(name)
    if person is None:
        say(talk, f"{shown(name)[:64]} is nobody's account.")
        return
    if person.online:
        where = "is here now"
    elif person.last_seen:
        ago = max(0, talk.chat.wall() - person.last_seen) // 1000
        where = f"was here {spoken(ago)} ago"
    else:
        where = "was not here yet"
    say(talk, f"{person.name} is an account and {where}.")


_ANSWERS: dict[str, Answer] = {
    "REGISTER": _register,
    "IDENTIFY": _identify,
    "PASSWD": _change_password,
    "CERT": _certificates,
    "INFO": _info,
    "HELP": _help,
}
