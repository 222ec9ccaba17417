"""Searches, which take their turns: others read what was said while somebody looks for something.

A search for many words in a long history takes a reading thread for a second or more, and so does
a page of a long history without the words of people who have said nearly all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred, succeed

from ..core.errors import ChatError
from ..core.limits import FairLine
from ..store import Query, search
from ..store.rows import Page
from .async_store import AsyncStore
from .session import Session

T = TypeVar("T")
MOST_WAITING = 64
RETRY_AFTER = 2


class Searches:
    """Finds messages, one search at a time; people take turns, however many sessions they have."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._line: FairLine[Deferred[None]] = FairLine(MOST_WAITING)
        self._searching = False

    async def find(self, session: Session, wanted: Query) -> Page:
        """Find messages for somebody; ChatError('busy') when too many others search."""
        await self._turn(session.party)
        try:
            await self._store.index_all()
            return await self._store.read(lambda db: search(db, wanted))
        finally:
            self._end_turn()

    async def ask(self, session: Session, question: Callable[[Connection], T]) -> T:
        """Ask something else that may take as long; ChatError('busy') as for `find`."""
        await self._turn(session.party)
        try:
            return await self._store.read(question)
        finally:
            self._end_turn()

    def _turn(self, key: Hashable) -> Deferred[None]:
        if not self._searching:
            self._searching = True
            return succeed(None)
        if not self._line.takes(key):
            raise _busy()
        turn: Deferred[None] = Deferred()
        removed = self._line.put(key, turn)
        if removed is not None and not removed.called:
            removed.errback(_busy())
        return turn

    def _end_turn(self) -> None:
        while self._line:
            turn = self._line.take()
            if not turn.called:  # nobody has given it up
                turn.callback(None)
                return
        self._searching = False


def _busy() -> ChatError:
    return ChatError(
        "busy", "Many others are searching: try again in a moment.", retry_after=RETRY_AFTER
    )
