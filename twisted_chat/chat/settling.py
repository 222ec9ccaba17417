"""Messages on their way to the disk, and who has said them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from ..core.draft import Draft
from ..core.entries import Entry
from ..core.results import Sent
from ..core.rooms import Room
from ..store import Batch, Post
from .async_store import Outcome

if TYPE_CHECKING:
    from .chat import Chat
    from .session import Session


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
        draft: Draft,
    ) -> None:
        person = session.person
        Post.__init__(self, room.id, person.account, person.name, draft)
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
