"""SASL EXTERNAL: logging in with a client certificate, and NickServ's CERT."""

from __future__ import annotations

import atexit
import gc
import shutil
import ssl
import tempfile
import time
import weakref
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.connection.case import Secure, identity, trusting
from tests.irc.case import IrcCase, IrcClient
from twisted_chat.connection.tls import CertificateFiles, TlsFactory
from twisted_chat.testing import PASSWORD, Hall

FAR = "192.0.2.7"
OTHERS = "ab" * 32  # the fingerprint of a certificate that nobody here has


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="client-certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def made(name: str) -> tuple[Path, str]:
    """A certificate with its key, and its fingerprint."""
    path = _folder() / f"{name}.pem"
    CertificateFiles(str(path), _folder()).make(time.time())
    found = ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    return path, sha256(found).hexdigest()


class SecureIrc(Secure, IrcClient):
    """An IRC client over TLS, which may have a certificate."""

    def __init__(self, hall: Hall, host: str, certificate: str, **changes: Any) -> None:
        self._context = changes.pop("context", None) or trusting(changes.pop("newest", None))
        self.session = changes.pop("session", None)
        self._context.set_alpn_protocols(changes.pop("alpn", ["irc"]))
        if certificate:
            self._context.load_cert_chain(made(certificate)[0])
        super().__init__(hall, host)

    def context(self) -> ssl.SSLContext:
        return self._context


class CertificateCase(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"plaintext": "loopback", "guests": True}

    def setUp(self) -> None:
        super().setUp()
        self.hall.tls = TlsFactory(identity())
        self.hall.restart()
        self.hall.bot("tesla").vanishes()

    def secure(self, certificate: str, host: str = FAR, **changes: Any) -> SecureIrc:
        client = SecureIrc(self.hall, host, certificate, **changes)
        self.hall.clients.append(client)
        return client

    def has_added(self, certificate: str, name: str = "tesla") -> SecureIrc:
        """Somebody who has connected with a certificate and added it to their account."""
        client = self.secure(certificate)
        client.registers(name, password=PASSWORD)
        [said] = client.answers("PRIVMSG NickServ :CERT ADD")
        assert said.endswith(f"logs in as {name} from now on."), said
        return client

    def logs_in(self, client: IrcClient, wanted: str = "") -> str:
        """Try EXTERNAL; the numerics that came, and the last one's words."""
        self.assertEqual(client.answers("AUTHENTICATE EXTERNAL"), ["AUTHENTICATE +"])
        name = b64encode(wanted.encode()).decode() if wanted else "+"
        came = client.answers(f"AUTHENTICATE {name}")
        return " ".join(line.split(" ")[1] for line in came) + came[-1].partition(" :")[2]

    UNKNOWN = "904That certificate is no account's here."
    GOOD = "900 903SASL authentication successful"


