"""What a client keeps on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.sync.slots import Place, Unsent
from twisted_chat.clients.sync.storage import Shelf


class ShelfTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def shelf(self) -> Shelf:
        shelf = Shelf(self.folder, maybeDeferred)
        self.addCleanup(shelf.close)
        return shelf

    def test_everything_is_there_after_a_restart_readable_by_nobody_else(self) -> None:
        shelf = self.shelf()
        shelf.remember(token="secret")
        shelf.move({"#lobby": Place(1, 17), "#gone": Place(2, 3)})
        shelf.move({}, ["#gone"])
        shelf.keep(Unsent("a", "#lobby", "hello"))
        shelf.keep(Unsent("b", "#lobby", "world"))
        shelf.drop("a")
        shelf.close()
        again = self.shelf()
        self.assertEqual(again.facts["token"], "secret")
        self.assertEqual(again.facts["device"], shelf.facts["device"])
        self.assertEqual(again.places, {"#lobby": Place(1, 17)})
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
        shelf = self.shelf()
        shelf.keep(Unsent("b", "#lobby", "coil.png", 5))
        shelf.keep(Unsent("c", "#lobby", "waves", manner="action"))
        shelf.close()
        self.assertEqual(
            self.shelf().unsent,
            [
                Unsent("a", "#lobby", "hello"),
                Unsent("b", "#lobby", "coil.png", 5),
                Unsent("c", "#lobby", "waves", manner="action"),
            ],
        )

    def test_two_at_once_have_slots_of_their_own(self) -> None:
        first, second = self.shelf(), self.shelf()
        self.assertNotEqual(first.facts["device"], second.facts["device"])
        device = second.facts["device"]
        second.close()
        self.assertEqual(self.shelf().facts["device"], device)

    def test_what_waits_meanwhile_is_written_together(self) -> None:
        waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def later(work: Callable[[], Any]) -> Deferred[Any]:
            waiting.append((work, Deferred()))
            return waiting[-1][1]

        shelf = Shelf(self.folder, later)
        kept: list[int] = []
        for number in range(100):
            shelf.keep(Unsent(f"{number}", "#lobby", "text")).addCallback(
                lambda _, number: kept.append(number), number
            )
        for work, done in waiting:
            done.callback(work())
        self.assertEqual((kept, len(waiting)), (list(range(100)), 2))
        shelf.close()

    def test_what_cannot_be_kept_is_said(self) -> None:
        shelf = self.shelf()

        def full(work: Callable[[], Any]) -> Deferred[Any]:
            return maybeDeferred(_disk_full)

        shelf._run = full
        self.failureResultOf(shelf.keep(Unsent("a", "#lobby", "text")), sqlite3.OperationalError)
        shelf._run = maybeDeferred
        self.successResultOf(shelf.keep(Unsent("b", "#lobby", "text")))
        shelf.close()
        self.assertEqual([one.cid for one in self.shelf().unsent], ["b"])


def _disk_full() -> None:
    raise sqlite3.OperationalError("database or disk is full")
