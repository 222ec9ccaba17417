"""The answers to what programs ask beside the commands of the table.

They ask for entries, for keys of devices and where their streams begin, and they tell how far they
and their person have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...chat.chat import Chat
from ...chat.commands import check
from ...chat.commands.encryption import sealed_room
from ...chat.commands.lookup import conversation
from ...chat.commands.messages import speaking_place
from ...chat.cursors import Kept
from ...chat.session import Session
from ...core import command_table as words
from ...core.draft import check_cid
from ...core.encryption import Published
from ...core.errors import ChatError
from ...core.rooms import Person, Room
from .render import Hidden, view
from .requests import Claim, Entries, Keys, Publish, Share

MOST_RENAMED = 50  # names that are looked up among those that rooms had
MOST_ENTRIES = 500
MOST_TWICE = 10  # more names of conversations than there are conversations, in one request


class Start(NamedTuple):
    """The number after which each room is streamed, and rooms that are not the person's."""

    positions: dict[Room, int]
    unknown: list[str]
    lost: dict[str, int]  # the end of rooms in which the program has seen more than there is
    read: Mapping[int, int]  # how far the person has read, by the rooms' ids
    unread: Mapping[int, int]  # messages of others from there to where the stream begins


async def starting_points(
    chat: Chat, person: Person, device: str, asked: Mapping[str, int]
) -> Start:
    """What the program says, else what its device has confirmed, else what any was shown."""
    kept = Kept({}, {}, {})
    if not person.guest:
        kept = await chat.cursors.of_device(person, device)
    rooms = {room.label(person): room for room in chat.rooms.of(person)}
    positions = {}
    for room in rooms.values():
        if room.id in kept.confirmed:
            at = max(kept.confirmed[room.id], kept.joined.get(room.id, 0))
        else:
            # A private conversation may have begun while the account was away, so it begins at 0.
            at = (person.shown or {}).get(room.id, room.last_seq if room.pair is None else 0)
        positions[room] = max(room.readable_since(person), min(at, room.last_seq))
    folded = {label.lower(): room for label, room in rooms.items()}
    unknown, lost = [], {}
    # Names that rooms had come first, so that what is said of a room by its own name counts.
    ordered = sorted(asked.items(), key=lambda one: one[0].lower() in folded)
    for count, (label, at) in enumerate(ordered):
        found = folded.get(label.lower())
        if found is None and count < MOST_RENAMED:
            found = chat.rooms.renamed_from(label)
        if found is None or found not in positions:
            unknown.append(label)
        elif at <= found.last_seq:
            positions[found] = max(found.readable_since(person), at)
        else:  # numbers are given once: they were lost, or are of another room's log
            lost[found.label(person)] = found.last_seq
    read = dict(kept.joined)
    for number, seq in kept.read.items():
        read[number] = max(seq, read.get(number, 0))
    spans = [
        (room.id, after, at)
        for room, at in positions.items()
        if (after := read.get(room.id, 0)) < at and not person.guest
    ]
    unread = await chat.cursors.unread(person, spans)
    return Start(positions, unknown, lost, read, unread)


async def entries(chat: Chat, session: Session, asked: Entries) -> dict[str, Any]:
    """The entries of a room after a number, whatever their kind."""
    person = session.person
    room = conversation(chat, session, asked.room)
    if not 1 <= asked.limit <= MOST_ENTRIES:
        raise ChatError("args", f"The limit is 1 to {MOST_ENTRIES}.")
    if room is None:
        return {"entries": [], "more": False}
    after = max(asked.after, room.readable_since(person), 0)
    upto = room.last_seq if asked.upto is None else min(asked.upto, room.last_seq)
    found = await chat.history.entries(room, after, upto, asked.limit)
    conversation(chat, session, asked.room)  # who was put out meanwhile is told nothing
    found = [entry for entry in found if room.may_read(person, entry.seq)]
    label = room.label(person)
    seen: list[object] = [
        Hidden(label, entry.seq)
        if person.hides(entry)
        else view(label, entry, own=entry.sender == person.id)
        for entry in found
    ]
    return {"entries": seen, "more": bool(found) and found[-1].seq < upto}


def delivered(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[str, Any]:
    """The program has received these rooms up to these numbers."""
    for room, seq in _positions(chat, session, positions).items():
        chat.cursors.note_shown(session, room, min(seq, session.position(room)))
    return {}


def read(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[str, Any]:
    """The person has read these rooms up to these numbers."""
    if session.person.guest:
        return {}
    for room, seq in _positions(chat, session, positions).items():
        chat.cursors.note_read(session, room, seq)
    return {}


def typing(chat: Chat, session: Session, place: str) -> dict[str, Any]:
    """The person is typing there; refused as a message would be."""
    check(chat, session.person, words.Say if place.startswith("#") else words.Message)
    room = speaking_place(chat, session, place)
    if room is not None:
        chat.typists.typing(session.person, room)
    return {}


def _positions(chat: Chat, session: Session, positions: Mapping[str, int]) -> dict[Room, int]:
    """The rooms and numbers, all of them or a refusal; a room has more than one way to write it.

    Looking up a name outside ASCII takes time, and one can be written in thousands of ways.
    """
    found: dict[Room, int] = {}
    for count, (label, seq) in enumerate(positions.items()):
        if count > len(found) + MOST_TWICE:
            raise ChatError("args", "Name each conversation once.")
        room = conversation(chat, session, label)
        if room is None or not 0 <= seq <= room.last_seq:
            raise ChatError("args", f"{label[:33]} has no number {seq}.")
        found[room] = max(seq, found.get(room, 0))
    return found


async def keys(
    chat: Chat, session: Session, asked: Publish | Keys | Claim | Share
) -> dict[str, Any]:
    """The answer to programs that encrypt for each other."""
    if isinstance(asked, Publish):
        check(chat, session.person, words.Encrypt)
        published = Published(asked.device_keys, asked.one_time, asked.fallback)
        waiting, version = await chat.devices.publish(session, published)
        return {"one_time": waiting, "version": version}
    room = sealed_room(chat, session, asked.room)
    if isinstance(asked, Keys):
        version, people, seq = await chat.devices.of(room)
        sealed_room(chat, session, asked.room)  # a person put out meanwhile is told nothing
        return {"version": version, "people": people, "seq": seq}
    if isinstance(asked, Claim):
        taken = await chat.devices.claim(session, room, asked.devices)
        sealed_room(chat, session, asked.room)
        return {"one_time": {device: one._asdict() for device, one in taken.items()}}
    check_cid(asked.cid)
    return {"seq": await chat.devices.share(session, room, asked.sealed, asked.cid)}
