"""Messages of programs: their order, their answers, and that each is stored once."""

from __future__ import annotations

import json
from typing import Any

from twisted_chat.connection.line_queue import BaseDoor
from twisted_chat.testing import Program

from .receiver import Receiver
from .test_requests import InHall


class OrderTests(InHall):
    def test_the_event_comes_before_the_answer(self) -> None:
        bot = self.hall.bot("bot")
        bot.begins("send", room="#lobby", text="one", cid="1")
        event, answer = bot.sort_out()
        self.assertEqual((event["event"], event["cid"]), ("message", "1"))
        self.assertEqual(answer["ok"]["seq"], event["seq"])

    def test_the_event_comes_before_the_answer_in_a_new_private_conversation(self) -> None:
        bot, _ = self.hall.bot("bot"), self.hall.bot("ann")
        for number, text in enumerate("ab", 1):
            bot.begins("send", room="ann", text=text, cid=text)
            event, answer = bot.sort_out()
            self.assertEqual((event["room"], event["seq"], event["cid"]), ("ann", number, text))
            self.assertEqual(answer["ok"]["seq"], number)
            bot.events.clear()

    def test_a12_ten_thousand_requests_in_one_packet(self) -> None:
        bot = self.hall.bot("bot")
        lines = [json.dumps({"id": n, "do": "ping"}).encode() for n in range(10_000)]
        bot.sends(b"\n".join(lines) + b"\n")
        answers = bot.sort_out()
        self.assertEqual([line["re"] for line in answers], list(range(10_000)))

    def test_a12_answers_come_in_order_whatever_was_asked(self) -> None:
        bot, _ = self.hall.bot("bot"), self.hall.bot("ann")
        kinds: list[dict[str, Any]] = [
            {"do": "send", "room": "#lobby", "text": "x"},
            {"do": "send", "room": "ann", "text": "x"},
            {"do": "send", "room": "ann", "text": "\n"},
            {"do": "message", "user": "ann", "text": "", "cid": "e"},
            {"do": "send", "room": "nobody", "text": "x"},
            {"do": "ping"},
            {"do": "history"},
            {"do": "topic", "room": "#lobby", "text": "t"},
            {"do": "nonsense"},
            {"do": "entries", "room": "#lobby", "after": 0},
        ]
        lines = []
        for n in range(400):
            request: dict[str, Any] = {"id": n, **kinds[n * 7 % len(kinds)]}
            if request["do"] == "send":
                request["cid"] = str(n)
            lines.append(json.dumps(request).encode())
        bot.sends(b"\n".join(lines) + b"\n")
        answers = [line["re"] for line in bot.sort_out() if "re" in line]
        self.assertEqual(answers, list(range(400)))

    def test_a12_only_so_many_are_taken_in_advance(self) -> None:
        bot = self.hall.bot("bot")
        door = bot.protocol.door
        assert isinstance(door, BaseDoor)
        request = b'{"id":1,"do":"send","room":"#lobby","text":"x","cid":"%d"}\n'
        bot._pending = b"".join(request % n for n in range(2000))
        while bot.deliver():  # the writer does nothing meanwhile
            pass
        self.assertEqual(door._under_way, 256)
        self.assertLessEqual(len(door._waiting), 64)
        self.assertFalse(bot.transport.reading)
        bot.sort_out()
        self.assertEqual(self.hall.chat.rooms.lobby.last_seq, 2000)

    def test_a_full_queue_makes_the_sender_wait(self) -> None:
        bot = self.hall.bot("bot")
        texts = ["x" * 4000] * 600
        receiver = Receiver(self.hall, "ann")
        receiver.connects()
        receiver.says("#lobby", *texts)
        receiver.reads()
        self.assertEqual(receiver.unanswered, {})
        self.assertEqual(len(bot.takes_events("message")), 600)


