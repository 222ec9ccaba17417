"""SEARCH finds what one may read."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import parse
from twisted_chat.doors.irc.render import timestamp

CAPS = ("message-tags", "server-time", "batch", "labeled-response", "soju.im/search")


class SearchTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = self.account("alice", *CAPS)
        self.bob = self.account("bob", *CAPS)
        self.alice.answers("JOIN #coil", "JOIN #den")
        self.bob.answers("JOIN #coil")
        self.times = []
        for client, target, text in (
            (self.alice, "#coil", "the red wire"),
            (self.bob, "#coil", "the green wire"),
            (self.alice, "#den", "a red door"),
            (self.alice, "bob", "a red secret"),
            (self.bob, "#lobby", "red lobby; of all"),
        ):
            self.hall.wait(1)
            client.answers(f"PRIVMSG {target} :{text}")
            self.times.append(timestamp(self.hall.wall()))
        self.alice.lines(), self.bob.lines()

    def find(self, query: str, client: IrcClient | None = None) -> list[str]:
        """What is found, in its batch."""
        lines = (client or self.alice).answers(f"SEARCH {query}")
        first, *inside, last = [message for line in lines if (message := parse(line))]
        self.assertEqual(first.params[1:], ("soju.im/search",))
        self.assertEqual(last.params[0][1:], first.params[0][1:])
        for message in inside:
            self.assertEqual(message.tags["batch"], first.params[0][1:])
            self.assertTrue({"time", "msgid"} <= set(message.tags))
        return [f"{message.params[0]}: {message.params[1]}" for message in inside]

    def refusal(self, query: str) -> tuple[str, ...]:
        [line] = self.alice.answers(f"SEARCH {query}".rstrip())
        message = parse(line)
        assert message is not None
        self.assertEqual((message.command, message.params[0]), ("FAIL", "SEARCH"))
        return message.params[1:-1]

    def test_words_over_all_conversations_oldest_first(self) -> None:
        self.assertEqual(
            self.find("text=red"),
            [
                "#coil: the red wire",
                "#den: a red door",
                "bob: a red secret",
                "#lobby: red lobby; of all",
            ],
        )
        self.assertEqual(self.find("text=the\\sred"), ["#coil: the red wire"])
        self.assertEqual(self.find("text=lobby\\:"), ["#lobby: red lobby; of all"])

    def test_c5_only_what_one_may_read(self) -> None:
        found = self.find("text=red", self.bob)
        self.assertNotIn("#den: a red door", found)
        self.assertIn("bob: a red secret", found)
        carol = self.account("carol", *CAPS)
        self.assertEqual(self.find("text=red", carol), ["#lobby: red lobby; of all"])

    def test_where_and_by_whom(self) -> None:
        self.assertEqual(self.find("in=#coil"), ["#coil: the red wire", "#coil: the green wire"])
        self.assertEqual(self.find("from=bob;in=#coil"), ["#coil: the green wire"])
        self.assertEqual(self.find("in=bob;text=red"), ["bob: a red secret"])
        self.account("dave")
        self.assertEqual(self.find("in=dave;text=red"), [])

    def test_when_and_how_many(self) -> None:
        self.assertEqual(self.find(f"text=red;before={self.times[0]}"), ["#coil: the red wire"])
        self.assertEqual(
            self.find(f"text=red;after={self.times[2]};before={self.times[2]}"),
            ["#den: a red door"],
        )
        self.assertEqual(
            self.find("text=red;limit=2"), ["bob: a red secret", "#lobby: red lobby; of all"]
        )
        self.assertEqual(self.find("before=2010-01-01T00:00:00.000Z;in=#coil"), [])

    def test_what_the_ignored_say_is_not_found(self) -> None:
        self.hall.bot("alice").asks("ignore", user="bob")
        self.alice.lines()
        self.assertEqual(self.find("text=wire"), ["#coil: the red wire"])

    def test_h9_the_answer_has_the_label(self) -> None:
        lines = self.alice.answers("@label=S SEARCH text=nothing")
        self.assertTrue(lines[0].startswith("@label=S :"), lines)
        self.assertEqual(len(lines), 2)

    def test_h9_refusals(self) -> None:
        for query, about in (
            ("", "text"),
            ("limit=5", "text"),
            ("text=++", "text"),
            ("colour=red", "colour"),
            ("text=a;in=#nothing", "in"),
            ("text=a;in=nobody", "in"),
            ("text=a;from=nobody", "from"),
            ("text=a;after=yesterday", "after"),
            ("text=a;before=x", "before"),
            ("text=a;limit=0", "limit"),
            ("text=a;limit=x", "limit"),
        ):
            self.assertEqual(self.refusal(query), ("INVALID_PARAMS", about), query)

    def test_d16_what_a_guest_has_said_is_not_found_by_name(self) -> None:
        self.guest("zoe", *CAPS)
        self.assertEqual(self.refusal("from=zoe"), ("INVALID_PARAMS", "from"))
