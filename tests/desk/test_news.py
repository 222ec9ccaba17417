"""What a desk shows by itself, in hard times too."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from tests.desk.test_desk import DeskTest
from tests.support.office import Office
from twisted_chat.clients.desk.completion import completions
from twisted_chat.core.errors import StartError
from twisted_chat.testing import PASSWORD


class NewsTests(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")

    def welcomed_with(self, answer: Any) -> None:
        """Tesla is welcomed, and then told this of what was said before."""
        asked: Deferred[Any] = Deferred()
        user = self.tesla.user
        self.patch(user, "ask", lambda do, **arguments: asked)
        self.tesla.desk.welcomed({}, False)
        self.edison.types("hello")
        self.assertNotIn("hello", "".join(line.text for line in self.tesla.lines))
        asked.callback(answer)

    def test_whatever_was_said_before_what_is_new_is_shown(self) -> None:
        answer: Any
        for answer in ({"entries": [{"event": "message"}]}, {}, None):
            self.welcomed_with(answer)
            self.tesla.finds("edison: hello")
            self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_put_out_of_a_room_while_away(self) -> None:
        self.tesla.types("create #coil")
        self.edison.types("join #coil")
        self.tesla.wire.breaks()
        self.tesla.unreachable = True
        self.edison.wire.breaks()
        self.edison.unreachable = True
        self.office.settle()
        self.assertEqual(self.edison.desk.here, "#coil")
        self.tesla.unreachable = False
        self.office.wait(5)
        self.tesla.types("kick #coil edison")
        self.edison.unreachable = False
        self.edison.lines.clear()
        self.office.wait(120)
        self.edison.reads("(Connected again.)", "(You are not in #coil any more.)")
        self.assertEqual(self.edison.desk.here, "#lobby")

    def test_somebody_who_was_told_nothing_yet_is_still_looked_at(self) -> None:
        self.tesla.types("/switch edison")
        self.tesla.wire.breaks()
        self.office.wait(5)
        self.tesla.types("for your eyes")
        self.edison.finds("[tesla/1 10:00 private] tesla: for your eyes")

    def test_those_who_are_only_counted_are_told_of(self) -> None:
        desk = self.tesla.desk
        self.tesla.lines.clear()
        for names, more in ((["ann", "bob"], 35), (["ann", "bob", "cid"], 0), (["ann"], 9)):
            desk.presence(names, [], more, 0)
        desk.presence([], ["ann", "bob", "cid"], 0, 2)
        desk.presence([], [], 3, 3)
        self.assertEqual(
            [line.text for line in self.tesla.lines],
            [
                "ann, bob and 35 others joined the conversation",
                "ann, bob and cid joined the conversation",
                "ann joined the conversation",
                "ann, bob and 3 others left the conversation",
            ],
        )

    def test_names_that_are_no_strings_do_no_harm(self) -> None:
        online: dict[Any, None] = {"edison": None, 17: None, "": None}
        self.tesla.user.online = online
        self.tesla.user.commands = [{"do": 1, "help": None}]
        self.assertEqual([one.text for one in self.tesla.desk.complete("1")], ["1 ", "17 "])
        self.assertTrue(self.tesla.desk.is_somebody("Edison"))
        people: list[Any] = ["edison", 17]
        self.assertEqual([one.text for one in completions("1", [], [], people, [])], ["17 "])

    def test_a_file_that_cannot_be_used_is_one_sentence(self) -> None:
        sentence = "The file servers.json cannot be read: repair it, or remove it."
        self.patch(self.tesla.user, "start", lambda name: fail(StartError(sentence)))
        self.assertEqual(self.successResultOf(self.tesla.desk.run("tesla")), 1)
        self.tesla.reads(sentence)
        self.patch(self.tesla.user, "ask", lambda do, **arguments: fail(StartError(sentence)))
        self.tesla.types("whoelse")
        self.tesla.reads(f"({sentence})")
        self.assertEqual(self.flushLoggedErrors(), [])


class GuestTests(SynchronousTestCase):
    def test_a_guest_with_a_password_is_an_account(self) -> None:
        with Office(guests=True) as office:
            albert = office.desk("albert")
            self.assertTrue(albert.desk.guest)
            albert.types("password", "x" * 5000, "x" * 5000)
            albert.finds("at most")
            self.assertTrue(albert.desk.guest)
            albert.types("password", PASSWORD, PASSWORD)
            self.assertFalse(albert.desk.guest)
            albert.types("password")
            self.assertEqual(albert.prompts[-1], "Enter your password: (hidden)")
            albert.types(PASSWORD, PASSWORD, PASSWORD)
            albert.wire.breaks()
            office.wait(5)
            self.assertEqual(albert.prompts[-1], "Enter user's password: (hidden)")
            albert.types(PASSWORD)
            albert.finds("(Connected again.)")
