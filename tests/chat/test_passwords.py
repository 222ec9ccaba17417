from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from pathlib import Path
from threading import Event
from typing import Any, cast
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

import twisted_chat
from tests import often
from twisted_chat.chat.accounts import passwords
from twisted_chat.chat.accounts.passwords import (
    MAX_BYTES,
    PLAIN_MARK,
    Passwords,
    Runner,
    Verdict,
    prepare,
)
from twisted_chat.core.errors import ChatError
from twisted_chat.core.password_hashes import excess

ROOT = Path(twisted_chat.__file__).parents[1]
REACTOR = cast(IReactorFromThreads, reactor)


def cheap(run: Runner[Any] | None = None, threads: int = 1, waiting: int = 64) -> Passwords:
    return Passwords(REACTOR, memory=16, rounds=1, threads=threads, waiting=waiting, run=run)


def hashed(passwords: Passwords, password: str, network: str = "") -> Deferred[str]:
    return passwords.kept(password, with_verifier=False, network=network).addCallback(itemgetter(0))


class PrepareTests(SynchronousTestCase):
    def refused(self, password: str) -> None:
        error = self.assertRaises(ChatError, prepare, password)
        self.assertEqual("bad_password", error.code)

    def test_plain_is_itself(self) -> None:
        for password in ("x", "correct horse battery staple", "~!@# $%", "A" * MAX_BYTES):
            self.assertIs(password, prepare(password))

    def test_b5_password_too_long(self) -> None:
        self.assertEqual("é" * 512, prepare("é" * 512))
        self.refused("a" * (MAX_BYTES + 1))
        self.refused("é" * 512 + "a")
        self.refused("a" * 1_000_000)

    def test_b5_no_password(self) -> None:
        self.refused("")

    def test_a4_a5_no_text(self) -> None:
        for password in ("a\0b", "a\tb", "a\x1bb", "\ud800", "a\x7f", "\u202e", "a\n"):
            self.refused(password)

    def test_one_password_from_every_keyboard(self) -> None:
        self.assertEqual(prepare("caf\u00e9"), prepare("cafe\u0301"))
        self.assertEqual("a b", prepare("a\u00a0b"))
        self.assertEqual("Πß", prepare("Πß"))

    @settings(deadline=None)
    @given(st.text(st.characters(codec=None), max_size=40))
    def test_b5_any_text(self, password: str) -> None:
        try:
            prepared = prepare(password)
        except ChatError as error:
            self.assertEqual("bad_password", error.code)
            # A password must not reach the log by way of an error's sentence.
            self.assertNotIn("'", error.sentence)
        else:
            self.assertTrue(0 < len(prepared.encode()) <= MAX_BYTES)
            self.assertEqual(prepared, prepare(prepared))


