"""A PONG proves that a client is there and has what it was sent."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.testing import PASSWORD


class HearingTests(IrcCase):
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

    def test_h8_the_silent_are_asked(self) -> None:
        self.hall.wait(80)
        self.assertEqual(self.iris.lines(), [])
        self.hall.wait(20)
        self.ping(self.iris)

    def test_h8_an_answer_comes_after_those_to_earlier_commands(self) -> None:
        came = self.iris.answers("PRIVMSG #coil :said", "JOIN #other", "TOPIC #other :new")
        commands = [line.split(" ")[1] for line in came]
        self.assertEqual(commands, ["JOIN", "353", "366", "TOPIC"])
        self.tesla.hears("iris: said")
