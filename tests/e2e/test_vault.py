"""What is on disk opens with the key file or the passphrase, and where it belongs."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.devices import VAULT, Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.machine import OlmMachine
from twisted_chat.e2e.vault import Vault, is_by_passphrase

FILE = b"k" * 32


class VaultTests(SynchronousTestCase):
    """The vault of one account."""

    def refused(self, wrapped: bytes, secret: bytes | str) -> ChatError:
        with self.assertRaises(ChatError) as caught:
            Vault.unlock(wrapped, secret)
        error: ChatError = caught.exception
        return error

    def test_a_key_file_opens_it(self) -> None:
        vault = Vault.new()
        value = vault.seal("people", "bob", b"secret")
        wrapped = vault.wrap(FILE)
        self.assertEqual(Vault.unlock(wrapped, FILE).open("people", "bob", value), b"secret")
        self.assertFalse(is_by_passphrase(wrapped))
        self.assertNotEqual(wrapped, vault.wrap(FILE))

    def test_a_passphrase_opens_it_however_its_letters_are_written(self) -> None:
        vault = Vault.new()
        wrapped = vault.wrap("caf\u00e9 au lait")
        value = vault.seal("people", "bob", b"secret")
        opened = Vault.unlock(wrapped, "cafe\u0301 au lait")
        self.assertEqual(opened.open("people", "bob", value), b"secret")
        self.assertTrue(is_by_passphrase(wrapped))

    def test_another_secret_is_refused_plainly(self) -> None:
        vault = Vault.new()
        self.assertEqual(self.refused(vault.wrap("right"), "wrong").code, "bad_passphrase")
        self.assertEqual(self.refused(vault.wrap(FILE), b"x" * 32).code, "bad_passphrase")
        self.assertIn("passphrase", self.refused(vault.wrap("right"), FILE).sentence)
        self.assertIn("key file", self.refused(vault.wrap(FILE), "right").sentence)
        for poor in (b"", b"short"):
            with self.assertRaises(ChatError):
                vault.wrap(poor)
        with self.assertRaises(ChatError):
            vault.wrap("")

    def test_changing_the_secret_leaves_everything_as_it_is(self) -> None:
        vault = Vault.new()
        value = vault.seal("people", "bob", b"secret")
        again = Vault.unlock(vault.wrap(FILE), FILE).wrap("a passphrase")
        opened = Vault.unlock(again, "a passphrase")
        self.assertEqual(opened.open("people", "bob", value), b"secret")

    def test_i13_a_new_master_key_opens_what_was_kept_before_it(self) -> None:
        before = Vault.new()
        value = before.seal("people", "bob", b"secret")
        after = before.renewed()
        for vault in (after, Vault.unlock(after.wrap("edelweiss"), "edelweiss")):
            self.assertEqual(vault.open("people", "bob", value), b"secret")
            self.assertEqual(vault.derived("olm pickles"), before.derived("olm pickles"))
            self.assertFalse(vault.is_settled)
            anew = vault.again("people", "bob", value)
            self.assertEqual(vault.open("people", "bob", anew), b"secret")
            with self.assertRaises(ChatError):
                before.open("people", "bob", anew)

    def test_i13_the_former_master_key_is_forgotten_in_the_end(self) -> None:
        before = Vault.new()
        value = before.seal("people", "bob", b"secret")
        after = before.renewed().renewed()
        wrapped = after.settled(after.wrap(FILE))
        opened = Vault.unlock(wrapped, FILE)
        self.assertTrue(opened.is_settled)
        self.assertTrue(opened.is_of(wrapped))
        self.assertFalse(before.is_of(wrapped))
        self.assertEqual(opened.derived("x"), before.derived("x"))
        with self.assertRaises(ChatError):
            opened.open("people", "bob", value)
        self.assertEqual(opened.again("people", "bob", value), value)  # it cannot be helped

    def test_i7_a_damaged_wrapping_of_a_renewed_key_is_refused(self) -> None:
        vault = Vault.new().renewed()
        wrapped = vault.wrap(FILE)
        id = wrapped.index(b'"id"')
        for at in range(len(wrapped)):
            damaged = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
            if id < at < wrapped.index(b'"carried"'):
                continue  # what it is called opens nothing
            with self.assertRaises(ChatError):
                Vault.unlock(damaged, FILE)

    def test_a_value_opens_in_its_own_row_only(self) -> None:
        vault = Vault.new()
        value = vault.seal("people", "bob", b"secret")
        for table, key in (("people", "carol"), ("device", "bob"), ("peopl", "ebob")):
            with self.assertRaises(ChatError):
                vault.open(table, key, value)
        self.assertNotEqual(vault.seal("people", "bob", b"secret"), value)
        with self.assertRaises(ChatError):
            Vault.new().open("people", "bob", value)

    def test_i7_a_damaged_value_or_wrapping_is_refused(self) -> None:
        value = VAULT.seal("people", "bob", b"secret")
        for at in range(len(value)):
            damaged = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
            with self.assertRaises(ChatError):
                VAULT.open("people", "bob", damaged)
        with self.assertRaises(ChatError):
            VAULT.open("people", "bob", b"")
        wrapped = VAULT.wrap(FILE)
        for at in range(len(wrapped)):
            damaged = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
            with self.assertRaises(ChatError):
                Vault.unlock(damaged, FILE)

    def test_a_wrapping_that_would_take_all_the_memory_is_refused(self) -> None:
        kept = msgspec.json.decode(VAULT.wrap("right"))
        for field, value in (("memory", 1 << 30), ("time", 1 << 30), ("memory", 0), ("time", 0)):
            changed = msgspec.json.encode({**kept, field: value})
            self.assertEqual(self.refused(changed, "right").code, "damaged")

    def test_keys_of_another_vault_do_not_open(self) -> None:
        alice = User(Server(), "alice")
        rows = [(table, key, value) for (table, key), value in alice.disk.items()]
        with self.assertRaises(ChatError):
            OlmMachine(Vault.new(), rows)
        with self.assertRaises(ValueError):
            OlmMachine(VAULT, [])
