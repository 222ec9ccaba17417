"""The files of the chat: offers, tickets, uploads, downloads and rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ...core.attachments import size_in_words
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import Person, Room, RoomBook
from ...core.roster import Roster
from ...core.tickets import Purpose, Ticket, Tickets
from ...settings import Settings
from ...store import Blobs, Gone, Ledger, Snapshot, StoredFile, files
from ...store.files import no_such_file
from ..async_store import AsyncStore
from ..rooms import Membership
from ..session import Session
from ..threads import Worker
from .cleanup import Cleanup
from .pending import PROMISED, PendingFile, Space
from .transfers import COMING, GOING, Moving, Receiving, Serving, Turns, disk_full, lost, too_many

MOST_MOVING = 200  # files on their way at once,
MOST_OF_ONE = 20  # and those of one account


class Files:
    """Decides who may send and fetch which files, and keeps count of them."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        roster: Roster,
        rooms: RoomBook,
        membership: Membership,
        clock: IReactorTime,
        ticks: Callable[[], float],
        wall: Callable[[], int],
        worker: Worker,
    ) -> None:
        self._max_file = settings.max_file
        self._store = store
        self._roster = roster
        self._rooms = rooms
        self._membership = membership
        self.now = ticks
        self._wall = wall
        self.run: Callable[[Callable[[], Any]], Deferred[Any]] = worker.run
        self.blobs: Blobs = store.blobs
        self.blobs.keep_free = settings.keep_free
        self.tickets = Tickets()
        self.space = Space(settings.quota, settings.total_quota)
        self.coming = Turns(clock, ticks, worker.worked, COMING)
        self.going = Turns(clock, ticks, worker.worked, GOING)
        self.moving: dict[Moving, None] = {}
        self.most = MOST_MOVING
        self.cleanup = Cleanup(store, self.space, self.run, ticks)

    def start(self, kept: Snapshot) -> None:
        """Take up what the store holds; for the start, since it looks at the disk."""
        self.space.start(kept.used)
        there = self.blobs.listed() if kept.files else {}
        now, wall = self.now(), self._wall() / 1000
        for row in kept.files:
            owner = self._roster.people.get(row.owner)
            room = self._rooms.rooms.get(row.room)
            content = there.get(row.blob)
            if owner is None or room is None or content is None:
                self.cleanup.later(row.id)
                continue
            touched = now - max(0.0, wall - content.touched)
            self.space.add(PendingFile(row, owner, room, content.size, touched))

    # --- uploads --------------------------------------------------------------------------

    async def offer(
        self, session: Session, where: Room | Person, name: str, size: int, sha256: str
    ) -> tuple[PendingFile, str]:
        """Note a file that will be sent to a conversation; returns it and a ticket for the upload.

        Where there is no conversation with that person yet, one begins.
        """
        person, now = session.person, self.now()
        self.check_size(size)
        offered = self._offered(person, where, name, size, sha256)
        if offered is None:
            self.space.check(person, size, now)
            with self.space.asked_for(person, size):
                await self.check_disk(size)
                offered = await self.note(person, where, name, size, sha256)
        elif not offered.complete:
            self.space.check(person, size, now, but=offered)
            await self.check_disk(size - offered.have - offered.to_come(now))
        offered.touched = self.now()
        offered.promised_until = offered.touched + PROMISED
        return offered, self._ticket(session, Purpose.UPLOAD, offered.id)

    def _ticket(self, session: Session, purpose: Purpose, file: int) -> str:
        ticket = Ticket(purpose, file, session.person.id, session.token)
        return self.tickets.give(ticket, self.now())

    def check_size(self, size: int) -> None:
        """Refuse a file that is larger than any may be."""
        most = self._max_file
        if size > most:
            raise ChatError(
                "too_long",
                f"That file has {size_in_words(size)} and the most is {size_in_words(most)}.",
                max=most,
                actual=size,
            )

    def _offered(
        self, person: Person, where: Room | Person, name: str, size: int, sha256: str
    ) -> PendingFile | None:
        """The same file, if it was offered before."""
        own = self.space.of(person.id)
        return next((one for one in own if one.is_that(where, name, size, sha256)), None)

    async def note(
        self, person: Person, where: Room | Person | None, name: str, size: int, sha256: str
    ) -> PendingFile:
        """Make a content and a row for a file; `where` is None if it is for a link."""
        blob = await self.run(self.blobs.create)
        self.cleanup.made(blob)

        def apply(ledger: Ledger) -> StoredFile:
            if isinstance(where, Person):
                room = ledger.rooms.pair(person.id, where.id)
            else:
                room = files.NOWHERE if where is None else where.id
            return ledger.files.add(blob, person.id, room, name, size, sha256)

        try:
            row = await self._store.change(apply)
        except Exception:
            self._remove(blob)
            raise
        if isinstance(where, Person):
            where = self._membership.begin_pair(person, where, row.room)
        offered = PendingFile(row, person, where, 0, self.now())
        self.space.add(offered)
        return offered

    async def check_disk(self, more: int) -> None:
        """Refuse an upload that leaves too little room on the disk for all that are promised."""
        free = await self.run(self.blobs.free)
        if more + self.space.to_come(self.now()) > free:
            raise disk_full()

    async def receive(self, token: str) -> Receiving:
        """Begin the upload that a ticket is for."""
        ticket = self.tickets.find(token, Purpose.UPLOAD, self.now())
        pending = self.space.find(ticket.account, ticket.file)
        if pending is None or pending.room is None:
            raise no_such_file(ticket.file, " waiting to be uploaded: offer it again")
        self.may_send(pending.owner, pending.room)
        former = pending.receiving
        if former is not None:
            former.cut(Closed("resumed", "This upload goes on with another connection."))
        self.check_capacity(pending.owner)
        if not pending.complete:
            self.space.check(pending.owner, pending.size, self.now(), but=pending)
        self.tickets.use(token)
        receiving = Receiving(self, pending, ticket.device)
        await self.begin(receiving)
        return receiving

    async def begin(self, receiving: Receiving) -> None:
        """Prepare to receive the bytes of a file."""
        receiving.pending.receiving = receiving
        self.moving[receiving] = None
        try:
            await self.check_disk(0)
            await receiving.open()
        except Exception:
            receiving.end()
            raise

    async def complete(self, pending: PendingFile) -> None:
        """Note that all of a file has arrived and is what was offered."""
        await self._store.change(lambda ledger: ledger.files.complete(pending.id))
        if self.space.find(pending.owner.id, pending.id) is pending:
            self.space.completed(pending)
            pending.touched = self.now()

    async def drop(self, pending: PendingFile) -> None:
        """Delete a file that no message names."""
        await self._store.change(lambda ledger: ledger.files.drop_unnamed(pending.id))

    # --- downloads --------------------------------------------------------------------------

    async def ticket(self, session: Session, file: int) -> tuple[StoredFile, Room | None, str]:
        """Return a file that somebody may have, its room, and a ticket for the download."""
        row, room = await self._named(session.person, file)
        if file in self.cleanup.missing:
            raise lost(file)
        return row, room, self._ticket(session, Purpose.DOWNLOAD, file)

    async def _named(self, person: Person, file: int) -> tuple[StoredFile, Room | None]:
        """A file that somebody may have, and its room; without one if it is kept for a link."""
        row = await self._store.read(partial(files.named, id=file))
        if row is not None and row.room == files.NOWHERE and row.owner == person.id:
            self.check_account(person)
            return row, None
        room = None if row is None else self._rooms.rooms.get(row.room)
        if row is None or room is None or row.seq is None:
            raise no_such_file(file)
        self.may_have(person, room, row.seq, file)
        return row, room

    async def serve(self, token: str, start: int) -> Serving:
        """Begin the download that a ticket is for, from a byte on."""
        ticket = self.tickets.find(token, Purpose.DOWNLOAD, self.now())
        person = self._roster.people.get(ticket.account)
        if person is None:
            raise no_such_file(ticket.file)
        self.check_capacity(person)
        self.tickets.use(token)
        row, room = await self._named(person, ticket.file)
        if not 0 <= start <= row.size:
            raise ChatError("args", f"File {row.id} has {row.size} bytes: begin at one of them.")
        self.check_capacity(person)
        serving = Serving(self, person, room, row, ticket.device)
        await self.give(serving, start)
        return serving

    async def give(self, serving: Serving, start: int) -> None:
        """Prepare to give out a file from a byte on."""
        self.moving[serving] = None
        try:
            await serving.open(start)
        except Exception:
            serving.end()
            raise

    # --- rights -------------------------------------------------------------------------------

    def may_send(self, person: Person, room: Room) -> None:
        """Raise a ChatError if somebody may not send a file there now."""
        self.check_account(person)
        if not room.has(person):  # others may speak in some rooms, but could not fetch it
            raise ChatError("not_a_member", f"You are not in {room.name}: join {room.name} first.")
        self._membership.may_speak(person, room)

    def may_have(self, person: Person, room: Room, seq: int, file: int) -> None:
        """Raise a ChatError if somebody may not read that message now; it does not tell why."""
        self.check_account(person)
        if (
            not room.has(person)
            or room.deleted_at is not None
            or seq <= room.readable_since(person)
        ):
            raise no_such_file(file)

    def check_account(self, person: Person) -> None:
        until = person.suspended_until
        if person.erased or (until is not None and until > self._wall()):
            raise ChatError("suspended", f"{person.name} is banned from this server.")

    def check_capacity(self, person: Person) -> None:
        """Refuse one more transfer of somebody's; if there are too many, who has most loses one."""
        shares: dict[Person, list[Moving]] = {}
        for one in self.moving:
            if one.by_person:
                shares.setdefault(one.person, []).append(one)
        own = len(shares.get(person, ()))
        if own >= MOST_OF_ONE:
            raise too_many()
        if len(self.moving) < self.most:
            return
        largest = max(shares.values(), key=len, default=[])
        if len(largest) <= own + 1:
            raise too_many()
        largest[-1].cut(
            Closed("busy", "Others have files to move too: this one goes on when you ask again.")
        )

    def revoke(self, person: Person, devices: Callable[[int], bool] = lambda _: True) -> None:
        """End the transfers and tickets of those of an account's devices that lost their rights."""
        self.tickets.revoke(person.id, devices)
        for moving in tuple(self.moving):
            if moving.person is person and moving.device is not None and devices(moving.device):
                moving.cut(Closed("ended", "The session that this belongs to was ended."))

    # --- the end ------------------------------------------------------------------------------

    def ended(self, moving: Moving) -> None:
        self.moving.pop(moving, None)

    def named(self, owner: int, file: int) -> None:
        """Note that a message names a file now."""
        self.space.forget(owner, file)

    def discard(self, gone: Iterable[Gone]) -> None:
        """Remove the contents of files whose deletion is committed."""
        for one in gone:
            self.space.forget(one.owner, one.id)
            self.space.dropped(one)
            self.cleanup.missing.discard(one.id)
            for moving in tuple(self.moving):
                if moving.blob == one.blob:
                    moving.cut(Closed("deleted", f"File {one.id} is no more."))
            self._remove(one.blob)

    def _remove(self, blob: str) -> Deferred[None]:
        return self.run(lambda: self.blobs.remove(blob)).addErrback(self._not_removed)

    def _not_removed(self, failure: Any) -> None:
        # The cleanup finds it again.
        self.log.warn("A content was not removed: {reason}", reason=failure.value)
