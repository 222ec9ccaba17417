"""SCRAM-SHA-256: the RFC's example, clients of every sort, and what the server keeps."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core import scram
from twisted_chat.core.errors import ChatError
from twisted_chat.core.scram import BadMessage, Exchange
from twisted_chat.proving import SCRAM
from twisted_chat.store import reading
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

    @settings(deadline=None, max_examples=30)
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

    def logs_in(self, hall: Hall, name: str, password: str) -> str:
        """The name of who is let in, or the code of the refusal."""
        first = f"n,,n={name},r=client"

        async def login() -> str:
            exchange = hall.chat.signin.scram("127.0.0.1")
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
        hall.chat.read(lambda db: reading.credentials(db, person.id)).addCallback(outcome.append)
        return set(outcome[0])

    def test_who_has_registered_may_prove_it_from_then_on(self) -> None:
        hall = self.hall()
        hall.bot("tesla")
        self.assertEqual(self.logs_in(hall, "TESLA", PASSWORD), "tesla")
        self.assertEqual(self.logs_in(hall, "tesla", "wrong"), "wrong_password")

    def test_b8_an_older_account_has_its_verifier_made_at_the_next_login(self) -> None:
        hall = self.hall()
        hall.bot("tesla").vanishes()
        hall.chat.change(lambda ledger: ledger.drop_scheme(SCRAM))
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
            exchange = hall.chat.signin.scram("127.0.0.1")
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
        hall.chat.read(
            lambda db: db.exec_driver_sql("SELECT count(*) FROM credential").scalar_one()
        ).addCallback(rows.append)
        self.assertEqual(rows, [0])
