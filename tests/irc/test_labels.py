"""Labels: they name the answer to one command, and nothing else."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import Message

CAPS = ("message-tags", "labeled-response", "batch")
ECHO = (*CAPS, "echo-message")


def heads(messages: list[Message]) -> list[tuple[str, str, str]]:
    """The label, the command and the last parameter of each message."""
    return [
        (m.tags.get("label", ""), m.command, m.params[-1] if m.params else "") for m in messages
    ]


class LabelTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.rose, self.iris = self.account("rose", *ECHO), self.account("iris", *CAPS)
        for one in (self.rose, self.iris):
            one.answers("JOIN #coil", "JOIN #iron")
        for one in (self.rose, self.iris):
            one.lines()

    def asks(self, client: IrcClient, *lines: str) -> list[Message]:
        client.sends_lines(*lines)
        return client.messages()

    def whole(self, messages: list[Message], label: str) -> list[Message]:
        """What is in the one batch that has the label."""
        first, *inside, last = messages
        reference = first.params[0][1:]
        self.assertEqual((first.tags, first.params[1]), ({"label": label}, "labeled-response"))
        self.assertEqual((last.command, last.params, last.tags), ("BATCH", (f"-{reference}",), {}))
        self.assertEqual({m.tags.get("batch") for m in inside}, {reference})
        self.assertFalse(any("label" in message.tags for message in inside))
        return inside

    def test_h9_a_label_is_no_id_of_a_message(self) -> None:
        for label in ("1", "7b9c41f0-and-longer-than-sixteen"):
            for words in ("again", "again", "otherwise"):
                came = self.asks(self.rose, f"@label={label} PRIVMSG #coil :{words}")
                self.assertEqual(heads(came), [(label, "PRIVMSG", words)])
        said = [message.params[-1] for message in self.iris.messages()]
        self.assertEqual(said, ["again", "again", "otherwise"] * 2)

    def test_h9_several_targets_have_one_answer(self) -> None:
        for command in ("PRIVMSG", "NOTICE"):
            came = self.asks(self.rose, f"@label=L {command} #coil,#iron,iris,nobody :hello")
            inside = self.whole(came, "L")
            self.assertEqual(
                [(m.command, m.params[0]) for m in inside if m.command == command],
                [(command, "#coil"), (command, "#iron"), (command, "iris")],
            )
            self.assertIn("401", [message.command for message in inside])
            self.assertEqual(len(self.iris.messages()), 3)
        self.assertEqual(
            heads(self.asks(self.iris, "@label=M PRIVMSG #coil,#iron :hi")), [("M", "ACK", "")]
        )
        self.assertEqual([m.params[0] for m in self.rose.messages()], ["#coil", "#iron"])

    def test_h9_an_echo_and_what_is_told_with_it_are_one_answer(self) -> None:
        self.iris.answers("AWAY :at lunch")
        inside = self.whole(self.asks(self.rose, "@label=L PRIVMSG iris :hello"), "L")
        self.assertEqual([m.params[-1] for m in inside], ["hello", "at lunch"])
        self.iris.lines()
        [only] = self.asks(self.iris, "@label=Q PRIVMSG rose :here")
        self.assertEqual((only.command, only.tags["label"]), ("ACK", "Q"))

    def test_h9_an_echo_stands_where_the_room_has_it(self) -> None:
        self.rose.sends_later(b"@label=1 PRIVMSG #coil :one\r\n@label=3 PRIVMSG #coil :three\r\n")
        self.iris.sends_later(b"PRIVMSG #coil :two\r\n")
        self.hall.settle()
        came = sorted(heads(self.rose.messages()), key=lambda head: head[2] == "two")
        self.assertEqual([head[2] for head in came], ["one", "three", "two"])
        self.assertEqual([head[0] for head in came], ["1", "3", ""])

    def test_h9_what_is_said_from_outside_is_echoed_too(self) -> None:
        self.iris.answers("MODE #coil -n")
        zoe = self.guest("zoe", *ECHO)
        self.hall.bot("tesla").asks("mode", room="#coil", changes="-n")
        self.rose.answers("MODE #coil -n")
        self.assertEqual(
            heads(self.asks(zoe, "@label=Z PRIVMSG #coil :hi")), [("Z", "PRIVMSG", "hi")]
        )

    def test_h9_who_was_behind_is_answered_under_the_labels(self) -> None:
        self.rose.sends_later(b"@label=a PRIVMSG #coil :one\r\n@label=b PRIVMSG iris :two\r\n")
        self.rose.sends_later(b"@label=c PRIVMSG #coil,#iron :three\r\n")
        self.rose.deliver()
        self.rose.stops_reading()
        self.hall.settle()
        self.iris.answers("PRIVMSG #coil :meanwhile")
        self.rose.reads_again()
        came = self.rose.messages()
        labels = {m.tags["label"]: m.command for m in came if "label" in m.tags}
        self.assertEqual(labels, {"a": "PRIVMSG", "b": "PRIVMSG", "c": "BATCH"})
        said = [m.params[-1] for m in came if m.command == "PRIVMSG"]
        self.assertEqual(sorted(said), ["meanwhile", "one", "three", "three", "two"])

    def test_h9_who_wants_no_echo_has_none_behind_or_not(self) -> None:
        for behind in (False, True):
            self.iris.sends_later(b"@label=a PRIVMSG #coil :one\r\nPRIVMSG rose :two\r\n")
            self.iris.deliver()
            if behind:
                self.iris.stops_reading()
            self.hall.settle()
            self.rose.answers("PRIVMSG #coil :meanwhile")
            if behind:
                self.iris.reads_again()
            self.assertEqual(
                sorted(heads(self.iris.messages())),
                [("", "PRIVMSG", "meanwhile"), ("a", "ACK", "")],
            )

    def test_h9_a_refusal_has_the_label_and_the_next_message_is_said(self) -> None:
        came = self.asks(self.rose, "@label=x PRIVMSG #nowhere :a", "@label=y PRIVMSG #coil :b")
        answers = {head[:2] for head in heads(came)}
        self.assertEqual(answers, {("x", "403"), ("y", "PRIVMSG")})


class UnkeptTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.rose, self.iris = self.account("rose", *ECHO), self.account("iris", *CAPS)
        for one in (self.rose, self.iris):
            one.answers("JOIN #coil")
        self.rose.answers("MODE #coil +v iris")
        self.zoe = self.guest("zoe", *ECHO)
        for one in (self.rose, self.iris):
            one.lines()

    def test_h9_what_is_kept_nowhere_has_one_id_for_all(self) -> None:
        for line in (
            "TAGMSG #coil",
            "PRIVMSG #coil :\x01VERSION\x01",
            "PRIVMSG +#coil :for some",
        ):
            [echo] = self._said(self.rose, f"@+a=b {line}")
            [seen] = self.iris.messages()
            self.assertEqual(echo.tags["msgid"], seen.tags["msgid"], line)
        [echo] = self._said(self.zoe, "PRIVMSG iris :from a guest")
        [seen] = self.iris.messages()
        self.assertEqual(echo.tags["msgid"], seen.tags["msgid"])

    def _said(self, client: IrcClient, line: str) -> list[Message]:
        client.sends_lines(line)
        return client.messages()

    def test_h9_words_to_oneself_overtake_nothing_either(self) -> None:
        self.rose.sends_later(b"PRIVMSG #coil :first\r\nPRIVMSG rose :to me\r\n")
        self.hall.settle()
        said = [message.params[-1] for message in self.rose.messages()]
        self.assertEqual(said, ["first", "to me", "to me"])

    def test_h9_nothing_overtakes_what_was_said_before(self) -> None:
        for line in ("TAGMSG #coil", "NOTICE #coil :\x01PING 1\x01", "PRIVMSG +#coil :some"):
            self.rose.sends_later(f"PRIVMSG #coil :first\r\n@+a=b {line}\r\n".encode())
            self.hall.settle()
            for one in (self.rose, self.iris):
                first, second = one.messages()
                self.assertEqual(first.params[-1], "first")
                self.assertEqual(second.command, line.split(" ")[0])
