"""Asking about people: WHOIS, WHOWAS and ISON's kin that look one person up by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...chat.session import Session
from ...core.durations import spoken
from ...core.rooms import LOBBY
from ...core.text import formatted, shown
from . import names, nickserv
from .commands import command
from .message import LONGEST_LINE, Message, shortened
from .refusals import Refused

if TYPE_CHECKING:
    from ...core.roster import Person
    from .door import IrcDoor


def person_here(client: IrcDoor, name: str) -> Person:
    """Somebody who is online under that name."""
    person = client.clients.person(name)
    if person is None or person.erased or not person.online:
        raise Refused("401", shortened(name))
    return person


@command("WHOIS", help="WHOIS <nick>: what is known about somebody")
def whois(client: IrcDoor, message: Message) -> None:
    if not message.params or not message.params[-1]:
        raise Refused("431")
    wanted = message.params[1] if len(message.params) > 1 else message.params[0]
    name = wanted.split(",")[0]
    try:
        if name.lower() in nickserv.NAMES:
            nickserv.describe(client)
        else:
            _describe(client, person_here(client, name))
    except Refused as refused:
        client.numeric(refused.numeric, *refused.params, text=refused.text)
        name = refused.params[0]
    client.numeric("318", shortened(name), text="That is all that is known")


def _describe(client: IrcDoor, person: Person) -> None:
    clients, nick = client.clients, person.name
    sessions = [cast(Session, seat) for seat in person.seats]
    client.numeric(
        "311", nick, person.user, person.host, "*", text=shown(clients.realname_of(nick))
    )
    if person is client.me or client.oper:
        host = sessions[0].door.host or "localhost"  # on a Unix socket
        client.numeric("378", nick, text=f"is connecting from *@{host} {host}")
        for other in clients.of(person):
            if other.gateway:
                client.numeric("320", nick, text=f"is here through the web gateway {other.gateway}")
    _tell_rooms(client, person)
    client.numeric("312", nick, clients.server, text=clients.description)
    if clients.is_oper(person):
        client.numeric("313", nick, text="is an operator of this server")
    if person.away:
        client.numeric("301", nick, text=formatted(person.away))
    if not person.guest:
        client.numeric("330", nick, nick, text="is logged in as")
    if clients.is_bot(nick):
        client.numeric("335", nick, text=f"is a bot on {shown(client.chat.settings.name)}")
    if person is client.me and client.certificate:
        text = f"has client certificate fingerprint {client.certificate}"
        client.numeric("276", nick, text=text)
    if sessions and all(clients.is_secure(session) for session in sessions):
        client.numeric("671", nick, text="is using a secure connection")
    now = client.chat.ticks()
    idle = int(now - max(session.asked_at for session in sessions))
    since = (client.chat.wall() - int((now - min(s.since for s in sessions)) * 1000)) // 1000
    client.numeric("317", nick, str(idle), str(since), text="seconds idle, signon time")


def _tell_rooms(client: IrcDoor, person: Person) -> None:
    """The rooms of somebody's that the client may know of, as many lines as they take."""
    rooms = [
        room
        for room in person.rooms
        if room.has(client.me) or not (room.hidden or room.rules.secret)
    ]
    words = [names.prefix(client, room, person) + room.name for room in rooms]
    if any(cast(Session, seat).lobby for seat in person.seats):
        lobby = client.chat.rooms.lobby
        words.insert(0, names.prefix(client, lobby, person) + LOBBY)
    line, most = "", LONGEST_LINE - 150
    for word in words:
        if line and len(f"{line} {word}".encode()) > most:
            client.numeric("319", person.name, text=line)
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        client.numeric("319", person.name, text=line)


@command("WHOWAS", help="WHOWAS <nick> [<count>]: who had that name lately")
def whowas(client: IrcDoor, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("431")
    name = message.params[0].split(",")[0]
    most = message.params[1] if len(message.params) > 1 else ""
    count = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else 0
    found = [gone for gone in reversed(client.clients.gone) if gone.name.lower() == name.lower()]
    if not found:
        client.numeric("406", shortened(name), text="Nobody of that name was here lately")
    for gone in found[: count or None]:
        client.numeric("314", gone.name, gone.user, gone.host, "*", text=shown(gone.realname))
        client.numeric(
            "312", gone.name, client.clients.server, text=f"{spoken_ago(client, gone.time)}"
        )
    client.numeric("369", shortened(name), text="That is all that is known")


def spoken_ago(client: IrcDoor, time: int) -> str:
    """How long ago something was."""
    return f"left {spoken(max(0, client.chat.wall() - time) // 1000)} ago"
