"""What can be asked of the writer, and what comes back from it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from ..core.draft import Draft
from ..core.entries import Entry
from .ledger import Ledger
from .records import Gone

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Post:
    """A message to be said in a room: the hot path.

    When it is told to `answer`, either `entry` or `error` is set; `again` says that the message
    had been stored before, under the same id of its sender's.
    """

    __slots__ = ("again", "author", "draft", "entry", "error", "room", "sender")

    def __init__(self, room: int, sender: int | None, author: str, draft: Draft) -> None:
        self.room = room
        self.sender = sender
        self.author = author
        self.draft = draft
        self.entry: Entry | None = None
        self.error: Exception | None = None
        self.again = False

    def answer(self) -> None:
        """Tell whoever asked, which is for a class of his own to know."""


class Change(Generic[T]):
    """Anything else that changes the database: `apply` succeeds or fails as a whole.

    `done` is called with what it returned or with the error that it failed with. Where the batch
    that it is in has to be written anew, `apply` is called again: it changes the ledger alone.
    """

    __slots__ = ("apply", "done", "error", "result")

    result: T

    def __init__(
        self, apply: Callable[[Ledger], T], done: Callable[[T | Exception], object]
    ) -> None:
        self.apply = apply
        self.done = done
        self.error: Exception | None = None

    def answer(self) -> None:
        """Tell whoever asked."""
        self.done(self.result if self.error is None else self.error)


class Upkeep(Generic[T]):
    """Something to be done with the writer's connection between two transactions."""

    __slots__ = ("done", "error", "result", "run")

    result: T

    def __init__(
        self, run: Callable[[sa.Connection], T], done: Callable[[T | Exception], object]
    ) -> None:
        self.run = run
        self.done = done
        self.error: Exception | None = None

    def answer(self) -> None:
        """Tell whoever asked."""
        self.done(self.result if self.error is None else self.error)


Work = Post | Change[Any] | Upkeep[Any]


@dataclass(slots=True)
class Batch:
    """What one commit has settled: the new entries in their order, the works, the files that go."""

    entries: list[Entry]
    works: list[Work]
    gone: list[Gone] = field(default_factory=list)

    def answer(self) -> None:
        """Tell all who asked; a failure of one answer is logged and keeps nobody waiting."""
        for work in self.works:
            try:
                work.answer()
            except Exception:
                _log.exception("An answer from the store could not be taken")
