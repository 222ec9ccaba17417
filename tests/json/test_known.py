"""What a program is told of a name before anybody has signed in."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from twisted_chat.core.results import MOST_NAMES
from twisted_chat.testing import PASSWORD, Hall, Program

KNOWN = {"known": True, "guest": False}
NEW = {"known": False, "guest": False}
GUEST = {"known": False, "guest": True}


def code(answer: dict[str, Any]) -> str:
    """The code of a refusal."""
    return str(answer["error"]["code"])


class KnownTests(TestCase):
    def open_hall(self, **settings: Any) -> Hall:
        """A server that knows edison, and takes nobody new from then on if it is closed."""
        hall = Hall(**{**settings, "registration_open": True, "guests": False})
        hall.__enter__()
        self.addCleanup(hall.__exit__, None, None, None)
        hall.bot("edison").vanishes()
        hall.settings = type(hall.settings)(flood_limit=0, connection_limit=0, **settings)
        hall.restart()
        return hall

    def test_a_known_name_and_a_new_one(self) -> None:
        hall = self.open_hall()
        program = hall.program()
        self.assertEqual(program.asks("known", name="edison"), KNOWN)
        self.assertEqual(program.asks("known", name="EDISON"), KNOWN)
        self.assertEqual(program.asks("known", name="tesla"), NEW)
        # Asking takes nothing: the name is still to be had.
        answer = program.asks("register", name="tesla", password=PASSWORD)
        self.assertEqual(answer["name"], "tesla")

    def test_b10_b11_a_name_that_cannot_be_taken_is_refused_as_when_it_is_registered(self) -> None:
        hall = self.open_hall(admins=("bell",))
        for name in ("a b", "x" * 33, "#tesla", "", "logout", "еdison", "bell"):
            with self.subTest(name=name):
                asked = hall.program("10.0.0.1").asks("known", name=name)
                tried = hall.program("10.0.0.1").asks("register", name=name, password=PASSWORD)
                self.assertIn("error", asked)
                self.assertEqual(asked, {**tried, "re": asked["re"]})

    def test_an_administrator_signs_up_on_the_servers_own_machine(self) -> None:
        hall = self.open_hall(admins=("bell",))
        self.assertEqual(hall.program().asks("known", name="bell"), NEW)

    def test_b13_where_no_more_accounts_are_made_a_new_name_is_refused_at_once(self) -> None:
        with Hall(flood_limit=1000) as hall:
            for number in range(60):
                answer = hall.program().asks("register", name=f"ann{number}", password="x")
                self.assertNotIn("error", answer)
            self.assertEqual(code(hall.program().asks("known", name="tesla")), "too_many_accounts")
            self.assertEqual(hall.program().asks("known", name="ann1"), KNOWN)

    def test_b4_where_nobody_can_sign_up_every_name_is_known(self) -> None:
        program = self.open_hall(registration_open=False).program()
        for name in ("edison", "tesla", "a b", "", "logout", "x" * 99, "ｅｄｉｓｏｎ"):
            self.assertEqual(program.asks("known", name=name), KNOWN, name)

    def test_where_guests_are_allowed_an_unknown_name_is_a_guests(self) -> None:
        for registration_open in (True, False):
            hall = self.open_hall(guests=True, registration_open=registration_open)
            program = hall.program()
            self.assertEqual(program.asks("known", name="edison"), KNOWN)
            self.assertEqual(program.asks("known", name="tesla"), GUEST)
            self.assertTrue(program.asks("guest", name="tesla")["guest"])
            # The name of a guest has no password either; coming in under it is refused.
            other = hall.program()
            self.assertEqual(other.asks("known", name="tesla"), GUEST)
            self.assertEqual(code(other.asks("guest", name="tesla")), "name_taken")

    def test_the_name_of_an_erased_account_is_taken(self) -> None:
        hall = self.open_hall()
        hall.bot("edison").asks("delete-account", sure=True)
        self.assertEqual(code(hall.program().asks("known", name="edison")), "name_taken")

    def test_after_signing_in_it_is_too_late(self) -> None:
        hall = self.open_hall()
        self.assertEqual(code(hall.bot("edison").asks("known", name="tesla")), "not_now")

    def test_a9_the_name_is_a_string(self) -> None:
        program = self.open_hall().program()
        self.assertEqual(code(program.asks("known", name=7)), "args")
        self.assertEqual(code(program.asks("known")), "args")
        self.assertEqual(code(program.asks("known", name="tesla", password="x")), "args")


class EnumerationTests(TestCase):
    """One connection finds out about as many names here as at the text door."""

    def asks_for(self, program: Program, count: int) -> None:
        for number in range(count):
            self.assertEqual(program.asks("known", name=f"name{number}"), NEW)

    def test_b2_b4_ten_names_and_no_more(self) -> None:
        with Hall() as hall:
            program = hall.program()
            self.asks_for(program, MOST_NAMES)
            program.begins("known", name="edison")
            self.assertEqual(program.takes_events("closed")[0]["code"], "too_many_tries")
            self.assertTrue(program.closed)
            self.assertEqual([line for line in program.events if "re" in line], [])

    def test_b2_what_is_refused_counts_too(self) -> None:
        with Hall() as hall:
            program = hall.program()
            for _ in range(MOST_NAMES):
                self.assertEqual(code(program.asks("known", name="a b")), "bad_name")
            program.begins("known", name="edison")
            self.assertTrue(program.closed)

    def test_b2_many_in_one_packet(self) -> None:
        with Hall() as hall:
            program = hall.program()
            for number in range(100):
                program.queues("known", name=f"name{number}")
            hall.settle()
            answers = [line for line in program.sort_out() if "re" in line]
            self.assertEqual(len(answers), MOST_NAMES)
            self.assertTrue(program.closed)

    def test_after_ten_names_one_can_still_sign_in(self) -> None:
        with Hall() as hall:
            program = hall.program()
            self.asks_for(program, MOST_NAMES)
            self.assertEqual(
                program.asks("register", name="tesla", password=PASSWORD)["name"], "tesla"
            )
