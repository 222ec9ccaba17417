"""How far clients were shown what was said, and how far people have read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from ..core.events import Receipt
from ..core.rooms import Person, Room
from ..store import cursors, history
from .async_store import AsyncStore
from .delivery import Delivery
from .session import Session, Sessions


class Kept(NamedTuple):
    """What the store has of a device's cursors: numbers by the rooms' ids."""

    confirmed: dict[int, int]  # by this device
    joined: dict[int, int]  # where the account came to the room
    read: dict[int, int]  # by the person


class Cursors:
    """Moves cursors forward, and back where it turns out that nothing was shown."""

    def __init__(self, store: AsyncStore, sessions: Sessions, delivery: Delivery) -> None:
        self._store = store
        self._sessions = sessions
        self._delivery = delivery

    # --- what was shown -------------------------------------------------------------------------

    def note_shown(self, session: Session, room: Room, seq: int) -> None:
        """A session's peer has received a room up to that number."""
        person = session.person
        if person.guest or person.shown is None:
            return
        if session.door.dialect.plain and person.shown.get(room.id, 0) >= seq:
            return  # for text, what any session of the account was shown counts
        self._store.move_cursor(person.id, session.device, room.id, seq)
        before = person.shown.get(room.id, 0)
        if before < seq:
            person.shown[room.id] = seq
            acknowledged = session.door.acknowledged()
            if acknowledged is not None:
                session.unconfirmed.note(acknowledged, room.id, before, seq)
            if room.pair is not None:
                other = room.other(person)
                receipt = Receipt(room.label(other), person.name, delivered=seq)
                self._sessions.tell(other, receipt)

    def note_all_shown(self, session: Session) -> None:
        """The same for all conversations: the peer has everything that was written."""
        if session.door.dialect.plain:
            for room in self._delivery.shown_to(session):
                self.note_shown(session, room, session.position(room))

    def take_back(self, session: Session) -> None:
        """A session's connection was reset: show again what its peer may not have read."""
        person, moved = session.person, session.unconfirmed.places()
        if person.shown is None or len(self._sessions.of(person)) > 1 or not moved:
            return  # another session has shown it
        back = {
            room: before for room, (before, at) in moved.items() if person.shown.get(room) == at
        }
        person.shown.update(back)
        self._store.forget_moves(person.id, session.device, back)
        self._store.change_if_possible(  # if not, it counts as read
            lambda ledger: ledger.cursors.set_back(person.id, session.device, back)
        )

    async def was_shown_any(self, session: Session) -> bool:
        """Whether this device of the account's was shown anything before."""
        number, device = session.person.id, session.device
        return bool(await self._store.read(lambda db: cursors.delivered_to(db, number, device)))

    def of_device(self, person: Person, device: str) -> Deferred[Kept]:
        """The cursors that are stored of a device of an account."""

        def ask(db: Connection) -> Kept:
            return Kept(
                cursors.delivered_to(db, person.id, device),
                cursors.delivered_to(db, person.id, ""),
                cursors.read(db, person.id),
            )

        return self._store.read(ask)

    # --- what was read --------------------------------------------------------------------------

    def note_read(self, session: Session, room: Room, seq: int) -> None:
        """A session's person has read a room up to that number; the other sessions are told."""
        person = session.person
        if person.guest or session.read.get(room.id, 0) >= seq:
            return
        session.read[room.id] = seq
        self._store.move_read_cursor(person.id, room.id, seq)
        if room.pair is not None:
            other = room.other(person)
            self._sessions.tell(other, Receipt(room.label(other), person.name, read=seq))
        for one in self._sessions.of(person):
            if one is not session:
                one.receive(Receipt(room.label(person), person.name, read=seq))

    async def unread(self, person: Person, spans: Sequence[tuple[int, int, int]]) -> dict[int, int]:
        """How many messages of others there are in spans of rooms, by the rooms' ids.

        A span is the room's id, the number after which it begins and the one with which it ends.
        """
        if not spans:
            return {}
        return await self._store.read(lambda db: history.unread(db, person.id, spans))

    def markers(self, person: Person) -> Deferred[tuple[dict[str, int], dict[int, int]]]:
        """Until when an account has read: as IRC clients have marked, by the folded name of the
        conversation, and by the read cursors, by the room's id; both in milliseconds.
        """
        return self._store.read(
            lambda db: (cursors.markers(db, person.id), cursors.read_times(db, person.id))
        )

    def move_marker(self, person: Person, name: str, time: int) -> Deferred[None]:
        """Keep until when an account has read the conversation of that folded name."""
        return self._store.change(lambda ledger: ledger.cursors.move_marker(person.id, name, time))
