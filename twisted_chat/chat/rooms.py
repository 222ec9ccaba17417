"""Who is in which conversation, and how rooms begin and end, in step with what is committed.

What takes a right away (a kick, a ban, a mute, leaving) holds from the moment it is
asked for, so that nothing said after it slips in before its commit; what grants one
holds from its commit on.

As long as an account is in a room, the room outlives everything. A room that only guests are left
in is theirs while they are here: it ends with the last who goes, and its name is free at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.entries import Entry, Kind
from ..core.errors import ChatError
from ..core.events import Room as RoomEvent
from ..core.names import Name
from ..core.rooms import Member, Person, Role, Room, RoomBook, RoomKind, pair_of
from ..core.roster import Roster
from ..core.rules import Rules
from ..store import Ledger, Snapshot
from .async_store import AsyncStore
from .delivery import Delivery
from .presence import Onlookers
from .session import Session, Sessions

T = TypeVar("T")


class Membership:
    """Makes, renames and ends rooms, and lets people in and out."""

    log = Logger()

    def __init__(
        self,
        server: str,
        store: AsyncStore,
        sessions: Sessions,
        roster: Roster,
        rooms: RoomBook,
        delivery: Delivery,
        onlookers: Onlookers,
        wall: Callable[[], int],
    ) -> None:
        """`server` is the name under which the server itself does something in a room."""
        self._server = server
        self._store = store
        self._sessions = sessions
        self._roster = roster
        self._rooms = rooms
        self._delivery = delivery
        self._onlookers = onlookers
        self._wall = wall

    # --- rooms that are made, joined and renamed ----------------------------------------------

    async def create(self, person: Person, name: Name, rules: Rules) -> tuple[Room, int]:
        """Make a room that a person owns; the room, and the number of its first entry.

        Raises ChatError('not_available') if the name is taken meanwhile.
        """

        def apply(ledger: Ledger) -> tuple[int, Entry]:
            room = ledger.rooms.add(name.shown, name.folded, rules.secret, person.account)
            ledger.rooms.set(room, rules=rules.written())
            return room, ledger.log.post(room, Kind.JOIN, person.account, person.name)

        number, entry = await self._take_name(name, apply)
        room = Room(number, name, RoomKind.GROUP)
        room.keep_rules(rules)
        room.created = entry.time
        room.last_seq = entry.seq
        self._rooms.add(room)
        self._begin(person, room, Member(person, Role.OWNER, 0), entry.seq)
        return room, entry.seq

    async def _take_name(self, name: Name, apply: Callable[[Ledger], T]) -> T:
        """Carry out the change that gives a room a name, which nobody else gets meanwhile."""
        self._rooms.being_made.register(name, None)
        try:
            return await self._store.change(apply)
        except ChatError as error:
            raise not_available(name) if error.code == "room_taken" else error from None
        finally:
            self._rooms.being_made.forget(name)

    async def join(self, person: Person, room: Room) -> int:
        """Let a person into a room; the number of the entry that says so."""

        def apply(ledger: Ledger) -> Entry | None:
            if not ledger.rooms.put_member(room.id, person.account, role=Role.MEMBER):
                return None  # another session of theirs was faster
            ledger.rooms.drop_invite(room.id, person.account)
            return ledger.log.post(room.id, Kind.JOIN, person.account, person.name)

        room.coming.add(person.id)
        try:
            entry = await self._store.change(apply)
        finally:
            room.coming.discard(person.id)
        if entry is None:
            return room.last_seq
        room.invited.discard(person.id)
        self._begin(person, room, Member(person, Role.MEMBER, entry.seq - 1), entry.seq)
        return entry.seq

    async def join_made(self, person: Person, name: Name) -> tuple[Room, int] | None:
        """Let a person into a room that is being made this moment, right behind its making.

        The room, and the number of the entry that says so; None if there is no such room.
        """

        def apply(ledger: Ledger) -> tuple[int, Entry] | None:
            room = ledger.rooms.open_room(name.folded)
            if room is None or not ledger.rooms.put_member(room, person.account, role=Role.MEMBER):
                return None
            return room, ledger.log.post(room, Kind.JOIN, person.account, person.name)

        stored = await self._store.change(apply)
        if stored is None:
            return None
        number, entry = stored
        room = self._rooms.rooms[number]  # its maker was answered first
        if entry.seq > room.last_seq:  # it was stored before anybody knew the room
            self._delivery.spread([entry], {})
        if not room.has(person):
            self._begin(person, room, Member(person, Role.MEMBER, entry.seq - 1), entry.seq)
        return room, entry.seq

    async def rename(self, room: Room, name: Name, until: int, by: Person, reason: str) -> None:
        """Give a room another name; the old one is kept for it until then, and leads to it.

        Raises ChatError('not_available') if the name is taken meanwhile.
        """
        old = room.name

        def apply(ledger: Ledger) -> None:
            if ledger.rooms.encrypted(room.id):
                raise keeps_its_name(room)
            ledger.rooms.rename(room.id, name.shown, name.folded, until)
            text = f"{name.shown} {reason}".rstrip()
            ledger.log.post(room.id, Kind.RENAME, by.account, by.name, text, subject=old)

        self._rooms.being_renamed.add(room)
        try:
            await self._take_name(name, apply)
        finally:
            self._rooms.being_renamed.discard(room)
        self._rooms.rename(room, name, until)
        for member in tuple(room.members.values()):
            for session in self._sessions.of(member.person):
                at = session.position(room)
                number, encrypted = room.id, room.encrypted
                session.receive(RoomEvent(old, False, at, number, encrypted, why="renamed"))
                session.receive(RoomEvent(room.name, True, at, number, encrypted, was=old))
        self._onlookers.room_renamed(room, old, by, reason)

    # --- who is in which room -----------------------------------------------------------------

    def seat(self, person: Person, room: Room, member: Member, after: int) -> None:
        """Make somebody a member; their sessions are shown what comes after the number `after`."""
        room.put(member)
        room.online += person.online
        person.rooms = (*person.rooms, room)
        self._announce(person, room, joined=True, last=after)
        self._delivery.follow(person, room, after)

    def _begin(self, person: Person, room: Room, member: Member, after: int) -> None:
        """Make somebody a member who has not missed anything that was said before.

        Raises a ChatError if the room was deleted or the person has gone meanwhile.
        """
        if room.deleted_at is not None and not person.guest:
            room.put(member)  # in case the room is restored
        if room.deleted_at is not None:
            raise ChatError("no_such_room", f"{room.name} has just been deleted.")
        if person.gone:
            if not room.members:
                self._end(room)
            raise ChatError("gone", "The connection closed.")
        self.seat(person, room, member, after)
        if person.shown is not None:
            # As in the store: up to the entry before the one about the join.
            person.shown[room.id] = max(after - 1, person.shown.get(room.id, 0))

    def unseat(self, person: Person, room: Room) -> Member:
        """Take a member out of a room, and return what the membership was."""
        member = room.take_out(person)
        assert member is not None
        room.online -= person.online
        self._delivery.unfollow(person, room)
        person.rooms = tuple(other for other in person.rooms if other is not room)
        return member

    def _announce(self, person: Person, room: Room, joined: bool, last: int, why: str = "") -> None:
        event = RoomEvent(room.label(person), joined, last, room.id, room.encrypted, why)
        for session in self._sessions.of(person):
            session.receive(event)

    async def put_out(
        self,
        room: Room,
        person: Person,
        kind: Kind,
        by: Person,
        reason: str = "",
        until: int | None = None,
        heir: Member | None = None,
    ) -> None:
        """Take somebody out of a room at once, and back in if that cannot be stored.

        `kind` says whether they leave, are kicked or are banned. `heir` owns the room when its
        owner leaves: also at once, since they may be leaving too.
        """
        was_in = person.id in room.members
        if was_in:
            reached = {s: s.position(room) for s in self._sessions.of(person)}
            member = self.unseat(person, room)
        subject = "" if kind is Kind.LEAVE else person.name
        if heir is not None:
            heirs_role, heir.role = heir.role, Role.OWNER

        def apply(ledger: Ledger) -> Entry:
            ledger.rooms.drop_member(room.id, person.account)
            if kind is Kind.BAN:
                ledger.rooms.put_ban(room.id, person.account, until)
            ledger.rooms.drop_invite(room.id, person.account)
            entry = ledger.log.post(room.id, kind, by.account, by.name, reason, subject=subject)
            if heir is not None:
                ledger.rooms.put_member(room.id, heir.person.account, role=int(Role.OWNER))
                ledger.log.post(room.id, Kind.OWNER, by.account, by.name, subject=heir.person.name)
            return entry

        try:
            entry = await self._store.change(apply)
        except Exception:
            if heir is not None:
                heir.role = heirs_role
            if was_in:
                self._seat_again(person, room, member, reached)
            raise
        room.invited.discard(person.id)
        if person.id in room.members:
            self.unseat(person, room)  # they were joining when they were put out
            was_in = True
        if was_in:
            if kind is not Kind.LEAVE:
                self._delivery.show(person, room, entry)
            why = "left" if kind is Kind.LEAVE else "put out"
            self._announce(person, room, joined=False, last=entry.seq, why=why)

    def leave_last(self, person: Person, room: Room) -> None:
        """Take the last member out of a room, and end it."""
        self.unseat(person, room)
        self._announce(person, room, joined=False, last=room.last_seq, why="left")
        self._end(room)

    async def leave_unused(self, person: Person, room: Room) -> bool:
        """Let the last member leave a room in which nothing was ever said, and end it.

        Returns False if something was said there, or happens there meanwhile.
        """
        known = room.last_seq
        if not await self._store.change(lambda ledger: ledger.rooms.close_unused(room.id, known)):
            return False
        if room.has(person):  # no other session of theirs was faster
            self.leave_last(person, room)
        return True

    def _seat_again(
        self, person: Person, room: Room, member: Member, reached: Mapping[Session, int]
    ) -> None:
        """Undo that somebody was put out: their sessions continue where they were."""
        if person.gone:
            return
        room.put(member)
        if room.deleted_at is not None:
            return  # the room was deleted meanwhile
        room.online += person.online
        person.rooms = (*person.rooms, room)
        for session in self._sessions.of(person):
            if session not in reached:  # it began meanwhile, and was not told of this room
                session.receive(
                    RoomEvent(room.label(person), True, room.last_seq, room.id, room.encrypted)
                )
            self._delivery.follow_with(session, room, reached.get(session, room.last_seq))

    def close_room(self, room: Room, now: int) -> None:
        """Hide a deleted room from everybody."""
        if room.deleted_at is not None:
            return
        room.deleted_at = now
        for member in tuple(room.members.values()):
            person = member.person
            self._delivery.suspend(person, room)
            person.rooms = tuple(other for other in person.rooms if other is not room)
            self._announce(person, room, joined=False, last=room.last_seq, why="deleted")
            if person.guest:
                room.take_out(person)  # guests may be gone when it is restored
        room.online = 0

    def reopen_room(self, room: Room) -> None:
        """Restore a deleted room, with the members it had."""
        if room.deleted_at is None:
            return
        room.deleted_at = None
        room.devices = ""  # it was not kept up to date while the room was deleted
        for member in room.members.values():
            person = member.person
            person.rooms = (*person.rooms, room)
            room.online += person.online
            self._announce(person, room, joined=True, last=room.last_seq)
            for session in self._sessions.of(person):
                self._delivery.follow_with(session, room, session.position(room))

    def show_in_pair(self, person: Person, other: Person, entry: Entry, origin: Session) -> Room:
        """Show a message of a private conversation, and begin that if this is its first one."""
        room = self.begin_pair(person, other, entry.room)
        if entry.seq > room.last_seq:
            self._delivery.spread([entry], {entry.id: origin})
        return room

    def begin_pair(self, person: Person, other: Person, number: int) -> Room:
        """Return the private conversation of two people; a new one gets this number."""
        room = person.pairs.get(other.id)
        if room is None:
            room = pair_of(number, person, other)
            self._rooms.add(room)
            for one in (person, other):
                for session in self._sessions.of(one):
                    session.began(room)
        return room

    def muted_until(self, room: Room, person: Person) -> int | None:
        """Return until when somebody may only read; None if they may speak."""
        until = room.mutes.get(person.id)
        if until is not None and until <= self._wall():
            del room.mutes[person.id]
            return None
        return until

    def set_mute(self, room: Room, person: Person, until: int | None) -> None:
        if until is None:
            room.mutes.pop(person.id, None)
        else:
            room.mutes[person.id] = until

    def may_speak(self, person: Person, room: Room) -> None:
        """Raise a ChatError if somebody may not speak in a room."""
        if room.deleted_at is not None or not (room.has(person) or room.open_to(person)):
            raise ChatError("not_a_member", f"You are not in {room.name}: join {room.name} first.")
        if room.bans and room.banned(person, self._wall()):
            raise ChatError("banned", f"You are banned from {room.name}.")
        if room.mutes and self.muted_until(room, person) is not None:
            raise ChatError("muted", f"You are muted in {room.name} and can only read there.")
        if room.rules.restrains and not room.has_voice(person):
            if room.rules.moderated:
                raise ChatError("moderated", f"Only those with a voice speak in {room.name}.")
            verdict = room.rules.verdict(person)
            if verdict:
                why = f"muted in {room.name}" if verdict == "muted" else f"banned from {room.name}"
                raise ChatError(verdict, f"You are {why} and can only read there.")

    def audience(self, room: Room) -> tuple[int, int]:
        """Return how many people of a room are online, and how many are not."""
        if room is self._rooms.lobby:
            # Guests are in the lobby only while they are here.
            online = len(self._roster.online)
            return online, self._roster.accounts - (online - self._roster.guests)
        if room.pair is not None:
            both = set(room.pair)
            online = sum(person.online for person in both)
            return online, len(both) - online
        return room.online, len(room.members) - room.online

    def note(self, room: Room, person: Person) -> None:
        """Note that a room keeps a ban, a mute or an invitation of somebody, member or not."""
        if person.gone:
            room.forget(person)
        elif person.guest:
            person.noted.add(room)

    # --- rooms without an owner or members -----------------------------------------------------

    def start(self, kept: Snapshot) -> None:
        """End rooms that guests left behind when the server was killed."""
        for row in kept.rooms:
            if row.kind == RoomKind.GROUP and row.folded is None and row.name:
                self._erase(row.id)
        for room in tuple(self._rooms.group_rooms()):
            owned = any(member.role is Role.OWNER for member in room.members.values())
            if room.kind is RoomKind.GROUP and not owned:
                self._hand_over(room, room.heir(), self._server, None)

    def without(self, room: Room, owner: Person) -> None:
        """Find a new owner for a room whose owner is gone; without members it ends."""
        self._hand_over(room, room.heir(), owner.name, owner.account)

    def _hand_over(self, room: Room, heir: Member | None, by: str, sender: int | None) -> None:
        """Make the heir the owner of a room; without an heir the room ends."""
        if heir is None:
            self._end(room)
            return
        heir.role = Role.OWNER
        person = heir.person

        def apply(ledger: Ledger) -> None:
            ledger.rooms.put_member(room.id, person.account, role=int(Role.OWNER))
            ledger.log.post(room.id, Kind.OWNER, sender, by, subject=person.name)

        try:
            handed = self._store.change(apply)
        except ChatError:
            return  # it holds in memory, and the next start finds the same heir
        handed.addErrback(self._failed)

    def _end(self, room: Room) -> None:
        """Forget a room without members at once, and erase what was said in it."""
        room.deleted_at = self._wall()  # seen by requests that are under way
        self._rooms.forget(room)
        self._erase(room.id)

    def _erase(self, room: int) -> None:
        Deferred.fromCoroutine(self._erase_whole(room)).addErrback(self._failed)

    async def _erase_whole(self, room: int) -> None:
        while not await self._store.insist(lambda: partial(_step, room)):
            pass

    def _failed(self, failure: Failure) -> None:
        if not failure.check(ChatError):  # the room is gone, or the next start does it
            self.log.failure("A room could not be ended or handed over", failure)


def keeps_its_name(room: Room) -> ChatError:
    """The refusal to rename a room that is encrypted."""
    return ChatError(
        "encrypted", f"{room.name} is encrypted: everybody's devices know it by its name."
    )


def not_available(name: Name) -> ChatError:
    """The refusal of a name that is taken, reserved or of a hidden room; it does not tell which."""
    return ChatError("not_available", f"{name.shown} is not available.")


def _step(room: int, ledger: Ledger) -> bool:
    ledger.rooms.free_name(room)
    return ledger.rooms.erase(room)
