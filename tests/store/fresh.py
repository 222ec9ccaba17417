"""Stores for tests: quick to make, without threads, on a clock that stands still."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Entry, State
from twisted_chat.store import LOBBY, Ledger, Post, Store, history, open_store

T = TypeVar("T")

_template: list[tempfile.TemporaryDirectory[str]] = []


def database(folder: Path) -> Path:
    """A new, empty database in a folder: a copy of one that is made once."""
    if not _template:
        made = tempfile.TemporaryDirectory(prefix="store-template-")
        open_store(f"{made.name}/chat.db", lambda: 0).close()
        _template.append(made)
    path = folder / "chat.db"
    shutil.copy(Path(_template[0].name) / "chat.db", path)
    return path


def store(folder: Path, now: Callable[[], int]) -> Store:
    """A store on a new database; `run_once` does its work."""
    return open_store(str(database(folder)), now, die=_fail)


def _fail() -> None:
    raise AssertionError("the store would end the process")


def settle(store: Store) -> None:
    """Let the store do everything that waits."""
    while store.run_once():
        pass


def index_all(store: Store) -> None:
    """Let the full-text index take in everything."""
    while store.steps_behind:
        store.index(lambda outcome: None)
        settle(store)


def change(store: Store, apply: Callable[[Ledger], T]) -> T:
    """Make one change and return its result, or raise its error."""
    results: list[T | Exception] = []
    store.change(apply, results.append)
    settle(store)
    return _only(results)


def read(store: Store, question: Callable[[sa.Connection], T]) -> T:
    """Ask one question and return its answer, or raise its error."""
    results: list[T | Exception] = []
    store.read(question, results.append)
    return _only(results)


def everything(store: Store, room: int = LOBBY) -> list[Entry]:
    """All entries of a room, read page by page."""
    found: list[Entry] = []

    def page(connection: sa.Connection) -> list[Entry]:
        return history.entries(connection, room, found[-1].seq if found else 0, None, 1000)

    while more := read(store, page):
        found += more
    return found


def _only(results: list[T | Exception]) -> T:
    [result] = results
    if isinstance(result, Exception):
        raise result
    return result


class StoreCase(SynchronousTestCase):
    """A test with a store of its own."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.time = 1_000_000
        self.store = self.make_store()
        self.addCleanup(lambda: self.store.close())

    def make_store(self) -> Store:
        """The store to test."""
        return store(self.folder, lambda: self.time)

    def reopened(self) -> Store:
        """The store on the same database once more, after it was closed."""
        return open_store(str(self.folder / "chat.db"), lambda: self.time, die=_fail)

    def change(self, apply: Callable[[Ledger], T]) -> T:
        """Make one change and return its result, or raise its error."""
        return change(self.store, apply)

    def read(self, question: Callable[[sa.Connection], T]) -> T:
        """Ask one question and return its answer, or raise its error."""
        return read(self.store, question)

    def account(self, name: str) -> int:
        """A new account of this name."""
        return self.change(lambda ledger: ledger.accounts.add(name, name, name, None, None))

    def room(self, name: str, hidden: bool = False, owner: int | None = None) -> int:
        """A new room of this name."""
        return self.change(lambda ledger: ledger.rooms.add(name, name, hidden, owner))

    def rewrite(self, seq: int, text: str, state: State, room: int = LOBBY) -> None:
        """Change what a message shows."""
        self.change(lambda ledger: ledger.rewrite(room, seq, text, state))

    def ask_to_say(
        self,
        text: str,
        sender: int | None = None,
        cid: str | None = None,
        room: int = LOBBY,
    ) -> Post:
        """A message on its way; it is stored when the store next does its work."""
        post = Post(room, sender, f"author {sender}", Draft(text, cid))
        self.store.post([post])
        if post.error is not None:
            raise post.error  # there was no room for it
        return post

    def say(
        self,
        text: str,
        sender: int | None = None,
        cid: str | None = None,
        room: int = LOBBY,
    ) -> Entry:
        """Say something and return its entry, or raise its error."""
        post = self.ask_to_say(text, sender, cid, room)
        settle(self.store)
        if post.error is not None:
            raise post.error
        assert post.entry is not None
        return post.entry
