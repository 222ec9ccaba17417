"""Coming back: positions, the epoch, and what happened meanwhile."""

from __future__ import annotations

from itertools import product
from typing import Any

import sqlalchemy as sa

from twisted_chat.testing import PASSWORD, Hall, Program

from .receiver import Receiver, resumes
from .test_requests import InHall


class PositionTests(InHall):
    def setUp(self) -> None:
        super().setUp()
        self.ann = self.hall.bot("ann")
        self.bot = Receiver(self.hall, "bot")
        self.bot.connects()

    def _ann_says(self, *texts: str, room: str = "#lobby") -> None:
        for text in texts:
            answer = self.ann.asks("send", room=room, text=text, cid=f"{room} {text[:9]}")
            self.assertNotIn("error", answer)

    def _back(self, **positions: int) -> tuple[Program, dict[str, Any]]:
        self.bot.vanishes()
        named = {"#" + room if room == "lobby" else room: n for room, n in positions.items()}
        kept = {"epoch": self.bot.epoch, "positions": named}
        program, answer = resumes(self.hall, self.bot.token, **kept)
        self.bot.token = answer["token"]
        return program, answer

    def test_resuming_shows_what_was_missed(self) -> None:
        self._ann_says("a")
        self.bot.reads()
        self.bot.vanishes()
        self._ann_says("b", "c")
        self._ann_says("psst", room="bot")
        self.bot.connects()
        self.assertEqual(self.bot.texts("#lobby"), ["a", "b", "c"])
        self.assertEqual(self.bot.texts("ann"), ["psst"])

    def test_resuming_after_a_restart(self) -> None:
        self._ann_says("a", "b")
        self.bot.vanishes()
        self._ann_says(*(f"n{n}" for n in range(300)))
        self.hall.restart()
        self.bot.connects()
        self.assertEqual(len(self.bot.texts("#lobby")), 302)

    def test_positions_out_of_range_and_unknown_rooms(self) -> None:
        self._ann_says("a", "b", "c")
        self.ann.asks("create", room="#secret", private=True)
        for at, first in ((0, 1), (-5, 1), (2, 3), (3, None)):
            program, answer = self._back(lobby=at)
            self.assertEqual(answer["rooms"]["#lobby"]["from"], max(at, 0))
            seqs = [e["seq"] for e in program.takes_events("message")]
            self.assertEqual(seqs, list(range(first, 4)) if first else [])
        self.bot.vanishes()
        kept = {"positions": {"#LOBBY": 1, "#secret": 0, "nobody": 3, "ann": 9, "": 1}}
        program, answer = resumes(self.hall, self.bot.token, **kept)
        self.assertEqual(answer["unknown"], ["#secret", "nobody", "ann", ""])
        self.assertEqual(answer["rooms"]["#lobby"]["from"], 1)

    def test_a_position_that_was_never_reached_counts_as_not_given(self) -> None:
        self._ann_says("a", "b", "c")
        assert self.bot.program is not None
        self.bot.program.asks("delivered", positions={"#lobby": 1})
        program, answer = self._back(lobby=50)
        self.assertEqual(answer["rooms"]["#lobby"]["from"], 1)
        self.assertEqual(len(program.takes_events("message")), 2)

    def test_without_positions_the_device_goes_on_where_it_confirmed(self) -> None:
        self._ann_says("a", "b", "c")
        assert self.bot.program is not None
        self.bot.program.asks("delivered", positions={"#lobby": 2})
        self.hall.restart()
        _, answer = self._back()
        self.assertEqual(answer["rooms"]["#lobby"]["from"], 2)
        other = self.hall.program()
        answer = other.asks("login", name="bot", password=PASSWORD, device="new")
        self.assertEqual(answer["rooms"]["#lobby"]["from"], 2)  # what some session was shown

    def test_unread_is_told_on_every_device(self) -> None:
        self._ann_says("a", "b", "c")
        assert self.bot.program is not None
        self.bot.program.asks("read", positions={"#lobby": 2})
        self.hall.wait(10)
        other = self.hall.program()
        answer = other.asks("login", name="bot", password=PASSWORD, device="new")
        self.assertEqual(answer["rooms"]["#lobby"]["read"], 2)
        late = self.hall.program().asks("register", name="late", password=PASSWORD)
        self.assertEqual(late["rooms"]["#lobby"]["read"], 3)

    def test_d14_another_epoch_is_a_reset(self) -> None:
        self._ann_says("a", "b")
        self.bot.vanishes()
        self.bot.epoch = "of before the restore"
        answer = self.bot.connects()
        self.assertTrue(answer["reset"])
        self.assertEqual(answer["rooms"]["#lobby"]["from"], 0)
        self.assertEqual(self.bot.texts("#lobby"), ["a", "b"])

    def test_d14_the_epoch_outlasts_a_restart(self) -> None:
        before = self.hall.store.epoch
        self.hall.restart()
        self.assertEqual(self.hall.store.epoch, before)

    def test_gaps_are_filled_with_entries(self) -> None:
        self._ann_says(*"abcdefgh")
        assert self.bot.program is not None
        asks = self.bot.program.asks
        page = asks("entries", room="#lobby", after=2, upto=6, limit=3)
        self.assertEqual([e["text"] for e in page["entries"]], ["c", "d", "e"])
        self.assertTrue(page["more"])
        page = asks("entries", room="#lobby", after=5, upto=6)
        self.assertEqual(([e["seq"] for e in page["entries"]], page["more"]), ([6], False))
        self.assertEqual(asks("entries", room="#lobby", after=8), {"entries": [], "more": False})
        self.assertEqual(asks("entries", room="ann", after=0), {"entries": [], "more": False})
        for limit in (0, 501):
            refused = asks("entries", room="#lobby", after=0, limit=limit)
            self.assertEqual(refused["error"]["code"], "args")

    def test_a16_one_answer_has_so_much_text_at_most(self) -> None:
        self._ann_says(*(f"{n} " + "x" * 4000 for n in range(60)))
        assert self.bot.program is not None
        after = 0
        while True:
            page = self.bot.program.asks("entries", room="#lobby", after=after)
            self.assertLessEqual(sum(len(e["text"]) for e in page["entries"]), 128 * 1024)
            self.assertEqual(page["entries"][0]["seq"], after + 1)
            after = page["entries"][-1]["seq"]
            if not page["more"]:
                break
        self.assertEqual(after, 60)

    def test_a_deleted_text_is_shown_to_nobody_who_comes_later(self) -> None:
        self.bot.stops_reading()
        absent = Receiver(self.hall, "absent")
        absent.connects()
        absent.vanishes()
        self._ann_says("secret", "typo", "last")
        self.ann.asks("edit", message="2", text="text")
        self.ann.asks("delete", what="1")
        self.bot.reads_again()
        self.bot.reads()
        absent.connects()
        for receiver in (self.bot, absent):
            said = receiver.log["#lobby"]
            self.assertNotIn("secret", str(said))
            self.assertNotIn("typo", str(said))
            self.assertTrue(said[0]["deleted"] and said[1]["edited"])
            self.assertEqual([e["event"] for e in said[3:]], ["edit", "delete"])
            self.assertEqual(said[3]["target"], 2)

    def test_d14_who_has_seen_more_than_there_is_is_told(self) -> None:
        self._ann_says("a", "b")
        _, answer = self._back(lobby=2)
        self.assertNotIn("lost", answer)
        _, answer = self._back(lobby=5)
        self.assertEqual(answer["lost"], {"#lobby": 2})
        self.assertFalse(answer["reset"])
        self.bot.epoch = ""  # who does not say of which history it is has nothing to compare
        _, answer = self._back(lobby=5)
        self.assertNotIn("lost", answer)

    def test_d14_a_copy_of_another_time_is_another_history(self) -> None:
        """A restore gives the database another epoch; here it is given one by hand."""
        self._ann_says("a")
        self.bot.vanishes()
        self.hall.close()
        path = self.hall.directory / "chat.db"
        engine = sa.create_engine(f"sqlite:///{path}")
        with engine.begin() as db:
            db.exec_driver_sql("UPDATE meta SET value = 'restored' WHERE key = 'epoch'")
        engine.dispose()
        self.hall.open()
        self.assertTrue(self.bot.connects()["reset"])


