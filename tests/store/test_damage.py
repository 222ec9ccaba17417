"""Damage is found, or does no harm; never is it taken for an empty database."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.store import fresh
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Form
from twisted_chat.core.errors import StartError
from twisted_chat.server.preflight import check
from twisted_chat.settings import Settings
from twisted_chat.store import LOBBY, Post, Query, Scope, history, open_store, search
from twisted_chat.store.records import DAMAGED

ROUNDS = often(100, 3000)
MESSAGES = 300


class DamageTests(SynchronousTestCase):
    """A database of some messages, part of them still in the write-ahead log."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.path = self.folder / "chat.db"
        self.log = self.folder / "chat.db-wal"
        store = fresh.store(self.folder, lambda: 0)
        self.told: list[tuple[int, str, str, Form]] = []
        ann = fresh.change(store, lambda it: it.accounts.add("ann", "ann", "ann", "x", "y"))
        for number in range(MESSAGES):
            if number == MESSAGES - 20:
                run = store.writer._committer._connection.exec_driver_sql
                run("PRAGMA wal_checkpoint(TRUNCATE)").all()
            text = f"message {number} " + "lorem ipsum " * (number % 9)
            store.post([Post(LOBBY, ann, "ann", Draft(text, str(number)))])
            store.run_once()
            self.told.append((number + 1, "ann", text, Form.WORDS))
        self.files = {path: path.read_bytes() for path in (self.path, self.log)}
        self.noted = (self.folder / "chat.db.lock").read_bytes()
        store.close()

    def lay_out(self, path: Path | None = None, content: bytes = b"") -> None:
        """Put the files there as a kill left them, one of them with another content."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for name, kept in {**self.files, **({path: content} if path else {})}.items():
            name.write_bytes(kept)

    def outcome(self) -> str:
        """How a start and a look around go: clean, less, or where the damage was found."""
        before = {path: path.read_bytes() for path in self.files}
        try:
            store = open_store(str(self.path), lambda: 0)
        except StartError as error:
            self.assertIn(str(self.path), str(error))
            self.assertIn("Nothing was changed", str(error))
            self.assertEqual({path: path.read_bytes() for path in self.files}, before)
            return "refused"
        try:
            problems: list[object] = []
            store.check(problems.append)
            if problems != [None]:
                return "found by the check"
            entries = fresh.everything(store)
            fresh.read(store, lambda it: history.messages(it, [Scope(LOBBY)], 999))
            fresh.read(store, lambda it: search(it, Query("lorem", (Scope(LOBBY),), limit=999)))
            store.load()
            if any(entry.text == DAMAGED for entry in entries):
                return "found by reading"
            told = [(entry.seq, entry.author, entry.text, entry.form) for entry in entries]
            if told != self.told[: len(told)]:
                return "another text"
            return "clean" if len(entries) == MESSAGES else f"{len(entries)} left"
        except Exception as error:
            if isinstance(getattr(error, "orig", None), sqlite3.DatabaseError):
                return "found by reading"
            raise
        finally:
            store.close()

    def test_d5_a_kill_is_no_damage(self) -> None:
        self.lay_out()
        self.assertEqual(self.outcome(), "clean")

    def test_d5_no_flipped_bit_is_a_silent_loss(self) -> None:
        chance = random.Random(5)
        allowed = {"clean", "refused", "found by the check", "found by reading"}
        for _ in range(ROUNDS):
            path = chance.choice([self.path, self.path, self.log])
            content = bytearray(self.files[path])
            place = chance.randrange(len(content))
            content[place] ^= 1 << chance.randrange(8)
            self.lay_out(path, bytes(content))
            outcome = self.outcome()
            self.assertTrue(
                outcome in allowed or self.is_torn_end(path, place),
                f"{path.name} at {place}: {outcome}",
            )

    def is_torn_end(self, path: Path, place: int) -> bool:
        """Whether the place is in the last commit of the log, which a power cut may tear."""
        return path == self.log and place > len(self.files[path]) - 12 * 4120

    def test_d5_no_truncation_of_the_file_is_a_silent_loss(self) -> None:
        chance = random.Random(6)
        whole = self.files[self.path]
        for length in [0, 1, 16, 99, 4096, *chance.sample(range(len(whole)), ROUNDS // 4)]:
            self.lay_out(self.path, whole[:length])
            self.assertIn(
                self.outcome(), ("refused", "clean", "found by the check", "found by reading")
            )
        self.files[self.log] = b""
        for length in [0, 1, 16, 99, 4096, len(whole) - 1, len(whole) - 4096]:
            self.lay_out(self.path, whole[:length])
            self.assertEqual(self.outcome(), "refused", length)

    def test_d5_an_empty_file_is_not_begun_afresh(self) -> None:
        self.files[self.log] = b""
        self.lay_out(self.path, b"")
        self.assertEqual(self.outcome(), "refused")
        self.assertEqual(self.path.read_bytes(), b"")

    def test_d5_another_kind_of_file_is_left_alone(self) -> None:
        self.files[self.log] = b""
        other = sqlite3.connect(self.folder / "other.db")
        other.execute("CREATE TABLE notes (text)")
        other.close()
        for content in (b"notes " * 1000, (self.folder / "other.db").read_bytes()):
            self.lay_out(self.path, content)
            self.assertEqual(self.outcome(), "refused")

    def test_d5_a_log_broken_in_the_middle_is_not_cut_short(self) -> None:
        content = bytearray(self.files[self.log])
        content[5000] ^= 1
        self.lay_out(self.log, bytes(content))
        error = self.assertRaises(StartError, open_store, str(self.path), lambda: 0)
        self.assertIn("broken in the middle", str(error))

    def test_d2_a_torn_last_commit_is_forgotten(self) -> None:
        self.lay_out(self.log, self.files[self.log][:-100])
        self.assertEqual(self.outcome(), f"{MESSAGES - 1} left")

    def test_d5_commits_that_are_gone_after_a_kill_are_missed(self) -> None:
        self.files[self.folder / "chat.db.lock"] = self.noted
        whole = self.files[self.log]
        self.lay_out()
        self.assertEqual(self.outcome(), "clean")
        for left in (0, 32, 5000, len(whole) // 2, len(whole) - 100):
            self.lay_out(self.log, whole[:left])
            self.assertEqual(self.outcome(), "refused", left)
            error = self.assertRaises(StartError, check, Settings(port="0", data=self.folder))
            self.assertIn("has lost what was stored last", str(error))
        self.log.unlink()
        error = self.assertRaises(StartError, open_store, str(self.path), lambda: 0)
        self.assertIn(f"(entry {MESSAGES - 20} of {MESSAGES}, change 1 of 1)", str(error))
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("UPDATE meta SET value = 'another' WHERE key = 'epoch'")
            db.commit()
        store = open_store(str(self.path), lambda: 0)
        self.assertEqual(store.epoch, "another")
        store.close()

    def test_d5_changes_that_are_gone_are_missed_too(self) -> None:
        self.lay_out()
        open_store(str(self.path), lambda: 0).close()
        before = self.path.read_bytes()
        store = open_store(str(self.path), lambda: 0)
        fresh.change(store, lambda it: it.accounts.set_credential(1, "scheme", "value"))
        fresh.change(store, lambda it: None)  # is none
        store.close()
        self.path.write_bytes(before)
        error = self.assertRaises(StartError, open_store, str(self.path), lambda: 0)
        self.assertIn("change 1 of 2", str(error))

    def test_d5_entries_that_were_erased_are_not_missed(self) -> None:
        self.lay_out()
        store = open_store(str(self.path), lambda: 0)
        room = fresh.change(store, lambda it: it.rooms.add("room", "room", False, None))
        store.post([Post(room, 1, "ann", Draft("the last words"))])
        fresh.settle(store)
        fresh.change(store, lambda it: it.rooms.set(room, deleted_at=1))
        while not fresh.change(store, lambda it: it.rooms.erase(room, 100)):
            pass
        store.close()
        store = open_store(str(self.path), lambda: 0)
        store.post([Post(LOBBY, 1, "ann", Draft("later words"))])
        fresh.settle(store)
        [last] = fresh.read(store, lambda it: history.entries(it, LOBBY, MESSAGES, None, 9))
        self.assertEqual(last.id, MESSAGES + 2)
        store.close()

    def test_d2_a_note_that_a_power_cut_has_spoiled_is_none(self) -> None:
        for content in (b"", b"\0" * 100, self.noted[:-10], b"1\nx\n\xff \xff\n"):
            self.lay_out(self.folder / "chat.db.lock", content)
            self.assertEqual(self.outcome(), "clean", content)

    def test_d5_a_log_of_another_database_is_refused(self) -> None:
        other = self.folder / "other"
        other.mkdir()
        store = fresh.store(other, lambda: 0)
        for number in range(40):
            store.post([Post(LOBBY, None, "x", Draft(str(number)))])
            store.run_once()
        content = (other / "chat.db-wal").read_bytes()
        store.close()
        self.lay_out(self.log, content)
        self.assertIn(self.outcome(), ("refused", "found by the check"))
