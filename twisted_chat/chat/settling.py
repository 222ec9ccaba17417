"""What waits for the store, and is told when it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ..core.entries import Entry
from ..core.errors import ChatError
from ..core.results import Sent
from ..core.rooms import Room
from ..store import Batch, Ledger, Post
from .composing import Content

if TYPE_CHECKING:
    from .chat import Chat
    from .session import Session

T = TypeVar("T")
RETRY = 5.0  # seconds until what the store was too busy for is tried again


def origins(batch: Batch) -> dict[int, Session]:
    """Which session said an entry, by the entry's id."""
    found: dict[int, Session] = {}
    for work in batch.works:
        if isinstance(work, Post):
            if isinstance(work, Sending) and work.entry is not None and not work.again:
                found[work.entry.id] = work.session
        elif isinstance(work.done, Outcome) and work.done.origin is not None and not work.error:
            said = (item for item in work.result if isinstance(item, Entry))
            found.update((entry.id, work.done.origin) for entry in said)
    return found


class Sending(Post, Deferred[Sent]):
    """A message on its way to the disk, which fires with the answer to who said it."""

    def __init__(
        self,
        chat: Chat,
        session: Session,
        room: Room,
        content: Content,
        cid: str | None,
        tags: str = "",
    ) -> None:
        person = session.person
        text, form = content
        Post.__init__(self, room.id, person.account, person.name, text, cid, form, tags)
        Deferred.__init__(self)
        self._chat = chat
        self._room = room
        self.session = session

    def answer(self) -> None:
        if self.entry is None:
            assert self.error is not None
            self.errback(self.error)
        else:
            person = self.session.person
            self.callback(self._chat.sent(person, self._room, self.entry, self.again))


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
