"""Asking about people: WHOIS, WHOWAS and ISON's kin that look one person up by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...chat.session import Session
from ...core.durations import spoken
from ...core.rooms import LOBBY
from ...core.text import formatted, shown
from . import names, nickserv
from .commands import command, shortened
from .message import LONGEST_LINE, Message
from .numerics import Refused

if TYPE_CHECKING:
    from ...core.roster import Person
    from .door import IrcTalk


def person_here(talk: IrcTalk, name: str) -> Person:
    """Somebody who is online under that name."""
    person = talk.company.person(name)
    if person is None or person.erased or not person.online:
        raise Refused("401", shortened(name))
    return person


@command("WHOIS", help="WHOIS <nick>: what is known about somebody")
def whois(talk: IrcTalk, message: Message) -> None:
    if not message.params or not message.params[-1]:
        raise Refused("431")
    wanted = message.params[1] if len(message.params) > 1 else message.params[0]
    name = wanted.split(",")[0]
    try:
        if name.lower() in nickserv.NAMES:
            nickserv.describe(talk)
        else:
            _describe(talk, person_here(talk, name))
    except Refused as refused:
        talk.numeric(refused.numeric, *refused.params, text=refused.text)
        name = refused.params[0]
    talk.numeric("318", shortened(name), text="That is all that is known")


def _describe(talk: IrcTalk, person: Person) -> None:
    company, nick = talk.company, person.name
    sessions = [cast(Session, seat) for seat in person.seats]
    talk.numeric("311", nick, person.user, person.host, "*", text=shown(company.realname_of(nick)))
    if person is talk.me or talk.oper:
        host = sessions[0].door.host or "localhost"  # on a Unix socket
        talk.numeric("378", nick, text=f"is connecting from *@{host} {host}")
        for other in company.talks_of(person):
            if other.gateway:
                talk.numeric("320", nick, text=f"is here through the web gateway {other.gateway}")
    _tell_rooms(talk, person)
    talk.numeric("312", nick, company.server, text=company.description)
    if company.is_oper(person):
        talk.numeric("313", nick, text="is an operator of this server")
    if person.away:
        talk.numeric("301", nick, text=formatted(person.away))
    if not person.guest:
        talk.numeric("330", nick, nick, text="is logged in as")
    if company.is_bot(nick):
        talk.numeric("335", nick, text=f"is a bot on {shown(talk.chat.settings.name)}")
    if person is talk.me and talk.certificate:
        text = f"has client certificate fingerprint {talk.certificate}"
        talk.numeric("276", nick, text=text)
    if sessions and all(company.is_secure(session) for session in sessions):
        talk.numeric("671", nick, text="is using a secure connection")
    now = talk.chat.ticks()
    idle = int(now - max(session.asked_at for session in sessions))
    since = (talk.chat.wall() - int((now - min(s.since for s in sessions)) * 1000)) // 1000
    talk.numeric("317", nick, str(idle), str(since), text="seconds idle, signon time")


def _tell_rooms(talk: IrcTalk, person: Person) -> None:
    """The rooms of somebody's that the client may know of, as many lines as they take."""
    rooms = [
        room for room in person.rooms if room.has(talk.me) or not (room.hidden or room.rules.secret)
    ]
    words = [names.prefix(talk, room, person) + room.name for room in rooms]
    if any(cast(Session, seat).lobby for seat in person.seats):
        lobby = talk.chat.rooms.lobby
        words.insert(0, names.prefix(talk, lobby, person) + LOBBY)
    line, most = "", LONGEST_LINE - 150
    for word in words:
        if line and len(f"{line} {word}".encode()) > most:
            talk.numeric("319", person.name, text=line)
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        talk.numeric("319", person.name, text=line)


@command("WHOWAS", help="WHOWAS <nick> [<count>]: who had that name lately")
def whowas(talk: IrcTalk, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("431")
    name = message.params[0].split(",")[0]
    most = message.params[1] if len(message.params) > 1 else ""
    count = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else 0
    found = [gone for gone in reversed(talk.company.gone) if gone.name.lower() == name.lower()]
    if not found:
        talk.numeric("406", shortened(name), text="Nobody of that name was here lately")
    for gone in found[: count or None]:
        talk.numeric("314", gone.name, gone.user, gone.host, "*", text=shown(gone.realname))
        talk.numeric("312", gone.name, talk.company.server, text=f"{spoken_ago(talk, gone.time)}")
    talk.numeric("369", shortened(name), text="That is all that is known")


def spoken_ago(talk: IrcTalk, time: int) -> str:
    """How long ago something was."""
    return f"left {spoken(max(0, talk.chat.wall() - time) // 1000)} ago"