class ExternalTests(CertificateCase):
    def test_h9_a_certificate_logs_in_without_a_password(self) -> None:
        self.has_added("one")
        client = self.secure("one")
        offered = client.answers("CAP LS 302")
        self.assertIn("sasl=PLAIN,EXTERNAL,SCRAM-SHA-256 ", " ".join(offered))
        client.answers("CAP REQ :sasl", "NICK other", "USER t 0 * :T")
        self.assertEqual(self.logs_in(client), self.GOOD)
        client.sends_lines("CAP END")
        client.hears(" NICK :tesla", " 001 tesla :")
        fingerprint = made("one")[1]
        whois = client.answers("WHOIS tesla")
        self.assertIn(
            f":twisted-chat.chat 276 tesla tesla :has client certificate fingerprint {fingerprint}",
            whois,
        )

    def test_h9_it_may_say_for_whom(self) -> None:
        self.hall.bot("edison").vanishes()
        self.has_added("one")
        self.assertEqual(self.logs_in(self.secure("one"), "Tesla"), self.GOOD)
        self.assertEqual(self.logs_in(self.secure("one"), "edison"), self.UNKNOWN)
        self.assertEqual(self.logs_in(self.secure("one"), "nobody"), self.UNKNOWN)

    def test_h9_without_one_it_is_neither_offered_nor_taken(self) -> None:
        for client in (self.secure(""), self.client()):
            self.assertNotIn("EXTERNAL", " ".join(client.answers("CAP LS 302")))
            [_, why] = client.answers("AUTHENTICATE EXTERNAL")
            self.assertIn("There is no client certificate on this connection", why)

    def test_h10_an_unknown_certificate_is_nobody_and_too_many_tries_end_it(self) -> None:
        client = self.secure("one")
        for _ in range(9):
            self.assertEqual(self.logs_in(client), self.UNKNOWN)
        client.sends_lines("AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        client.hears("ERROR :That was tried too often: goodbye.")

    def test_a9_nonsense_is_refused(self) -> None:
        client = self.secure("one")
        client.answers("AUTHENTICATE EXTERNAL")
        came = client.answers("AUTHENTICATE /w==")
        self.assertIn(" 904 ", came[0])

    def test_h10_who_names_another_s_certificate_does_not_draw_them_in(self) -> None:
        self.hall.bot("mallory").vanishes()
        mallory = self.secure("two")
        mallory.registers("mallory", password=PASSWORD)
        mallory.answers(f"NS CERT ADD {made('one')[1]}")
        self.assertEqual(self.logs_in(self.secure("one")), self.UNKNOWN)
        self.has_added("one")
        client = self.secure("one")
        self.assertEqual(self.logs_in(client), self.GOOD)
        client.sends_lines("NICK x", "USER t 0 * :T")
        client.hears(" 001 tesla :")

    def test_h9_a_certificate_of_several_accounts_takes_a_name(self) -> None:
        self.hall.bot("edison").vanishes()
        self.has_added("one")
        self.has_added("one", "edison")
        self.assertIn("of several accounts", self.logs_in(self.secure("one")))
        self.assertEqual(self.logs_in(self.secure("one"), "edison"), self.GOOD)
        client = self.secure("one")
        client.answers("NICK tesla")
        self.assertEqual(self.logs_in(client), self.GOOD)
        client.sends_lines("USER t 0 * :T")
        client.hears(" 001 tesla :")

    def test_h10_i2_no_session_is_resumed_and_the_certificate_is_shown_again(self) -> None:
        self.has_added("one")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(version)
            first = self.secure("one", context=context)
            self.assertEqual(self.logs_in(first), self.GOOD)
            again = self.secure("one", context=context, session=first.tls.session)
            self.assertEqual(self.logs_in(again), self.GOOD)
            self.assertFalse(again.tls.session_reused)

    def test_a14_certificates_that_take_much_memory_end_the_connection(self) -> None:
        path, size = _folder() / "large.pem", 20_000
        key = load_pem_private_key(made("one")[0].read_bytes(), None)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "large")])
        today = datetime.now(UTC)
        filled = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.1"), b"x" * size)
        large = (
            x509.CertificateBuilder(name, name, key.public_key(), 1)  # type: ignore[arg-type]
            .not_valid_before(today)
            .not_valid_after(today + timedelta(days=1))
            .add_extension(filled, critical=False)
            .sign(key, SHA256())  # type: ignore[arg-type]
        )
        own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(own + large.public_bytes(Encoding.PEM))
        context = trusting()
        context.load_cert_chain(path)
        client = self.secure("", context=context)
        self.hall.settle()
        self.assertTrue(client.closed)
        self.assertEqual(self.hall.factory.connections, {})

    def test_a14_what_tls_has_kept_goes_with_its_connection(self) -> None:
        """Also where it ends without a word, and before anything looks for unused cycles."""
        gc.disable()
        self.addCleanup(gc.enable)
        for ends in (SecureIrc.vanishes, SecureIrc.says_goodbye):
            client = self.secure("one")
            self.hall.settle()
            kept = weakref.ref(client.protocol.transport.getHandle())
            ends(client)
            self.hall.settle()
            if not client.closed:
                client.vanishes()
            self.hall.clients.remove(client)
            self.assertIsNone(kept(), ends)

    def test_browsers_are_asked_for_no_certificate(self) -> None:
        client = self.secure("one", alpn=["h2", "http/1.1"])
        self.hall.settle()
        self.assertTrue(client.shaken)
        self.assertEqual(client.protocol.certificate, "")


