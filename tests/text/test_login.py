"""How a session begins: prompts, passwords, guests, closed doors and blocking."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import capturedLogs, formatEvent

from twisted_chat.console.dialogue import ABOUT_NAMES
from twisted_chat.doors.text.door import FIRST_STEPS

from .case import WELCOME, HallTestCase

PROMPT = "Username: "
KNOWN = "Enter user's password: "


class PromptTests(HallTestCase):
    def test_the_server_is_silent_at_first_and_then_asks(self) -> None:
        ann = self.hall.connects()
        self.hall.wait(0.29)
        self.assertEqual(ann.takes(), "")
        self.hall.wait(0.02)
        self.assertEqual(ann.takes(), PROMPT)

    def test_help_explains_the_prompt(self) -> None:
        ann = self.hall.connects()
        for word in ("help", "/HELP"):
            ann.types(word)
            ann.hears("\n".join(ABOUT_NAMES) + "\nUsername: ")
        ann.types("ann", "alternating", "alternating")
        ann.hears(WELCOME)

    def test_somebody_new_chooses_a_password_twice(self) -> None:
        ann = self.hall.connects()
        ann.types("ann")
        self.assertEqual(
            ann.takes(),
            "Username: ann is a new name here: choose a password for it.\nEnter Password: ",
        )
        ann.types("a secret")
        self.assertEqual(ann.takes(), "Enter Password again: ")
        ann.types("a secret")
        self.assertEqual(ann.takes(), f"{WELCOME}\n")
        ann.types("logout")
        again = self.hall.connects()
        again.types("ann")
        self.assertEqual(again.takes(), PROMPT + KNOWN)
        again.types("a secret")
        self.assertEqual(again.takes(), f"{WELCOME}\n")

    def test_two_passwords_that_differ_make_no_account(self) -> None:
        ann = self.hall.connects()
        ann.types("ann", "one", "another")
        ann.hears("(The two passwords are not the same: choose again.)\nEnter Password: ")
        ann.types("one", "another", "one", "another")
        ann.hears("(No password was chosen: begin again.)\nUsername: ")
        ann.types("ann")
        ann.hears("ann is a new name here")

    def test_an_empty_name_repeats_the_prompt(self) -> None:
        ann = self.hall.connects()
        ann.types("", "   ", "\t")
        self.assertEqual(ann.takes(), PROMPT * 4)

    def test_an_empty_password_is_no_password(self) -> None:
        ann = self.hall.connects()
        ann.types("ann", "")
        ann.hears("(A password cannot be empty: begin again.)\nUsername: ")
        self.hall.person("bob")
        bob = self.hall.connects()
        bob.types("bob", "")
        bob.hears("(Wrong username or password. You have 2 tries left.)", KNOWN)

    def test_b5_a_password_has_1_to_1024_bytes(self) -> None:
        for number, password in enumerate(("x", " ", "é" * 512, "x" * 1024)):
            with self.subTest(password=password):
                client = self.hall.connects()
                client.types(f"ann{number}", password, password)
                client.hears(WELCOME)
        for password in ("é" * 513, "x" * 1025):
            client = self.hall.connects()
            client.types("late", password, password)
            client.hears("(A password has at most 1,024 bytes of UTF-8.)\nEnter Password: ")

    def test_b17_a_new_password_is_asked_for_again_until_it_is_good(self) -> None:
        hall = self.open_hall(password_min=8)
        ann = hall.connects()
        ann.types("ann-of-cleves", "short", "short")
        short = "(A password has at least 8 characters: choose a longer one.)\n"
        ann.hears(short + "Enter Password: ")
        ann.types("Ann-of-Cleves", "Ann-of-Cleves")
        ann.hears("(A password cannot be the name that it is for: choose another one.)\n")
        ann.types("1234567", "1234567")
        ann.hears(short + "(No password was chosen: begin again.)\n" + PROMPT)
        ann.types("ann-of-cleves", "12345678", "12345678")
        ann.hears(WELCOME)

    def test_a_password_is_the_same_on_every_keyboard(self) -> None:
        self.hall.person("ann", "pässword")
        self.hall.person("ann", "pa\u0308ssword")

    def test_names_are_the_same_in_any_case(self) -> None:
        self.hall.person("Ann")
        again = self.logs_in("aNN")
        again.hears(KNOWN, WELCOME)

    def test_k2_the_welcome_has_the_servers_name_and_its_message_of_the_day(self) -> None:
        hall = self.open_hall(name="simple chat server", motd="Be kind.\nBe brief.")
        ann = hall.connects()
        ann.types("ann", "x", "x")
        ann.hears("Welcome to simple chat server!\n", f"{FIRST_STEPS}\nBe kind.\nBe brief.\n")

    def test_many_fruitless_dialogues_are_the_last(self) -> None:
        ann = self.hall.connects()
        for _ in range(10):
            ann.types("ann", "")
        ann.hears("That was tried too often: goodbye.\nDisconnected\n")
        self.assertTrue(ann.closed)

    def test_a4_what_is_not_utf8_is_refused_and_asked_for_again(self) -> None:
        ann = self.hall.connects()
        ann.types("a b")
        ann.sends(b"\xff\n")
        ann.hears("(That line is not UTF-8: its byte 1 fits nowhere.", f")\n{PROMPT}")
        ann.types("ann", "x", "x")
        ann.hears(WELCOME)

    def test_a7_who_begins_with_what_is_no_text_is_no_person(self) -> None:
        for line, sentence in (
            (b"\xff\xfe", "That line is not UTF-8: its byte 1 fits nowhere."),
            (b"te\0sla", "That line has a zero byte in it, and text has none."),
        ):
            noise = self.hall.connects()
            noise.sends(line + b"\ntesla\n")
            noise.hears(sentence, "Disconnected\n")
            self.assertTrue(noise.closed)

    def test_a7_five_lines_that_are_no_text_are_enough(self) -> None:
        noise = self.hall.connects()
        noise.types("a b")
        noise.sends(b"\xff\xfe\n" * 4)
        self.assertFalse(noise.closed)
        noise.sends(b"\xff\xfe\n")
        noise.hears("That does not look like text: goodbye.\nDisconnected\n")
        self.assertTrue(noise.closed)

    def test_a13_somebody_silent_is_sent_away(self) -> None:
        silent, slow = self.hall.connects(), self.hall.connects()
        slow.types("ann")
        self.hall.wait(22)
        silent.hears("Nothing was heard for 20 seconds: goodbye.\nDisconnected\n")
        self.assertTrue(silent.closed)
        self.assertFalse(slow.closed)
        self.hall.wait(160)
        slow.hears("Nobody logged in for three minutes: goodbye.\nDisconnected\n")
        self.assertTrue(slow.closed)


class BlockingTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hall.person("ann").types("logout")

    def test_b1_after_three_failures_the_name_waits(self) -> None:
        thief = self.hall.connects("10.0.0.1")
        thief.types("ann", "one", "two")
        thief.hears(
            "(Wrong username or password. You have 2 tries left.)\n" + KNOWN,
            "(Wrong username or password. You have 1 try left.)\n" + KNOWN,
        )
        with capturedLogs() as told:
            thief.types("three")
        thief.hears(
            "(Too many wrong passwords: this name is blocked for you for 1 minute.)\n" + PROMPT
        )
        self.assertEqual(
            [formatEvent(event) for event in told],
            ["Too many wrong passwords for ann from 10.0.0.1: blocked for 1 minute"],
        )
        self.hall.wait(20)
        thief.types("ANN", "correct horse")
        thief.hears("this name is blocked for you for 40 seconds.)")

    def test_b1_the_owner_gets_in_from_elsewhere(self) -> None:
        thief = self.hall.connects("10.0.0.1")
        thief.types("ann", "one", "two", "three")
        thief.hears("blocked")
        owner = self.logs_in("ann", host="10.0.0.2")
        owner.hears(WELCOME)

    def test_b1_other_names_are_not_blocked_with_it(self) -> None:
        self.hall.person("bob")
        thief = self.hall.connects("10.0.0.1")
        thief.types("ann", "one", "two", "three")
        self.logs_in("bob", host="10.0.0.1").hears(WELCOME)

    def test_b1_the_block_ends(self) -> None:
        thief = self.hall.connects("10.0.0.1")
        thief.types("ann", "one", "two", "three")
        self.hall.wait(61)
        self.logs_in("ann", host="10.0.0.1").hears(WELCOME)

    def test_b1_a_right_password_ends_the_counting(self) -> None:
        for _ in range(3):
            client = self.hall.connects()
            client.types("ann", "one", "two", "correct horse")
            client.hears(WELCOME)

    def test_b1_of_one_household_all_addresses_count_together(self) -> None:
        for host in ("2001:db8::1", "2001:db8::2", "2001:db8::3"):
            self.hall.connects(host).types("ann", "wrong")
        self.logs_in("ann", host="2001:db8::4").hears("blocked for you")
        self.logs_in("ann", host="2001:db8:0:1::4").hears(WELCOME)


class ClosedTests(HallTestCase):
    """Where nobody can sign up, an unknown name and a wrong password are one."""

    settings: ClassVar = {"registration_open": False}

    def setUp(self) -> None:
        super().setUp()
        settings = self.hall.settings
        self.hall.settings = type(settings)(flood_limit=0)
        self.hall.restart()
        self.hall.person("ann").types("logout")
        self.hall.settings = settings
        self.hall.restart()

    def dialogue(self, name: str, host: str) -> str:
        client = self.hall.connects(host)
        client.types(name, "one", "two", "three", name, "four")
        return client.takes()

    def test_b4_an_unknown_name_and_a_wrong_password_read_alike(self) -> None:
        known = self.dialogue("ann", "10.0.0.1")
        self.assertIn("You have 2 tries left", known)
        self.assertIn("blocked for you", known)
        for name in ("eve", "admin", "ann-", "a n n", "#ann", "日本", "x" * 99):
            self.assertEqual(self.dialogue(name, "10.0.0.1"), known, name)

    def test_b4_another_way_to_write_a_name_tells_nothing_either(self) -> None:
        answers = set()
        for plain, wide in (("ann", "ａｎｎ"), ("eve", "ｅｖｅ")):
            client = self.hall.connects("10.0.0.9")
            client.types(plain, "one", "two")
            client.ends_input()
            client = self.hall.connects("10.0.0.9")
            client.types(wide, "three")
            answers.add(client.takes())
        self.assertEqual(len(answers), 1, answers)

    def test_the_known_get_in(self) -> None:
        self.logs_in("ann").hears(WELCOME)


class GuestTests(HallTestCase):
    settings: ClassVar = {"guests": True}

    def test_an_unknown_name_is_let_in_at_once(self) -> None:
        zoe = self.hall.connects()
        zoe.types("zoe")
        self.assertEqual(zoe.takes(), f"{PROMPT}{WELCOME}\n")

    def test_a_guest_is_in_the_lobby_while_it_is_there(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.says("hello")
        zoe.reads("(Message 1 sent: 1 now, 0 later)")
        kim.reads("[1 10:00] zoe: hello")
        kim.types("whoelse")
        kim.reads("The currently online users are:", "zoe (guest)")
        zoe.types("history")
        zoe.reads("[#lobby/1 10:00] zoe: hello")

    def test_nothing_is_kept_and_the_name_is_free_again(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        same = self.hall.connects()
        same.types("ZOE")
        same.hears("(ZOE is taken, or looks like a name that is: try another.)", PROMPT)
        zoe.types("logout")
        self.hall.wait(2)
        kim.hears("zoe left the conversation")
        kim.says("nobody is there")
        same.types("ZOE")
        self.assertEqual(same.takes(), f"{WELCOME}\n")
        kim.types("wholast 60", "whois zoe")
        kim.hears("ZOE (guest)", "ZOE is online")

    def test_password_makes_a_guest_an_account(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("password")
        self.assertEqual(zoe.takes(), "Enter new password: ")
        zoe.types("secret", "secret")
        zoe.hears(
            "Enter new password again: "
            "(zoe is an account now: log in with this password next time.)\n"
        )
        zoe.types("PM kim hi", "logout")
        zoe.hears("(Message to kim delivered, and kept nowhere", "Disconnected")
        kim.says("are you there")
        again = self.hall.connects()
        again.types("zoe")
        again.hears(KNOWN)
        again.types("secret")
        again.hears(WELCOME, "[#lobby/1 10:00] kim: are you there")

    def test_a_guest_cannot_have_an_accounts_name(self) -> None:
        kim = self.hall.person("kim")
        kim.types("password", "secret", "secret", "logout")
        again = self.hall.connects()
        again.types("kim")
        self.assertEqual(again.takes(), PROMPT + KNOWN)


class SignUpLimitTests(HallTestCase):
    settings: ClassVar = {"flood_limit": 1000}

    def test_b13_sixty_new_accounts_in_ten_minutes(self) -> None:
        for number in range(60):
            client = self.hall.connects("10.0.0.1")
            client.types(f"ann{number}", "x", "x")
            client.hears(WELCOME)
        client = self.hall.connects("10.0.0.1")
        client.types("late")
        client.hears("(Too many new accounts from your network: wait 10 minutes.)", PROMPT)
        elsewhere = self.hall.connects("10.0.0.2")
        elsewhere.types("late", "x", "x")
        elsewhere.hears(WELCOME)
        self.hall.wait(601)
        client = self.hall.connects("10.0.0.1")
        client.types("later", "x", "x")
        client.hears(WELCOME)


class SeveralSessionsTests(HallTestCase):
    def test_c9_each_session_gets_every_message_once(self) -> None:
        ann, bob = self.people("ann", "bob")
        here, there = self.people("bob", "bob")
        ann.says("hello")
        for client in (bob, here, there):
            client.reads("[1 10:00] ann: hello")
        here.says("hi")
        here.reads("(Message 2 sent: 1 now, 0 later)")
        for client in (ann, bob, there):
            client.hears("[2 10:00] bob: hi\n")

    def test_b12_twenty_sessions_and_the_one_idle_for_longest_makes_room(self) -> None:
        sessions = [self.hall.person("ann") for _ in range(20)]
        sessions[0].types("whoelse")
        self.hall.person("ann")
        sessions[1].hears("Another session of yours took this place.\nDisconnected\n")
        self.assertTrue(sessions[1].closed)
        self.assertFalse(sessions[0].closed)
