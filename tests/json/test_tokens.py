"""What a program comes back with instead of a password."""

from __future__ import annotations

from typing import Any
from unittest import mock

from twisted_chat.chat.accounts.sign_in import A_DAY
from twisted_chat.core.errors import ChatError
from twisted_chat.store.cursors import GONE
from twisted_chat.testing import PASSWORD, Hall, Program

from .receiver import resumes
from .test_requests import InHall


class TokenTests(InHall):
    def _registered(self, name: str = "bot") -> tuple[Program, str]:
        program = self.hall.program()
        answer = program.asks("register", name=name, password=PASSWORD, device="d")
        return program, answer["token"]

    def test_b7_a_token_is_good_until_its_successor_is_used(self) -> None:
        _, token = self._registered()
        _, lost = resumes(self.hall, token)
        self.assertEqual((lost["name"], lost["device"]), ("bot", "d"))
        self.assertNotEqual(lost["token"], token)
        _, answer = resumes(self.hall, token)  # as if that answer had not come
        self.assertEqual(answer["name"], "bot")
        _, again = resumes(self.hall, answer["token"])
        self.assertEqual(again["name"], "bot")
        _, refused = resumes(self.hall, token)
        self.assertEqual(refused["error"]["code"], "bad_token")

    def test_b7_an_attempt_that_is_answered_late_takes_nothing_away(self) -> None:
        _, token = self._registered()
        early, late = self.hall.program(), self.hall.program()
        early.queues("resume", token=token)
        late.queues("resume", token=token)
        _, answer = resumes(self.hall, token)  # while both are on their way
        early.deliver()
        early.breaks()
        late.deliver()
        _, again = resumes(self.hall, answer["token"])
        self.assertEqual(again["name"], "bot")
        late = self.hall.program()
        late.queues("resume", token=token)  # its successor was used
        _, answer = resumes(self.hall, again["token"])
        late.deliver()
        _, again = resumes(self.hall, answer["token"])
        self.assertEqual(again["name"], "bot")

    def test_b7_it_is_good_too_after_the_server_was_started_again(self) -> None:
        _, token = self._registered()
        _, lost = resumes(self.hall, token)
        self.hall.restart()
        _, answer = resumes(self.hall, token)
        self.assertEqual(answer["name"], "bot")
        _, again = resumes(self.hall, answer["token"])
        self.assertEqual(again["name"], "bot")
        _, refused = resumes(self.hall, lost["token"])
        self.assertEqual(refused["error"]["code"], "bad_token")

    def test_b7_a_device_that_resumes_takes_the_place_of_its_lost_session(self) -> None:
        _, token = self._registered()
        first, _ = resumes(self.hall, token)
        second, _ = resumes(self.hall, token)
        self.assertEqual(first.takes_events("closed")[0]["code"], "resumed")
        self.assertTrue(first.closed)
        self.assertFalse(second.closed)

    def test_b7_ending_a_device_revokes_its_token(self) -> None:
        _, token = self._registered()
        here = self.hall.bot("bot", device="here")
        here.asks("devices", end=1)
        _, refused = resumes(self.hall, token)
        self.assertEqual(refused["error"]["code"], "bad_token")

    def test_b7_an_unknown_token(self) -> None:
        for token in ("", "x", "é", "x" * 10_000):
            _, refused = resumes(self.hall, token)
            self.assertEqual(refused["error"]["code"], "bad_token")

    def test_b7_only_a_hash_is_stored(self) -> None:
        _, token = self._registered()
        self.hall.close()
        everything = b"".join(path.read_bytes() for path in self.hall.directory.glob("*.*"))
        self.assertNotIn(token.encode(), everything)

    def test_b9_a_new_password_ends_sessions_and_tokens(self) -> None:
        here, token = self._registered()
        there = self.hall.bot("bot", device="there")
        self.assertNotIn("error", here.asks("password", old=PASSWORD, new="another one"))
        self.assertEqual(there.takes_events("closed")[0]["code"], "password_changed")
        self.assertFalse(here.closed)
        _, refused = resumes(self.hall, token)
        self.assertEqual(refused["error"]["code"], "bad_token")
        answer = self.hall.program().asks("login", name="bot", password=PASSWORD)
        self.assertEqual(answer["error"]["code"], "wrong_password")

    def test_b9_somebody_banned_cannot_resume(self) -> None:
        with Hall(admins=("root",)) as hall:
            root, bot = hall.bot("root"), hall.program()
            token = bot.asks("register", name="bot", password=PASSWORD)["token"]
            root.asks("ban-user", user="bot")
            self.assertEqual(bot.takes_events("closed")[0]["code"], "suspended")
            _, refused = resumes(hall, token)
            self.assertEqual(refused["error"]["code"], "bad_token")
            answer = hall.program().asks("login", name="bot", password=PASSWORD)
            self.assertEqual(answer["error"]["code"], "suspended")

    def test_b9_a_ban_during_the_sign_in(self) -> None:
        with Hall(admins=("root",)) as hall:
            root = hall.bot("root")
            hall.bot("bot").vanishes()
            late = hall.program()
            late._pending = b'{"id":1,"do":"login","name":"bot","password":"%s"}\n' % (
                PASSWORD.encode()
            )
            root._pending = b'{"id":99,"do":"ban-user","user":"bot"}\n'
            late.deliver()  # the password was right; the token is on its way to the disk
            root.deliver()
            self.assertEqual(late.answer_to(1)["error"]["code"], "suspended")
            self.assertNotIn("bot", {s.person.name for s in hall.chat.sessions})

    def test_d3_when_the_disk_is_full_the_token_stays_good(self) -> None:
        _, token = self._registered()

        def full(apply: object, done: Any) -> None:
            done(ChatError("store_full", "The disk is full.", retry_after=30))

        with mock.patch.object(self.hall.store, "change", full):
            _, answer = resumes(self.hall, token)
            self.assertEqual(answer["token"], token)
        _, answer = resumes(self.hall, token)
        self.assertNotEqual(answer["token"], token)

    def test_a_device_has_a_visible_name(self) -> None:
        for device in ("", "x" * 65, "a\nb"):
            answer = self.hall.program().asks(
                "register", name="bot", password=PASSWORD, device=device
            )
            self.assertEqual(answer["error"]["code"], "args")
            self.assertIsNone(self.hall.chat.roster.names.find("bot"))


