"""Guests: people without an account, of whom nothing stays when they go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from ..core.errors import ChatError
from ..core.events import Notice, Presence
from ..core.rooms import Person, Role, Room, RoomBook
from ..core.roster import Roster
from ..store import Ledger
from ..store.rooms import MemberFields
from .accounts.sign_in import SignIn
from .async_store import AsyncStore
from .delivery import Delivery
from .metadata import Metadata
from .presence import Onlookers, PresenceNotices
from .rooms import Membership
from .session import Session, Sessions


class Guests:
    """Takes guests out, renames them and makes them accounts."""

    def __init__(
        self,
        store: AsyncStore,
        sessions: Sessions,
        roster: Roster,
        rooms: RoomBook,
        membership: Membership,
        delivery: Delivery,
        presence: PresenceNotices,
        onlookers: Onlookers,
        metadata: Metadata,
        signin: SignIn,
        wall: Callable[[], int],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._roster = roster
        self._rooms = rooms
        self._membership = membership
        self._delivery = delivery
        self._presence = presence
        self._onlookers = onlookers
        self._metadata = metadata
        self._signin = signin
        self._wall = wall

    def depart(self, guest: Person) -> None:
        """Forget a guest who has gone; their name is free again."""
        for room in guest.rooms:  # without an entry about it
            member = self._membership.unseat(guest, room)
            if member.role is Role.OWNER or not room.members:
                self._membership.without(room, guest)
        for room in guest.noted:
            room.forget(guest)
        guest.noted.clear()
        self._metadata.forget(guest)
        self._roster.forget(guest)

    def rename(self, guest: Person, text: str) -> None:
        """Rename a guest; the name is checked as at a login, and a ChatError refuses it."""
        if not guest.guest:
            raise ChatError("not_allowed", "An account keeps its name.")
        if guest.becoming:
            raise ChatError("not_now", "Your name is just becoming an account's.")
        old = guest.named
        self._roster.names.forget(old)  # so that they can write the same name in another way
        try:
            named = self._signin.new_name(text, local=False)
        finally:
            self._roster.names.register(old, guest)
        if named == old:
            return
        self._roster.rename(guest, named)
        guest.named_at = self._wall()
        self._tell(guest, old.shown)
        self._onlookers.renamed(guest, old.shown)

    def _tell(self, guest: Person, old: str) -> None:
        """Tell the lobby; programs keep lists of names, which must stay right."""
        here = self._delivery.live_in(self._rooms.lobby)
        if self._presence.renamed(guest, old):
            programs = [session for session in here if not session.door.dialect.plain]
            self._sessions.tell_these(programs, Presence(joined=(guest.name,), left=(old,)))
        self._sessions.tell_these(here, Notice("renamed", f"{old} is called {guest.name} now."))

    async def adopt(self, session: Session, password: str) -> None:
        """Make the guest of a session an account, even if they go meanwhile.

        Raises a ChatError if no account can be made now.
        """
        guest, network = session.person, session.door.network
        self._signin.check_registration(network)
        guest.becoming = True  # nothing that must be stored is done to them meanwhile
        try:
            number = await self._signin.store_account(guest.named, password, network)
        finally:
            guest.becoming = False
        if guest.online:
            await self._become_account(session, number)
        else:
            person = Person(number, guest.named)
            person.last_seen = guest.last_seen
            person.created = self._wall()
            self._roster.add(person)

    async def _become_account(self, session: Session, number: int) -> None:
        """Turn the guest of a session into the account of that number, in all their rooms."""
        guest = session.person
        noted, metadata = tuple(guest.noted), self._metadata.forget(guest)
        self._roster.become_account(guest, number)
        guest.created = self._wall()
        guest.shown = {room.id: session.position(room) for room in self._rooms.of(guest)}
        self._onlookers.became_account(guest)
        if guest.rooms or noted or metadata:
            await self._store.insist(lambda: _keep(guest, noted, metadata))


def _keep(
    person: Person, noted: Iterable[Room], metadata: Mapping[str, str]
) -> Callable[[Ledger], None]:
    """Return the change that stores what memory has of a person who was a guest."""
    number = person.id
    places = {room.id: room.members[number] for room in person.rooms}
    members = {
        room: MemberFields(role=int(member.role), since=member.since, voice=member.voice)
        for room, member in places.items()
    }
    bans = {room.id: room.bans[number] for room in noted if number in room.bans}
    mutes = {room.id: room.mutes[number] for room in noted if number in room.mutes}
    invites = [room.id for room in noted if number in room.invited]

    def apply(ledger: Ledger) -> None:
        for room, member in members.items():
            with suppress(ChatError):  # the room has just been deleted
                ledger.rooms.put_member(room, number, **member)
        for key, value in metadata.items():
            with suppress(ChatError):  # the account is being erased
                ledger.metadata.set_of_account(number, key, value)
        for room, until in bans.items():
            ledger.rooms.put_ban(room, number, until)
        for room, end in mutes.items():
            ledger.rooms.put_mute(room, number, end)
        for room in invites:
            ledger.rooms.put_invite(room, number)

    return apply
