"""TAGMSG, CTCP and messages to oneself: what is passed between IRC clients and not stored."""

from __future__ import annotations

from typing import Any

from tests.irc.case import IrcCase


class TagmsgTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.tesla = self.account(
            "tesla", "message-tags", "echo-message", "labeled-response", "batch"
        )
        self.iris = self.account("iris", "message-tags")
        self.plain = self.account("plain")
        for client in (self.tesla, self.iris, self.plain):
            client.answers("JOIN #coil")
        for client in (self.tesla, self.iris, self.plain):
            client.lines()

    def test_tags_without_words_go_to_clients_that_know_tags(self) -> None:
        came = self.tesla.answers("@+draft/react=👍;label=7 TAGMSG #coil")
        self.assertEqual(len(came), 1)
        self.assertIn("label=7", came[0])
        self.iris.hears("+draft/react=👍", ":tesla!tesla@tesla.account TAGMSG #coil\r\n")
        self.assertEqual(self.plain.lines(), [])

    def test_only_tags_for_clients_are_passed_on(self) -> None:
        self.tesla.answers("@time=x;+a=b TAGMSG #coil")
        [line] = self.iris.lines()
        self.assertIn("+a=b", line)
        self.assertNotIn("time=x", line)

    def test_a_target_that_is_named_several_times_counts_once(self) -> None:
        self.tesla.answers("@+a=b TAGMSG #coil,#coil,#coil,iris,#coil")
        self.assertEqual(len(self.iris.lines()), 2)
        [refusal] = self.tesla.answers("@+a=b TAGMSG #coil,iris,plain,tesla,nobody")
        self.assertIn(" 407 tesla nobody :", refusal)
        self.assertEqual(self.iris.lines(), [])

    def test_h1_a_line_break_in_a_tag_is_refused(self) -> None:
        [refusal] = self.tesla.answers("@+a\rb=c\rd TAGMSG #coil")
        self.assertIn("Tags are written", refusal)
        self.assertEqual(self.iris.lines(), [])
        self.tesla.answers("PRIVMSG #coil :and on")
        self.iris.hears("PRIVMSG #coil :and on")

    def test_a16_who_does_not_read_is_passed_nothing_then_or_later(self) -> None:
        self.iris.stops_reading()
        for _ in range(3):
            self.tesla.answers("@+a=b TAGMSG #coil", "@+a=b TAGMSG iris")
            self.tesla.answers("PRIVMSG #coil :\x01VERSION\x01", "PRIVMSG iris :\x01VERSION\x01")
        self.tesla.answers("PRIVMSG #coil :and this is kept")
        self.assertEqual(self.iris.received, "")
        self.plain.hears("VERSION", "and this is kept")
        self.iris.reads_again()
        [line] = self.iris.lines()
        self.assertIn("PRIVMSG #coil :and this is kept", line)

    def test_what_one_says_to_oneself_comes_back_and_is_kept_nowhere(self) -> None:
        me = ":plain!plain@plain.account"
        asked = "PRIVMSG plain :\x01KEEPALIVE 1\x01"
        self.assertEqual(self.plain.answers(asked), [f"{me} {asked}"])
        said = "PRIVMSG plain :remember the milk"
        self.assertEqual(self.plain.answers(said), [f"{me} {said}"])
        came = [line.rpartition(" :")[2] for line in self.tesla.answers("PRIVMSG tesla :hello")]
        self.assertEqual(came, ["hello", "hello"])  # and the echo that it has asked for

    def test_ctcp_to_whoever_is_not_here_is_refused(self) -> None:
        self.iris.vanishes()
        self.plain.lines()
        [refusal] = self.plain.answers("PRIVMSG iris :\x01VERSION\x01")
        self.assertIn(" 401 plain iris :iris is not here", refusal)

    def test_an_answer_that_cannot_be_sent_holds_nothing_up(self) -> None:
        door: Any = self.tesla.protocol.door
        send, broken = door.send, [True]

        def fails_once(lines: list[str]) -> None:
            if broken:
                broken.clear()
                raise ValueError("a line of IRC has no line break in it")
            send(lines)

        door.send = fails_once
        came = self.tesla.answers("@label=1 TAGMSG #coil", "TOPIC #coil :next")
        self.assertTrue(any("INTERNAL_ERROR" in line for line in came), came)
        self.assertTrue(any("TOPIC" in line for line in came), came)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
