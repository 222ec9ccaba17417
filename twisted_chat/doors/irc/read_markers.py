"""MARKREAD: until when a person has read a conversation, the same at all of their clients."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import Person, Room
from .chathistory import Unclear, time_of
from .client import Clients, IrcClient
from .message import Message, shortened
from .people import folded
from .refusals import Failed, failed
from .render import timestamp

MOST_MARKED = 2000  # conversations of one person


async def load(client: IrcClient) -> None:
    """Load the markers of an account that comes in: what its clients set, and what was read."""
    me, chat, markers = client.me, client.chat, client.clients.read_markers
    if me in markers or me.guest:
        return

    try:
        marked, read = await chat.cursors.markers(me)
    except ChatError as error:
        client.close(Closed(error.code, error.sentence))
        return
    known = markers.setdefault(me, {})
    for target, time in marked.items():
        known[target] = max(time, known.get(target, 0))
    for room in chat.rooms.of(me):
        _move(client.clients, me, room.label(me), read.get(room.id, 0))


def _marker(clients: Clients, person: Person, target: str) -> int:
    """The marker of a conversation; 0 when there is none."""
    return clients.read_markers.get(person, {}).get(folded(target), 0)


def _move(clients: Clients, person: Person, target: str, time: int) -> bool:
    """Note a marker. Returns False if it is not new; markers only grow."""
    time = min(time, clients.chat.wall())  # a clock may have been wrong
    here = person in clients.read_markers or clients.of(person)
    if not here or time <= _marker(clients, person, target):
        return False
    clients.read_markers.setdefault(person, {})[folded(target)] = time
    return True


def rename(clients: Clients, old: str, new: str) -> None:
    """A room has another name, and its markers with it."""
    for known in clients.read_markers.values():
        time = known.pop(folded(old), 0)
        if time:
            known[folded(new)] = time


def tell(client: IrcClient, target: str) -> None:
    """Send the marker of a conversation."""
    time = _marker(client.clients, client.me, target)
    written = f"timestamp={timestamp(time)}" if time else "*"
    client.line(client.server, f"MARKREAD {target} {written}")


def tell_joined(client: IrcClient, room: Room) -> None:
    """Send the marker of a room that was just joined, if the client knows markers."""
    if client.has("draft/read-marker"):
        tell(client, room.name)


def push(client: IrcClient, target: str) -> None:
    """Send a marker that another client of the person has moved."""
    if client.has("draft/read-marker"):
        tell(client, target)
        client.flush()


async def markread(client: IrcClient, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Failed("NEED_MORE_PARAMS", "Name a conversation")
    room, target = _target(client, message.params[0])
    if len(message.params) == 1:
        tell(client, target)
        return
    if len(message.params) > 2:
        raise Unclear("INVALID_PARAMS", message.params[2], "That is one parameter too many")
    time = _time(message.params[1])
    if room is None and client.people.find(target) is None:
        raise Unclear("INVALID_PARAMS", target, "There is no such conversation")
    try:
        await _set(client, room, target, min(time, client.chat.wall()))
    except ChatError as error:
        raise failed("MARKREAD", error, target) from None
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


def _target(client: IrcClient, name: str) -> tuple[Room | None, str]:
    """The conversation of that name, or None if the person is in none, and its name."""
    me = client.me
    if name.startswith("#"):
        room = client.chat.rooms.find(name)
        if room is not None and room.deleted_at is None and room.has(me):
            return room, room.name
        return None, shortened(name)
    other = client.people.find(name)
    if other is None:
        return None, shortened(name)
    return me.pairs.get(other.id), other.name


async def _set(client: IrcClient, room: Room | None, target: str, time: int) -> None:
    """Keep a marker if it has grown, and tell the person's other clients."""
    me, chat = client.me, client.chat
    if time <= _marker(client.clients, me, target):
        return
    known = client.clients.read_markers.get(me, {})
    if len(known) >= MOST_MARKED and folded(target) not in known:
        raise ChatError("too_many", "You have marked too many conversations.")
    other = client.people.find(target)
    if not me.guest and (room is not None or (other is not None and not other.guest)):
        await chat.cursors.move_marker(me, folded(target), time)
    if not _move(client.clients, me, target, time):
        return
    for one in client.clients.of(me):
        if one is not client:
            push(one, target)
    if room is not None and client.session is not None:
        seq = await chat.history.seq_before(room, time + 1)
        if seq > 0 and not client.closed and room.has(me):
            chat.cursors.note_read(client.session, room, min(seq, room.last_seq))


def read_elsewhere(client: IrcClient, place: str, seq: int) -> None:
    """Another session of the person has read a conversation up to an entry."""
    room = _target(client, place)[0]
    if room is not None:
        looked = Deferred.fromCoroutine(_read_elsewhere(client, room, seq))
        looked.addErrback(lambda failure: failure.trap(ChatError))


async def _read_elsewhere(client: IrcClient, room: Room, seq: int) -> None:
    me, place = client.me, room.label(client.me)
    entry = await client.chat.history.entry(room, seq)
    if entry is not None and _move(client.clients, me, place, entry.time):
        for one in client.clients.of(me):
            push(one, place)
