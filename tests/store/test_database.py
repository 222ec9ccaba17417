"""Finding, locking and opening the database file."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.store import fresh
from twisted_chat.core.errors import StartError
from twisted_chat.server.preflight import check
from twisted_chat.settings import Settings
from twisted_chat.store import open_store
from twisted_chat.store.sqlite.database import locate


@contextlib.contextmanager
def without_roots_rights() -> Iterator[None]:
    """Be somebody who may not do everything, as servers are."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


class AddressTests(SynchronousTestCase):
    """Which file is meant."""

    def test_paths_and_addresses(self) -> None:
        for given, meant in (
            ("/a/chat.db", "/a/chat.db"),
            ("chat.db", f"{os.getcwd()}/chat.db"),
            ("sqlite:////a/chat%20room.db", "/a/chat room.db"),
            ("sqlite:///chat.db", f"{os.getcwd()}/chat.db"),
        ):
            self.assertEqual(str(locate(given)), meant)

    def test_k3_other_databases_are_refused_in_plain_words(self) -> None:
        error = self.assertRaises(StartError, locate, "postgresql://u:secret@host/chat")
        self.assertIn("'postgresql' cannot be used", str(error))
        self.assertNotIn("secret", str(error))
        for nothing in ("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://host/x"):
            self.assertRaises(StartError, locate, nothing)


class OpeningTests(SynchronousTestCase):
    """One database, one server, one folder."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.path = self.folder / "chat.db"

    def test_files_are_for_their_owner_only(self) -> None:
        store = open_store(str(self.path), lambda: 0)
        self.addCleanup(store.close)
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in self.folder.iterdir()}
        names = ("chat.db", "chat.db-shm", "chat.db-wal", "chat.db.lock")
        self.assertEqual(modes, {**dict.fromkeys(names, "0o600"), "files": "0o700"})
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)

    def test_d14_a_database_keeps_its_epoch_and_another_has_another(self) -> None:
        epochs = []
        for name in ("chat.db", "chat.db", "other.db"):
            store = open_store(str(self.folder / name), lambda: 0)
            epochs.append(store.epoch)
            store.close()
        self.assertEqual(epochs[0], epochs[1])
        self.assertNotEqual(epochs[0], epochs[2])
        self.assertEqual(len(epochs[0]), 32)

    def test_k3_what_is_in_the_way_is_said(self) -> None:
        self.folder.mkdir()
        (self.folder / "file").write_text("")
        for path in (self.folder / "file" / "chat.db", self.folder):
            error = self.assertRaises(StartError, open_store, str(path), lambda: 0)
            self.assertIn(str(self.folder), str(error))

    def test_k3_a_database_that_is_somebody_elses_is_refused_before_it_is_used(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="chat-data-"))  # a path that everybody can go
        self.addCleanup(shutil.rmtree, folder)
        path = fresh.database(folder)
        open_store(str(path), lambda: 0).close()
        path.chmod(0o444)
        for other in (folder, *(file for file in folder.iterdir() if file != path)):
            other.chmod(0o777)
        with without_roots_rights():
            error = self.assertRaises(StartError, open_store, str(path), lambda: 0)
            checked = self.assertRaises(StartError, check, Settings(port="0", data=folder))
        self.assertIn("chat.db cannot be written to by who runs the server", str(error))
        self.assertEqual(str(checked), str(error))

    def test_d7_the_same_process_cannot_open_it_twice(self) -> None:
        store = open_store(str(self.path), lambda: 0)
        self.assertRaises(StartError, open_store, str(self.path), lambda: 0)
        store.close()
        open_store(str(self.path), lambda: 0).close()

    def test_d7_a_second_name_of_the_file_is_no_way_around_the_lock(self) -> None:
        first = open_store(str(self.path), lambda: 0)
        second = self.folder / "second.db"
        second.hardlink_to(self.path)
        for path in (second, self.path):
            error = self.assertRaises(StartError, open_store, str(path), lambda: 0)
            told = "a hard link" if path == second else "Another server"
            self.assertIn(told, str(error))
        first.close()
        error = self.assertRaises(StartError, check, Settings(port="0", data=self.folder))
        self.assertIn("Remove the other name", str(error))
        second.unlink()
        open_store(str(self.path), lambda: 0).close()

    def test_d6_a_deleted_or_replaced_file_is_noticed(self) -> None:
        for name in ("chat.db", "chat.db-wal"):
            folder = Path(self.mktemp()).absolute()
            folder.mkdir(parents=True)
            path = fresh.database(folder)
            store = open_store(str(path), lambda: 0)
            self.assertFalse(store.moved())
            fresh.change(store, lambda ledger: ledger.accounts.add("a", "a", "a", None, None))
            self.assertFalse(store.moved())
            (folder / name).rename(folder / "elsewhere")
            self.assertTrue(store.moved())
            (folder / name).write_bytes(b"")
            self.assertTrue(store.moved())
            store.close()

    def test_d9_the_size_of_the_log_is_known(self) -> None:
        store = open_store(str(self.path), lambda: 0)
        before = store.log_size()
        fresh.change(store, lambda ledger: ledger.accounts.add("a", "a", "a", None, None))
        self.assertGreater(store.log_size(), before)
        store.close()
        self.assertEqual(store.log_size(), 0)

    def test_d5_a_database_that_has_vanished_is_no_first_start(self) -> None:
        open_store(str(self.path), lambda: 0).close()
        self.path.unlink()
        error = self.assertRaises(StartError, open_store, str(self.path), lambda: 0)
        self.assertIn("is gone, though a server has used it before", str(error))
        self.assertFalse(self.path.exists())
        (self.folder / "chat.db.lock").unlink()
        open_store(str(self.path), lambda: 0).close()

    def test_d5_a_log_without_its_database_is_no_first_start(self) -> None:
        self.folder.mkdir()
        (self.folder / "chat.db-wal").write_bytes(b"x" * 100)
        self.assertRaises(StartError, open_store, str(self.path), lambda: 0)

    def test_d12_a_start_that_was_killed_is_begun_again(self) -> None:
        self.folder.mkdir()
        for leftover in ("", "-wal", "-shm"):
            (self.folder / f"chat.db.new{leftover}").write_bytes(b"half a database")
        open_store(str(self.path), lambda: 0).close()
        self.assertEqual(
            {it.name for it in self.folder.iterdir()}, {"chat.db", "chat.db.lock", "files"}
        )
