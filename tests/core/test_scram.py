"""SCRAM-SHA-256: the RFC's example, clients of every sort, and what the server keeps."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from base64 import b64decode, b64encode
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from scramp import ScramClient
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests import often
from twisted_chat.chat.accounts.scram_login import ScramLogin
from twisted_chat.chat.accounts.sign_in import SCRAM
from twisted_chat.core import scram
from twisted_chat.core.addresses import Network
from twisted_chat.core.errors import ChatError
from twisted_chat.core.scram import BadMessage, Exchange
from twisted_chat.store import Ledger, accounts
from twisted_chat.testing import PASSWORD, Hall

NONCE = "rOprNGfwEbeRWgbNEkqO"


def proof(password: str, first: str, challenge: bytes, header: str = "n,,") -> bytes:
    """A client's last message, worked out as the RFC says and with nothing of the server's."""
    facts = dict(part.split("=", 1) for part in challenge.decode().split(","))
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), b64decode(facts["s"]), int(facts["i"])
    )
    key = hmac.new(salted, b"Client Key", "sha256").digest()
    last = f"c={b64encode(header.encode()).decode()},r={facts['r']}"
    message = f"{first.removeprefix(header)},{challenge.decode()},{last}".encode()
    signature = hmac.new(hashlib.sha256(key).digest(), message, "sha256").digest()
    mixed = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    return f"{last},p={b64encode(mixed).decode()}".encode()


HERE = Network("127.0.0.1")


class ExchangeTests(SynchronousTestCase):
    def test_the_example_of_the_rfc(self) -> None:
        exchange = Exchange(f"n,,n=user,r={NONCE}".encode())
        self.assertEqual(exchange.name, "user")
        verifier = scram.derive("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
        self.assertEqual(
            exchange.challenge(verifier, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        )
        self.assertEqual(
            exchange.prove(
                b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
            ),
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        )

    @settings(deadline=None, max_examples=often(30))
    @given(some.text(min_size=1, max_size=20), some.text(min_size=1, max_size=20))
    def test_only_the_password_itself_is_taken(self, right: str, tried: str) -> None:
        first = "y,,n=a=2Cb=3D,r=nonce"
        exchange = Exchange(first.encode())
        self.assertEqual(exchange.name, "a,b=")
        challenge = exchange.challenge(scram.derive(right, b"salt", 2), "more")
        last = exchange.prove(proof(tried, first, challenge, "y,,"))
        self.assertEqual(last is not None, right == tried)

    @given(some.binary(max_size=60))
    def test_a9_nonsense_is_refused(self, data: bytes) -> None:
        with contextlib.suppress(BadMessage):
            Exchange(data)
        exchange = Exchange(b"n,,n=a,r=x")
        exchange.challenge(scram.derive("p", b"salt", 1), "y")
        with contextlib.suppress(BadMessage):
            self.assertIsNone(exchange.prove(data))

    def test_a9_channel_binding_and_bad_names_are_refused(self) -> None:
        for data in (
            b"p=tls-unique,,n=a,r=x",
            b"n,,n=a=b,r=x",
            b"n,,n=,r=x",
            b"n,,r=x",
            b"n,,n=a,r=",
        ):
            self.assertRaises(BadMessage, Exchange, data)

    def test_a9_what_is_wrong_is_said_in_the_words_of_the_rfc(self) -> None:
        for data, why in {
            b"p=tls-unique,,n=a,r=x": "channel-binding-not-supported",
            b"n,,m=must,n=a,r=x": "extensions-not-supported",
            b"n,,n=a=2,r=x": "invalid-username-encoding",
            b"n,a==,n=a,r=x": "invalid-username-encoding",
            b"n,a=b=,n=a,r=x": "invalid-username-encoding",
            b"n,,n=a\xff,r=x": "invalid-encoding",
            b"n,,n=a,r=x y": "other-error",
            b"n,,n=a,r=x,m=1": "other-error",
        }.items():
            self.assertEqual(str(self.assertRaises(BadMessage, Exchange, data)), why, data)
        right = proof("p", "n,,n=a,r=x", self.challenged().challenge(self.verifier, "y"))
        for data, why in {
            right.replace(b"c=biws", b"c=eSws"): "channel-bindings-dont-match",
            right.replace(b"r=xy", b"r=xz"): "other-error",
            right + b"=": "invalid-encoding",
            right[:-2] + b"?=": "other-error",
        }.items():
            exchange = self.challenged()
            exchange.challenge(self.verifier, "y")
            self.assertEqual(str(self.assertRaises(BadMessage, exchange.prove, data)), why, data)

    verifier = scram.derive("p", b"salt", 1)

    def challenged(self) -> Exchange:
        return Exchange(b"n,,n=a,r=x")

    def test_extensions_that_are_not_known_are_passed_over(self) -> None:
        first = "n,,n=a,r=x,z=new"
        exchange = Exchange(first.encode())
        challenge = exchange.challenge(self.verifier, "y")
        self.assertIsNotNone(exchange.prove(proof("p", first, challenge)))

    def test_a_proof_has_one_spelling(self) -> None:
        """The last letter of 32 bytes in Base64 has two bits that mean nothing."""
        first = "n,,n=a,r=x"
        exchange = Exchange(first.encode())
        right = proof("p", first, exchange.challenge(self.verifier, "y"))
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = letters[letters.index(chr(right[-2])) + 1].encode()
        self.assertEqual(b64decode(right[-44:]), b64decode(right[-44:-2] + other + b"="))
        self.assertRaises(BadMessage, exchange.prove, right[:-2] + other + b"=")
        self.assertIsNotNone(exchange.prove(right))

    def test_a_verifier_is_stored_and_read(self) -> None:
        verifier = scram.derive("p", b"salt", 7)
        self.assertEqual(scram.read(verifier.written()), verifier)
        for text in ("", "SCRAM-SHA-256$9:x", "SCRAM-SHA-256$9999999:c2FsdA==$eA==:eA=="):
            self.assertIsNone(scram.read(text))


class LoginTests(SynchronousTestCase):
    def hall(self, **settings: Any) -> Hall:
        hall = Hall(**settings)
        self.addCleanup(hall.close)
        return hall

    def logs_in(self, hall: Hall, name: str, password: str, network: Network = HERE) -> str:
        """The name of who is let in, or the code of the refusal."""
        first = f"n,,n={name},r=client"

        async def login() -> str:
            exchange = ScramLogin(hall.chat.signin, network)
            challenge = await exchange.begin(first.encode())
            found, _ = await exchange.finish(proof(password, first, challenge))
            return found.person.name

        outcome: list[object] = []
        Deferred.fromCoroutine(login()).addBoth(outcome.append)
        hall.settle()
        [result] = outcome
        if isinstance(result, str):
            return result
        error = result.value  # type: ignore[attr-defined]
        assert isinstance(error, ChatError), error
        return error.code

    def kept(self, hall: Hall, name: str) -> set[str]:
        person = hall.chat.signin.find(name)
        assert person is not None
        outcome: list[dict[str, str]] = []
        hall.chat.store.read(lambda db: accounts.credentials(db, person.id)).addCallback(
            outcome.append
        )
        return set(outcome[0])

    def test_who_has_registered_may_prove_it_from_then_on(self) -> None:
        hall = self.hall()
        hall.bot("tesla")
        self.assertEqual(self.logs_in(hall, "TESLA", PASSWORD), "tesla")
        self.assertEqual(self.logs_in(hall, "tesla", "wrong"), "wrong_password")

    def test_b8_an_older_account_has_its_verifier_made_at_the_next_login(self) -> None:
        hall = self.hall()
        hall.bot("tesla").vanishes()
        hall.chat.store.change(lambda ledger: ledger.accounts.drop_scheme(SCRAM))
        hall.settle()
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "wrong_password")
        hall.bot("tesla")
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "tesla")

    def test_b9_a_new_password_is_the_only_one(self) -> None:
        hall = self.hall()
        tesla = hall.bot("tesla")
        tesla.asks("password", new="other-words", old=PASSWORD)
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "wrong_password")
        self.assertEqual(self.logs_in(hall, "tesla", "other-words"), "tesla")

    def test_b9_a_password_changed_during_the_login_ends_it(self) -> None:
        hall = self.hall()
        tesla = hall.bot("tesla")
        first = "n,,n=tesla,r=client"
        exchange = ScramLogin(hall.chat.signin, HERE)
        challenge: list[bytes] = []
        Deferred.fromCoroutine(exchange.begin(first.encode())).addCallback(challenge.append)
        hall.settle()
        tesla.asks("password", new="other-words", old=PASSWORD)
        finished = Deferred.fromCoroutine(exchange.finish(proof(PASSWORD, first, challenge[0])))
        hall.settle()
        error = self.failureResultOf(finished, ChatError).value
        self.assertEqual(error.code, "wrong_password")
        self.assertIn("has just been changed", error.sentence)

    def test_b8_a_verifier_of_another_kind_is_made_anew(self) -> None:
        hall = self.hall()
        hall.bot("tesla").vanishes()
        person = hall.chat.signin.find("tesla")
        assert person is not None

        def keep(value: str, ledger: Ledger) -> None:
            ledger.accounts.set_credential(person.id, SCRAM, value)

        for stored in ("nonsense", scram.derive(PASSWORD, b"salt", 7).written()):
            hall.chat.store.change(partial(keep, stored))
            hall.settle()
            hall.bot("tesla").vanishes()
            self.assertTrue(hall.chat.signin.passwords.is_verifier(self.stored(hall, "tesla")))
            self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "tesla")

    def test_b9_a_verifier_is_never_one_of_an_older_password(self) -> None:
        """The password is set anew between a login with it and the storing of its verifier."""
        hall = self.hall(admins=("root",))
        root = hall.bot("root")
        hall.bot("tesla").vanishes()
        hall.chat.store.change(lambda ledger: ledger.accounts.drop_scheme(SCRAM))
        hall.settle()
        late = hall.program()
        root.queues("reset-password", user="tesla")
        late.queues("login", name="tesla", password=PASSWORD)
        root.deliver()
        late.deliver()
        hall.settle()
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "wrong_password")

    def test_b14_the_password_is_kept_nowhere(self) -> None:
        hall = self.hall()
        canary = "CANARY-alternating"
        tesla = hall.program()
        tesla.asks("register", name="tesla", password=canary, device="x")
        self.assertEqual(self.logs_in(hall, "tesla", canary), "tesla")
        verifier = scram.read(self.stored(hall, "tesla"))
        assert verifier is not None
        salted = hashlib.pbkdf2_hmac("sha256", canary.encode(), verifier.salt, verifier.rounds)
        key = hmac.new(salted, b"Client Key", "sha256").digest()
        hall.close()
        for path in hall.directory.rglob("*"):
            if path.is_file():
                kept = path.read_bytes()
                self.assertNotIn(b"CANARY", kept)
                self.assertNotIn(b64encode(key), kept)  # with which one could log in
                self.assertNotIn(key, kept)

    def test_an_independent_client_and_the_server_believe_each_other(self) -> None:
        hall = self.hall()
        hall.chat.signin.passwords.scram_rounds = 4096  # fewer are refused by clients
        for name, password in (("tesla", "alternating"), ("Ünal", "pa\u0308sswörd ✓")):
            hall.program().asks("register", name=name, password=password, device="x")
            self.assertEqual(self.asks_scramp(hall, name, password), name)
        self.assertRaises(ChatError, self.asks_scramp, hall, "tesla", "direct")

    def asks_scramp(self, hall: Hall, name: str, password: str) -> str:
        """Log in as another program does; the name of who is let in."""
        client = ScramClient(["SCRAM-SHA-256"], name, password)
        exchange = ScramLogin(hall.chat.signin, HERE)
        begun = Deferred.fromCoroutine(exchange.begin(client.get_client_first().encode()))
        hall.settle()
        client.set_server_first(self.successResultOf(begun).decode())
        finished = Deferred.fromCoroutine(exchange.finish(client.get_client_final().encode()))
        hall.settle()
        outcome: list[Any] = []
        finished.addBoth(outcome.append)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        found, last = outcome[0]
        client.set_server_final(last.decode())
        return str(found.person.name)

    def stored(self, hall: Hall, name: str) -> str:
        """The verifier of an account."""
        person = hall.chat.signin.find(name)
        assert person is not None
        outcome: list[dict[str, str]] = []
        hall.chat.store.read(lambda db: accounts.credentials(db, person.id)).addCallback(
            outcome.append
        )
        return outcome[0][SCRAM]

    def test_b1_an_address_without_limits_has_no_tries_to_lose(self) -> None:
        hall = self.hall()
        hall.bot("tesla")
        free = Network("127.0.0.1", limited=False)
        for _ in range(31):
            self.assertEqual(self.logs_in(hall, "tesla", "x", free), "wrong_password")
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD, free), "tesla")

    def test_b1_proofs_that_fail_are_tries(self) -> None:
        hall = self.hall()
        hall.bot("tesla")
        outcomes = [self.logs_in(hall, "tesla", "wrong") for _ in range(3)]
        self.assertEqual(outcomes, ["wrong_password", "wrong_password", "blocked"])
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "blocked")

    def test_b4_an_unknown_name_looks_like_a_known_one(self) -> None:
        hall = self.hall(login_attempts=0)
        hall.bot("tesla")

        def challenge(name: str) -> list[str]:
            outcome: list[bytes] = []
            exchange = ScramLogin(hall.chat.signin, HERE)
            Deferred.fromCoroutine(exchange.begin(f"n,,n={name},r=x".encode())).addCallback(
                outcome.append
            )
            hall.settle()
            return outcome[0].decode().split(",")

        known, nobody = challenge("tesla"), challenge("nobody-there")
        self.assertEqual(nobody[1:], challenge("Nobody-There")[1:])
        self.assertEqual(len(known[1]), len(nobody[1]))
        self.assertEqual(known[2], nobody[2])
        self.assertEqual(self.logs_in(hall, "nobody-there", "x"), "wrong_password")
        salt = nobody[1]
        hall.restart()
        self.assertEqual(challenge("nobody-there")[1], salt)

    def test_i9_no_scram_keeps_none(self) -> None:
        hall = self.hall()
        hall.bot("tesla")
        self.assertEqual(self.kept(hall, "tesla"), {"passlib", SCRAM})
        directory = hall.directory
        hall.close()
        with Hall(directory, no_scram=True) as strict:
            strict.settle()
            self.assertEqual(self.kept(strict, "tesla"), {"passlib"})
            strict.bot("tesla")
            self.assertEqual(self.kept(strict, "tesla"), {"passlib"})
            self.assertEqual(self.logs_in(strict, "tesla", PASSWORD), "wrong_password")

    def test_d17_an_erased_account_leaves_none(self) -> None:
        hall = self.hall()
        tesla = hall.bot("tesla")
        tesla.begins("delete-account", sure=True)
        rows: list[int] = []
        hall.chat.store.read(
            lambda db: db.exec_driver_sql("SELECT count(*) FROM credential").scalar_one()
        ).addCallback(rows.append)
        self.assertEqual(rows, [0])
