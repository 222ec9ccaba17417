"""Every room, by its number, its name and its people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .namebook import NameBook
from .names import Name
from .rooms import Room, RoomKind

if TYPE_CHECKING:
    from .roster import Person


def pair_of(id: int, one: Person, two: Person) -> Room:
    """The private conversation of two people, which both know from now on."""
    room = Room(id, Name("", "", ""), RoomKind.PAIR)
    room.pair = (one, two)
    one.pairs[two.id] = room
    two.pairs[one.id] = room
    return room


def mark_of(one: Person, other: Person) -> frozenset[int]:
    """What a private conversation is known by before it has begun."""
    return frozenset((one.id, other.id))


class RoomBook:
    """Every room by id and every group room by name."""

    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}
        self._names: NameBook[Room] = NameBook()
        self.being_made: NameBook[None] = NameBook()
        self.being_encrypted: list[frozenset[int]] = []  # by its two people, or its number
        self.lobby: Room

    def add(self, room: Room) -> None:
        self.rooms[room.id] = room
        if room.kind is not RoomKind.PAIR:
            self._names.register(room.named, room)
        if room.kind is RoomKind.LOBBY:
            self.lobby = room

    def forget(self, room: Room) -> None:
        self.rooms.pop(room.id, None)
        self._names.forget(room.named)

    def find(self, name: str) -> Room | None:
        """The room of that name however it is written, hidden and deleted ones included."""
        return self._names.find(name)

    def available(self, name: Name) -> bool:
        """Whether no room, made or being made, has that name or looks like it."""
        return not (self._names.collides(name) or self.being_made.collides(name))

    def takes_words(self, room: Room) -> bool:
        """Whether words may be said there: no more from the moment that it is to be encrypted."""
        return not room.encrypted and (not self.being_encrypted or self._is_left_alone(room))

    def _is_left_alone(self, room: Room) -> bool:
        mark = mark_of(*room.pair) if room.pair is not None else frozenset((room.id,))
        return mark not in self.being_encrypted

    def group_rooms(self) -> Iterable[Room]:
        """The lobby and the group rooms that are not deleted."""
        return (
            room
            for room in self.rooms.values()
            if room.kind is not RoomKind.PAIR and room.deleted_at is None
        )

    def of(self, person: Person) -> list[Room]:
        """All conversations this person is in."""
        return [self.lobby, *person.rooms, *person.pairs.values()]
