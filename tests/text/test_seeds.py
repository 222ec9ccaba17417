"""The conversations in which these words were first spoken, word for word."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import capturedLogs, formatEvent

from twisted_chat.doors.text.door import FIRST_STEPS

from .case import HallTestCase


class SimpleChatServerTests(HallTestCase):
    """The chat of csee4119, columbia, seas and facebook."""

    settings: ClassVar = {"name": "simple chat server"}

    def setUp(self) -> None:
        super().setUp()
        for name, password in (
            ("seas", "summerisover"),
            ("facebook", "wannafriend"),
            ("csee4119", "lotsofassignments"),
            ("columbia", "116bway"),
        ):
            self.hall.person(name, password).types("logout")
        self.hall.wait(3600)

    def test_the_first_example(self) -> None:
        client = self.hall.connects()
        client.types("csee4119")
        client.hears("Username: ", "Enter user's password: ")
        client.types("lotsofassignments")
        client.reads("Login successful, Welcome to simple chat server!", FIRST_STEPS)
        client.types("whoelse")
        client.reads("The currently online users are:", "(Not found)")
        client.types("personalintro")
        client.reads("Please enter your personal introduction:")
        client.types("The best course ever", "logout")
        client.hears("Logging off\nDisconnected\n")
        self.assertTrue(client.closed)

    def test_the_second_example(self) -> None:
        facebook = self.hall.person("facebook", "wannafriend")
        course = self.hall.person("csee4119", "lotsofassignments")
        facebook.types("personalintro", "An website", "logout")
        course.types("personalintro", "The best course ever", "logout")
        self.hall.wait(60)
        client = self.hall.person("columbia", "116bway")
        client.types("message seas hello")
        client.reads(
            "(Receiver seas is currently offline, message will be delivered when they log in "
            "next time)"
        )
        client.types("wholast 10")
        client.reads(
            "The users that are online in the last 10 minutes are:",
            "csee4119   <The best course ever>",
            "facebook   <An website>",
        )
        client.types("whoeles")
        client.reads("The currently online users are:", "(Not found)")

    def test_c3_the_third_example(self) -> None:
        columbia = self.hall.person("columbia", "116bway")
        columbia.types("message seas hello")
        columbia.takes()
        seas = self.hall.connects()
        seas.types("seas", "summerisover")
        seas.hears(
            f"Login successful, Welcome to simple chat server!\n{FIRST_STEPS}\n"
            "Your offline messages:\n"
            "[columbia/1 11:00 private] columbia: hello <private message>\n"
        )

    def test_the_other_sample_commands(self) -> None:
        columbia = self.hall.person("columbia", "116bway")
        seas = self.hall.person("seas", "summerisover")
        columbia.takes()
        columbia.types("broadcast message hello everyone")
        columbia.reads("(Message 1 sent: 1 now, 2 later)")
        seas.reads("[1 11:00] columbia: hello everyone")
        columbia.types("broadcast user seas facebook message hello you two")
        columbia.reads("(Message sent: now to seas, at their next login to facebook)")
        seas.reads("[columbia/1 11:00 private] columbia: hello you two <private message>")


class ChatRoomTests(HallTestCase):
    """The chat of tesla and albert."""

    def test_who_comes_and_goes(self) -> None:
        tesla = self.hall.person("tesla")
        albert = self.hall.connects()
        albert.types("albert", "x", "x")
        tesla.reads("albert joined the conversation")
        tesla.says("Hello")
        tesla.reads("(Message 1 sent: 1 now, 0 later)")
        albert.hears("[1 10:00] tesla: Hello\n")
        albert.says("world")
        tesla.reads("[2 10:00] albert: world")
        self.hall.wait(2)
        albert.types("tata")
        albert.hears("(Message 2 sent: 1 now, 0 later)\nLogging off\nDISCONNECTED!!\n")
        self.assertTrue(albert.closed)
        tesla.reads("albert left the conversation")

    def test_what_the_operator_sees(self) -> None:
        with capturedLogs() as events:
            albert = self.hall.person("albert")
            albert.types("tata")
        where = albert.protocol.address
        self.assertRegex(where, r"^\(127\.0\.0\.1, \d+\)$")
        lines = [formatEvent(event) for event in events]
        self.assertIn(f"Client {where} connected  [ albert ]", lines)
        self.assertIn(f"Client {where} is offline  [ albert ]", lines)


class OperationTests(HallTestCase):
    """The operations BM, PM, CH and EX."""

    def test_bm_asks_for_the_message(self) -> None:
        jack, ken = self.people("Jack", "Ken")
        jack.types("BM")
        self.assertEqual(jack.takes(), "Message: ")
        jack.types("good morning")
        self.assertEqual(jack.takes(), "(Message 1 sent: 1 now, 0 later)\n")
        ken.reads("[1 10:00] Jack: good morning")

    def test_pm_lists_who_is_online_and_asks_whom_and_what(self) -> None:
        jack, ken = self.people("Jack", "Ken")
        jack.types("PM")
        self.assertEqual(jack.takes(), "The currently online users are:\nKen\nTo: ")
        jack.types("ken")
        self.assertEqual(jack.takes(), "Message: ")
        jack.types("good morning")
        self.assertEqual(jack.takes(), "(Message Ken/1 sent)\n")
        ken.reads("[Jack/1 10:00 private] Jack: good morning <private message>")

    def test_ch_works_after_logging_out_and_in(self) -> None:
        jack = self.hall.person("Jack")
        jack.says("one")
        jack = self.comes_back(jack, "Jack")
        jack.takes()
        jack.types("CH")
        jack.reads("[#lobby/1 10:00] Jack: one")

    def test_ex_leaves(self) -> None:
        for word in ("EX", "exit", "quit", "logout", "Logout", "/ex"):
            jack = self.hall.person("Jack")
            jack.types(word)
            jack.reads("Logging off", "Disconnected")
            self.assertTrue(jack.closed)
