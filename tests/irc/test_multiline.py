"""Messages of several lines: sent line by line, stored and shown as one."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import Message

CAPS = ("message-tags", "batch", "echo-message", "server-time", "labeled-response")
LINES = (*CAPS, "draft/multiline")
CONCAT = "draft/multiline-concat"


class MultilineCase(IrcCase):
    settings: ClassVar[dict[str, Any]] = {"guests": True, "max_message": 1000}

    def setUp(self) -> None:
        super().setUp()
        self.alice = self.account("alice", *LINES)
        self.bob = self.account("bob", *LINES)
        self.carol = self.account("carol", *CAPS)
        for client in (self.alice, self.bob, self.carol):
            client.answers("JOIN #coil")
        for client in (self.alice, self.bob, self.carol):
            client.lines()

    def sends(self, *lines: str, tags: str = "", target: str = "#coil") -> list[Message]:
        """Alice sends lines in a batch; each begins with a + if it goes on the one before."""
        self.alice.sends_lines(
            f"{tags}BATCH +1 draft/multiline {target}",
            *[
                f"@batch=1;{CONCAT} PRIVMSG {target} :{line[1:]}"
                if line.startswith("+")
                else f"@batch=1 PRIVMSG {target} :{line}"
                for line in lines
            ],
            "BATCH -1",
        )
        return self.alice.messages()

    def fail(self, client: IrcClient, *lines: str) -> tuple[str, ...]:  # type: ignore[override]
        """The code of the one refusal that came, and what it is about."""
        client.sends_lines(*lines)
        [message] = client.messages()
        self.assertEqual((message.command, message.params[0]), ("FAIL", "BATCH"))
        return message.params[1:-1]


class SendingTests(MultilineCase):
    def test_one_message_one_id_one_label(self) -> None:
        echo = self.sends("hello", "#how is ", "+everyone?", tags="@label=xyz ")
        begin, *inside, end = echo
        self.assertEqual((begin.command, *begin.params[1:]), ("BATCH", "draft/multiline", "#coil"))
        self.assertEqual(begin.tags["label"], "xyz")
        msgid, time = begin.tags["msgid"], begin.tags["time"]
        self.assertEqual(end.params[0][1:], begin.params[0][1:])
        self.assertEqual(
            [message.params[1] for message in inside], ["hello", "#how is ", "everyone?"]
        )
        for message in inside:
            self.assertFalse({"msgid", "time", "label"} & set(message.tags))
        self.assertIn(CONCAT, inside[2].tags)

        begin, *inside, end = self.bob.messages()
        self.assertEqual((begin.tags["msgid"], begin.tags["time"]), (msgid, time))
        self.assertEqual([CONCAT in message.tags for message in inside], [False, False, True])

        plain = self.carol.messages()
        self.assertEqual(
            [message.params[1] for message in plain], ["hello", "#how is ", "everyone?"]
        )
        self.assertEqual([message.tags.get("msgid") for message in plain], [msgid, None, None])
        self.assertEqual({message.tags["time"] for message in plain}, {time})

    def test_the_house_has_one_text(self) -> None:
        program = self.hall.bot("bob")
        self.sends("hello", "", "how is ", "+everyone?")
        [event] = program.takes_events("message")
        self.assertEqual(event["text"], "hello\n\nhow is everyone?")

    def test_blank_lines_are_for_those_who_know_them(self) -> None:
        self.sends("", "two", "", tags="@+about=this ")
        begin, *inside, _ = self.bob.messages()
        self.assertEqual([message.params[1] for message in inside], ["", "two", ""])
        self.assertEqual(begin.tags["+about"], "this")
        [only] = self.carol.messages()
        self.assertEqual((only.params[1], only.tags["+about"]), ("two", "this"))
        self.assertIn("msgid", only.tags)

    def test_h3_what_a_client_adds_to_a_message_is_on_its_first_line_only(self) -> None:
        self.sends("one", "two", "three", tags=f"@+about={'this' * 1000} ")
        self.assertEqual(["+about" in message.tags for message in self.carol.messages()], [1, 0, 0])
        history = self.carol.answers("CHATHISTORY LATEST #coil * 10")
        self.assertEqual(sum("+about" in line for line in history), 1)

    def test_notices_and_private_messages(self) -> None:
        self.alice.sends_lines(
            "BATCH +n draft/multiline bob",
            "@batch=n NOTICE bob :one",
            "@batch=n NOTICE bob :two",
            "BATCH -n",
        )
        begin, one, two, _ = self.bob.messages()
        self.assertEqual(begin.params[2], "bob")
        self.assertEqual([one.command, two.command], ["NOTICE", "NOTICE"])

    def test_a_message_that_is_refused_is_refused_once_with_its_label(self) -> None:
        echo = self.sends("one", "two", tags="@label=L ", target="#nothing")
        self.assertEqual([(m.command, m.tags["label"]) for m in echo], [("403", "L")])

    def test_what_is_said_without_a_batch_comes_between(self) -> None:
        self.alice.sends_lines("BATCH +1 draft/multiline #coil", "@batch=1 PRIVMSG #coil :a")
        self.assertEqual(self.alice.messages(), [])
        self.alice.sends_lines("PRIVMSG #coil :now", "@batch=1 PRIVMSG #coil :b", "BATCH -1")
        commands = [message.command for message in self.bob.messages()]
        self.assertEqual(commands, ["PRIVMSG", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH"])

    def test_the_capability_says_how_much_and_it_is_so(self) -> None:
        client = self.client()
        client.sends_lines("CAP LS 302")
        self.assertIn("draft/multiline=max-bytes=1000,max-lines=100", client.received)
        begin, *inside, _ = self.sends(*["x" * 9] * 100)
        self.assertEqual(len(inside), 100)
        self.assertEqual(begin.params[1], "draft/multiline")


class RefusalTests(MultilineCase):
    BEGIN = "BATCH +1 draft/multiline #coil"

    def test_h9_too_much(self) -> None:
        lines = [f"@batch=1 PRIVMSG #coil :{'x' * 400}"] * 4
        refused = self.fail(self.alice, self.BEGIN, *lines, "BATCH -1")
        self.assertEqual(refused, ("MULTILINE_MAX_BYTES", "1000"))
        lines = ["@batch=1 PRIVMSG #coil :x"] * 103
        refused = self.fail(self.alice, self.BEGIN, *lines, "BATCH -1")
        self.assertEqual(refused, ("MULTILINE_MAX_LINES", "100"))
        self.assertEqual(self.bob.messages(), [])

    def test_h9_another_target(self) -> None:
        refused = self.fail(self.alice, self.BEGIN, "@batch=1 PRIVMSG #den :x", "BATCH -1")
        self.assertEqual(refused, ("MULTILINE_INVALID_TARGET", "#coil", "#den"))

    def test_h9_whatever_else_is_wrong(self) -> None:
        hello = "@batch=1 PRIVMSG #coil :hello"
        for lines in (
            [self.BEGIN, "@batch=2 PRIVMSG #coil :x"],
            [self.BEGIN, hello, f"@batch=1;{CONCAT} PRIVMSG #coil :", "BATCH -1"],
            [self.BEGIN, f"@batch=1;{CONCAT} PRIVMSG #coil :x", "BATCH -1"],
            [self.BEGIN, "@batch=1 PRIVMSG #coil :", "@batch=1 PRIVMSG #coil :", "BATCH -1"],
            [self.BEGIN, "BATCH -1"],
            [self.BEGIN, hello, "@batch=1 NOTICE #coil :x", "BATCH -1"],
            [self.BEGIN, f"@batch=1 {self.BEGIN}", "BATCH -1"],
            [self.BEGIN, "BATCH +2 draft/multiline #coil", hello, "BATCH -1"],
            ["BATCH -7"],
            [hello],
            ["BATCH +1 draft/multiline", "BATCH -1"],
            ["BATCH + draft/multiline #coil"],
        ):
            self.assertEqual(self.fail(self.alice, *lines), ("MULTILINE_INVALID",), lines)
            self.alice.sends_lines("BATCH -1")
            self.alice.lines()
        self.assertEqual(self.bob.messages(), [])
        self.assertEqual(len(self.sends("it", "goes on")), 4)

    def test_h9_other_batches(self) -> None:
        refused = self.fail(self.alice, "BATCH +z netsplit a b", "BATCH -z")
        self.assertEqual(refused, ("UNKNOWN_TYPE", "z"))

    def test_h9_those_who_have_not_asked_for_it_have_no_batches(self) -> None:
        [line] = self.carol.answers(self.BEGIN)
        self.assertIn(" 421 carol BATCH ", line)
        [line] = self.alice.answers("BATCH 1")
        self.assertIn(" 461 alice BATCH ", line)

    def test_h9_the_refusal_has_the_label_of_the_batch(self) -> None:
        came = self.sends("x" * 300, "x" * 300, "x" * 300, "x" * 300, tags="@label=L9 ")
        self.assertEqual([message.tags.get("label") for message in came], ["L9"])

    def hears(self, client: IrcClient) -> list[Message]:
        """What comes, but for the question whether somebody is there."""
        return [message for message in client.messages() if message.command != "PING"]

    def test_h9_what_is_left_open_is_given_up_and_passed_over(self) -> None:
        self.alice.sends_lines(f"@label=L1 {self.BEGIN}", "@batch=1 PRIVMSG #coil :half")
        self.hall.wait(50)
        self.assertEqual(self.hears(self.alice), [])
        self.hall.wait(15)
        [message] = self.hears(self.alice)
        self.assertEqual((message.command, *message.params[:3]), ("FAIL", "BATCH", "TIMEOUT", "1"))
        self.assertEqual(message.tags["label"], "L1")
        self.alice.sends_lines("@batch=1 PRIVMSG #coil :more", "BATCH -1")
        self.assertEqual(self.hears(self.alice), [])
        self.assertEqual(self.hears(self.bob), [])

    def test_h9_after_one_that_was_given_up_another_may_follow(self) -> None:
        self.alice.sends_lines(self.BEGIN, "@batch=1 PRIVMSG #coil :half")
        self.hall.wait(65)
        self.alice.lines()
        self.assertEqual(len(self.sends("it", "goes on")), 4)

    def test_h9_one_that_takes_its_time_is_taken(self) -> None:
        self.alice.sends_lines(self.BEGIN, "@batch=1 PRIVMSG #coil :slow")
        self.hall.wait(50)
        self.alice.sends_lines("@batch=1 PRIVMSG #coil :but whole", "BATCH -1")
        said = [it.params[1] for it in self.bob.messages() if it.command == "PRIVMSG"]
        self.assertEqual(said, ["slow", "but whole"])