class OneStepTests(InHall):
    """What is followed from a moment on is followed without a gap from that moment on."""

    def test_joining_while_others_speak(self) -> None:
        ann, bot = Receiver(self.hall, "ann"), Receiver(self.hall, "bot")
        ann.connects()
        assert ann.program is not None
        ann.program.asks("create", room="#den")
        bot.connects()
        assert bot.program is not None
        before, after = [f"b{n}" for n in range(20)], [f"a{n}" for n in range(20)]
        # All of it is in the queue before the writer begins.
        run_once, self.hall.store.run_once = self.hall.store.run_once, lambda: False  # type: ignore[method-assign]
        ann.says("#den", *before)
        number = bot.program.begins("join", room="#den")
        ann.says("#den", *after)
        self.hall.store.run_once = run_once  # type: ignore[method-assign]
        self.hall.settle()
        (joined,) = [e for e in bot.program.sort_out() if e.get("re") == number]
        bot.reads()
        first = joined["ok"]["seq"] + 1
        seqs = [entry["seq"] for entry in bot.log["#den"]]
        last = bot.positions["#den"]
        self.assertEqual(seqs, list(range(first, last + 1)))
        self.assertEqual(bot.texts("#den"), after)

    def test_joining_on_another_device_while_this_one_does_not_read(self) -> None:
        ann = self.hall.bot("ann")
        ann.asks("create", room="#den")
        paused, other = Receiver(self.hall, "bot"), self.hall.bot("bot", device="other")
        paused.connects()
        paused.stops_reading()
        other.asks("join", room="#den")
        for n in range(5):
            ann.asks("send", room="#den", text=str(n), cid=str(n))
        paused.reads_again()
        paused.reads()
        self.assertEqual(paused.texts("#den"), list("01234"))

    def test_a_new_private_conversation_while_paused(self) -> None:
        ann, bot = self.hall.bot("ann"), Receiver(self.hall, "bot")
        bot.connects()
        bot.stops_reading()
        for n in range(3):
            ann.asks("send", room="bot", text=str(n), cid=str(n))
        ann.asks("broadcast user", users=["bot"], text="3")
        bot.reads_again()
        bot.reads()
        self.assertEqual(bot.texts("ann"), list("0123"))

    def test_a_new_private_conversation_during_the_sign_in(self) -> None:
        ann, bot = self.hall.bot("ann"), Receiver(self.hall, "bot")
        bot.connects()
        bot.vanishes()
        ann.begins("send", room="bot", text="0", cid="0")
        bot.connects()
        ann.asks("send", room="bot", text="1", cid="1")
        bot.reads()
        self.assertEqual(bot.texts("ann"), ["0", "1"])

    def test_c5_who_is_kicked_while_paused_gets_nothing_later(self) -> None:
        for how in ("kick", "ban"):
            ann, bot = self.hall.bot("ann"), self.hall.bot("bot")
            room = f"#{how}"
            ann.asks("create", room=room)
            bot.asks("join", room=room)
            bot.takes_events()
            bot.stops_reading()
            ann.asks("send", room=room, text="while a member", cid=room + "1")
            ann.asks(how, room=room, user="bot")
            ann.asks("send", room=room, text="secret", cid=room + "2")
            bot.reads_again()
            self.assertNotIn("secret", str(bot.takes_events()))
            for do, arguments in (
                ("entries", {"room": room, "after": 0}),
                ("history", {"place": room}),
                ("send", {"room": room, "text": "x", "cid": room}),
                ("delivered", {"positions": {room: 1}}),
                ("read", {"positions": {room: 1}}),
                ("edit", {"message": f"{room}/2", "text": "x"}),
                ("search", {"words": f"secret in:{room}"}),
            ):
                self.assertEqual(bot.asks(do, **arguments)["error"]["code"], "not_a_member", do)
            self.assertEqual(bot.asks("search", words="secret")["lines"], [])
            self.assertNotIn("secret", str(bot.asks("history")))
            ann.vanishes()
            bot.vanishes()

    def test_c5_who_was_kicked_while_away_cannot_resume_there(self) -> None:
        ann, bot = self.hall.bot("ann"), Receiver(self.hall, "bot")
        ann.asks("create", room="#den")
        bot.connects()
        assert bot.program is not None
        bot.program.asks("join", room="#den")
        bot.reads()
        bot.vanishes()
        ann.asks("kick", room="#den", user="bot")
        ann.asks("send", room="#den", text="secret", cid="1")
        program, answer = resumes(self.hall, bot.token, positions={"#den": 1})
        self.assertEqual(answer["unknown"], ["#den"])
        self.assertEqual(program.takes_events("message"), [])

    def test_c5_a_private_room_shows_nothing_from_before_one_joined(self) -> None:
        ann, bot = self.hall.bot("ann"), self.hall.bot("bot")
        ann.asks("create", room="#den", private=True)
        ann.asks("send", room="#den", text="secret", cid="1")
        ann.asks("invite", room="#den", user="bot")
        bot.asks("join", room="#den")
        page = bot.asks("entries", room="#den", after=0)
        self.assertEqual([e["event"] for e in page["entries"]], ["join"])
        kept = {"positions": {"#den": 0}}
        again = self.hall.program()
        answer = again.asks("login", name="bot", password=PASSWORD, **kept)
        self.assertEqual(answer["rooms"]["#den"]["from"], 2)
        self.assertNotIn("secret", str(again.takes_events()))

    def test_c6_a_private_room_is_as_if_it_did_not_exist(self) -> None:
        ann, bot = self.hall.bot("ann"), self.hall.bot("bot")
        ann.asks("create", room="#den", private=True)
        for do, arguments in (
            ("entries", {"after": 0}),
            ("join", {}),
            ("members", {}),
            ("topic", {}),
            ("send", {"text": "x", "cid": "1"}),
        ):
            there = bot.asks(do, room="#den", **arguments)["error"]
            nowhere = bot.asks(do, room="#non", **arguments)["error"]
            self.assertEqual(there["code"], nowhere["code"])
            self.assertEqual(there["message"].replace("den", "non"), nowhere["message"])


