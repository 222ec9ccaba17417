"""What is meant for one person, or for nobody, is not said to everybody."""

from __future__ import annotations

from tests.desk.test_desk import DeskTest
from twisted_chat.clients.desk.commands import A_PASSWORD


class SecretTests(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")
        self.office.wait(2)  # until everybody has been told who is online
        self.tesla.lines.clear()

    def test_what_looks_like_a_password_is_not_said(self) -> None:
        for line in (
            *("password hunter2", "password hunter2 hunter3", "Password hunter2", "PASSWORD a"),
            *(" password a b c", "\u200bpassword hunter2", "\tlogin tesla hunter2"),
            *("login tesla hunter2", "Register tesla hunter2", "reset-password bell hunter2"),
        ):
            self.tesla.types(line)
            self.tesla.reads(f"({A_PASSWORD})")
            self.edison.reads()
            self.tesla.desk.typing(line)
        self.office.settle()
        self.assertEqual(self.edison.desk.status().typing, ())

    def test_sentences_about_passwords_are_said(self) -> None:
        lines = ("login is broken again", "my password is lost", "register now", "passwords matter")
        self.tesla.types(*lines, "/say password hunter2")
        said = [line.text.partition(": ")[2] for line in self.edison.lines]
        self.assertEqual(said, [*lines, "password hunter2"])

    def test_password_alone_asks_for_it(self) -> None:
        self.tesla.types("Password", "")
        self.assertEqual(
            self.tesla.prompts, ["Enter your password: (hidden)", "Enter new password: (hidden)"]
        )
        self.edison.reads()

    def test_blanks_and_what_nobody_sees_may_stand_before_a_command(self) -> None:
        bell = self.office.desk("bell")
        blanks = (" ", "\t ", "\u200b", "\ufeff", "\u3000\u2060")
        for blank in blanks:
            self.tesla.types(f"{blank}message edison secret", f"{blank}/message edison secret")
        bell.reads()
        numbers = range(1, 2 * len(blanks) + 1)
        self.edison.reads(*(f"[tesla/{number} 10:00 private] tesla: secret" for number in numbers))

    def test_what_is_said_stays_as_it_is_typed(self) -> None:
        self.tesla.types("  indented", "\ufeffmarked", "  //away  from  here")
        said = [line.text.partition(": ")[2] for line in self.edison.lines]
        self.assertEqual(said, ["  indented", "\ufeffmarked", "  /away  from  here"])

    def test_telephones_write_the_first_letter_large(self) -> None:
        bell = self.office.desk("bell")
        self.office.wait(2)
        self.tesla.types("Message edison secret", "Pm edison secret", "Kick edison")
        self.tesla.types("Broadcast user edison message secret", "Broadcast user edison secret")
        self.tesla.desk.typing("Message edison s")
        bell.reads()
        self.assertEqual(bell.desk.status().typing, ())
        self.edison.reads(
            *(f"[tesla/{number} 10:00 private] tesla: secret" for number in (1, 2, 3))
        )
        self.assertEqual(self.tesla.desk.refused, 2)
        sentences = ("Message me when you are there", "Kick it", "Pm or am?")
        self.tesla.types(*sentences)
        self.assertEqual([line.text.partition(": ")[2] for line in bell.lines], [*sentences])

    def test_somebody_who_has_said_something_is_known_when_gone(self) -> None:
        bell = self.office.desk("bell")
        self.edison.types("hello")
        self.edison.crashes()
        self.office.wait(2)
        self.assertNotIn("edison", self.tesla.user.online)
        bell.lines.clear()
        self.tesla.types("Message Edison secret")
        bell.reads()
        self.tesla.finds("offline")


class WordForWordTests(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")

    def test_say_says_anything_where_one_is(self) -> None:
        self.tesla.types("/say quit", "/say //x", "/SAY message edison hi ")
        self.edison.reads(
            "[1 10:00] tesla: quit", "[2 10:00] tesla: //x", "[3 10:00] tesla: message edison hi "
        )
        self.tesla.types("create #coil", "/say tata", "/say #lobby hello", "/say")
        self.edison.reads("[4 10:00] tesla: hello")
        self.tesla.finds("[#coil/2 10:00] tesla: tata")
        self.assertEqual(self.tesla.desk.refused, 1)

    def test_say_in_private_is_said_to_that_person(self) -> None:
        bell = self.office.desk("bell")
        self.tesla.types("/switch edison", "/say quit", "/say /away")
        self.edison.reads(
            "[tesla/1 10:00 private] tesla: quit", "[tesla/2 10:00 private] tesla: /away"
        )
        bell.reads()

    def test_whoever_means_a_command_is_not_told_how_to_say_it(self) -> None:
        self.tesla.types("/message me when you are there")
        self.tesla.reads("(There is no user called me.)")

    def test_what_is_pasted_is_said_whatever_it_looks_like(self) -> None:
        lines = ("tata", "/quit", "//x", " password x")
        for line in lines:
            self.tesla.desk.enter(line, as_words=True)
        self.office.settle()
        self.assertEqual([one.text.partition(": ")[2] for one in self.edison.lines], [*lines])
        self.tesla.types("/switch edison")
        self.tesla.desk.enter("tata", as_words=True)
        self.office.settle()
        self.edison.finds("[tesla/1 10:00 private] tesla: tata")
