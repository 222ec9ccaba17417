"""What a client keeps on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.sync.storage import Position, Storage, Unsent


class ShelfTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def storage(self) -> Storage:
        storage = Storage(self.folder, maybeDeferred)
        self.addCleanup(storage.close)
        return storage

    def test_everything_is_there_after_a_restart_readable_by_nobody_else(self) -> None:
        storage = self.storage()
        storage.remember(token="secret")
        storage.move({"#lobby": Position(1, 17), "#gone": Position(2, 3)})
        storage.move({}, ["#gone"])
        storage.keep(Unsent("a", "#lobby", "hello"))
        storage.keep(Unsent("b", "#lobby", "world"))
        storage.drop("a")
        storage.close()
        again = self.storage()
        self.assertEqual(again.facts["token"], "secret")
        self.assertEqual(again.facts["device"], storage.facts["device"])
        self.assertEqual(again.places, {"#lobby": Position(1, 17)})
        self.assertEqual(again.unsent, [Unsent("b", "#lobby", "world")])
        for path in self.folder.iterdir():
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_shelf_of_an_earlier_version_has_what_it_had(self) -> None:
        with closing(sqlite3.connect(self.folder / "slot-1.db", isolation_level=None)) as old:
            old.execute(
                "CREATE TABLE outbox (number INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE,"
                " room TEXT NOT NULL, text TEXT NOT NULL)"
            )
            old.execute("INSERT INTO outbox (cid, room, text) VALUES ('a', '#lobby', 'hello')")
        storage = self.storage()
        storage.keep(Unsent("b", "#lobby", "coil.png", 5))
        storage.keep(Unsent("c", "#lobby", "waves", manner="action"))
        storage.close()
        self.assertEqual(
            self.storage().unsent,
            [
                Unsent("a", "#lobby", "hello"),
                Unsent("b", "#lobby", "coil.png", 5),
                Unsent("c", "#lobby", "waves", manner="action"),
            ],
        )

    def test_two_at_once_have_slots_of_their_own(self) -> None:
        first, second = self.storage(), self.storage()
        self.assertNotEqual(first.facts["device"], second.facts["device"])
        device = second.facts["device"]
        second.close()
        self.assertEqual(self.storage().facts["device"], device)

    def test_what_waits_meanwhile_is_written_together(self) -> None:
        waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def later(work: Callable[[], Any]) -> Deferred[Any]:
            waiting.append((work, Deferred()))
            return waiting[-1][1]

        storage = Storage(self.folder, later)
        kept: list[int] = []
        for number in range(100):
            storage.keep(Unsent(f"{number}", "#lobby", "text")).addCallback(
                lambda _, number: kept.append(number), number
            )
        for work, done in waiting:
            done.callback(work())
        self.assertEqual((kept, len(waiting)), (list(range(100)), 2))
        storage.close()

    def test_what_cannot_be_kept_is_said(self) -> None:
        storage = self.storage()

        def full(work: Callable[[], Any]) -> Deferred[Any]:
            return maybeDeferred(_disk_full)

        storage._run = full
        self.failureResultOf(storage.keep(Unsent("a", "#lobby", "text")), sqlite3.OperationalError)
        storage._run = maybeDeferred
        self.successResultOf(storage.keep(Unsent("b", "#lobby", "text")))
        storage.close()
        self.assertEqual([one.cid for one in self.storage().unsent], ["b"])


def _disk_full() -> None:
    raise sqlite3.OperationalError("database or disk is full")
