"""Who is in a room, and its topic, as IRC tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.clean import shown
from ..core.errors import ChatError
from ..core.names import fold
from ..core.rooms import Role, Room
from ..core.roster import Person
from .message import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .talk import IrcTalk


def folded(name: str) -> str:
    """A name the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def present(talk: IrcTalk, room: Room) -> Iterable[Person]:
    """Who is in a room now; those who are away from the server are not shown there."""
    if room is talk.chat.rooms.lobby:
        return list(talk.chat.roster.online.values())
    return [member.person for member in room.members.values() if member.person.online]


def prefix(talk: IrcTalk, room: Room, person: Person) -> str:
    """The signs before somebody's nick: all of them for those who asked for it."""
    member = room.members.get(person.id)
    signs = "@" if room.role_of(person) >= Role.OPERATOR else ""
    if member is not None and member.voice:
        signs += "+"
    return signs if talk.has("multi-prefix") else signs[:1]


def tell_names(talk: IrcTalk, room: Room) -> None:
    """Everybody in a room that the client may see into."""
    talk.company.presence.has_asked(talk)
    full = talk.has("userhost-in-names")
    sign = "@" if room.hidden or room.rules.secret else "="
    head = f"353 {talk.nick} {sign} {room.name} :"
    most = LONGEST_LINE - len(f":{talk.company.server} {head}\r\n".encode())
    line = ""
    for person in present(talk, room):
        name = talk.company.mask(person.name) if full else person.name
        word = prefix(talk, room, person) + name
        if line and len(f"{line} {word}".encode()) > most:
            talk.line(talk.company.server, head + line)
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        talk.line(talk.company.server, head + line)
    talk.numeric("366", room.name, text="That is everybody who is here")


def tell_topic(talk: IrcTalk, room: Room) -> None:
    """A room's topic, who has set it and when."""
    if not room.topic:
        talk.numeric("331", room.name, text="There is no topic")
        return
    talk.numeric("332", room.name, text=shown(room.topic))
    if room.rules.topic_by:
        mask = talk.company.mask(room.rules.topic_by)
        talk.numeric("333", room.name, mask, str(room.rules.topic_at // 1000))
