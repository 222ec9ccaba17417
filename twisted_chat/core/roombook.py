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
        self.being_renamed: set[Room] = set()
        self._former: NameBook[Room] = NameBook()  # names that rooms had, and lead to them
        self._former_of: dict[Room, dict[Name, int]] = {}  # and until when (milliseconds)
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
        for name in self._former_of.pop(room, {}):
            self._former.forget(name)

    def find(self, name: str) -> Room | None:
        """The room that has that name or had it lately, hidden and deleted ones included."""
        return self._names.find(name) or self._former.find(name)

    def renamed_from(self, name: str) -> Room | None:
        """The room that had that name lately and has another one now."""
        return self._former.find(name)

    def available(self, name: Name, but: Room | None = None) -> bool:
        """Whether no room, made or being made, has that name, had it lately or looks like it.

        One of its own names is no obstacle to the room that is to be renamed.
        """
        own = {} if but is None else self._former_of.get(but, {})
        if but is not None:
            self._names.forget(but.named)
        for former in own:
            self._former.forget(former)
        try:
            books = (self._names, self._former, self.being_made)
            return not any(book.collides(name) for book in books)
        finally:
            if but is not None:
                self._names.register(but.named, but)
                for former in own:
                    self._former.register(former, but)

    # --- renaming ---------------------------------------------------------------------------

    def former_names(self, room: Room) -> list[Name]:
        """The names that a room had, and that nobody else gets yet."""
        return list(self._former_of.get(room, ()))

    def keep_former(self, room: Room, name: Name, until: int) -> None:
        """A name that a room had leads to it until then."""
        self._former.register(name, room)
        self._former_of.setdefault(room, {})[name] = until

    def rename(self, room: Room, name: Name, until: int) -> None:
        """A room is called otherwise; its old name leads to it until then."""
        old = room.named
        for former in self.former_names(room):
            if former.folded == name.folded:
                self._drop_former(room, former)
        self._names.forget(old)
        room.rename(name)
        self._names.register(name, room)
        if old.folded != name.folded:
            self.keep_former(room, old, until)

    def expire(self, now: int) -> bool:
        """Free the names that have led to other rooms for long enough; whether there were any."""
        due = [
            (room, name)
            for room, names in self._former_of.items()
            for name, until in names.items()
            if until <= now
        ]
        for room, name in due:
            self._drop_former(room, name)
        return bool(due)

    def _drop_former(self, room: Room, name: Name) -> None:
        self._former.forget(name)
        del self._former_of[room][name]
        if not self._former_of[room]:
            del self._former_of[room]

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
