"""What opens an account's vault: a key file that is there, whole, or is asked back for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.encryption.key_store import KEY, WRAPPED, KeyStore
from twisted_chat.core.errors import ChatError


class SafeTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.vault = KeyStore(self.folder).open()

    def refusal(self) -> str:
        before = (self.folder / WRAPPED).read_bytes()
        refused = self.assertRaises(ChatError, KeyStore(self.folder).open)
        self.assertEqual((self.folder / WRAPPED).read_bytes(), before)
        return str(refused.sentence)

    def test_what_a_key_file_has_sealed_it_opens_next_time(self) -> None:
        sealed = self.vault.seal("words", "1", b"a word")
        self.assertEqual(KeyStore(self.folder).open().open("words", "1", sealed), b"a word")

    def test_a_key_file_that_is_gone_is_asked_back_for(self) -> None:
        (self.folder / KEY).unlink()
        self.assertIn(f"{self.folder / KEY} is gone: put it back from a backup", self.refusal())

    def test_what_is_damaged_is_named(self) -> None:
        (self.folder / WRAPPED).write_bytes(b"{}")
        self.assertIn(f"{self.folder / WRAPPED} are damaged: put it back", self.refusal())

    def test_a_key_file_that_is_cut_short_is_asked_back_for(self) -> None:
        whole = (self.folder / KEY).read_bytes()
        for left in (b"", whole[:-1]):
            (self.folder / KEY).write_bytes(left)
            self.assertIn(f"{self.folder / KEY} is cut short: put it back", self.refusal())
        (self.folder / KEY).write_bytes(whole)
        KeyStore(self.folder).open()

    def test_i13_two_clients_do_not_renew_the_key_over_each_other(self) -> None:
        other = KeyStore(self.folder).open()
        KeyStore(self.folder).protect(self.vault, "edelweiss")
        refused = self.assertRaises(ChatError, KeyStore(self.folder).protect, other, "gentian")
        self.assertIn("Another client of yours has changed the passphrase", refused.sentence)
        KeyStore(self.folder).settle(other)
        self.assertFalse(KeyStore(self.folder).open("edelweiss").is_settled)
        KeyStore(self.folder).settle(self.vault)
        self.assertTrue(KeyStore(self.folder).open("edelweiss").is_settled)
