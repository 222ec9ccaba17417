"""A power cut takes nothing that was acknowledged, whatever the disk has done before."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.store import fresh
from tests.store.disk import AVAILABLE, Disk
from twisted_chat.core.draft import Draft
from twisted_chat.core.errors import StartError
from twisted_chat.server.preflight import check
from twisted_chat.settings import Settings
from twisted_chat.store import LOBBY, Post, Store, open_store
from twisted_chat.store.sqlite import write_ahead_log

ROUNDS = often(5, 200)
LONG = 40  # pages, so that the log is taken into the database often


class Said(Post):
    """A message that notes when it is acknowledged."""

    __slots__ = ("known",)

    def __init__(self, text: str, known: list[str]) -> None:
        super().__init__(LOBBY, 1, "ann", Draft(text, text[:20]))
        self.known = known

    def answer(self) -> None:
        """Note it."""
        assert self.error is None
        self.known.append(self.draft.text)


class PowerTests(SynchronousTestCase):
    """A server on a disk that fails, and that loses its power again and again."""

    if not AVAILABLE:
        skip = "this Python has a SQLite of its own inside, which cannot be given another disk"

    def setUp(self) -> None:
        patch = mock.patch.object(write_ahead_log, "CHECKPOINT_EVERY", LONG)
        patch.start()
        self.addCleanup(patch.stop)

    def begin(self, seed: int) -> None:
        """A new database on a new disk."""
        self.chance = random.Random(seed)
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        self.path = fresh.database(folder)
        self.disk = Disk(folder)
        self.known: list[str] = []
        self.cuts: list[tuple[dict[str, bytes], list[str]]] = []

    def start(self) -> Store:
        self.died = False
        return open_store(str(self.path), lambda: 0, die=self.die)

    def die(self) -> None:
        self.died = True

    def talk(self, store: Store, times: int) -> None:
        """Say so many lots of messages, or until the server ends."""
        for number in range(times):
            for part in range(self.chance.randrange(1, 4)):
                text = f"{number} {part} {self.chance.random()} "
                text += "x" * self.chance.choice((0, 10, 3000))
                store.post([Said(text, self.known)])
            store.run_once()
            if self.died:
                return

    def sync_that_fails(self, name: str, number: int) -> Callable[[str], bool]:
        """One sync of one file."""
        syncs = iter(range(1, 10**6))
        return lambda synced: synced == name and next(syncs) == number

    def cut_now_and_then(self) -> None:
        """Note what there would be after power cuts, and what was acknowledged until then."""

        def look() -> None:
            if not self.chance.randrange(60):
                self.cuts.append((self.disk.after_a_power_cut(self.chance), list(self.known)))

        self.disk.look = look

    def lay_out(self, files: dict[str, bytes]) -> Path:
        """Put files into a folder of their own."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    def assert_all_there_after_the_cuts(self) -> None:
        for files, known in self.cuts:
            folder = self.lay_out(files)
            with Disk(folder).in_use():
                store = open_store(str(folder / "chat.db"), lambda: 0)
                with closing(sqlite3.connect(folder / "chat.db")) as db:
                    self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                    found = {text for (text,) in db.execute("SELECT text FROM entry")}
                store.close()
            self.assertEqual([text for text in known if text not in found], [])

    def test_d2_a_power_cut_takes_nothing_that_was_acknowledged(self) -> None:
        for seed in range(ROUNDS):
            self.begin(seed)
            self.cut_now_and_then()
            with self.disk.in_use():
                store = self.start()
                self.talk(store, 60)
                store.close()
            self.assertGreater(len(self.known), 60)
            self.assert_all_there_after_the_cuts()

    def test_d2_d4_nor_does_one_after_a_failed_sync_and_a_restart(self) -> None:
        for seed in range(ROUNDS):
            self.begin(seed)
            which = self.chance.choice(("chat.db-wal", "chat.db-wal", "chat.db"))
            with self.disk.in_use():
                store = self.start()
                self.disk.fails = self.sync_that_fails(which, self.chance.randrange(1, 4))
                with self.assertLogs("twisted_chat.store", "CRITICAL"):
                    self.talk(store, 60)
                self.assertTrue(self.died)
                self.disk.kill(store)
                self.cut_now_and_then()
                store = self.start()
                self.talk(store, 40)
                self.disk.kill(store)
            self.assertGreater(len(self.known), 40)
            self.assert_all_there_after_the_cuts()

    def test_d4_a_sync_that_fails_when_the_log_is_taken_into_the_database(self) -> None:
        self.begin(0)
        with self.disk.in_use():
            store = self.start()
            with closing(sqlite3.connect(self.path, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM entry").fetchall()
                self.talk(store, 30)  # goes into the database file in part, and is not synced
                reader.execute("ROLLBACK")
            self.disk.fails = self.sync_that_fails("chat.db", 1)
            with self.assertLogs("twisted_chat.store", "CRITICAL"):
                self.talk(store, 30)
            self.assertTrue(self.died)
            self.disk.kill(store)

    def test_d4_a_start_ends_where_what_was_left_cannot_be_written(self) -> None:
        self.begin(0)
        with self.disk.in_use():
            store = self.start()
            self.talk(store, 3)
            self.disk.kill(store)
            self.disk.fails = self.sync_that_fails("chat.db-wal", 1)
            error = self.assertRaises(StartError, self.start)
            self.assertIn("cannot be used: input/output error", str(error))
            self.start().close()

    def test_d5_a_restored_copy_whose_first_start_is_cut_anywhere(self) -> None:
        self.begin(0)
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
        found: list[dict[str, bytes]] = []

        def look() -> None:
            found.extend((self.disk.after_a_kill(), self.disk.after_a_power_cut(self.chance)))

        self.disk.look = look
        with self.disk.in_use():
            store = self.start()
            self.disk.look = lambda: None
            store.close()
        interrupted = 0
        for files in found:
            if "chat.db" in files:
                folder = self.lay_out(files)
                if "undo" in check(Settings(port="0", data=folder)):
                    interrupted += 1
                with Disk(folder).in_use():
                    open_store(str(folder / "chat.db"), lambda: 0).close()
        self.assertGreater(interrupted, 4)

    def test_k3_a_start_while_another_program_writes_is_refused(self) -> None:
        self.begin(0)
        with self.disk.in_use():
            store = self.start()
            self.talk(store, 3)
            self.disk.kill(store)
        hold = (
            "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "db.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdout is not None and other.stdin is not None
            other.stdout.readline()
            error = self.assertRaises(StartError, self.start)
            other.stdin.close()
        self.assertIn("Another program is writing to the database", str(error))
        self.start().close()
