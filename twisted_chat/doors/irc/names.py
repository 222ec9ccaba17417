"""Who is in a room, and its topic, as IRC tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.names import fold
from ...core.rooms import Role, Room
from ...core.roster import Person
from ...core.text import formatted
from .message import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .door import IrcDoor


def folded(name: str) -> str:
    """A name the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def present(client: IrcDoor, room: Room) -> Iterable[Person]:
    """Who is in a room now; those who are away from the server are not shown there."""
    if room is client.chat.rooms.lobby:
        return list(client.chat.roster.online.values())
    return [member.person for member in room.members.values() if member.person.online]


def prefix(client: IrcDoor, room: Room, person: Person) -> str:
    """The signs before somebody's nick: all of them for those who asked for it."""
    signs = _signs(room, person)
    return signs if client.has("multi-prefix") else signs[:1]


def _signs(room: Room, person: Person) -> str:
    signs = "@" if room.role_of(person) >= Role.OPERATOR else ""
    member = room.members.get(person.id)
    return signs + "+" if member is not None and member.voice else signs


def tell_names(client: IrcDoor, room: Room) -> None:
    """Everybody in a room that the client may see into.

    This is worked out for everyone who joins: whatever were kept would be old by then, since a
    room is another with everybody who comes.
    """
    client.clients.presence.has_asked(client)
    full = client.has("userhost-in-names")
    most_signs = None if client.has("multi-prefix") else 1
    sign = "@" if room.hidden or room.rules.secret else "="
    head = f"353 {client.nick} {sign} {room.name} :"
    most = LONGEST_LINE - len(f":{client.clients.server} {head}\r\n".encode())
    mask = client.clients.mask
    words = [
        _signs(room, person)[:most_signs] + (mask(person.name) if full else person.name)
        for person in present(client, room)
    ]
    for line in _lines(words, most):
        client.line(client.clients.server, head + line)
    client.numeric("366", room.name, text="That is everybody who is here")


def _lines(words: Iterable[str], most: int) -> Iterator[str]:
    """Words in lines of so many bytes at most."""
    line: list[str] = []
    size = 0
    for word in words:
        more = 1 + (len(word) if word.isascii() else len(word.encode()))
        if line and size + more > most + 1:
            yield " ".join(line)
            line, size = [], 0
        line.append(word)
        size += more
    if line:
        yield " ".join(line)


def tell_topic(client: IrcDoor, room: Room) -> None:
    """A room's topic, who has set it and when."""
    if not room.topic:
        client.numeric("331", room.name, text="There is no topic")
        return
    client.numeric("332", room.name, text=formatted(room.topic))
    if room.rules.topic_by:
        mask = client.clients.mask(room.rules.topic_by)
        client.numeric("333", room.name, mask, str(room.rules.topic_at // 1000))
