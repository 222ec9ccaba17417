"""Where a program's stream of each room begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..core.rooms import Room
from ..core.roster import Person
from ..store import reading

if TYPE_CHECKING:
    from ..chat import Chat


class Start(NamedTuple):
    """The number after which each room is streamed, and rooms that are not the person's."""

    positions: dict[Room, int]
    unknown: list[str]


async def starting_points(
    chat: Chat, person: Person, device: str, asked: Mapping[str, int]
) -> Start:
    """What the program says, else what its device has confirmed, else the present end."""
    confirmed: Mapping[int, int] = {}
    if not person.guest:
        confirmed = await chat.read(lambda db: reading.device_cursors(db, person.id, device))
    rooms = {room.label(person): room for room in chat.rooms.of(person)}
    folded = {label.lower(): room for label, room in rooms.items()}
    positions = {}
    for room in rooms.values():
        at = confirmed.get(room.id, room.last_seq)
        positions[room] = max(room.readable_since(person), min(at, room.last_seq))
    unknown = []
    for label, at in asked.items():
        found = folded.get(label.lower())
        if found is None:
            unknown.append(label)
        else:
            positions[found] = max(found.readable_since(person), min(max(at, 0), found.last_seq))
    return Start(positions, unknown)
