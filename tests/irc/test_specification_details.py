"""What the specifications say in passing: who has sent a line, in which order, who is counted."""

from __future__ import annotations

from tests.irc.case import IrcCase
from twisted_chat.doors.irc.message import parse

CAPS = ("message-tags", "account-tag", "away-notify", "batch")


class SpecificationTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.rose, self.iris = self.account("rose", *CAPS), self.account("iris", *CAPS)
        for one in (self.rose, self.iris):
            one.answers("JOIN #coil")
        self.rose.lines()

    def test_h9_an_invitation_names_the_account_that_sends_it(self) -> None:
        self.rose.answers("JOIN #iron", "INVITE iris #iron")
        invited = parse(self.iris.lines()[0])
        assert invited is not None
        self.assertEqual((invited.command, invited.tags["account"]), ("INVITE", "rose"))

    def test_h9_an_owner_is_gone_before_another_one_is_there_whom_the_server_names(self) -> None:
        self.rose.answers("PART #coil")
        gone, owner = (parse(line) for line in self.iris.lines())
        assert gone is not None and owner is not None
        self.assertEqual((gone.command, gone.tags["account"]), ("PART", "rose"))
        self.assertEqual(owner.params, ("#coil", "+o", "iris"))
        self.assertEqual(owner.source, "twisted-chat.chat")
        self.assertNotIn("account", owner.tags)

    def test_h9_who_joins_and_is_away_is_told_to_be(self) -> None:
        self.rose.answers("JOIN #iron")
        plain = self.account("plain", "batch")
        plain.answers("JOIN #iron")
        self.rose.lines()
        self.iris.answers("AWAY :at lunch", "JOIN #iron")
        self.assertNotIn("AWAY", "".join(plain.lines()))
        _, joined, away = self.rose.lines()
        self.assertIn(" JOIN #iron", joined)
        self.assertTrue(away.endswith(":iris!iris@iris.account AWAY :at lunch"), away)
        self.assertNotIn("msgid", away)

    def test_h7_who_is_invisible_is_counted_and_not_listed(self) -> None:
        zoe = self.guest("zoe")
        self.iris.answers("MODE iris +i")
        for mask, found in {"i*": [], "*": ["rose", "zoe"], "iris": ["iris"]}.items():
            lines = [line.split(" ") for line in zoe.answers(f"WHO {mask}")]
            self.assertEqual([words[7] for words in lines if words[1] == "352"], found, mask)
        self.assertIn("iris", "".join(self.rose.answers("WHO i*")))
        self.assertIn("2 users and 1 invisible on 1 servers", zoe.answers("LUSERS")[0])

    def test_h9_an_empty_key_is_no_key(self) -> None:
        for line in ("MODE #coil +k", "MODE #coil +k :", "MODE #coil +k :a,b"):
            [refusal] = self.rose.answers(line)
            self.assertRegex(refusal, r" 696 rose #coil k \S+ :A key is ")

    def test_h9_somebody_is_excepted_from_mutes_alone(self) -> None:
        self.rose.answers("MODE #coil +bb ~m:*!*@*.account iris!*@*", "MODE #coil +e ~m:iris")
        listed = self.rose.answers("MODE #coil +e")
        self.assertIn(" 348 rose #coil ~m:iris!*@* ", listed[0])
        self.iris.lines()
        self.assertIn("You are banned from #coil", self.iris.answers("PRIVMSG #coil :hello")[0])
        self.rose.answers("MODE #coil -b iris!*@*")
        self.iris.lines()
        self.assertEqual(self.iris.answers("PRIVMSG #coil :hello"), [])
        self.rose.answers("MODE #coil -e ~m:iris")
        self.iris.lines()
        self.assertIn("You are muted in #coil", self.iris.answers("PRIVMSG #coil :hello")[0])

    def test_h9_names_of_several_channels(self) -> None:
        self.rose.answers("JOIN #iron")
        told = [
            line.split(" ", 1)[1] for line in self.rose.answers("NAMES #coil,#iron,#none,#coil")
        ]
        self.assertEqual(
            [line for line in told if line.startswith("353")],
            ["353 rose = #coil :@rose iris", "353 rose = #iron :@rose"],
        )
        ends = [line.split(" ")[2] for line in told if line.startswith("366")]
        self.assertEqual(ends, ["#coil", "#iron", "#none"])
