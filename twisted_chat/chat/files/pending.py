"""Files that no message names yet, and what they take of the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from twisted.internet.defer import DeferredLock

from ...core.attachments import size_in_words
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.rooms import Person, Room
from ...store import Gone, StoredFile
from ...store.blobs import Appending
from ...store.files import counted

PROMISED = 60.0  # seconds for which an offer holds the place of a file that does not come
KEPT = 3600.0  # seconds after its last byte, or its end, for which a file waits for a message
MOST_OF_ONE = 100  # files of one account that no message names


class Upload(Protocol):
    """What takes in the bytes of a file."""

    cut: Callable[[Closed], None]
    """Ends it, because another one goes on with the file or the right to it is gone."""


class PendingFile:
    """A file that is being uploaded, or was uploaded and is in no message yet."""

    __slots__ = (
        *("blob", "complete", "have", "id", "last", "lock", "name", "owner", "promised_until"),
        *("receiving", "room", "sha256", "size", "touched"),
    )

    def __init__(
        self, row: StoredFile, owner: Person, room: Room | None, have: int, now: float
    ) -> None:
        self.id = row.id
        self.blob = row.blob
        self.owner = owner
        self.room = room  # None while it comes for a link, and then it is kept
        self.name = row.name
        self.size = row.size
        self.sha256 = row.sha256
        self.complete = row.complete
        self.have = have  # bytes on the disk
        self.touched = now  # when the last one came
        self.promised_until = 0.0
        self.receiving: Upload | None = None
        self.last: Appending | None = None  # knows the hash of what is there
        self.lock = DeferredLock()  # one thing at a time is done with its content

    def is_that(self, where: Room | Person, name: str, size: int, sha256: str) -> bool:
        """Whether this is the file that its owner offers again."""
        mine = (self.room, self.name, self.size, self.sha256)
        return mine == (where, name, size, sha256)

    def claims(self, now: float) -> int:
        """How many bytes count against quotas: all while it is coming, else what is there."""
        if self.complete:
            return 0  # it is counted with those that are complete
        coming = self.receiving is not None or now < self.promised_until
        return counted(self.size if coming else self.have)

    def to_come(self, now: float) -> int:
        """How many bytes the disk must still have room for."""
        coming = self.receiving is not None or now < self.promised_until
        return self.size - self.have if coming else 0


class Space:
    """What the files of each account and of all together take, against quotas; 0 is no bound."""

    def __init__(self, quota: int, total_quota: int) -> None:
        self._quota = quota
        self._total_quota = total_quota
        self.used: Counter[int] = Counter()  # by account: its complete files
        self._total = 0
        self._pending: dict[int, dict[int, PendingFile]] = {}  # by account, then by number
        self._asked: Counter[int] = Counter()  # by account: offers that are being stored

    def start(self, used: dict[int, int]) -> None:
        """Take up what the complete files of each account take."""
        self.used.update(used)
        self._total = self.used.total()

    def __iter__(self) -> Iterator[PendingFile]:
        return (one for own in self._pending.values() for one in own.values())

    def of(self, owner: int) -> list[PendingFile]:
        """An account's files that no message names."""
        return list(self._pending.get(owner, {}).values())

    def find(self, owner: int, file: int) -> PendingFile | None:
        return self._pending.get(owner, {}).get(file)

    def add(self, one: PendingFile) -> None:
        self._pending.setdefault(one.owner.id, {})[one.id] = one

    def forget(self, owner: int, file: int) -> PendingFile | None:
        """Drop a file that a message names now, or that is deleted."""
        own = self._pending.get(owner, {})
        found = own.pop(file, None)
        if not own:
            self._pending.pop(owner, None)
        return found

    def completed(self, one: PendingFile) -> None:
        one.complete = True
        self.used[one.owner.id] += counted(one.size)
        self._total += counted(one.size)

    def dropped(self, gone: Gone) -> None:
        if gone.complete:
            self.used[gone.owner] -= counted(gone.size)
            self._total -= counted(gone.size)
            if not self.used[gone.owner]:
                del self.used[gone.owner]

    def check(self, owner: Person, size: int, now: float, but: PendingFile | None = None) -> None:
        """Raise a ChatError if a file is more than its owner, or all together, may have."""
        own = self.of(owner.id)
        if but is None and len(own) >= MOST_OF_ONE:
            raise ChatError(
                "too_many",
                f"You have {MOST_OF_ONE} files that are uploaded or on their way and in no"
                " message: send them, or wait until they are forgotten within an hour.",
            )
        if self._quota:
            taken = self.used[owner.id] + self._asked[owner.id]
            taken += sum(one.claims(now) for one in own if one is not but)
            if taken + counted(size) > self._quota:
                raise ChatError(
                    "quota",
                    f"Your files take {size_in_words(taken)} and may take"
                    f" {size_in_words(self._quota)}, so there is no place for"
                    f" {size_in_words(size)} more: delete files of yours first.",
                    quota=self._quota,
                    used=taken,
                )
        if self._total_quota:
            all_taken = self._total + self._asked.total()
            all_taken += sum(one.claims(now) for one in self if one is not but)
            if all_taken + counted(size) > self._total_quota:
                raise ChatError(
                    "store_full",
                    "The files of all people together take as much as they may, so there is no"
                    " place for more: delete files of yours, or tell who runs the server.",
                )

    @contextmanager
    def asked_for(self, owner: Person, size: int) -> Iterator[None]:
        """Count an offer while it is being stored."""
        self._asked[owner.id] += counted(size)
        try:
            yield
        finally:
            self._asked[owner.id] -= counted(size)
            if not self._asked[owner.id]:
                del self._asked[owner.id]

    def to_come(self, now: float) -> int:
        """What the disk must still have room for, of all that was promised."""
        return sum(one.to_come(now) for one in self)
