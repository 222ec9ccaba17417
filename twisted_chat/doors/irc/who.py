"""WHO, and WHOX, which is WHO with the fields one asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...chat.session import Session
from ...core.entries import PAGE_BYTES
from ...core.masks import matches
from ...core.text import shown
from . import names
from .commands import command
from .message import Message, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...core.rooms import Room
    from ...core.roster import Person
    from .door import IrcDoor

MOST_FOUND = 500  # lines in one answer, if they are short
FIELDS = "tcuihsnfdlaor"  # in the order in which they are answered


@command("WHO", help="WHO <channel or nick or mask> [%<fields>[,<token>]]: list people")
def who(client: IrcDoor, message: Message) -> None:
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


def _found(client: IrcDoor, mask: str) -> Iterator[tuple[Room | None, Person]]:
    if mask.startswith("#"):
        room = client.chat.rooms.find(mask)
        if room is None or room.deleted_at is not None:
            return
        if (room.hidden or room.rules.secret) and not room.has(client.me):
            return
        for person in names.present(client, room):
            yield room, person
        return
    named = client.clients.person(mask)
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


def _matches(client: IrcDoor, pattern: str, person: Person) -> bool:
    looks = (person.name, person.user, person.host, client.clients.server)
    return any(matches(pattern, text.lower()) for text in looks)


def _shared(client: IrcDoor, person: Person) -> Room | None:
    """A room that both are in, as WHO shows one."""
    return next((room for room in person.rooms if room.has(client.me)), None)


def _flags(client: IrcDoor, room: Room | None, person: Person) -> str:
    flags = "G" if person.away else "H"
    if client.clients.is_oper(person):
        flags += "*"
    if room is not None:
        flags += names.prefix(client, room, person)
    if client.clients.is_bot(person.name):
        flags += "B"
    return flags


def _tell(client: IrcDoor, room: Room | None, person: Person) -> None:
    clients = client.clients
    place = "*" if room is None else room.name
    words = (place, person.user, person.host, clients.server, person.name)
    realname = shown(clients.realname_of(person.name))
    client.numeric("352", *words, _flags(client, room, person), text=f"0 {realname}")


def _tell_fields(
    client: IrcDoor, room: Room | None, person: Person, fields: str, token: str
) -> None:
    clients = client.clients
    sessions = [cast(Session, seat) for seat in person.seats]
    idle = int(client.chat.ticks() - max(session.asked_at for session in sessions))
    known = {
        "t": shortened(token[:3]),
        "c": "*" if room is None else room.name,
        "u": person.user,
        "i": "255.255.255.255",
        "h": person.host,
        "s": clients.server,
        "n": person.name,
        "f": _flags(client, room, person),
        "d": "0",
        "l": str(idle),
        "a": "0" if person.guest else person.name,
        "o": "n/a",
    }
    words = [known[field] for field in FIELDS if field in fields and field != "r"]
    text = shown(clients.realname_of(person.name)) if "r" in fields else None
    client.numeric("354", *words, text=text)
