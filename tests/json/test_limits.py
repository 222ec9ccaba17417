"""What happens to those who send too fast, read too slowly, come too often or stay too long."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import TestCase

from twisted_chat.chat import housekeeping
from twisted_chat.connection.line_queue import BaseDoor
from twisted_chat.core.events import Closed
from twisted_chat.testing import PASSWORD, Hall, Program

PING = b'{"id":1,"do":"ping"}\n'


def pongs(program: Program) -> int:
    program.sort_out()
    count = sum(1 for line in program.events if line.get("ok") == {})
    program.events = [line for line in program.events if line.get("ok") != {}]
    return count


class FloodTests(TestCase):
    def test_a11_who_is_too_fast_is_slowed(self) -> None:
        with Hall(flood_limit=10) as hall:
            bot, ann = hall.bot("bot"), hall.bot("ann")
            hall.wait(5)
            bot.sends(PING * 60)
            self.assertLessEqual(pongs(bot), 21)
            self.assertFalse(bot.transport.reading)
            self.assertEqual(ann.asks("ping"), {})
            hall.wait(4)
            self.assertEqual(bot.takes_events("closed"), [])
            self.assertGreaterEqual(pongs(bot), 39)
            self.assertTrue(bot.transport.reading)

    def test_a11_who_goes_on_is_closed(self) -> None:
        with Hall(flood_limit=10) as hall:
            bot = hall.bot("bot")
            bot.sends(PING * 2000)
            hall.wait(9, step=0.05)
            self.assertFalse(bot.closed)
            hall.wait(2, step=0.05)
            self.assertTrue(bot.closed)
            self.assertEqual(bot.takes_events("closed")[0]["code"], "flood")

    def test_a2_empty_lines_cost_something_too(self) -> None:
        with Hall(flood_limit=10) as hall:
            bot = hall.bot("bot")
            bot.sends(b"\n" * 5000)
            self.assertFalse(bot.transport.reading)
            hall.wait(11, step=0.01)
            self.assertTrue(bot.closed)
            self.assertEqual(bot.takes_events("closed")[0]["code"], "flood")

    def test_a11_at_the_allowed_pace_nobody_is_closed(self) -> None:
        with Hall(flood_limit=10) as hall:
            bot = hall.bot("bot")
            for _ in range(60):
                bot.sends(PING * 10)
                hall.wait(1)
            self.assertFalse(bot.closed)
            self.assertEqual(pongs(bot), 600)


class SlowReaderTests(TestCase):
    def _slow(self, hall: Hall) -> tuple[Program, Program]:
        bot, slow = hall.bot("bot"), hall.bot("slow")
        slow.stops_reading()
        return bot, slow

    def test_a16_nothing_is_written_to_who_does_not_read(self) -> None:
        with Hall() as hall:
            bot, slow = self._slow(hall)
            for n in range(30):
                bot.asks("send", room="#lobby", text="x" * 1000, cid=str(n))
            slow.sends(b'{"id":1,"do":"history","count":500}\n' * 30)
            self.assertEqual(slow.received, "")
            slow.reads_again()
            self.assertEqual(len(slow.takes_events("message")), 30)
            self.assertEqual(len([e for e in slow.events if "re" in e]), 30)

    def test_a16_after_a_minute_it_is_closed_with_the_reason(self) -> None:
        with Hall() as hall:
            bot, slow = self._slow(hall)
            hall.wait(55)
            self.assertFalse(slow.closed)
            hall.wait(15)
            self.assertTrue(slow.closed)
            self.assertEqual(slow.takes_events("closed")[0]["code"], "too_slow")
            self.assertFalse(bot.closed)

    def test_a16_too_far_behind_it_is_closed(self) -> None:
        self.patch(housekeeping, "MOST_LAG", 10)
        with Hall() as hall:
            bot, slow = self._slow(hall)
            for n in range(11):
                bot.asks("send", room="#lobby", text="x", cid=str(n))
            hall.wait(15)
            self.assertTrue(slow.closed)

    def test_a17_who_reads_slowly_stays(self) -> None:
        with Hall() as hall:
            bot, slow = self._slow(hall)
            for n in range(10):
                bot.asks("send", room="#lobby", text="x", cid=str(n))
                hall.wait(30)
                slow.reads_again()
                slow.stops_reading()
            slow.reads_again()
            self.assertEqual(len(slow.takes_events("message")), 10)
            self.assertFalse(slow.closed)

    def test_a16_catching_up_stops_when_the_reader_stops(self) -> None:
        with Hall() as hall:
            bot, slow = self._slow(hall)
            for n in range(100):
                bot.asks("send", room="#lobby", text="x" * 4000, cid=str(n))
            written = []
            transport: Any = slow.transport
            write = transport.write

            def stalls(data: bytes) -> None:
                written.append(len(data))
                write(data)
                transport.producer.pauseProducing()

            transport.write = stalls
            seen = 0
            while seen < 100:
                slow.reads_again()
                seen += len(slow.takes_events("message"))
            self.assertLess(max(written), 64 * 1024)
            self.assertGreater(len(written), 6)

    def test_a16_who_has_never_read_gets_no_backlog(self) -> None:
        """The answer to the sign-in alone can be more than the peer takes."""
        with Hall() as hall:
            bot = hall.bot("bot")
            hall.bot("slow").vanishes()
            for n in range(20):
                bot.asks("send", room="#lobby", text="x", cid=str(n))
            slow = hall.program()
            slow.sends(PING)
            slow.stops_reading()
            login = {"id": 2, "do": "login", "name": "slow", "password": PASSWORD, "device": "bot"}
            login["positions"] = {"#lobby": 0}
            # What was under way when the peer stopped reading goes on.
            door = slow.protocol.door
            assert isinstance(door, BaseDoor)
            door._stuck = False
            door.feed(json.dumps(login).encode())
            door._stuck = True
            self.assertEqual(slow.takes_events("message"), [])
            slow.reads_again()
            self.assertEqual([e["seq"] for e in slow.takes_events("message")], [*range(1, 21)])


class ConnectionTests(TestCase):
    def test_a13_silence(self) -> None:
        with Hall() as hall:
            silent, byte_by_byte = hall.connects(), hall.program()
            byte_by_byte.sends(b"{")
            hall.wait(19)
            self.assertFalse(silent.closed or byte_by_byte.closed)
            hall.wait(3)
            self.assertTrue(silent.closed and byte_by_byte.closed)
            self.assertEqual(byte_by_byte.takes_events("closed")[0]["code"], "timeout")

    def test_a13_three_minutes_to_log_in(self) -> None:
        with Hall() as hall:
            program = hall.program()
            for _ in range(17):
                program.sends(PING)
                hall.wait(10)
            self.assertFalse(program.closed)
            hall.wait(12)
            self.assertEqual(program.takes_events("closed")[0]["code"], "timeout")

    def test_a14_caps_of_one_network_and_of_all(self) -> None:
        with Hall(connection_limit=20) as hall:
            near = [hall.program() for _ in range(3)]
            self.assertEqual([p.closed for p in near[:2]], [False, False])
            hall.settle()
            self.assertTrue(near[2].closed)
            self.assertIn("Too many connections from your network", near[2].takes())
            far = [hall.program(host=f"10.0.0.{n}") for n in range(10)]
            hall.settle()
            self.assertEqual([p.closed for p in far], [False, False] + [True] * 8)
            self.assertIn("Too many are logging in at once", far[9].takes())

    def test_a14_who_is_logged_in_is_not_affected(self) -> None:
        with Hall(connection_limit=20) as hall:
            bots = [hall.bot("bot") for _ in range(2)]
            refused = hall.program()
            hall.settle()
            self.assertTrue(refused.closed)
            self.assertEqual([bot.asks("ping") for bot in bots], [{}, {}])
            bots[0].vanishes()
            self.assertEqual(hall.bot("bot").asks("ping"), {})

    def test_a14_who_is_turned_away_is_not_listened_to(self) -> None:
        with Hall(connection_limit=1) as hall:
            hall.bot("bot")
            turned_away = Program(hall, "127.0.0.1")
            self.assertTrue(turned_away.transport.disconnecting)
            turned_away.protocol.dataReceived(PING)
            turned_away.collect()
            self.assertIn("full", turned_away.received)
            self.assertNotIn("hello", turned_away.received)

    def test_a14_the_smallest_limit_lets_one_in(self) -> None:
        with Hall(connection_limit=1) as hall:
            self.assertEqual(hall.bot("bot").asks("ping"), {})

    def test_a14_without_limits_there_is_no_cap(self) -> None:
        with Hall(connection_limit=0) as hall:
            programs = [hall.program() for _ in range(100)]
            hall.settle()
            self.assertFalse(any(program.closed for program in programs))

    def test_idle_timeout(self) -> None:
        with Hall(idle_timeout=60) as hall:
            idle, busy, pinging = (hall.bot(name) for name in ("idle", "busy", "pinging"))
            for _ in range(8):
                busy.asks("whoelse")
                pinging.asks("ping")
                hall.wait(10)
            self.assertTrue(idle.closed)
            self.assertEqual(idle.takes_events("closed")[0]["code"], "idle")
            self.assertFalse(busy.closed or pinging.closed)

    def test_k1_restart_is_told(self) -> None:
        with Hall() as hall:
            bot = hall.bot("bot")
            bot.asks("send", room="#lobby", text="x", cid="1")
            hall.factory.stop(Closed("restart", "Back in a moment."))
            self.assertEqual(bot.takes_events("closed")[0]["code"], "restart")
            self.assertTrue(bot.closed)

    def test_k1_while_stopping_nothing_is_taken(self) -> None:
        with Hall() as hall:
            bot = hall.bot("bot")
            hall.chat.stop(Closed("restart", "Back in a moment."))
            late = hall.program()
            answer = late.asks("login", name="bot", password=PASSWORD)
            self.assertEqual(answer["error"]["code"], "restart")
            self.assertTrue(bot.takes_events("closed"))


class LoginLimitTests(TestCase):
    def _tries(self, hall: Hall, host: str, password: str) -> dict[str, Any]:
        program = hall.program(host=host)
        return program.asks("login", name="Bot", password=password)

    def test_b1_a_stranger_is_blocked_and_the_owner_is_not(self) -> None:
        with Hall(login_attempts=3, block_time=60) as hall:
            hall.bot("bot")
            answers = [self._tries(hall, "10.0.0.1", "wrong")["error"] for _ in range(4)]
            codes = [answer["code"] for answer in answers]
            self.assertEqual(codes, ["wrong_password", "wrong_password", "blocked", "blocked"])
            self.assertEqual([a.get("tries") for a in answers[:2]], [2, 1])
            self.assertEqual(answers[2]["retry_after"], 60)
            blocked = self._tries(hall, "10.0.0.1", PASSWORD)
            self.assertEqual(blocked["error"]["code"], "blocked")
            self.assertEqual(self._tries(hall, "10.0.0.2", PASSWORD)["name"], "bot")
            hall.wait(61)
            self.assertEqual(self._tries(hall, "10.0.0.1", PASSWORD)["name"], "bot")

    def test_b4_where_registration_is_closed_unknown_and_wrong_are_alike(self) -> None:
        with Hall() as hall:
            hall.bot("bot")
            hall.close()
            with Hall(hall.directory, registration_open=False) as closed:
                known = closed.program().asks("login", name="bot", password="wrong")
                unknown = closed.program().asks("login", name="who", password="wrong")
                self.assertEqual(known["error"], unknown["error"])
                refused = closed.program().asks("register", name="new", password=PASSWORD)
                self.assertEqual(refused["error"]["code"], "closed")

    def test_b5_password_too_long(self) -> None:
        with Hall() as hall:
            answer = hall.program().asks("register", name="bot", password="x" * 1025)
            self.assertEqual(answer["error"]["code"], "bad_password")
            answer = hall.program().asks("register", name="bot", password="x" * 1024)
            self.assertEqual(answer["name"], "bot")

    def test_b10_b11_names(self) -> None:
        with Hall() as hall:
            hall.bot("alice")
            for name, code in (
                ("ALICE", "name_taken"),
                ("аlice", None),
                ("message", None),
                ("#a", None),
                ("", None),
                ("a b", None),
                ("x" * 33, None),
            ):
                answer = hall.program().asks("register", name=name, password=PASSWORD)
                self.assertIn(
                    answer["error"]["code"], (code,) if code else ("bad_name", "name_taken")
                )

    def test_b13_registrations_of_one_network(self) -> None:
        with Hall(flood_limit=1000) as hall:
            program = hall.program()
            for n in range(60):
                answer = program.asks("register", name=f"u{n}", password=PASSWORD)
                self.assertEqual(answer["name"], f"u{n}")
                program = hall.program()
            refused = program.asks("register", name="one-more", password=PASSWORD)["error"]
            self.assertEqual(refused["code"], "too_many_accounts")
            self.assertGreater(refused["retry_after"], 0)
            elsewhere = hall.program(host="10.1.1.1")
            answer = elsewhere.asks("register", name="elsewhere", password=PASSWORD)
            self.assertEqual(answer["name"], "elsewhere")
            hall.wait(1)
            hall.clock.advance(601)
            answer = hall.program().asks("register", name="one-more", password=PASSWORD)
            self.assertEqual(answer["name"], "one-more")


class PasswordTests(TestCase):
    def test_b17_a_new_password_is_neither_short_nor_the_name(self) -> None:
        with Hall(password_min=8, guests=True) as hall:
            program = hall.program()
            for password, why in (
                ("1234567", "at least 8 characters"),
                ("Edison-Bell", "cannot be the name"),
                ("e\u0301" * 7, "at least 8 characters"),  # of two code points each
            ):
                answer = program.asks("register", name="edison-bell", password=password)
                self.assertEqual(answer["error"]["code"], "bad_password")
                self.assertIn(why, answer["error"]["message"])
            guest = hall.program()
            guest.asks("guest", name="iris")
            self.assertIn("at least 8", guest.asks("password", new="short")["error"]["message"])
            program.asks("register", name="edison-bell", password="12345678")
            answer = program.asks("password", old="12345678", new="short")
            self.assertIn("at least 8", answer["error"]["message"])

    def test_b17_passwords_that_there_are_go_on(self) -> None:
        with Hall() as hall:
            program = hall.program()
            program.asks("register", name="bob", password="short")
            program.vanishes()
            hall.settings = replace(hall.settings, password_min=8)
            hall.restart()
            self.assertEqual(
                hall.program().asks("login", name="bob", password="short")["name"], "bob"
            )

    def test_b13_b17_a_password_that_is_refused_is_no_new_account(self) -> None:
        with Hall(password_min=8, flood_limit=1000) as hall:
            for number in range(70):
                program = hall.program()
                program.asks("register", name=f"bob{number}", password="short")
                program.vanishes()
            answer = hall.program().asks("register", name="bob", password=PASSWORD)
            self.assertEqual(answer["name"], "bob")
