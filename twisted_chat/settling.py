"""What waits for the store, and is told when it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from .composing import Content
from .core.entries import Entry
from .core.errors import ChatError
from .core.results import Sent
from .core.rooms import Room
from .store import Batch, Ledger, Post, Store

if TYPE_CHECKING:
    from .chat import Chat
    from .session import Session

T = TypeVar("T")
RETRY = 5.0  # seconds until what the store was too busy for is tried again


def origins(batch: Batch) -> dict[int, Session]:
    """Which session said an entry, by the entry's id."""
    found: dict[int, Session] = {}
    for work in batch.works:
        done = work.done
        if isinstance(work, Post):
            if work.entry is not None and not work.again and isinstance(done, Sending):
                found[work.entry.id] = done.session
        elif isinstance(done, Outcome) and done.origin is not None and work.error is None:
            said = (item for item in work.result if isinstance(item, Entry))
            found.update((entry.id, done.origin) for entry in said)
    return found


class Sending:
    """A message on its way to the disk; what the store calls when it is there."""

    __slots__ = ("_chat", "_cid", "_content", "_room", "_tags", "answered", "session")

    def __init__(
        self,
        chat: Chat,
        session: Session,
        room: Room,
        content: Content,
        cid: str | None,
        tags: str = "",
    ) -> None:
        self._chat = chat
        self._room = room
        self._content = content
        self._cid = cid
        self._tags = tags
        self.session = session
        self.answered: Deferred[Sent] = Deferred()

    def hand_over(self, store: Store) -> None:
        """Put it into the writer's queue, or refuse it if there is no place."""
        person = self.session.person
        sender = person.account
        try:
            text, form = self._content
            store.post(self._room.id, sender, person.name, text, self._cid, self, form, self._tags)
        except ChatError as error:
            self.answered.errback(error)

    def __call__(self, post: Post) -> None:
        if post.entry is None:
            assert post.error is not None
            self.answered.errback(post.error)
        else:
            person = self.session.person
            self.answered.callback(self._chat.sent(person, self._room, post.entry, post.again))


async def insist(chat: Chat, change: Callable[[], Callable[[Ledger], T]]) -> T:
    """Carry out a durable change that nobody can be refused, as soon as the store takes it.

    `change` is asked for it at every attempt, since much may have happened in between.
    """
    while True:
        try:
            return await chat.change(change())
        except ChatError:  # the store is too busy, or the server is stopping
            await deferLater(chat.clock, RETRY)


class Outcome(Generic[T]):
    """What the store calls with an outcome: it fires a Deferred."""

    __slots__ = ("known", "origin")

    def __init__(self, origin: Session | None = None) -> None:
        self.known: Deferred[T] = Deferred()
        self.origin = origin

    def __call__(self, outcome: T | Exception) -> None:
        if isinstance(outcome, Exception):
            self.known.errback(Failure(outcome))
        else:
            self.known.callback(outcome)