class OnceTests(InHall):
    def _ack(self, program: Program, room: str, text: str, cid: str) -> tuple[int, bool]:
        answer = program.asks("send", room=room, text=text, cid=cid)
        self.assertNotIn("error", answer)
        return answer["seq"], answer["again"]

    def test_c9_a_repeated_cid_is_stored_once(self) -> None:
        bot, ann = self.hall.bot("bot"), self.hall.bot("ann")
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, False))
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, True))
        self.assertEqual(self._ack(ann, "#lobby", "hi", "1"), (2, False))
        self.assertEqual([e["seq"] for e in ann.takes_events("message")], [1, 2])

    def test_c9_across_reconnect_and_restart(self) -> None:
        bot = self.hall.bot("bot")
        self.hall.bot("ann")
        self._ack(bot, "#lobby", "hi", "1")
        self._ack(bot, "ann", "psst", "2")
        bot.vanishes()
        bot = self.hall.bot("bot", device="other")
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, True))
        self.hall.restart()
        bot = self.hall.bot("bot")
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, True))
        self.assertEqual(self._ack(bot, "ann", "psst", "2"), (1, True))
        self.assertEqual(bot.takes_events("message"), [])

    def test_c9_the_same_twice_in_one_batch(self) -> None:
        bot, _ = self.hall.bot("bot"), self.hall.bot("ann")
        for room in ("#lobby", "ann"):
            line = {"id": 1, "do": "send", "room": room, "text": "x", "cid": room}
            bot.sends((json.dumps(line) + "\n").encode() * 3)
            answers = [line["ok"] for line in bot.sort_out() if "ok" in line]
            self.assertEqual([ok["again"] for ok in answers], [False, True, True])
            self.assertEqual({ok["seq"] for ok in answers}, {1})
            self.assertEqual(len(bot.takes_events("message")), 1)
            bot.events.clear()

    def test_c9_another_text_or_place_is_a_conflict(self) -> None:
        bot, _ = self.hall.bot("bot"), self.hall.bot("ann")
        self._ack(bot, "#lobby", "hi", "1")
        for room, text in (("#lobby", "ho"), ("ann", "hi"), ("ann", "ho")):
            refused = bot.asks("send", room=room, text=text, cid="1")["error"]
            self.assertEqual(refused["code"], "conflict", (room, text))
        # A refused first message has not begun a conversation.
        self.assertEqual(list(self.hall.chat.rooms.rooms), [1])
        self.assertEqual(self._ack(bot, "ann", "hi", "2"), (1, False))

    def test_c9_a_repetition_after_an_edit_or_a_deletion(self) -> None:
        bot = self.hall.bot("bot")
        self._ack(bot, "#lobby", "hi", "1")
        bot.asks("edit", message="1", text="ho")
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, True))
        bot.asks("delete", what="1")
        self.assertEqual(self._ack(bot, "#lobby", "hi", "1"), (1, True))

    def test_a_cid_has_1_to_64_characters(self) -> None:
        bot, _ = self.hall.bot("bot"), self.hall.bot("ann")
        for room in ("#lobby", "ann"):
            for cid in ("", "x" * 65):
                refused = bot.asks("send", room=room, text="x", cid=cid)["error"]
                self.assertEqual(refused["code"], "args")
        self.assertEqual(self._ack(bot, "ann", "x", "é" * 64), (1, False))

    def test_c4_to_nobody_nothing_is_stored(self) -> None:
        bot = self.hall.bot("bot")
        refused = bot.asks("send", room="nobody", text="x", cid="1")["error"]
        self.assertEqual(refused["code"], "no_such_user")
        self.assertEqual(self._ack(bot, "#lobby", "x", "1"), (1, False))

    def test_c3_the_sender_is_told_who_gets_it_later(self) -> None:
        bot = self.hall.bot("bot")
        self.hall.bot("ann").vanishes()
        answer = bot.asks("send", room="ann", text="x", cid="1")
        self.assertEqual((answer["now"], answer["later"]), (0, 1))


