"""Files that are in no message: anybody with the link to one may fetch it until it is deleted.

The key in a link is made of what only this server knows, so that nothing has to be kept of it.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable
from functools import partial
from hashlib import sha256

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ...core.addresses import Network, is_public
from ...core.attachments import check_name
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.rooms import Person
from ...core.roster import Roster
from ...settings import Settings
from ...store import StoredFile
from ...store import files as stored
from ..async_store import AsyncStore
from .offers import Files
from .pending import PendingFile
from .transfers import Receiving, Serving, lost, too_many

NO_SESSION = -1  # the device of an upload with a password; no token has that number
MOST_OF_NETWORK = 20  # fetched at once with links
KEY = 32  # hexadecimal digits


class ReceivingForLink(Receiving):
    """A file that is being uploaded for a link; its size and hash are known only at the end."""

    def __init__(self, links: Links, files: Files, pending: PendingFile) -> None:
        super().__init__(files, pending, NO_SESSION)
        self._links = links
        self._all_files = files
        self._kept = False

    def check(self) -> None:
        self._files.check_account(self.person)

    def expect(self, more: int) -> None:
        """Make room for more bytes of a file whose size was not told."""
        size = self.pending.have + more
        files = self._all_files
        files.check_size(size)
        files.space.check(self.person, size, files.now(), but=self.pending)
        self.size = self.pending.size = size

    async def finish(self) -> None:
        """Keep the file from here on, since all of it has arrived."""
        self.check()
        await self._links.keep(self.pending, await self.synced())
        self._kept = True

    def end(self) -> None:
        if self.over:
            return
        super().end()
        if not self._kept:  # nobody could go on with it
            dropped = Deferred.fromCoroutine(self._links.drop(self.file))
            dropped.addErrback(lambda failure: failure.trap(ChatError))  # cleaned up later


class Links:
    """Takes in files for links, and gives them out to anybody who has the link."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        roster: Roster,
        files: Files,
        wall: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._store = store
        self._roster = roster
        self._files = files
        self._wall = wall
        self._of_network: Counter[Network] = Counter()

    async def receive(
        self, person: Person, host: str, name: str, size: int | None
    ) -> ReceivingForLink:
        """Begin an upload from a host; `size` is None if it is not known yet."""
        files = self._files
        check_name(name)
        files.check_account(person)
        self._check_age(person, host)
        files.check_size(size or 0)
        files.space.check(person, size or 0, files.now())
        with files.space.asked_for(person, size or 0):
            await files.check_disk(size or 0)
            pending = await files.note(person, None, name, size or 0, "")
        try:
            files.check_capacity(person)
            receiving = ReceivingForLink(self, files, pending)
        except ChatError:
            await self.drop(pending.id)
            raise
        await files.begin(receiving)
        return receiving

    def _check_age(self, person: Person, host: str) -> None:
        """Refuse new accounts, which could be made to spread anything with links."""
        age = (self._wall() - person.created) // 1000
        left = self._settings.link_age - age
        if left > 0 and not person.admin and is_public(host):
            raise ChatError(
                "not_allowed",
                f"Your account is too new to share files with links: try again in {spoken(left)}."
                " Until then you can send files with a client of the chat.",
                retry_after=left,
            )

    async def keep(self, pending: PendingFile, digest: str) -> None:
        """Keep a file, which is on the disk, until it is deleted."""
        await self._store.change(lambda it: it.files.keep(pending.id, pending.size, digest))
        # If the connection was lost meanwhile it is dropped, maybe in the same commit: the
        # account's sum comes out right only if it counts in any case.
        self._files.space.completed(pending)
        self._files.space.forget(pending.owner.id, pending.id)

    async def key(self, row: StoredFile | PendingFile) -> str:
        """The part of the link to a file that nobody can guess."""
        secret = await self._store.secret()
        text = f"link {row.id} {row.blob}"
        return hmac.new(secret, text.encode(), sha256).hexdigest()[:KEY]

    async def find(self, number: int, key: str) -> tuple[StoredFile, Person]:
        """Return the file that a link leads to and its owner; raises a ChatError without one."""
        row = await self._store.read(partial(stored.named, id=number))
        owner = None if row is None else self._roster.people.get(row.owner)
        if row is None or owner is None or row.room != stored.NOWHERE:
            raise nothing_there()
        if not hmac.compare_digest(await self.key(row), key):
            raise nothing_there()
        until = row.created + self._settings.link_time * 1000
        if until <= self._wall() and self._settings.link_time:
            raise nothing_there()
        try:
            self._files.check_account(owner)
        except ChatError:
            raise nothing_there() from None
        if number in self._files.cleanup.missing:
            raise lost(number)
        return row, owner

    async def serve(
        self, row: StoredFile, owner: Person, network: Network, start: int, until: int
    ) -> Serving:
        """Begin to give out bytes of a file that a link leads to."""
        files = self._files
        # A link can be known to many; they must not keep people from the files of their rooms.
        going = self._of_network
        if going.total() >= max(1, files.most // 2) or len(files.moving) >= files.most:
            raise too_many()
        if going[network] >= MOST_OF_NETWORK and network.limited:
            raise too_many()
        going[network] += 1
        serving = _ServingByLink(files, owner, row, lambda: self._served(network))
        await files.give(serving, start)
        serving.until = until
        return serving

    def _served(self, network: Network) -> None:
        self._of_network[network] -= 1
        if not self._of_network[network]:
            del self._of_network[network]

    async def delete(self, person: Person, number: int, where: str) -> None:
        """Delete a file of one's own; an administrator deletes anybody's.

        `where` is from where, for the log.
        """
        row = await self._store.read(partial(stored.named, id=number))
        mine = row is not None and row.room == stored.NOWHERE and row.owner == person.id
        if row is None or row.room != stored.NOWHERE or not (mine or person.admin):
            raise stored.no_such_file(number, " of yours that has a link")
        await self.drop(number)
        if not mine:
            owner = self._roster.people.get(row.owner)
            self.log.info(
                "{by} at {where} deletes the file {number} of {whom}",
                by=person.name,
                where=where,
                number=number,
                whom="nobody" if owner is None else owner.name,
            )

    async def drop(self, number: int) -> None:
        """Delete a file that is for a link."""
        await self._store.change(lambda ledger: ledger.files.drop_kept(number))


class _ServingByLink(Serving):
    """A file that is fetched with its link."""

    def __init__(
        self, files: Files, owner: Person, row: StoredFile, ended: Callable[[], None]
    ) -> None:
        super().__init__(files, owner, None, row, None)
        self.by_person = False
        self._ended = ended

    def end(self) -> None:
        if not self.over:
            super().end()
            self._ended()


def nothing_there() -> ChatError:
    """The refusal of a link that leads nowhere or no longer leads anywhere."""
    return ChatError("no_such_file", "There is no file here, or not any more.")
