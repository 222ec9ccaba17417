"""Wrong passwords at every door, counted together: those who guess, and those who mistype."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from tests.irc.case import IrcClient
from twisted_chat.chat.accounts import login_attempts
from twisted_chat.chat.accounts.scram_login import ScramLogin
from twisted_chat.core import names
from twisted_chat.core.addresses import Network
from twisted_chat.core.errors import ChatError
from twisted_chat.settings.values import Oper
from twisted_chat.testing import PASSWORD, Hall

SCHOOL = "192.0.2.1"  # where many are behind one address
HOME = "198.51.100.7"


class Case(SynchronousTestCase):
    def hall(self, **settings: Any) -> Hall:
        hall = Hall(**settings)
        self.addCleanup(hall.close)
        return hall

    def irc(self, hall: Hall, host: str = SCHOOL) -> IrcClient:
        client = IrcClient(hall, host)
        hall.clients.append(client)
        return client

    def logs_in(self, hall: Hall, name: str, password: str, host: str = SCHOOL) -> str:
        """The name of who is let in, or the code of the refusal."""
        program = hall.program(host)
        answer = program.asks("login", name=name, password=password)
        program.vanishes()
        return str(answer["name"] if "name" in answer else answer["error"]["code"])

    def guesses(self, hall: Hall, count: int, host: str = SCHOOL) -> set[str]:
        """Try one password with so many names."""
        return {self.logs_in(hall, f"name{number}", "password1", host) for number in range(count)}

    @contextmanager
    def log(self) -> Iterator[list[str]]:
        lines: list[str] = []
        with capturedLogs() as events:
            yield lines
        lines += [formatEvent(event) for event in events if _warns(event)]


def _warns(event: LogEvent) -> bool:
    return str(event["log_level"].name) == "warn"


class NetworkTests(Case):
    def test_b2_one_password_for_many_names_is_stopped_and_logged_once(self) -> None:
        hall = self.hall()
        hall.bot("tesla").vanishes()
        with self.log() as lines:
            self.assertEqual(self.guesses(hall, 29), {"wrong_password"})
            self.assertEqual(self.guesses(hall, 60), {"blocked"})
        self.assertEqual(
            lines,
            ["Too many wrong passwords from 192.0.2.1, under whatever names: blocked for 1 minute"],
        )
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "blocked")
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD, HOME), "tesla")

    def test_b2_who_goes_on_waits_longer_and_longer(self) -> None:
        hall = self.hall()
        self.guesses(hall, 30)
        for minutes in (1, 2, 4, 8):
            answer = hall.program(SCHOOL).asks("login", name="tesla", password="x")["error"]
            self.assertEqual((answer["code"], answer["retry_after"]), ("blocked", 60 * minutes))
            self.assertIn("from your network", answer["message"])
            hall.wait(60 * minutes, step=60)
            codes = [self.logs_in(hall, f"try{minutes}-{number}", "x") for number in range(3)]
            self.assertEqual(codes, ["wrong_password", "wrong_password", "blocked"])

    def test_b2_a_class_behind_one_address_may_mistype(self) -> None:
        hall = self.hall()
        pupils = [f"pupil{number}" for number in range(30)]
        for pupil in pupils:
            hall.bot(pupil).vanishes()
        hall.restart()  # nobody is remembered to have been here
        for number, pupil in enumerate(pupils):  # within five minutes
            if number % 2:
                self.assertEqual(self.logs_in(hall, pupil, "correct hrose"), "wrong_password")
                self.assertEqual(self.logs_in(hall, pupil, "Correct horse"), "wrong_password")
            self.assertEqual(self.logs_in(hall, pupil, PASSWORD), pupil)
            hall.wait(10, step=10)

    def test_b2_who_has_come_in_from_there_still_does_while_it_is_blocked(self) -> None:
        hall = self.hall()
        for name in ("tesla", "edison", "curie"):
            hall.bot(name).vanishes()
        self.assertEqual(self.logs_in(hall, "edison", PASSWORD), "edison")
        program = hall.program(HOME)
        token = program.asks("login", name="curie", password=PASSWORD)["token"]
        hall.program(SCHOOL).asks("resume", token=token)
        self.guesses(hall, 30)
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "blocked")
        self.assertEqual(self.logs_in(hall, "edison", PASSWORD), "edison")
        self.assertEqual(self.logs_in(hall, "curie", PASSWORD), "curie")
        # But not whoever guesses their passwords.
        codes = [self.logs_in(hall, "edison", "x") for _ in range(4)]
        self.assertEqual(codes, ["wrong_password", "wrong_password", "blocked", "blocked"])

    def test_b1_b2_all_doors_count_together(self) -> None:
        hall = self.hall(login_attempts=1)  # and so 10 from a network
        hall.bot("tesla").vanishes()
        person = hall.connects(SCHOOL)
        for number in range(3):
            person.types(f"new{number}", "", "")  # which is no wrong password
        for number in range(3):
            hall.bot(f"known{number}").vanishes()
            hall.connects(SCHOOL).types(f"known{number}", "guess")
        for number in range(3):
            words = b64encode(f"web{number}:guess".encode()).decode()
            request = f"POST /files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {words}\r\n"
            hall.connects(SCHOOL).sends(f"{request}Content-Length: 1\r\n\r\n".encode())
        for number in range(2):
            words = b64encode(f"\0irc{number}\0guess".encode()).decode()
            self.irc(hall).sends_lines("AUTHENTICATE PLAIN", f"AUTHENTICATE {words}")
        self.assertEqual(self.logs_in(hall, "json", "guess"), "blocked")  # its one try
        exchange = ScramLogin(hall.chat.signin, Network(SCHOOL))
        begun = Deferred.fromCoroutine(exchange.begin(b"n,,n=scram,r=x"))
        hall.settle()
        self.successResultOf(begun)
        ended = Deferred.fromCoroutine(exchange.finish(b"nonsense"))
        self.failureResultOf(ended, ChatError)
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD), "blocked")
        self.assertEqual(self.logs_in(hall, "tesla", PASSWORD, HOME), "tesla")

    def test_b2_many_at_once_are_no_more_than_one_after_another(self) -> None:
        hall = self.hall()
        self.guesses(hall, 30)
        hall.wait(60, step=60)
        programs = [hall.program(SCHOOL) for _ in range(20)]
        held: Deferred[None] = Deferred()
        with mock.patch.object(hall.chat.signin.passwords, "_run", lambda work: held):
            for number, program in enumerate(programs):
                program.begins("login", name=f"many{number}", password="x")
        answers = [event for p in programs for event in p.sort_out() if "error" in event]
        self.assertEqual([answer["error"]["code"] for answer in answers], ["busy"] * 17)

    def test_b2_an_attack_from_very_many_networks_is_in_the_log(self) -> None:
        self.patch(login_attempts, "MANY", 40)
        hall = self.hall()
        with self.log() as lines:
            for number in range(100):
                self.logs_in(hall, "tesla", "x", f"192.0.2.{number}")
        self.assertEqual(lines, ["40 wrong passwords in 10 minutes, from all networks together"])

    def test_b3_a_name_that_nobody_can_have_is_looked_at_once(self) -> None:
        judge, judged = names._folded_unicode, []

        def note(text: str, longest: int) -> names.Name:
            judged.append(text)
            return judge(text, longest)

        self.patch(names, "_folded_unicode", note)
        strange = "é" * 31 + "ﬀ"
        self.assertEqual(self.logs_in(self.hall(), strange, "x"), "wrong_password")
        self.assertEqual(judged, [strange])

    def test_b1_an_address_without_limits_has_no_tries_to_lose(self) -> None:
        attempts = self.hall().chat.signin.attempts
        unlimited = Network(SCHOOL, limited=False)
        for _ in range(100):
            self.assertEqual(attempts.failed("x", unlimited, "").code, "wrong_password")
        attempts.check("x", Network(SCHOOL))

    def test_b2_nothing_is_counted_where_nothing_blocks(self) -> None:
        hall = self.hall(login_attempts=0)
        self.assertEqual(self.guesses(hall, 40), {"wrong_password"})


class OperTests(Case):
    def setUp(self) -> None:
        from passlib.hash import argon2

        kept = argon2.using(memory_cost=8, rounds=1, parallelism=1).hash("coil")
        self.server = self.hall(guests=True, opers=(Oper("tesla", kept),))

    def guest(self, nick: str, host: str = SCHOOL) -> IrcClient:
        client = self.irc(self.server, host)
        client.registers(nick)
        return client

    def test_b1_an_operators_password_is_not_guessed_by_connecting_again(self) -> None:
        thief = self.guest("thief")
        [first, _, third] = thief.answers("OPER tesla a", "OPER tesla b", "OPER tesla c")
        self.assertIn("464 thief :The name or the password is wrong. You have 2 tries", first)
        self.assertIn("blocked for you for 1 minute", third)
        [refused] = self.guest("again").answers("OPER tesla coil")
        self.assertIn(" 464 again :Too many wrong passwords", refused)
        self.guest("owner", HOME).answers("OPER tesla coil")
        self.assertTrue(any(client.oper for client in self.server.factory.irc.clients.registered))

    def test_b18_what_an_operator_does_is_in_the_log(self) -> None:
        owner = self.guest("owner")
        self.guest("pest")
        with capturedLogs() as events:
            owner.answers("OPER tesla coil", "REHASH", "WALLOPS :tea", "KILL pest :\x02spam\x02")
        lines = [formatEvent(event) or "" for event in events]
        where = owner.transport.getPeer()
        by = f"owner at ({where.host}, {where.port})"
        for done in (
            "is an operator of the server now, as tesla",
            "has the files read again (REHASH)",
            "tells something to the operators (WALLOPS)",
            "kills pest: ",
        ):
            self.assertTrue(any(line.startswith(f"{by} {done}") for line in lines), (done, lines))
        self.assertFalse([line for line in lines if "coil" in line or "tea" in line])

    def test_b2_and_counts_with_all_others(self) -> None:
        self.guesses(self.server, 28)
        thief = self.guest("thief")
        thief.answers("OPER one a", "OPER two b")
        self.assertEqual(self.logs_in(self.server, "anybody", "x"), "blocked")


class ServerPasswordTests(Case):
    def test_b2_the_servers_own_password_is_not_guessed_without_end(self) -> None:
        hall = self.hall(irc_password="sesame", guests=True)
        for number in range(29):
            peer = self.irc(hall)
            peer.sends_lines(f"PASS guess{number}", "NICK iris", "USER i 0 * :I")
            peer.hears(" 464 iris :The server's password is wrong.")
        peer = self.irc(hall)
        peer.sends_lines("NICK iris", *("PASS guess\r\nNS HELP" for _ in range(3)))
        peer.hears("Too many wrong passwords from your network: wait 1 minute.")
        for password in ("guess", "sesame"):  # right or wrong
            peer = self.irc(hall)
            peer.sends_lines(f"PASS {password}", "NICK iris", "USER i 0 * :I")
            peer.hears(" 464 iris :Too many wrong passwords from your network: wait 1 minute.")
        peer = self.irc(hall, HOME)
        peer.sends_lines("PASS sesame", "NICK iris", "USER i 0 * :I")
        peer.hears(" 001 iris ")
