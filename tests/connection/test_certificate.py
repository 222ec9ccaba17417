"""The certificate: made, renewed, read anew, refused."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.support.pem import certificate_pem, key_pem, new_key, replace
from twisted_chat.connection import tls
from twisted_chat.connection.tls import DAY, LASTS, CertificateFiles, Identity
from twisted_chat.core.errors import StartError

NOW = 1_800_000_000.0


class TestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.now = NOW
        self.said: list[str] = []
        self.patch(Identity, "log", Logger("test", observer=self.note))

    @implementer(ILogObserver)
    def note(self, event: LogEvent) -> None:
        self.said.append(formatEvent(event))

    def says(self, *parts: str) -> None:
        """Exactly so many lines were logged, with these in them."""
        self.assertEqual(len(self.said), len(parts), self.said)
        for line, part in zip(self.said, parts, strict=True):
            self.assertIn(part, line)
        self.said.clear()

    def file(self, name: str, *parts: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(b"".join(parts))
        return path

    def identity(self, chosen: str = "auto") -> Identity:
        identity = Identity(CertificateFiles(chosen, self.folder / "data"), lambda: self.now)
        identity.open()
        return identity

    def in_use(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / "data" / "tls.pem").read_bytes())


class OwnTests(TestCase):
    def test_it_is_made_once_and_for_its_owner_alone(self) -> None:
        first = self.identity()
        self.assertEqual(os.listdir(self.folder / "data"), ["tls.pem"])
        self.assertEqual((self.folder / "data" / "tls.pem").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.identity().current.fingerprint, first.current.fingerprint)
        self.says()

    def test_the_fingerprint_is_that_of_the_public_key(self) -> None:
        fingerprint = self.identity().current.fingerprint
        encoded = (
            self.in_use().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
        expected = b64encode(sha256(encoded).digest()).decode().rstrip("=")
        self.assertEqual(fingerprint, f"SHA256:{expected}")

    def test_python_can_read_it(self) -> None:
        self.identity()
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.folder / "data" / "tls.pem")

    def test_i2_it_is_renewed_in_time_with_the_same_key(self) -> None:
        identity = self.identity()
        before, old = identity.current.fingerprint, self.in_use()
        self.now += LASTS.total_seconds() - 31 * DAY
        identity.look()
        self.says()
        self.now += 2 * DAY
        identity.look()
        self.says("was renewed")
        identity.look()
        self.says()
        self.assertEqual(identity.current.fingerprint, before)
        self.assertGreater(self.in_use().not_valid_after_utc, old.not_valid_after_utc)

    def test_i2_it_is_renewed_at_a_start_after_its_end(self) -> None:
        before = self.identity().current.fingerprint
        self.now += LASTS.total_seconds() + DAY
        self.assertEqual(self.identity().current.fingerprint, before)
        self.says("was renewed")

    def test_i2_that_cannot_be_written_is_told_once_a_day(self) -> None:
        identity = self.identity()
        old = identity.current
        self.now += LASTS.total_seconds() - DAY / 2
        full = OSError(28, "No space left")
        with mock.patch.object(tls, "write_private", side_effect=full):
            for _ in range(3):
                identity.look()
            self.says("cannot be made: no space left. The server goes on")
        self.assertIs(identity.current, old)
        self.now += DAY
        identity.look()
        self.says("was renewed")

    def test_k3_it_cannot_be_made(self) -> None:
        (self.folder / "data").write_text("")
        error = self.assertRaises(StartError, self.identity)
        self.assertIn("tls.pem cannot be made: ", str(error))


class GivenTests(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.key = new_key()
        self.certificate = self.file("chat.pem", certificate_pem(self.key, ends=self.days(90)))
        self.key_file = self.file("chat.key", key_pem(self.key))
        self.both = f"{self.certificate}:{self.key_file}"

    def days(self, number: float) -> datetime:
        return datetime.fromtimestamp(NOW, UTC) + timedelta(days=number)

    def refused(self, chosen: str) -> str:
        error = self.assertRaises(StartError, self.identity, chosen)
        again = self.assertRaises(StartError, tls.check_certificate, chosen, self.folder)
        self.assertEqual(str(error), str(again))
        self.assertEqual(len(str(error).splitlines()), 1)
        self.assertTrue(str(error).endswith("."))
        return str(error).replace(f"{self.folder}/", "")

    def test_one_file_or_two_whatever_they_are_called(self) -> None:
        expected = self.identity(self.both).current.fingerprint
        certificate, key = self.certificate.read_bytes(), self.key_file.read_bytes()
        one = self.file("a:b.pem", key, certificate)
        self.assertEqual(self.identity(str(one)).current.fingerprint, expected)
        odd = f"{self.file('c:d', certificate)}:{self.file('e:f', key)}"
        self.assertEqual(self.identity(odd).current.fingerprint, expected)
        self.assertFalse((self.folder / "data").exists())

    def test_a_chain_is_sent_whole(self) -> None:
        self.file("chat.pem", self.certificate.read_bytes(), certificate_pem(new_key(), "issuer"))
        with mock.patch("OpenSSL.SSL.Context.add_extra_chain_cert") as add:
            self.identity(self.both)
        self.assertEqual(add.call_count, 1)

    def test_k3_what_is_wrong_is_one_sentence(self) -> None:
        other = self.file("other.key", key_pem(new_key()))
        locked = self.file("locked.key", key_pem(self.key, b"secret"))
        weak = new_key(1024)
        weak_both = self.file("weak.pem", certificate_pem(weak), key_pem(weak))
        nonsense = self.file("nonsense.pem", b"-----BEGIN CERTIFICATE-----\nx\n")
        for chosen, expected in {
            f"{self.folder}/no.pem": "The certificate no.pem cannot be read: no such file",
            f"{self.certificate}:{self.folder}/no": "The key no cannot be read: no such file",
            str(self.folder): "cannot be read: is a directory.",
            f"{nonsense}:{self.key_file}": "There is no certificate in nonsense.pem that can",
            str(self.key_file): "There is no certificate in chat.key that can be read.",
            str(self.certificate): "There is no key in chat.pem that can be read; name its file",
            f"{self.certificate}:{nonsense}": "There is no key in nonsense.pem that can be read.",
            f"{self.certificate}:{other}": "The key in other.key does not belong to the certif",
            f"{self.certificate}:{locked}": "The key in locked.key is locked with a passphrase",
            str(weak_both): "The certificate in weak.pem cannot be used: ee key too small.",
        }.items():
            self.assertIn(expected, self.refused(chosen))

    def test_i2_new_files_are_taken_up(self) -> None:
        identity = self.identity(self.both)
        old = identity.current
        identity.look()
        self.says()
        replace(self.certificate, certificate_pem(self.key, ends=self.days(180)))
        identity.look()
        self.says(f"was read anew; the key is {old.fingerprint}")
        self.assertIsNot(identity.current.context, old.context)
        self.assertEqual(identity.current.ends, self.days(180).timestamp())

    def test_i2_bad_new_files_are_told_of_once_and_not_used(self) -> None:
        identity = self.identity(self.both)
        old = identity.current
        key = new_key()
        replace(self.certificate, certificate_pem(key))
        identity.look()
        identity.look()
        self.says("does not belong to the certificate in")
        self.assertIs(identity.current, old)
        self.certificate.unlink()
        identity.look()
        identity.look()
        self.says("cannot be read: no such file or directory. The server goes on with the")
        self.assertIs(identity.current, old)
        replace(self.certificate, certificate_pem(key, ends=self.days(90)))
        replace(self.key_file, key_pem(key))
        identity.look()
        self.says("was read anew")
        self.assertNotEqual(identity.current.fingerprint, old.fingerprint)

    def test_i2_the_end_is_warned_of_once_a_day_from_14_days_on(self) -> None:
        identity = self.identity(self.both)
        self.now += 75.9 * DAY
        identity.look()
        self.says()
        for _ in range(3 * 48):
            self.now += DAY / 48
            identity.look()
        end = self.days(90).strftime("%Y-%m-%d")
        self.says(*[f"expires on {end}: renew it"] * 3)
        replace(self.certificate, certificate_pem(self.key, ends=self.days(180)))
        identity.look()
        identity.look()
        self.says("was read anew")

    def test_i2_one_that_has_expired_is_used_and_complained_about(self) -> None:
        self.now += 100 * DAY
        self.identity(self.both)
        self.says("expired on")

    def test_looking_never_raises(self) -> None:
        identity = self.identity(self.both)
        with mock.patch.object(CertificateFiles, "stamp", side_effect=ZeroDivisionError):
            identity.look()
        self.says("could not be looked at")
