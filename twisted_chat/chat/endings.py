"""Rooms that nobody is left in: they end with the last who goes, and their names are free at once.

As long as an account is in a room, the room outlives everything. Where only guests are left, it
is theirs while they are here, and what is left of it after a kill is seen to at the next start.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.entries import Kind
from ..core.errors import ChatError
from ..core.rooms import Member, Role, Room, RoomKind
from ..core.roster import Person
from ..store import Ledger, Snapshot

if TYPE_CHECKING:
    from .chat import Chat


class Endings:
    """Ends rooms, and gives those whose owner is gone to somebody else."""

    log = Logger()

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def start(self, kept: Snapshot) -> None:
        """See to what guests have left behind when the server was ended from outside."""
        for row in kept.rooms:
            if row.kind == RoomKind.GROUP and row.folded is None and row.name:
                self._erase(row.id)
        for room in tuple(self._chat.rooms.group_rooms()):
            if room.kind is RoomKind.GROUP:
                self._see_to(room)

    def _see_to(self, room: Room) -> None:
        if not any(member.role is Role.OWNER for member in room.members.values()):
            self.hand_over(room, room.heir(), self._chat.settings.name, None)

    def without(self, room: Room, owner: Person) -> None:
        """Its owner is in a room no longer, and has said nothing about it."""
        self.hand_over(room, room.heir(), owner.name, owner.account)

    def hand_over(self, room: Room, heir: Member | None, by: str, sender: int | None) -> None:
        """Somebody owns a room from now on; without anybody who could, it ends."""
        if heir is None:
            self.end(room)
            return
        heir.role = Role.OWNER
        person = heir.person

        def apply(ledger: Ledger) -> None:
            ledger.put_member(room.id, person.account, role=int(Role.OWNER))
            ledger.post(room.id, Kind.OWNER, sender, by, subject=person.name)

        try:
            handed = self._chat.store.change(apply)
        except ChatError:
            return  # it is so in memory, and the next start finds the same heir
        handed.addErrback(self._failed)

    def end(self, room: Room) -> None:
        """Nobody is in a room any more: forget it now, and erase what was said in it."""
        room.deleted_at = self._chat.wall()  # for those who are about to do something there
        self._chat.rooms.forget(room)
        self._erase(room.id)

    def _erase(self, room: int) -> None:
        Deferred.fromCoroutine(self._erased(room)).addErrback(self._failed)

    async def _erased(self, room: int) -> None:
        while not await self._chat.store.insist(lambda: partial(_step, room)):
            pass

    def _failed(self, failure: Failure) -> None:
        if not failure.check(ChatError):  # the room is gone, or the next start sees to it
            self.log.failure("A room could not be ended or handed over", failure)


def _step(room: int, ledger: Ledger) -> bool:
    ledger.free_name(room)
    return ledger.erase_room(room)
