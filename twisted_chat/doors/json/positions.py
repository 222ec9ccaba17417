"""Where a program's stream of each room begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...chat.chat import Chat
from ...chat.cursors import Kept
from ...core.rooms import Room
from ...core.roster import Person

MOST_RENAMED = 50  # names that are looked up among those that rooms had


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
