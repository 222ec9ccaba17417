"""That somebody is typing: who is told, and when nobody is."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from twisted_chat.chat import presence
from twisted_chat.testing import Hall, Program

from .test_requests import InHall


def told(*programs: Program) -> list[list[tuple[str, str]]]:
    """What each of them was told: where, and who types there."""
    return [[(e["room"], e["who"]) for e in p.takes_events("typing")] for p in programs]


class TypingTests(InHall):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison, self.bell = self.bots("tesla", "edison", "bell")

    def bots(self, *names: str) -> list[Program]:
        return [self.hall.bot(name) for name in names]

    def types(self, program: Program, room: str) -> None:
        self.assertEqual(program.asks("typing", room=room), {})

    def refused(self, program: Program, room: str) -> str:
        """The code with which typing is refused; a message is refused in the same words."""
        typing = program.asks("typing", room=room)["error"]
        self.assertEqual(typing, program.asks("send", room=room, text="x", cid="1")["error"])
        return str(typing["code"])

    def test_the_others_are_told_and_not_oneself(self) -> None:
        again = self.hall.bot("tesla", device="phone")
        self.types(self.tesla, "#lobby")
        here = [("#lobby", "tesla")]
        self.assertEqual(told(self.edison, self.bell, self.tesla, again), [here, here, [], []])

    def test_in_a_room_its_members_are_told(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.edison.asks("join", room="#coil")
        self.types(self.edison, "#COIL")
        self.assertEqual(told(self.tesla, self.edison, self.bell), [[("#coil", "edison")], [], []])

    def test_in_private_the_other_person_is_told_on_every_device(self) -> None:
        phone = self.hall.bot("edison", device="phone")
        self.tesla.asks("send", room="edison", text="psst", cid="1")
        self.types(self.edison, "tesla")
        self.types(self.tesla, "EDISON")
        self.assertEqual(told(self.tesla), [[("edison", "edison")]])
        there = [("tesla", "tesla")]
        self.assertEqual(told(self.edison, phone, self.bell), [there, there, []])

    def test_a_private_conversation_is_not_announced_by_it(self) -> None:
        self.types(self.tesla, "edison")
        self.assertEqual(told(self.edison), [[]])
        self.tesla.asks("send", room="edison", text="psst", cid="1")
        self.types(self.tesla, "edison")
        self.assertEqual(told(self.edison), [[("tesla", "tesla")]])

    def test_nothing_is_stored_or_numbered(self) -> None:
        self.types(self.tesla, "#lobby")
        answer = self.tesla.asks("send", room="#lobby", text="x", cid="1")
        self.assertEqual(answer["seq"], 1)
        self.assertEqual(
            self.bell.takes_events()[0], {"event": "typing", "room": "#lobby", "who": "tesla"}
        )

    def test_once_in_three_seconds(self) -> None:
        here = ("#lobby", "tesla")
        phone = self.hall.bot("tesla", device="phone")
        self.types(self.tesla, "#lobby")
        self.hall.wait(2)
        self.types(self.tesla, "#lobby")
        self.types(phone, "#lobby")
        self.assertEqual(told(self.bell), [[here]])
        self.hall.wait(1)
        self.types(self.tesla, "#lobby")
        self.assertEqual(told(self.bell), [[here]])

    def test_another_person_and_another_room_have_their_own_three_seconds(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.bell.asks("join", room="#coil")
        self.types(self.tesla, "#lobby")
        self.types(self.tesla, "#coil")
        self.types(self.edison, "#lobby")
        self.assertEqual(
            told(self.bell), [[("#lobby", "tesla"), ("#coil", "tesla"), ("#lobby", "edison")]]
        )

    def test_what_was_told_long_ago_is_forgotten(self) -> None:
        for _ in range(5):
            for program in (self.tesla, self.edison, self.bell):
                self.types(program, "#lobby")
            self.hall.wait(3)
        self.types(self.tesla, "#lobby")
        self.assertEqual(len(self.hall.chat.typists._told), 1)

    def test_who_ignores_the_person_is_not_told(self) -> None:
        self.tesla.asks("send", room="edison", text="psst", cid="1")
        self.edison.asks("ignore", user="tesla")
        self.types(self.tesla, "#lobby")
        self.types(self.tesla, "edison")
        self.types(self.edison, "#lobby")
        self.assertEqual(
            told(self.edison, self.bell), [[], [("#lobby", "tesla"), ("#lobby", "edison")]]
        )
        self.assertEqual(told(self.tesla), [[("#lobby", "edison")]])

    def test_a16_who_does_not_read_is_told_nothing_then_or_later(self) -> None:
        self.tesla.asks("send", room="edison", text="psst", cid="1")
        self.edison.takes_events()
        self.edison.stops_reading()
        self.types(self.tesla, "#lobby")
        self.types(self.tesla, "edison")
        self.assertEqual(self.edison.received, "")
        self.edison.reads_again()
        self.assertEqual(self.edison.takes_events(), [])
        self.assertEqual(told(self.bell), [[("#lobby", "tesla")]])

    def test_people_with_netcat_see_nothing(self) -> None:
        ann = self.hall.person("ann")
        ann.types("PM")
        ann.takes()  # a prompt stands there and is not repeated
        self.tesla.asks("send", room="ann", text="psst", cid="1")
        ann.hears("psst", "To: ")
        self.types(self.tesla, "#lobby")
        self.types(self.tesla, "ann")
        self.assertEqual(ann.takes(), "")

    def test_c5_who_may_not_speak_there_is_refused(self) -> None:
        self.tesla.asks("create", room="#coil")
        self.assertEqual(self.refused(self.edison, "#coil"), "not_a_member")
        self.edison.asks("join", room="#coil")
        self.tesla.asks("mute", room="#coil", user="edison")
        self.assertEqual(self.refused(self.edison, "#coil"), "muted")
        self.tesla.asks("kick", room="#coil", user="edison")
        self.assertEqual(self.refused(self.edison, "#coil"), "not_a_member")
        self.assertEqual(told(self.tesla), [[]])

    def test_c6_a_private_room_answers_as_if_it_did_not_exist(self) -> None:
        self.tesla.asks("create", room="#den", private=True)
        self.assertEqual(self.refused(self.edison, "#den"), "no_such_room")
        self.assertEqual(self.refused(self.edison, "#non"), "no_such_room")

    def test_nobody_and_oneself(self) -> None:
        self.assertEqual(self.refused(self.tesla, "columbia"), "no_such_user")
        self.assertEqual(self.refused(self.tesla, "tesla"), "args")
        self.assertEqual(self.refused(self.tesla, ""), "no_such_user")

    def test_before_login_and_without_a_room(self) -> None:
        answer = self.hall.program().asks("typing", room="#lobby")
        self.assertEqual(answer["error"]["code"], "not_now")
        self.assertEqual(self.tesla.asks("typing")["error"]["code"], "args")
        self.assertEqual(self.tesla.asks("typing", room=7)["error"]["code"], "args")


class CrowdTests(TestCase):
    def test_a_crowd_is_not_told(self) -> None:
        self.patch(presence, "MOST_TYPISTS", 3)
        with Hall() as hall:
            few = [hall.bot(name) for name in ("tesla", "edison", "bell")]
            few[0].asks("typing", room="#lobby")
            self.assertEqual(told(*few[1:]), [[("#lobby", "tesla")]] * 2)
            hall.bot("albert")
            hall.wait(3)
            self.assertEqual(few[0].asks("typing", room="#lobby"), {})
            self.assertEqual(told(*few[1:]), [[], []])
            few[0].asks("create", room="#coil")
            few[1].asks("join", room="#coil")
            few[0].asks("typing", room="#coil")
            self.assertEqual(told(*few[1:]), [[("#coil", "tesla")], []])


class GuestTests(TestCase):
    def guest(self, hall: Hall, name: str) -> Program:
        program = hall.program()
        answer: dict[str, Any] = program.asks("guest", name=name)
        self.assertTrue(answer["guest"])
        return program

    def test_guests_type_in_the_lobby_and_in_rooms(self) -> None:
        with Hall(guests=True) as hall:
            zoe, tesla = self.guest(hall, "zoe"), hall.bot("tesla")
            self.assertEqual(zoe.asks("typing", room="#lobby"), {})
            self.assertEqual(tesla.asks("typing", room="#lobby"), {})
            self.assertEqual(told(zoe, tesla), [[("#lobby", "tesla")], [("#lobby", "zoe")]])
            zoe.asks("create", room="#coil")
            tesla.asks("join", room="#coil")
            self.assertEqual(zoe.asks("typing", room="#coil"), {})
            self.assertEqual(told(tesla), [[("#coil", "zoe")]])

    def test_nobody_is_told_of_a_whisper_to_come(self) -> None:
        with Hall(guests=True) as hall:
            zoe, tesla = self.guest(hall, "zoe"), hall.bot("tesla")
            self.assertEqual(zoe.asks("typing", room="tesla"), {})
            self.assertEqual(tesla.asks("typing", room="zoe"), {})
            self.assertEqual(zoe.asks("typing", room="zoe")["error"]["code"], "args")
            self.assertEqual(told(zoe, tesla), [[], []])