class IgnoringTests(InHall):
    def test_what_an_ignored_person_says_is_hidden_and_numbered(self) -> None:
        ann, bot = self.hall.bot("ann"), Receiver(self.hall, "bot")
        bot.connects()
        assert bot.program is not None
        ann.asks("send", room="bot", text="0", cid="0")
        bot.program.asks("ignore", user="ann")
        ann.asks("send", room="bot", text="1", cid="1")
        ann.asks("send", room="#lobby", text="2", cid="2")
        ann.asks("edit", message="1", text="3")
        bot.reads()
        self.assertEqual([e["event"] for e in bot.log["#lobby"]], ["hidden", "hidden"])
        self.assertEqual([e["event"] for e in bot.log["ann"]], ["message", "hidden"])
        bot.vanishes()
        ann.asks("send", room="#lobby", text="4", cid="4")
        bot.connects()
        self.assertEqual(bot.log["#lobby"][2], {"event": "hidden", "room": "#lobby", "seq": 3})
        assert bot.program is not None
        page = bot.program.asks("entries", room="#lobby", after=0)
        self.assertEqual({e["event"] for e in page["entries"]}, {"hidden"})

    def test_what_an_ignored_person_does_is_seen(self) -> None:
        with Hall(admins=("root",)) as hall:
            root, ann, bot = hall.bot("root"), hall.bot("ann"), hall.bot("bot")
            bot.asks("ignore", user="root")
            ann.asks("send", room="#lobby", text="rude", cid="1")
            root.asks("delete", what="1")
            root.asks("topic", room="#lobby", text="manners")
            events = bot.takes_events("message", "delete", "topic", "hidden")
            self.assertEqual([e["event"] for e in events], ["message", "delete", "topic"])
            page = bot.asks("entries", room="#lobby", after=1)
            self.assertEqual([e["event"] for e in page["entries"]], ["delete", "topic"])


