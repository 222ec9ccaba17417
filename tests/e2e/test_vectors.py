"""The formats, byte for byte: another program that reads vectors.json must come to the same."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.e2e.base64 import from_base64, to_base64
from twisted_chat.e2e.chunks import FileCipher, sealed_size
from twisted_chat.e2e.device import (
    checked_device,
    checked_one_time,
    device_text,
    one_time_text,
)
from twisted_chat.e2e.envelopes import Payload, padded, read
from twisted_chat.e2e.vault import Vault
from twisted_chat.e2e.verification import six_words

VECTORS: dict[str, Any] = msgspec.json.decode((Path(__file__).parent / "vectors.json").read_bytes())


class VectorTests(SynchronousTestCase):
    """Everything in which there is no chance."""

    def test_the_six_words(self) -> None:
        for one in VECTORS["words"]:
            (name, keys), (other, others) = one["people"].items()
            self.assertEqual(six_words(name, keys, other, others), one["words"])
            self.assertEqual(six_words(other, others[::-1], name, keys[::-1]), one["words"])

    def test_what_a_device_signs(self) -> None:
        one = VECTORS["device"]
        secret = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(one["seed"]))
        public = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        keys = one["keys"]
        self.assertEqual(to_base64(public), keys["ed25519"])
        text = device_text(one["account"], keys["device"], keys["ed25519"], keys["curve25519"])
        self.assertEqual(text.decode(), one["signs"])
        self.assertEqual(to_base64(secret.sign(text)), keys["signature"])
        self.assertEqual(msgspec.to_builtins(checked_device(one["account"], keys)), keys)

    def test_what_a_device_signs_of_its_one_time_keys(self) -> None:
        device = VECTORS["device"]
        secret = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(device["seed"]))
        keys, account = device["keys"], device["account"]
        for one in VECTORS["one_time"]:
            said = one["key"]
            text = one_time_text(
                account, keys["curve25519"], said["key"], fallback=said["fallback"]
            )
            self.assertEqual(text.decode(), one["signs"])
            self.assertEqual(to_base64(secret.sign(text)), said["signature"])
            checked = checked_one_time(account, keys["ed25519"], keys["curve25519"], said)
            self.assertEqual(msgspec.to_builtins(checked), said)

    def test_the_payload_and_the_body_of_a_private_message(self) -> None:
        for one in VECTORS["payload"]:
            plain = padded(msgspec.convert(one["says"], Payload))
            self.assertEqual(plain.decode(), one["padded"])
            body = ChaCha20Poly1305(bytes.fromhex(one["key"])).encrypt(bytes(12), plain, None)
            self.assertEqual(to_base64(body), one["body"])
            self.assertEqual(to_base64(sha256(body).digest()), one["hash"])

    def test_envelopes(self) -> None:
        for sealed in VECTORS["envelopes"]:
            self.assertIn(f'"kind":"{type(read(sealed)).__name__.lower()}"', sealed)

    def test_the_chunks_of_a_file(self) -> None:
        for one in VECTORS["chunks"]:
            plain = one["repeat"].encode() * one["times"]
            cipher = FileCipher(bytes.fromhex(one["key"]), len(plain))
            sealed = b"".join(
                cipher.seal(i, plain[i * 65_536 : (i + 1) * 65_536]) for i in range(cipher.count)
            )
            self.assertEqual(len(sealed), one["size"])
            self.assertEqual(sealed_size(len(plain)), one["size"])
            self.assertEqual(sha256(sealed).hexdigest(), one["sha256"])
            self.assertEqual(sealed[-16:].hex(), one["last_tag"])

    def test_the_vault(self) -> None:
        one = VECTORS["vault"]
        vault = Vault(bytes.fromhex(one["master"]))
        salt = bytes.fromhex(one["salt"])
        secret = bytes.fromhex(one["key_file"])
        self.assertEqual(vault.wrap(secret, salt).decode(), one["by_file"])
        self.assertEqual(vault.wrap(one["passphrase"], salt).decode(), one["by_passphrase"])
        row = one["row"]
        sealed = vault.seal(
            row["table"], row["key"], row["plain"].encode(), bytes.fromhex(row["salt"])
        )
        self.assertEqual(to_base64(sealed), row["value"])
        opened = Vault.unlock(one["by_passphrase"].encode(), one["passphrase"])
        self.assertEqual(
            opened.open(row["table"], row["key"], from_base64(row["value"])).decode(), row["plain"]
        )