class InlineTests(SynchronousTestCase):
    """What is answered, with the work done on the spot."""

    def setUp(self) -> None:
        self.passwords = cheap(run=maybeDeferred)
        self.stored = self.successResultOf(hashed(self.passwords, "secret"))

    def verdict(self, password: str, stored: str | None) -> Verdict:
        return self.successResultOf(self.passwords.verify(password, stored))

    def logged(self, work: Callable[[], object]) -> list[LogEvent]:
        events: list[LogEvent] = []
        observer = cast(ILogObserver, events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        work()
        return events

    def test_right_and_wrong(self) -> None:
        self.assertTrue(self.stored.startswith("$argon2id$v=19$m=16,t=1,p=1$"))
        self.assertNotEqual(self.stored, self.successResultOf(hashed(self.passwords, "secret")))
        self.assertEqual(Verdict(True), self.verdict("secret", self.stored))
        self.assertEqual(Verdict(False), self.verdict("Secret", self.stored))

    def test_b4_every_answer_costs_one_hash_of_todays_kind(self) -> None:
        hashed: list[str] = []
        self.patch(self.passwords._schemes, "hash", hashed.append)
        for password, stored, hashes in (
            ("secret", self.stored, 0),  # the check itself is that hash
            ("wrong", self.stored, 0),
            ("wrong", None, 1),
            ("wrong", "{plain}secret", 1),
            ("secret", "{plain}secret", 1),
            ("wrong", "no such scheme", 1),
            ("wrong", "{SSHA}damaged", 1),
        ):
            hashed.clear()
            self.verdict(password, stored)
            self.assertEqual(hashes, len(hashed), stored)
        self.assertEqual(Verdict(False), self.verdict("wrong", None))

    def test_b8_older_schemes_are_replaced(self) -> None:
        import passlib.hash

        old = [
            passlib.hash.pbkdf2_sha256.using(rounds=1_000).hash("secret"),
            passlib.hash.sha256_crypt.using(rounds=1_000).hash("secret"),
            passlib.hash.sha512_crypt.using(rounds=1_000).hash("secret"),
            passlib.hash.ldap_salted_sha1.hash("secret"),
            passlib.hash.hex_sha256.hash("secret"),
            passlib.hash.argon2.using(type="I", memory_cost=8, rounds=1, parallelism=1).hash(
                "secret"
            ),
            PLAIN_MARK + "secret",
        ]
        for stored in old:
            self.assertEqual(Verdict(False), self.verdict("wrong", stored), stored)
            verdict = self.verdict("secret", stored)
            self.assertTrue(verdict.ok, stored)
            assert verdict.new_hash is not None
            self.assertTrue(verdict.new_hash.startswith("$argon2id$"), stored)
            self.assertEqual(Verdict(True), self.verdict("secret", verdict.new_hash))

    def test_b8_what_is_not_marked_as_plain_is_no_password(self) -> None:
        for stored in ("secret", "$2b$12$abcdefghijklmnopqrstuv", "", PLAIN_MARK, "!"):
            self.assertEqual(Verdict(False), self.verdict(stored or "x", stored))

    def test_b6_dear_parameters_are_refused_unread(self) -> None:
        tail = "$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"
        for stored in (
            "$argon2id$v=19$m=262145,t=1,p=1" + tail,
            "$argon2id$v=19$m=4294967295,t=2,p=1" + tail,
            "$argon2id$v=19$m=8,t=17,p=1" + tail,
            "$argon2d$m=80,t=1,p=9" + tail,
            "$argon2id$v=19$m=99999999999,t=1,p=1" + tail,
            "$argon2id$v=19$m=-1,t=1,p=1" + tail,
            "$argon2id$nonsense",
            "$pbkdf2-sha256$1000001$c2FsdHNhbHQ$" + "a" * 43,
            "$pbkdf2-sha256$" + "0" * 50 + "99999999$c2FsdHNhbHQ$" + "a" * 43,
            "$5$rounds=999999999$saltsalt$" + "a" * 43,
            "$6$rounds=999999999$saltsalt$" + "a" * 86,
            PLAIN_MARK + "a" * 10_000,
        ):
            work = mock.Mock(return_value=Verdict(False))
            self.patch(self.passwords._schemes, "verify", work)
            events = self.logged(partial(self.verdict, "secret", stored))
            work.assert_called_once_with("secret", None)  # as for an unknown user
            [event] = [e for e in events if e["log_namespace"] == passwords.__name__]
            self.assertEqual("warn", event["log_level"].name)
            self.assertNotIn(stored, str(event))

    def test_b6_dear_but_possible(self) -> None:
        self.assertIsNone(excess("$argon2id$v=19$m=262144,t=16,p=8$c2FsdHNhbHQ$aGFzaGhhc2g"))
        self.assertIsNone(excess(self.stored))

    def test_b6_damaged_hashes_open_nothing(self) -> None:
        for stored in (
            "$argon2id$v=19$m=8,t=1,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=19$m=64,t=0,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=77$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$pbkdf2-sha256$1000$a$b",
            "{SSHA}aaa",
            "$5$aa",
            "$6$",
            self.stored[:-1],
        ):
            self.assertEqual(Verdict(False), self.verdict("secret", stored), stored)

    @settings(deadline=None, max_examples=often(50))
    @given(st.data())
    def test_b6_any_stored_text(self, data: st.DataObject) -> None:
        beginning = data.draw(st.sampled_from(["", "$argon2id$", "$5$", "{SSHA}", self.stored]))
        stored = beginning + data.draw(st.text(min_size=1, max_size=20))
        self.assertEqual(Verdict(False), self.verdict("secret", stored))

    def test_b5_long_passwords_that_may_be(self) -> None:
        longest = "é" * 512
        stored = self.successResultOf(hashed(self.passwords, longest))
        self.assertTrue(self.verdict("e\u0301" * 512, stored).ok)


class QueueTests(SynchronousTestCase):
    """Who gets a place in line, with the work left undone until the test says so."""

    def setUp(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.passwords = cheap(waiting=2, run=self.later)

    def later(self, work: Callable[[], Any]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.waiting.append((work, done))
        return done

    def work_once(self) -> None:
        work, done = self.waiting.pop(0)
        maybeDeferred(work).chainDeferred(done)

    def refused(self, asked: Deferred[Any]) -> ChatError:
        error: ChatError = self.failureResultOf(asked, ChatError).value
        self.assertEqual(("busy", 5), (error.code, error.details["retry_after"]))
        return error

    def test_b3_the_line_is_bounded(self) -> None:
        asked: list[Deferred[Any]] = [hashed(self.passwords, "secret")]
        asked.append(self.passwords.verify("x", None))
        asked.append(hashed(self.passwords, "secret"))
        self.refused(hashed(self.passwords, "secret"))
        self.refused(self.passwords.verify("secret", None))
        self.assertEqual(1, len(self.waiting))  # the others wait in line
        self.work_once()
        self.successResultOf(asked[0])
        self.assertNoResult(hashed(self.passwords, "secret"))

    def test_b3_who_leaves_makes_no_room(self) -> None:
        asked = [hashed(self.passwords, "secret") for _ in range(3)]
        for deferred in asked:
            deferred.cancel()
            self.failureResultOf(deferred, CancelledError)
        self.refused(hashed(self.passwords, "secret"))
        self.work_once()
        self.assertNoResult(hashed(self.passwords, "secret"))
        self.refused(hashed(self.passwords, "secret"))

    def asks(self, network: str) -> Deferred[Any]:
        return self.passwords.verify("secret", None, network)

    def test_b3_a_network_that_fills_the_line_makes_room_for_another(self) -> None:
        flood = [self.asks("192.0.2.1") for _ in range(3)]
        victim = self.asks("198.51.100.7")
        self.refused(flood[2])
        self.refused(self.asks("192.0.2.1"))
        self.refused(self.asks("198.51.100.7"))  # which has its share now
        self.work_once()
        self.work_once()
        self.work_once()
        for answered in (*flood[:2], victim):
            self.assertEqual(Verdict(False), self.successResultOf(answered))

    def test_b3_networks_take_turns(self) -> None:
        self.passwords = cheap(waiting=64, run=self.later)
        flood = [self.asks("192.0.2.1") for _ in range(40)]
        victim = self.asks("198.51.100.7")
        for _ in range(3):  # what was begun, the next of the flood, the victim
            self.work_once()
        self.successResultOf(victim)
        self.assertNoResult(flood[2])

    def test_b3_a_whole_class_behind_one_address_waits_in_line(self) -> None:
        self.passwords = cheap(run=self.later)
        pupils = [self.asks("192.0.2.1") for _ in range(60)]
        while self.waiting:
            self.work_once()
        for pupil in pupils:
            self.successResultOf(pupil)

    def test_b3_what_is_refused_is_not_even_prepared(self) -> None:
        prepared: list[str] = []

        def note(password: str) -> str:
            prepared.append(password)
            return password

        self.patch(passwords, "prepare", note)
        asked = [self.asks("192.0.2.1") for _ in range(4)]
        self.refused(asked[3])
        self.assertEqual([], prepared)  # it is work for the threads
        self.work_once()
        self.assertEqual(["secret"], prepared)

    def test_b3_failed_work_makes_room(self) -> None:
        asked = [hashed(self.passwords, "secret") for _ in range(3)]
        self.waiting.pop(0)[1].errback(ValueError("out of memory"))
        self.failureResultOf(asked[0], ValueError)
        self.assertNoResult(hashed(self.passwords, "secret"))

    def test_b3_work_that_cannot_begin_makes_room(self) -> None:
        def no_threads(work: object) -> Deferred[Any]:
            raise RuntimeError("can't start new thread")

        alone = cheap(waiting=0, run=no_threads)
        for _ in range(3):
            self.failureResultOf(hashed(alone, "secret"), RuntimeError)

    def test_after_closing(self) -> None:
        begun, waiting = hashed(self.passwords, "secret"), hashed(self.passwords, "secret")
        self.passwords.close()
        self.refused(waiting)
        self.refused(hashed(self.passwords, "secret"))
        self.work_once()  # no thread had come to it when the server stopped
        self.refused(begun)


class ThreadTests(TestCase):
    @inlineCallbacks
    def test_b3_threads(self) -> Any:
        checker = cheap(threads=2)
        self.addCleanup(checker.close)
        stored = yield hashed(checker, "secret")
        verdict = yield checker.verify("secret", stored)
        self.assertEqual(Verdict(True), verdict)

    @inlineCallbacks
    def test_b3_only_so_many_at_once(self) -> Any:
        checker = cheap(waiting=1)
        self.addCleanup(checker.close)
        free = Event()
        self.addCleanup(free.set)
        self.patch(checker._schemes, "hash", lambda prepared: free.wait(60) and prepared)
        asked = [hashed(checker, "one"), hashed(checker, "two")]
        error = self.failureResultOf(hashed(checker, "three"), ChatError)
        self.assertEqual("busy", error.value.code)
        free.set()
        self.assertEqual("one", (yield asked[0]))
        self.assertEqual("two", (yield asked[1]))

    def test_closing_what_never_began(self) -> None:
        checker = cheap()
        checker.close()
        checker.close()
