"""A PONG proves that a client is there and has what it was sent."""

from __future__ import annotations

from typing import Any
from unittest import mock

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.testing import PASSWORD


class LivenessTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.hall.bot("tesla").vanishes()
        self.tesla = self.hall.person("tesla")
        self.tesla.types("create #coil")
        self.iris = self.account("iris")
        self.iris.answers("JOIN #coil")

    def ping(self, client: IrcClient) -> str:
        """The token of the PING that has come."""
        [token] = [line.removeprefix("PING :") for line in client.lines() if line[:4] == "PING"]
        return token

    def shown(self) -> int:
        """How far the account was shown the room."""
        iris = self.hall.chat.signin.find("iris")
        room = self.hall.chat.rooms.find("#coil")
        assert iris is not None and iris.shown is not None and room is not None
        return iris.shown[room.id]

    def test_h8_a_pong_moves_the_account_s_place_as_far_as_the_ping_had_come(self) -> None:
        before = self.shown()
        self.tesla.types("say #coil one")
        self.hall.wait(6)
        token = self.ping(self.iris)
        self.tesla.types("say #coil two")
        self.assertEqual(self.shown(), before)
        self.iris.sends_lines("PONG :something-else", f"PONG :{token}")
        self.assertEqual(self.shown(), 3)
        self.iris.sends_lines(f"PONG :{token}")
        self.assertEqual(self.shown(), 3)

    def test_h8_who_does_not_answer_is_gone(self) -> None:
        self.tesla.types("say #coil are you there?")
        self.hall.wait(6)
        self.ping(self.iris)
        self.hall.wait(50)
        self.assertFalse(self.iris.closed)
        self.hall.wait(20)
        self.iris.hears("ERROR :Ping timeout")
        self.assertTrue(self.iris.closed)
        self.tesla.hears("iris left the conversation")

    def test_h8_what_a_dead_connection_swallowed_is_shown_at_the_next_login(self) -> None:
        self.tesla.types("say #coil one")
        self.hall.wait(6)
        self.iris.sends_lines(f"PONG :{self.ping(self.iris)}")
        self.tesla.types("say #coil two")
        self.hall.wait(6)
        self.ping(self.iris)
        self.iris.vanishes()
        again = self.hall.connects()
        again.types("iris", PASSWORD)
        again.hears("Your offline messages:", "#coil/4", "tesla: two")
        self.assertNotIn("tesla: one", again.received)

    def test_h8_a_pong_says_nothing_of_what_was_shown_after_the_ping(self) -> None:
        self.iris.answers("JOIN #lobby", "PART #lobby")
        self.hall.wait(6)
        self.iris.sends_lines(*(f"PONG :{line[6:]}" for line in self.iris.lines()))
        self.iris.vanishes()
        self.tesla.types("BM one", "BM two")
        again = self.account("iris")
        asked = again.lines()
        self.tesla.types("say #coil three")
        self.hall.wait(6)
        asked += again.lines()
        again.answers("JOIN #lobby")
        again.sends_lines(*(f"PONG {line[5:]}" for line in asked if line[:5] == "PING "))
        again.vanishes()
        later = self.hall.connects()
        later.types("iris", PASSWORD)
        later.hears("tesla: one", "tesla: two")

    def test_h8_what_is_said_right_behind_a_join_is_asked_about(self) -> None:
        kim, bob = self.account("kim"), self.account("bob")
        bob.answers("JOIN #coil")
        kim.sends_later(b"JOIN #coil\r\n")
        bob.sends_later(b"PRIVMSG #coil :one\r\n")
        self.hall.settle()
        kim.hears("PRIVMSG #coil :one")
        self.hall.wait(6)
        self.ping(kim)

    def test_h8_the_silent_are_asked(self) -> None:
        self.hall.wait(6)
        self.iris.sends_lines(f"PONG :{self.ping(self.iris)}")
        self.hall.wait(80)
        self.assertEqual(self.iris.lines(), [])
        self.hall.wait(20)
        self.ping(self.iris)

    def test_h8_an_answer_comes_after_those_to_earlier_commands(self) -> None:
        came = self.iris.answers("PRIVMSG #coil :said", "JOIN #other", "TOPIC #other :new")
        commands = [line.split(" ")[1] for line in came]
        self.assertEqual(commands, ["JOIN", "353", "366", "TOPIC"])
        self.tesla.hears("iris: said")


class PingTests(IrcCase):
    """A PING that comes while a client is still being shown what it has not read."""

    def setUp(self) -> None:
        super().setUp()
        self.tesla = self.hall.bot("tesla")
        self.tesla.asks("create", room="#coil")
        self.iris = self.account("iris", "labeled-response", "message-tags", "batch")
        self.iris.answers("JOIN #coil")
        self.questions: list[Any] = []
        self.iris.stops_reading()
        self.says("one", "two")
        coil = self.hall.chat.rooms.find("#coil")
        assert coil is not None
        coil.forget_recent()  # so that the store has to be asked

    def says(self, *texts: str) -> None:
        for text in texts:
            self.tesla.asks("send", room="#coil", text=text, cid=text)

    def reads_again(self) -> None:
        """Iris reads again; the store takes its time."""
        self.ask = self.hall.store.read
        patch = mock.patch.object(
            self.hall.store, "read", lambda *question: self.questions.append(question)
        )
        patch.start()
        self.addCleanup(patch.stop)
        self.iris.reads_again()

    def answered(self) -> None:
        """The store answers everything."""
        while self.questions:
            self.ask(*self.questions.pop(0))
            self.hall.settle()

    def test_h8_a_pong_comes_after_what_was_there_when_the_ping_came(self) -> None:
        self.reads_again()
        self.iris.sends_lines("@label=L PING :are you there", "TOPIC #coil")
        self.assertEqual(self.iris.lines(), [])
        self.answered()
        commands = [(m.command, m.params[-1]) for m in self.iris.messages()]
        self.assertEqual(
            commands,
            [
                ("PRIVMSG", "one"),
                ("PRIVMSG", "two"),
                ("PONG", "are you there"),
                ("331", "There is no topic"),
            ],
        )

    def test_h8_a_pong_comes_at_once_when_all_was_shown(self) -> None:
        self.iris.reads_again()
        self.iris.lines()
        [pong] = self.iris.answers("PING :now")
        self.assertTrue(pong.endswith(" :now"), pong)

    def test_h8_what_is_said_meanwhile_holds_no_pong_up_for_ever(self) -> None:
        self.reads_again()
        self.iris.sends_lines("PING :x")
        self.says("three")
        self.answered()
        said = [(m.command, m.params[-1]) for m in self.iris.messages()]
        self.assertEqual(said[-1], ("PONG", "x"))
        self.assertEqual([text for _, text in said[:-1]], ["one", "two", "three"])

    def test_h8_who_goes_before_the_pong_leaves_nothing_behind(self) -> None:
        self.reads_again()
        self.iris.sends_lines("PING :x")
        session = self.iris.protocol.door.session
        assert session is not None
        self.assertEqual(len(session.waiting), 1)
        self.iris.vanishes()
        self.assertEqual(session.waiting, [])
        self.answered()
        self.assertNotIn("PONG", self.iris.received)