class CertTests(CertificateCase):
    def test_h10_certificates_are_added_listed_and_removed(self) -> None:
        one, two = made("one")[1], made("two")[1]
        tesla = self.has_added("one")
        colons = ":".join(two[at : at + 2] for at in range(0, 64, 2)).upper()
        self.hall.wait(1)
        tesla.answers(f"NS CERT ADD {colons}")
        came = tesla.answers("NS CERT LIST")
        self.assertEqual(
            [line.partition(" :")[2] for line in came],
            [f"1. {one}: used on 2026-01-01, on this connection", f"2. {two}: not used yet"],
        )
        other = self.secure("two")
        other.answers("CAP LS 302", "NICK tesla", "USER t 0 * :T")
        self.assertEqual(self.logs_in(other), self.GOOD)
        other.sends_lines("CAP END")
        self.assertIn("used on", tesla.answers("NS CERT LIST")[1])
        tesla.answers(f"NS CERT DEL {two}")
        other.hears("ERROR :The certificate with which you were logged in was removed.")
        self.assertEqual(self.logs_in(self.secure("two")), self.UNKNOWN)
        self.assertIn("has no such certificate", tesla.answers(f"NS CERT DEL {two}")[0])

    def test_b9_who_is_logging_in_with_a_certificate_that_is_removed_is_too_late(self) -> None:
        tesla = self.has_added("one")
        late = self.secure("one")
        late.answers("CAP LS 302", "NICK tesla", "USER t 0 * :T")
        self.assertEqual(self.logs_in(late), self.GOOD)
        tesla.answers(f"NS CERT DEL {made('one')[1]}")
        late.sends_lines("CAP END")
        late.hears("or a certificate removed")
        self.assertEqual(len(self.hall.chat.sessions), 1)

    def test_b9_a_new_password_ends_all_certificates(self) -> None:
        self.has_added("one").vanishes()
        self.has_added("two").vanishes()
        bot = self.hall.bot("tesla")
        bot.asks("password", old=PASSWORD, new="horse correct")
        self.assertEqual(self.logs_in(self.secure("one")), self.UNKNOWN)
        self.assertEqual(self.logs_in(self.secure("two")), self.UNKNOWN)

    def test_b9_the_certificate_of_the_connection_that_sets_a_password_stays(self) -> None:
        self.hall.bot("edison").vanishes()
        bot = self.hall.bot("edison")
        bot.asks("password", old=PASSWORD, new="alternating")
        bot.vanishes()
        for certificate in ("one", "two"):
            edison = self.secure(certificate)
            edison.answers("PASS :edison:alternating", "NICK edison", "USER e 0 * :E")
            edison.answers("NS CERT ADD")
        edison.answers("NS PASSWD alternating direct-current")
        self.assertEqual(self.logs_in(self.secure("one")), self.UNKNOWN)
        self.assertEqual(self.logs_in(self.secure("two")), self.GOOD)

    def test_h10_an_account_has_a_limited_number_of_them(self) -> None:
        tesla = self.has_added("one")
        for number in range(9):
            tesla.answers(f"NS CERT ADD {number:064x}")
        [said] = tesla.answers(f"NS CERT ADD {OTHERS}")
        self.assertIn("An account has at most 10 certificates: remove one first.", said)

    def test_what_is_wrong_is_said(self) -> None:
        visitor = self.guest("visitor")
        self.assertIn("Log in first", visitor.answers("NS CERT LIST")[0])
        tesla = self.account("tesla")
        for asked, answer in (
            ("CERT", "CERT ADD [<fingerprint>]"),
            ("CERT DEL", "CERT ADD [<fingerprint>]"),
            ("CERT LIST", "has no certificates"),
            ("CERT ADD", "There is no client certificate on this connection"),
            ("CERT ADD abc", "64 hex digits"),
            ("CERT ADD " + "g" * 64, "64 hex digits"),
        ):
            self.assertIn(answer, tesla.answers(f"NS {asked}")[0], asked)

    def test_b9_an_erased_account_keeps_none(self) -> None:
        self.has_added("one").vanishes()
        bot = self.hall.bot("tesla")
        bot.asks("delete-account", sure=True)
        self.assertEqual(self.logs_in(self.secure("one")), self.UNKNOWN)