class ExpiryTests(InHall):
    def registered(self, name: str = "bot") -> tuple[Program, str]:
        program = self.hall.program()
        answer = program.asks("register", name=name, password=PASSWORD, device="d")
        return program, str(answer["token"])

    def starts_again_after(self, days: int) -> None:
        self.hall.wall_offset += days * A_DAY
        self.hall.restart()

    def devices(self) -> set[str]:
        """Whose cursors are kept."""
        rows = self.hall.store.writer._committer._connection.exec_driver_sql(
            "SELECT DISTINCT device FROM cursor"
        )
        return set(rows.scalars())

    def test_b7_a_token_expires_that_was_not_used_for_90_days(self) -> None:
        program, token = self.registered()
        program.vanishes()
        for days, good in ((89, True), (89, True), (91, False)):
            self.starts_again_after(days)
            _, answer = resumes(self.hall, token)
            self.assertEqual("token" in answer, good, days)
            token = answer.get("token", token)
        self.assertEqual(answer["error"]["code"], "bad_token")
        self.assertIn("not used for 90 days: log in with a password", answer["error"]["message"])

    def test_b7_what_has_expired_goes_with_the_keys_and_cursors_of_its_device(self) -> None:
        program, _ = self.registered()
        program.asks("send", room="#lobby", text="ohm", cid="1")
        program.asks("delivered", positions={"#lobby": 1})
        program.vanishes()
        self.hall.wait(10)
        self.assertIn("d", self.devices())
        self.starts_again_after(91)
        self.hall.wait(10)
        self.assertNotIn("d", self.devices())
        counted = self.hall.store.writer._committer._connection.exec_driver_sql(
            "SELECT count(*) FROM token"
        )
        self.assertEqual(counted.scalar_one(), 0)
        # What it was shown is not shown to the person once more.
        text = self.hall.connects()
        text.types("bot", PASSWORD)
        self.assertNotIn("ohm", text.takes())

    def test_b7_who_stays_for_months_can_still_resume(self) -> None:
        program, token = self.registered()
        self.hall.wait(100 * 24 * 3600, step=12 * 3600)
        program.vanishes()
        self.starts_again_after(10)
        _, answer = resumes(self.hall, token)
        self.assertEqual(answer["name"], "bot")

    def test_b7_k6_a_clock_that_jumps_ends_no_token(self) -> None:
        program, token = self.registered()
        program.vanishes()
        self.hall.wall_offset += 365 * A_DAY
        self.hall.wait(2 * 3600, step=600)
        self.hall.wall_offset -= 365 * A_DAY
        _, answer = resumes(self.hall, token)
        self.assertEqual(answer["name"], "bot")

    def test_b7_devices_that_do_not_come_back_after_a_new_password_leave_nothing(self) -> None:
        old = PASSWORD
        for round in range(3):
            for device in ("phone", f"gone {round}"):
                bot = self.hall.program()
                do = "register" if not round and device == "phone" else "login"
                bot.asks(do, name="bot", password=old, device=device)
                bot.asks("send", room="#lobby", text="ohm", cid=device)
                bot.asks("delivered", positions={"#lobby": round + 1})
            self.hall.wait(10)
            new = f"battery staple {round}"
            bot.asks("password", old=old, new=new)
            old = new
        self.assertEqual(self.devices() - {"", GONE}, {"phone", "gone 2"})
        again = self.hall.program().asks("login", name="bot", password=old, device="new")
        self.assertEqual(again["rooms"]["#lobby"]["from"], 3)

    def test_b7_a_device_that_is_ended_leaves_nothing_behind(self) -> None:
        program, _ = self.registered()
        program.asks("send", room="#lobby", text="ohm", cid="1")
        program.asks("delivered", positions={"#lobby": 1})
        here = self.hall.bot("bot", device="here")
        self.hall.wait(10)
        self.assertIn("d", self.devices())
        here.asks("devices", end=1)
        self.hall.wait(10)
        self.assertNotIn("d", self.devices())