class ReceiptTests(InHall):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bot = self.hall.bot("ann"), self.hall.bot("bot")
        for n in range(3):
            self.ann.asks("send", room="bot", text=str(n), cid=str(n))
        self.ann.takes_events()

    def test_the_other_person_is_told(self) -> None:
        self.assertEqual(self.bot.asks("delivered", positions={"ann": 2}), {})
        (receipt,) = self.ann.takes_events("receipt")
        self.assertEqual(
            receipt,
            {"event": "receipt", "room": "bot", "who": "bot", "delivered": 2, "read": None},
        )
        self.bot.asks("read", positions={"ann": 1})
        (receipt,) = self.ann.takes_events("receipt")
        self.assertEqual((receipt["delivered"], receipt["read"]), (None, 1))

    def test_delivered_only_grows(self) -> None:
        for n in (2, 1, 2):
            self.bot.asks("delivered", positions={"ann": n})
        self.assertEqual([r["delivered"] for r in self.ann.takes_events("receipt")], [2])

    def test_what_was_read_is_told_to_the_other_devices(self) -> None:
        phone = self.hall.bot("bot", device="phone")
        self.ann.asks("send", room="#lobby", text="x", cid="x")
        self.bot.asks("read", positions={"#lobby": 1, "ann": 3})
        receipts = phone.takes_events("receipt")
        self.assertEqual([(r["room"], r["read"]) for r in receipts], [("#lobby", 1), ("ann", 3)])
        self.assertEqual(self.bot.takes_events("receipt"), [])

    def test_a20_what_was_read_is_told_once_however_often_it_is_said(self) -> None:
        phone = self.hall.bot("bot", device="phone")
        for _ in range(3):
            self.bot.asks("read", positions={"ann": 1, "ANN": 2, "Ann": 3})
        for one in (self.ann, phone):
            self.assertEqual([receipt["read"] for receipt in one.takes_events("receipt")], [3])

    def test_a20_a_name_is_not_looked_up_in_a_thousand_ways(self) -> None:
        ways = ["".join(way) for way in product("lL", "oO", "bB", "bB", "yY")]
        for do in ("delivered", "read"):
            refused = self.bot.asks(do, positions={f"#{way}": 0 for way in ways})
            self.assertEqual(refused["error"]["message"], "Name each conversation once.")
        with_new_ones = {f"gone{number}": 0 for number in range(60)}
        self.bot.asks("create", room="#old")
        self.bot.asks("rename", room="#old", name="#new")
        for known in ({}, with_new_ones):
            again = self.hall.program()
            positions = {**known, "#old": 1}
            answer = again.asks("login", name="bot", password=PASSWORD, positions=positions)
            self.assertEqual("#old" in answer["unknown"], bool(known))

    def test_a_wrong_number_refuses_all(self) -> None:
        for number in (-1, 4):
            for do in ("delivered", "read"):
                refused = self.bot.asks(do, positions={"ann": 1, "#lobby": number})
                self.assertEqual(refused["error"]["code"], "args")
        self.assertEqual(self.ann.takes_events("receipt"), [])

    def test_what_was_not_sent_yet_cannot_be_confirmed(self) -> None:
        self.bot.stops_reading()
        self.ann.asks("send", room="bot", text="3", cid="3")
        session = next(s for s in self.hall.chat.sessions if s.person.name == "bot")
        self.assertEqual(session.lag(), 1)
        self.bot.reads_again()
        self.assertEqual(session.lag(), 0)
