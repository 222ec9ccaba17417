"""REDACT takes back what was said, and tells those who know of it."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import parse

CAPS = ("message-tags", "echo-message", "draft/message-redaction")


class RedactTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = self.account("alice", *CAPS)
        self.bob = self.account("bob", *CAPS)
        self.alice.answers("JOIN #coil")
        self.bob.answers("JOIN #coil")
        self.alice.lines()

    def says(self, client: IrcClient, text: str, target: str = "#coil") -> str:
        """The id of what was said."""
        client.lines()
        [line] = client.answers(f"PRIVMSG {target} :{text}")
        message = parse(line)
        assert message is not None
        for one in (self.alice, self.bob):
            one.lines()
        return message.tags["msgid"]

    def refusal(self, client: IrcClient, *params: str) -> tuple[str, ...]:
        client.lines()
        [line] = client.answers(f"REDACT {' '.join(params)}")
        message = parse(line)
        assert message is not None
        self.assertEqual((message.command, message.params[0]), ("FAIL", "REDACT"))
        return message.params[1:-1]

    def redacts(self, client: IrcClient) -> list[str]:
        """The REDACTs that a client was sent, without their tags."""
        lines = [line.split(" ", 1)[1] if line[0] == "@" else line for line in client.lines()]
        return [line for line in lines if " REDACT " in line]

    def test_ones_own_message_is_taken_back(self) -> None:
        msgid = self.says(self.alice, "oops")
        self.alice.sends_lines(f"REDACT #coil {msgid}")
        for client in (self.alice, self.bob):
            self.assertEqual(
                self.redacts(client), [f":alice!alice@alice.account REDACT #coil {msgid}"]
            )

    def test_the_reason_is_told_and_kept(self) -> None:
        msgid = self.says(self.alice, "oops")
        program, text = self.hall.bot("bob"), self.hall.person("bob")
        self.alice.sends_lines(f"REDACT #coil {msgid} :wrong channel")
        self.assertEqual(
            self.redacts(self.bob),
            [f":alice!alice@alice.account REDACT #coil {msgid} :wrong channel"],
        )
        [event] = program.takes_events("delete")
        self.assertEqual(event["text"], "wrong channel")
        text.hears("alice: (deleted: wrong channel)")

    def test_those_who_do_not_know_of_it_are_told_in_words(self) -> None:
        carol = self.account("carol")
        carol.answers("JOIN #coil")
        msgid = self.says(self.bob, "spam")
        carol.lines()
        self.alice.sends_lines(f"REDACT #coil {msgid} :spam")
        [line] = carol.lines()
        seq = msgid.rpartition("-")[2]
        self.assertEqual(
            line,
            f":twisted-chat.chat NOTICE #coil :alice has deleted message {seq} of bob: spam",
        )

    def test_only_operators_take_back_what_others_said(self) -> None:
        msgid = self.says(self.alice, "stays")
        self.assertEqual(
            self.refusal(self.bob, "#coil", msgid), ("REDACT_FORBIDDEN", "#coil", msgid)
        )
        self.assertEqual(self.redacts(self.alice), [])
        msgid = self.says(self.bob, "goes")
        self.alice.sends_lines(f"REDACT #coil {msgid}")
        self.assertEqual(len(self.redacts(self.bob)), 1)

    def test_guests_take_back_what_they_have_said_while_they_are_here(self) -> None:
        dave, eve = self.guest("dave", *CAPS), self.guest("eve", *CAPS)
        dave.answers("JOIN #den")
        eve.answers("JOIN #den")
        his, hers = self.says(dave, "his", "#den"), self.says(eve, "hers", "#den")
        self.assertEqual(self.refusal(eve, "#den", his), ("REDACT_FORBIDDEN", "#den", his))
        eve.sends_lines(f"REDACT #den {hers}")
        self.assertEqual(len(self.redacts(eve)), 1)
        another = self.says(eve, "again", "#den")
        dave.lines()
        dave.sends_lines(f"REDACT #den {another} :spam")
        self.assertEqual(len(self.redacts(dave)), 1)

    def test_a_guests_name_is_no_right_to_what_another_said_under_it(self) -> None:
        dave, eve = self.guest("dave", *CAPS), self.guest("eve", *CAPS)
        dave.answers("JOIN #lobby")
        his = self.says(dave, "his", "#lobby")
        dave.vanishes()
        self.hall.wait(1)
        eve.answers("NICK dave")
        self.assertEqual(self.refusal(eve, "#lobby", his), ("REDACT_FORBIDDEN", "#lobby", his))

    def test_private_messages_are_their_authors(self) -> None:
        msgid = self.says(self.alice, "psst", "bob")
        self.assertEqual(
            self.refusal(self.bob, "alice", msgid), ("REDACT_FORBIDDEN", "alice", msgid)
        )
        self.alice.sends_lines(f"REDACT bob {msgid}")
        for client in (self.alice, self.bob):
            self.assertEqual(
                self.redacts(client), [f":alice!alice@alice.account REDACT bob {msgid}"]
            )

    def test_c5_what_is_not_there_is_not_known(self) -> None:
        msgid = self.says(self.alice, "once")
        self.alice.answers(f"REDACT #coil {msgid}", "JOIN #den")
        for unknown in (msgid, "nonsense", "00000000-2-1", msgid.rpartition("-")[0] + "-99"):
            self.assertEqual(
                self.refusal(self.alice, "#coil", unknown), ("UNKNOWN_MSGID", "#coil", unknown)
            )
        other = self.says(self.bob, "elsewhere")
        self.assertEqual(self.refusal(self.alice, "#den", other), ("UNKNOWN_MSGID", "#den", other))
        self.assertEqual(self.refusal(self.bob, "#den", other), ("INVALID_TARGET", "#den"))
        self.assertEqual(self.refusal(self.bob, "#no", other), ("INVALID_TARGET", "#no"))
        self.assertEqual(self.refusal(self.bob, "nobody", other), ("INVALID_TARGET", "nobody"))

    def test_h9_without_a_message_it_is_no_command(self) -> None:
        [line] = self.alice.answers("REDACT #coil")
        self.assertIn(" 461 alice REDACT ", line)