class DeviceTests(InHall):
    def test_c9_each_device_gets_one_copy(self) -> None:
        devices = [self.hall.bot("bot", device=f"d{n}") for n in range(3)]
        ann = [self.hall.bot("ann", device=f"d{n}") for n in range(2)]
        for number, room in enumerate(("#lobby", "ann", "ann"), 1):
            devices[0].asks("send", room=room, text="x", cid=str(number))
            for device in devices:
                (event,) = device.takes_events("message")
                self.assertEqual((event["room"], event["cid"]), (room, str(number)))
            for device in ann:
                (event,) = device.takes_events("message")
                self.assertEqual(event["room"], "#lobby" if room == "#lobby" else "bot")
                self.assertNotIn("cid", event)

    def test_b12_the_idlest_of_too_many_devices_is_told_and_closed(self) -> None:
        devices = []
        for n in range(20):
            devices.append(self.hall.bot("bot", device=f"d{n}"))
            self.hall.wait(1)
        devices[0].asks("ping")  # so that the second is idle for longest
        self.hall.bot("bot", device="one more")
        self.assertEqual([n for n, device in enumerate(devices) if device.closed], [1])
        self.assertEqual(devices[1].takes_events("closed")[0]["code"], "too_many_devices")


class SentAgainTests(InHall):
    """What is sent again is answered with its number, whatever has happened meanwhile."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.hall.bot("ann"), self.hall.bot("bob")
        self.ann.asks("create", room="#den", private=True)
        self.ann.asks("invite", room="#den", user="bob")
        self.bob.asks("join", room="#den")
        self.seq = self.says("#den", "one")["seq"]

    def says(self, room: str, cid: str, text: str = "hello") -> dict[str, Any]:
        return self.bob.asks("send", room=room, text=text, cid=cid)

    def code(self, room: str, cid: str, text: str = "hello") -> object:
        return self.says(room, cid, text)["error"]["code"]

    def check_again(self, refusal: str) -> None:
        """The first message has its number, and a new one is refused."""
        again = self.says("#den", "one")
        self.assertEqual((again["seq"], again["again"]), (self.seq, True))
        self.assertEqual(self.code("#den", "two"), refusal)
        self.assertEqual(self.code("#den", "one", "other words"), "conflict")

    def test_d1_by_somebody_who_was_muted(self) -> None:
        self.ann.asks("mute", room="#den", user="bob", duration="1h")
        self.check_again("muted")

    def test_d1_by_somebody_who_was_banned(self) -> None:
        self.ann.asks("ban", room="#den", user="bob")
        self.check_again("no_such_room")
        again = self.says("#den", "one")
        self.assertEqual((again["now"], again["later"]), (0, 0))  # which is not theirs to know now

    def test_d1_by_somebody_who_left(self) -> None:
        self.bob.asks("leave", room="#den")
        self.check_again("no_such_room")

    def test_d1_in_a_room_that_was_deleted(self) -> None:
        self.ann.asks("delete", what="#den", sure=True)
        self.check_again("no_such_room")

    def test_d1_in_private_to_somebody_who_is_gone(self) -> None:
        said = self.says("ann", "three")
        self.ann.asks("delete", what="#den", sure=True)
        self.ann.asks("delete-account", sure=True)
        self.assertEqual(self.says("ann", "three")["seq"], said["seq"])
        self.assertEqual(self.code("ann", "four"), "no_such_user")

    def test_c6_no_id_tells_whether_a_hidden_room_exists(self) -> None:
        self.ann.asks("create", room="#cellar", private=True)
        for room in ("#cellar", "#nowhere"):
            self.assertEqual(self.code(room, "one"), "no_such_room")

    def test_a9_an_id_has_visible_characters(self) -> None:
        for cid in ("a\0b", "\x07", "a\u2028b", "\x7f", "", "x" * 65):
            self.assertEqual(self.code("#lobby", cid), "args")
            self.assertEqual(self.code("ann", cid), "args")
        self.assertEqual(self.says("#lobby", "ï ☃ \U0001f600")["seq"], 1)

    def test_a9_a_zero_byte_finds_nothing_and_breaks_nothing(self) -> None:
        self.says("#den", "plain", "needle")
        for verb, arguments in (
            ("search", {"text": "needle\0"}),
            ("search", {"text": "\0"}),
            ("history", {"place": "#den\0"}),
            ("entries", {"room": "#den\0", "after": 0}),
            ("claim", {"room": "#den", "devices": ["\0"]}),
            ("read", {"positions": {"#den\0": 1}}),
        ):
            self.assertNotEqual(
                self.bob.asks(verb, **arguments).get("error", {}).get("code"), "internal"
            )
