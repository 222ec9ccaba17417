"""What IRC clients are written of those who have come and gone, rendered once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ...chat.session import State
from ...core.rooms import Role, Room
from ...core.roster import Person
from ...core.text import formatted, shown
from . import metadata
from .message import LONGEST_LINE, encoded, in_lines, write_tags
from .names import folded
from .render import IrcDialect, timestamp

if TYPE_CHECKING:
    from .clients import Clients
    from .door import IrcDoor

LONGEST_LIST = LONGEST_LINE - 140  # bytes; the server's name and the nick stand before it


class News:
    """What has become of somebody since the others were told of it last."""

    __slots__ = ("here", "known", "mask", "name", "person", "reason", "rooms")

    def __init__(self, person: Person, mask: str, known: bool) -> None:
        self.person = person
        self.name = person.name
        self.mask = mask  # by which the others know it
        self.known = known  # it was here when they were told last
        self.here = False
        self.reason = ""
        self.rooms: tuple[Room, ...] = ()  # in which it was when it went

    @property
    def back(self) -> bool:
        """Whether it was away for a moment, and is as it was."""
        return self.known and self.here

    def places(self) -> set[Room]:
        """The rooms in which there is something to tell."""
        return {*self.rooms, *(self.person.rooms if self.here else ())}


def may_tell(client: IrcDoor, names: Iterable[str]) -> bool:
    """Whether a client can be told something now; else it is put right later for these names."""
    session = client.session
    if client.closed or session is None:
        return False
    if session.state is State.LIVE:
        return True
    client.unsettled.update(dict.fromkeys(names))
    return False


def is_in(person: Person, room: Room) -> bool:
    return room.has(person) and room.deleted_at is None


# By what clients see the same of some news otherwise.
_Outlook = tuple[IrcDialect, bool, bool, tuple[Room, ...]]


class Telling:
    """What each client is written of some news, rendered once for all that see the same."""

    def __init__(self, clients: Clients, news: list[News], asked: Collection[IrcDoor]) -> None:
        self._clients = clients
        self._asked = asked
        self._news = news
        self._time = timestamp(clients.chat.wall())
        self._people = {one.person for one in news}
        self._rendered: dict[_Outlook, tuple[list[tuple[Person, bytes]], bytes]] = {}
        lobby = clients.chat.rooms.lobby
        self._happened: dict[Room, list[int]] = {lobby: list(range(len(news)))}
        for index, one in enumerate(news):
            for room in one.places():
                self._happened.setdefault(room, []).append(index)

    def writes(self) -> list[tuple[IrcDoor, bytes]]:
        """Every client that is to be written to, with its bytes."""
        names = [one.name for one in self._news]
        written: dict[IrcDoor, bytes] = {}
        for client, rooms in self._hearers().items():
            if may_tell(client, names):
                written[client] = self._seen(client, rooms)
        for client, (here, gone) in self._watched().items():
            if not may_tell(client, names):
                continue
            head = f":{self._clients.server} {{}} {client.nick} :"
            told = [head.format("731") + line for line in in_lines(gone, ",", LONGEST_LIST)]
            told += [head.format("730") + line for line in in_lines(here, ",", LONGEST_LIST)]
            told += metadata.may_ask(client, [mask.partition("!")[0] for mask in here])
            written[client] = written.get(client, b"") + encoded(told)
        return [(client, data) for client, data in written.items() if data]

    def _hearers(self) -> dict[IrcDoor, list[Room]]:
        """Who has joined a room in which there is something to tell, with these rooms."""
        hearers: dict[IrcDoor, list[Room]] = {}
        for room in self._happened:
            for client in self._clients.in_room(room):
                hearers.setdefault(client, []).append(room)
        return hearers

    def _seen(self, client: IrcDoor, rooms: list[Room]) -> bytes:
        """What a client in these rooms sees, which is all but what is told of itself."""
        key = (client.dialect, client.has("away-notify"), client in self._asked, tuple(rooms))
        if key not in self._rendered:
            parts = self._parts(client, rooms)
            self._rendered[key] = parts, b"".join([data for _, data in parts])
        parts, whole = self._rendered[key]
        if client.person in self._people:
            return b"".join([data for person, data in parts if person is not client.person])
        return whole

    def _parts(self, client: IrcDoor, rooms: list[Room]) -> list[tuple[Person, bytes]]:
        parts = []
        for index in sorted({index for room in rooms for index in self._happened[room]}):
            one = self._news[index]
            person = one.person
            if one.back and client not in self._asked:
                continue
            if not one.here:
                lines = [f"{self._tags(client, person)}:{one.mask} QUIT :{one.reason}"]
            elif person.online:
                lines = self.arrival(client, person, [r for r in rooms if is_in(person, r)])
            else:
                continue
            parts.append((person, encoded(lines)))
        return parts

    def arrival(self, client: IrcDoor, person: Person, rooms: Iterable[Room]) -> list[str]:
        """Somebody as joining these rooms, with what it may do there, and that it is away."""
        clients, lines = self._clients, []
        mask, tags = clients.mask(person.name), self._tags(client, person)
        extended = ""
        if client.has("extended-join"):
            realname = shown(clients.realname_of(person.name))
            extended = f" {clients.account_of(person.name)} :{realname}"
        for room in sorted(rooms, key=lambda room: room.id):
            lines.append(f"{tags}:{mask} JOIN {room.name}{extended}")
            letters = _status(person, room)
            if letters:
                names = " ".join([person.name] * len(letters))
                lines.append(f":{clients.server} MODE {room.name} +{letters} {names}")
        if lines and person.away and client.has("away-notify"):
            lines.append(f"{tags}:{mask} AWAY :{formatted(person.away)}")
        return lines

    def _tags(self, client: IrcDoor, person: Person) -> str:
        tags = {}
        if client.has("server-time"):
            tags["time"] = self._time
        if client.has("account-tag") and not person.guest:
            tags["account"] = person.name
        if client.has("message-tags") and self._clients.is_bot(person.name):
            tags["bot"] = ""
        return write_tags(tags)

    def _watched(self) -> dict[IrcDoor, tuple[list[str], list[str]]]:
        """Who has asked to hear of somebody in the news: who of them is here, and who is gone."""
        clients = self._clients
        watched: dict[IrcDoor, tuple[list[str], list[str]]] = {}
        for one in self._news:
            for client in clients.watchers(folded(one.name)):
                here, gone = watched.setdefault(client, ([], []))
                if one.here:
                    here.append(clients.mask(one.name))
                else:
                    gone.append(one.name)
        return watched


def _status(person: Person, room: Room) -> str:
    """The letters of what somebody may do in a room."""
    member = room.members.get(person.id)
    letters = "o" if room.role_of(person) >= Role.OPERATOR else ""
    return letters + ("v" if member is not None and member.voice else "")
