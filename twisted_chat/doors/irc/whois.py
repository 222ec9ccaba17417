"""Asking about people: WHO, WHOIS and WHOWAS."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.durations import spoken
from ...core.entries import PAGE_BYTES
from ...core.rooms import LOBBY, Person, Room
from ...core.rules import matches
from ...core.text import formatted, shown
from .client import IrcClient
from .message import LONGEST_LINE, Message, in_lines, shortened
from .people import NICKSERV, SERVICES
from .refusals import Refused

MOST_FOUND = 500  # lines in one answer, if they are short
FIELDS = "tcuihsnfdlaor"  # in the order in which they are answered


def person_here(client: IrcClient, name: str) -> Person:
    """The person of that name. Raises Refused if they are not online."""
    person = client.people.find(name)
    if person is None or person.erased or not person.online:
        raise Refused("401", shortened(name))
    return person


def whois(client: IrcClient, message: Message) -> None:
    if not message.params or not message.params[-1]:
        raise Refused("431")
    wanted = message.params[1] if len(message.params) > 1 else message.params[0]
    name = wanted.split(",")[0]
    try:
        if name.lower() in SERVICES:
            _tell_nickserv(client)
        else:
            _describe(client, person_here(client, name))
    except Refused as refused:
        client.numeric(refused.numeric, *refused.params, text=refused.text)
        name = refused.params[0]
    client.numeric("318", shortened(name), text="That is all that is known")


def _describe(client: IrcClient, person: Person) -> None:
    clients, nick = client.clients, person.name
    sessions = client.chat.sessions.of(person)
    client.numeric(
        "311", nick, person.user, person.host, "*", text=clients.people.realname_of(nick)
    )
    if person is client.me or client.oper:
        host = sessions[0].door.host or "localhost"  # on a Unix socket
        client.numeric("378", nick, text=f"is connecting from *@{host} {host}")
        for other in clients.of(person):
            if other.gateway:
                client.numeric("320", nick, text=f"is here through the web gateway {other.gateway}")
    _tell_rooms(client, person)
    client.numeric("312", nick, client.server, text=clients.description)
    if clients.is_oper(person):
        client.numeric("313", nick, text="is an operator of this server")
    if person.away:
        client.numeric("301", nick, text=formatted(person.away))
    if not person.guest:
        client.numeric("330", nick, nick, text="is logged in as")
    if clients.people.is_bot(nick):
        client.numeric("335", nick, text=f"is a bot on {shown(client.chat.settings.name)}")
    if person is client.me and client.certificate:
        text = f"has client certificate fingerprint {client.certificate}"
        client.numeric("276", nick, text=text)
    if sessions and all(session.door.secure for session in sessions):
        client.numeric("671", nick, text="is using a secure connection")
    now = client.chat.ticks()
    idle = int(now - max(session.asked_at for session in sessions))
    since = (client.chat.wall() - int((now - min(s.since for s in sessions)) * 1000)) // 1000
    client.numeric("317", nick, str(idle), str(since), text="seconds idle, signon time")


def _tell_nickserv(client: IrcClient) -> None:
    """Send who NickServ is."""
    clients = client.clients
    client.numeric("311", NICKSERV, "services", client.server, "*", text="Accounts of this server")
    client.numeric("312", NICKSERV, client.server, text=clients.description)
    client.numeric("313", NICKSERV, text="is a service of this server")


def _tell_rooms(client: IrcClient, person: Person) -> None:
    """Send the rooms of somebody about which the client may know."""
    rooms = [room for room in person.rooms if client.may_look_into(room)]
    words = [client.status_prefix(room, person) + room.name for room in rooms]
    if any(session.lobby for session in client.chat.sessions.of(person)):
        lobby = client.chat.rooms.lobby
        words.insert(0, client.status_prefix(lobby, person) + LOBBY)
    for line in in_lines(words, " ", LONGEST_LINE - 150):
        client.numeric("319", person.name, text=line)


def whowas(client: IrcClient, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("431")
    name = message.params[0].split(",")[0]
    most = message.params[1] if len(message.params) > 1 else ""
    count = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else 0
    found = [gone for gone in reversed(client.people.departed) if gone.name.lower() == name.lower()]
    if not found:
        client.refuse(Refused("406", shortened(name)))
    for gone in found[: count or None]:
        client.numeric("314", gone.name, gone.user, gone.host, "*", text=shown(gone.realname))
        ago = max(0, client.chat.wall() - gone.time) // 1000
        client.numeric("312", gone.name, client.server, text=f"left {spoken(ago)} ago")
    client.numeric("369", shortened(name), text="That is all that is known")


# --- WHO and WHOX ----------------------------------------------------------------------------


def who(client: IrcClient, message: Message) -> None:
    mask = message.params[0] if message.params and message.params[0] else "*"
    options = message.params[1] if len(message.params) > 1 else ""
    flags, _, asked = options.partition("%")
    fields, _, token = asked.partition(",")
    only_opers = "o" in flags
    count = 0
    for room, person in _found(client, mask):
        if only_opers and not client.clients.is_oper(person):
            continue
        if count == MOST_FOUND or client.response.size > PAGE_BYTES:
            client.numeric("416", "WHO", text=f"The first {count} are shown; narrow the mask")
            break
        count += 1
        if "%" in options:
            _tell_fields(client, room, person, fields, token)
        else:
            _tell(client, room, person)
    client.numeric("315", shortened(mask), text="That is everybody")


def _found(client: IrcClient, mask: str) -> Iterator[tuple[Room | None, Person]]:
    if mask.startswith("#"):
        room = client.chat.rooms.find(mask)
        if room is None or room.deleted_at is not None:
            return
        if not client.may_look_into(room):
            return
        for person in client.clients.present(room):
            yield room, person
        return
    named = client.people.find(mask)
    if named is not None:
        if named.online and not named.erased:
            yield _shared(client, named), named
        return
    everybody = mask in ("*", "0")
    pattern = "*" if everybody else mask.lower()
    for person in list(client.chat.roster.online.values()):
        hidden = client.clients.is_invisible(person) and person is not client.me
        if hidden and _shared(client, person) is None:
            continue
        if everybody or _matches(client, pattern, person):
            yield _shared(client, person), person


def _matches(client: IrcClient, pattern: str, person: Person) -> bool:
    looks = (person.name, person.user, person.host, client.server)
    return any(matches(pattern, text.lower()) for text in looks)


def _shared(client: IrcClient, person: Person) -> Room | None:
    """A room that both are in, as WHO shows one; None if there is none."""
    return next((room for room in person.rooms if room.has(client.me)), None)


def _flags(client: IrcClient, room: Room | None, person: Person) -> str:
    flags = "G" if person.away else "H"
    if client.clients.is_oper(person):
        flags += "*"
    if room is not None:
        flags += client.status_prefix(room, person)
    if client.people.is_bot(person.name):
        flags += "B"
    return flags


def _tell(client: IrcClient, room: Room | None, person: Person) -> None:
    place = "*" if room is None else room.name
    words = (place, person.user, person.host, client.server, person.name)
    realname = client.people.realname_of(person.name)
    client.numeric("352", *words, _flags(client, room, person), text=f"0 {realname}")


def _tell_fields(
    client: IrcClient, room: Room | None, person: Person, fields: str, token: str
) -> None:
    sessions = client.chat.sessions.of(person)
    idle = int(client.chat.ticks() - max(session.asked_at for session in sessions))
    known = {
        "t": shortened(token[:3]),
        "c": "*" if room is None else room.name,
        "u": person.user,
        "i": "255.255.255.255",
        "h": person.host,
        "s": client.server,
        "n": person.name,
        "f": _flags(client, room, person),
        "d": "0",
        "l": str(idle),
        "a": "0" if person.guest else person.name,
        "o": "n/a",
    }
    words = [known[field] for field in FIELDS if field in fields and field != "r"]
    text = client.people.realname_of(person.name) if "r" in fields else None
    client.numeric("354", *words, text=text)
