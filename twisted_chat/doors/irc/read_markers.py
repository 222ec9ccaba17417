"""MARKREAD: until when a person has read a conversation, the same at all of its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from ...core.errors import ChatError
from ...core.events import Closed
from . import names
from .commands import command
from .message import Message, shortened
from .references import Unclear, time_of
from .render import timestamp

if TYPE_CHECKING:
    from ...core.rooms import Room
    from ...core.roster import Person
    from .clients import Clients
    from .door import IrcDoor

MOST_MARKED = 2000  # conversations of one person


class Markers:
    """The read markers of those who have IRC clients here: milliseconds by folded name."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._of: dict[Person, dict[str, int]] = {}

    async def load(self, person: Person) -> None:
        """Know the markers of an account that comes in: its clients', and what it has read."""
        if person in self._of or person.guest:
            return
        chat = self._clients.chat
        marked, read = await chat.cursors.markers(person)
        known = self._of.setdefault(person, {})
        for target, time in marked.items():
            known[target] = max(time, known.get(target, 0))
        for room in chat.rooms.of(person):
            self.move(person, room.label(person), read.get(room.id, 0))

    def forget(self, person: Person) -> None:
        """The last of somebody's IRC clients is gone."""
        self._of.pop(person, None)

    def of(self, person: Person, target: str) -> int:
        """The marker of a conversation; 0 when there is none."""
        return self._of.get(person, {}).get(names.folded(target), 0)

    def move(self, person: Person, target: str, time: int) -> bool:
        """Note a marker; False if it is no news. Markers only grow."""
        time = min(time, self._clients.chat.wall())  # a clock may have been wrong
        here = person in self._of or self._clients.of(person)
        if not here or time <= self.of(person, target):
            return False
        known = self._of.setdefault(person, {})
        known[names.folded(target)] = time
        return True

    def rename(self, old: str, new: str) -> None:
        """A room has another name, and its markers with it."""
        for known in self._of.values():
            time = known.pop(names.folded(old), 0)
            if time:
                known[names.folded(new)] = time

    def is_full(self, person: Person, target: str) -> bool:
        """Whether somebody has too many already to have one more."""
        known = self._of.get(person, {})
        return len(known) >= MOST_MARKED and names.folded(target) not in known


async def arrive(client: IrcDoor) -> None:
    """Somebody comes in, and its markers are looked up."""
    try:
        await client.clients.markers.load(client.me)
    except ChatError as error:
        client.close(Closed(error.code, error.sentence))


def tell(client: IrcDoor, target: str) -> None:
    """Tell a client the marker of a conversation."""
    time = client.clients.markers.of(client.me, target)
    written = f"timestamp={timestamp(time)}" if time else "*"
    client.line(client.clients.server, f"MARKREAD {target} {written}")


def tell_in(client: IrcDoor, room: Room) -> None:
    """The same for a room that was just joined, to those who know of markers."""
    if client.has("draft/read-marker"):
        tell(client, room.name)


def push(client: IrcDoor, target: str) -> None:
    """A marker has moved at another client of the person's."""
    if client.has("draft/read-marker"):
        tell(client, target)
        client.flush()


@command("MARKREAD", help="MARKREAD <nick or channel> [timestamp=<time>]: how far it is read")
async def markread(client: IrcDoor, message: Message) -> None:
    if not message.params or not message.params[0]:
        client.fail("MARKREAD", "NEED_MORE_PARAMS", "Name a conversation")
        return
    room, target = _target(client, message.params[0])
    if len(message.params) == 1:
        tell(client, target)
        return
    try:
        if len(message.params) > 2:
            raise Unclear("INVALID_PARAMS", message.params[2], "That is one parameter too many")
        time = _time(message.params[1])
        if room is None and client.clients.person(target) is None:
            raise Unclear("INVALID_PARAMS", target, "There is no such conversation")
    except Unclear as unclear:
        client.fail("MARKREAD", unclear.code, unclear.text, unclear.written)
        return
    try:
        await _set(client, room, target, min(time, client.chat.wall()))
    except ChatError as error:
        client.fail("MARKREAD", "INTERNAL_ERROR", error.sentence, target)
        return
    if not client.closed:
        tell(client, target)


def _time(written: str) -> int:
    kind, equals, value = written.partition("=")
    if not equals or kind != "timestamp":
        raise Unclear("INVALID_PARAMS", written, "Give the time as timestamp=…")
    time = time_of(value, written)
    if time <= 0:
        raise Unclear("INVALID_PARAMS", written, "Nothing was said before 1970")
    return time


def _target(client: IrcDoor, name: str) -> tuple[Room | None, str]:
    """The conversation of that name, if the person is in one, and how it is written."""
    me = client.me
    if name.startswith("#"):
        room = client.chat.rooms.find(name)
        if room is not None and room.deleted_at is None and room.has(me):
            return room, room.name
        return None, shortened(name)
    other = client.clients.person(name)
    if other is None:
        return None, shortened(name)
    return me.pairs.get(other.id), other.name


async def _set(client: IrcDoor, room: Room | None, target: str, time: int) -> None:
    """Keep a marker if it has grown, and tell all who want to know of it."""
    me, chat, markers = client.me, client.chat, client.clients.markers
    if time <= markers.of(me, target):
        return
    if markers.is_full(me, target):
        raise ChatError("too_many", "You have marked too many conversations.")
    other = client.clients.person(target)
    if not me.guest and (room is not None or (other is not None and not other.guest)):
        await chat.cursors.move_marker(me, names.folded(target), time)
    if not markers.move(me, target, time):
        return
    for one in client.clients.of(me):
        if one is not client:
            push(one, target)
    if room is not None and client.session is not None:
        seq = await chat.history.seq_before(room, time + 1)
        if seq > 0 and not client.closed and room.has(me):
            chat.cursors.note_read(client.session, room, min(seq, room.last_seq))


def read_elsewhere(client: IrcDoor, place: str, seq: int) -> None:
    """Another session of the person's has read a conversation up to there."""
    room = _target(client, place)[0]
    if room is not None:
        looked = Deferred.fromCoroutine(_read_elsewhere(client, room, seq))
        looked.addErrback(lambda failure: failure.trap(ChatError))


async def _read_elsewhere(client: IrcDoor, room: Room, seq: int) -> None:
    me, place = client.me, room.label(client.me)
    entry = await client.chat.history.entry(room, seq)
    if entry is not None and client.clients.markers.move(me, place, entry.time):
        for one in client.clients.of(me):
            push(one, place)
