"""What there is of guests: as much as of anybody while they are here, and nothing afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING

from ..core.errors import ChatError
from ..core.events import Notice, Presence
from ..core.rooms import Role
from ..core.roster import Person

if TYPE_CHECKING:
    from ..core.rooms import Room
    from ..store import Ledger
    from .chat import Chat
    from .session import Session


class Guests:
    """Their going, their names, and their becoming accounts."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def depart(self, guest: Person) -> None:
        """A guest has gone: it is nowhere any more, and its name is free."""
        self.leave_rooms(guest)
        for room in guest.noted:
            room.forget(guest)
        guest.noted.clear()
        self._chat.metadata.forget(guest)
        self._chat.roster.forget(guest)

    def leave_rooms(self, guest: Person) -> None:
        """Take a guest out of its rooms; no entry says so."""
        for room in guest.rooms:
            member = self._chat.membership.unseat(guest, room)
            if member.role is Role.OWNER or not room.members:
                self._chat.endings.without(room, guest)

    def note(self, room: Room, person: Person) -> None:
        """A room keeps something about somebody who need not be in it."""
        if person.gone:
            room.forget(person)
        elif person.guest:
            person.noted.add(room)

    def rename(self, guest: Person, text: str) -> None:
        """Call a guest something else; the name is checked like that of somebody who comes."""
        chat = self._chat
        if not guest.guest:
            raise ChatError("not_allowed", "An account keeps its name.")
        if guest.becoming:
            raise ChatError("not_now", "Your name is just becoming an account's.")
        old = guest.named
        chat.roster.names.forget(old)  # it may be written in another way
        try:
            named = chat.signin.new_name(text, local=False)
        finally:
            chat.roster.names.register(old, guest)
        if named == old:
            return
        chat.roster.rename(guest, named)
        guest.named_at = chat.wall()
        self._tell(guest, old.shown)
        chat.onlookers.renamed(guest, old.shown)

    def _tell(self, guest: Person, old: str) -> None:
        """Tell the lobby; programs keep lists of names, which have to be right."""
        chat = self._chat
        here = chat.delivery.live_in(chat.rooms.lobby)
        if chat.presence.renamed(guest, old):
            programs = [session for session in here if not session.door.dialect.plain]
            chat.sessions.tell_these(programs, Presence(joined=(guest.name,), left=(old,)))
        chat.sessions.tell_these(here, Notice("renamed", f"{old} is called {guest.name} now."))

    async def become_account(self, session: Session, number: int) -> None:
        """The guest of a session is an account from now on, in all its rooms."""
        guest, chat = session.person, self._chat
        noted, metadata = tuple(guest.noted), chat.metadata.forget(guest)
        chat.roster.become_account(guest, number)
        guest.created = chat.wall()
        guest.shown = {room.id: session.position(room) for room in chat.rooms.of(guest)}
        chat.onlookers.became_account(guest)
        if guest.rooms or noted or metadata:
            said: list[Callable[[Ledger], object]] = [
                methodcaller("set_account_metadata", number, key, value)
                for key, value in metadata.items()
            ]
            await chat.store.insist(
                lambda: partial(_store, _places(guest) + said, _notes(guest, noted))
            )


def _places(person: Person) -> list[Callable[[Ledger], object]]:
    """Where somebody is, as the store keeps it."""
    members = ((room.id, room.members[person.id]) for room in person.rooms)
    return [
        methodcaller(
            "put_member",
            *(room, person.id),
            role=int(member.role),
            since=member.since,
            voice=member.voice,
        )
        for room, member in members
    ]


def _notes(person: Person, rooms: Iterable[Room]) -> list[Callable[[Ledger], object]]:
    """What keeps what these rooms have noted of somebody."""
    number = person.id
    kept: list[Callable[[Ledger], object]] = []
    for room in rooms:
        if number in room.bans:
            kept.append(methodcaller("put_ban", room.id, number, room.bans[number]))
        if number in room.mutes:
            kept.append(methodcaller("put_mute", room.id, number, room.mutes[number]))
        if number in room.invited:
            kept.append(methodcaller("put_invite", room.id, number))
    return kept


def _store(
    places: Iterable[Callable[[Ledger], object]],
    notes: Iterable[Callable[[Ledger], object]],
    ledger: Ledger,
) -> None:
    for keep in places:
        with suppress(ChatError):  # the room has just been deleted
            keep(ledger)
    for keep in notes:
        keep(ledger)
