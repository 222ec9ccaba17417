"""One answer has so many bytes at most, and from one to the next nothing is skipped."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.irc.case import IrcClient
from twisted_chat.chat.commands import directory
from twisted_chat.doors.irc import chathistory
from twisted_chat.store import records
from twisted_chat.testing import Hall, Program

FITTING = 4  # messages in a page of these tests
PAGE = FITTING * 500
MESSAGES = 10


class PageCase(SynchronousTestCase):
    """Ann and Bob in a room, where Ann has said long things. Pages are small here."""

    guests = False

    def setUp(self) -> None:
        self.patch(records, "PAGE_BYTES", PAGE)
        self.hall = Hall(guests=self.guests)
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.ann, self.bob = self.hall.bot("ann"), self.hall.bot("bob")
        self.ann.asks("create", room="#room")
        self.bob.asks("join", room="#room")
        self.said = [f"word{n} " + "x" * 380 for n in range(MESSAGES)]
        self.says(self.ann, "#room")

    def says(self, who: Program, room: str) -> None:
        for text in self.said:
            assert "seq" in who.asks("send", room=room, text=text, cid=f"{room}{text[:9]}")

    def all_of(self, do: str, part: str, again: str, **arguments: Any) -> list[list[Any]]:
        """What an answer has, page by page, until there is no more."""
        pages = []
        while True:
            answer = self.bob.asks(do, **arguments)
            pages.append(answer[part])
            more = answer["older" if "older" in answer else "more"]
            if not more:
                return pages
            arguments[again] = more


class MessageTests(PageCase):
    def test_k5_history_and_search_go_on_where_a_page_ends(self) -> None:
        for do, again, asked in (
            ("history", "before", {"place": "#room", "count": 500}),
            ("search", "page", {"words": "from:ann"}),
        ):
            pages = self.all_of(do, "lines", again, **asked)
            self.assertEqual([len(page) for page in pages], [4, 4, 2])
            texts = [line["text"] for page in reversed(pages) for line in page]
            self.assertEqual(texts, self.said)

    def test_k5_the_newest_of_all_conversations(self) -> None:
        self.says(self.ann, "#lobby")
        lines = self.bob.asks("history", count=500)["lines"]
        self.assertEqual([line["text"] for line in lines], self.said[-FITTING:])

    def test_k5_a_gap_is_filled_page_by_page(self) -> None:
        after, texts = 0, []
        while True:
            answer = self.bob.asks("entries", room="#room", after=after, limit=500)
            self.assertLessEqual(len(answer["entries"]), FITTING + 2)  # with who has come in
            texts += [entry["text"] for entry in answer["entries"] if entry["event"] == "message"]
            if not answer["more"]:
                break
            after = answer["entries"][-1]["seq"]
        self.assertEqual(texts, self.said)

    def test_k5_one_message_that_is_longer_than_a_page(self) -> None:
        self.patch(records, "PAGE_BYTES", 10)
        pages = self.all_of("history", "lines", "before", place="#room")
        self.assertEqual([len(page) for page in pages], [1] * MESSAGES)

    def test_k5_lines_of_a_message_count_too(self) -> None:
        """IRC writes each of them with a head of its own."""
        for n in range(6):
            self.ann.asks("send", room="#lobby", text="\n".join("ab" * 4), cid=f"{n}")
        pages = self.all_of("history", "lines", "before", place="#lobby", count=500)
        self.assertEqual([len(page) for page in pages], [2, 2, 2])

    def test_k5_what_was_missed_at_the_next_login(self) -> None:
        self.hall.person("carl").types("join #room", "tata")
        self.says(self.ann, "#lobby")
        carl = self.hall.connects()
        carl.types("carl", "correct horse")
        came = carl.takes()
        self.assertEqual(came.count(" ann: word"), FITTING)
        self.assertIn("(and 6 older: history #lobby before 7)", came)


class IrcTests(PageCase):
    guests = True

    def irc(self, nick: str, password: str = "") -> IrcClient:
        client = IrcClient(self.hall, "127.0.0.1")
        self.hall.clients.append(client)
        client.registers(nick, "batch", "message-tags", "server-time", password=password)
        return client

    def test_k5_chathistory_says_when_there_is_no_more(self) -> None:
        client = self.irc("gus")
        client.answers("JOIN #room")
        where, texts = "*", list[str]()
        for last in (False, False, True):
            asked = "LATEST #room *" if where == "*" else f"BEFORE #room msgid={where}"
            client.sends_lines(f"CHATHISTORY {asked} 500")
            begin, *messages, _ = client.messages()
            self.assertEqual("draft/chathistory-end" in begin.tags, last)
            where = messages[0].tags["msgid"]
            texts[:0] = [message.params[-1] for message in messages]
        self.assertEqual(texts, self.said)

    def test_k5_one_login_replays_so_much_at_most(self) -> None:
        self.bob.asks("password", new="another horse", old="correct horse")
        self.patch(chathistory, "MOST_REPLAYED", 3 * PAGE)
        for name in ("carl", "dora", "emil"):
            self.says(self.hall.bot(name), "bob")
        bob = IrcClient(self.hall, "127.0.0.1")
        self.hall.clients.append(bob)
        bob.sends_lines("PASS :bob:another horse", "NICK bob", "USER bob 0 * :x")
        came = bob.lines()
        self.assertEqual(sum("PRIVMSG bob" in line for line in came), 2 * FITTING)
        notices = [line.partition(" :")[2] for line in came if " NOTICE bob :" in line]
        self.assertIn("6 older messages are there: /quote CHATHISTORY BEFORE carl", notices[-3])
        told = "10 messages are there: /quote CHATHISTORY LATEST emil * 100"
        self.assertEqual(notices[-1], told)


class ListTests(PageCase):
    """Lists are read in parts in the order of their names."""

    guests = True

    def setUp(self) -> None:
        super().setUp()
        self.patch(directory, "PAGE_BYTES", 450)  # four without an introduction
        for name in ("carl", "dora", "emil", "fred", "gina", "hans"):
            guest = self.hall.program()
            guest.asks("guest", name=name)
            guest.asks("join", room="#room")

    def names(self, do: str, **arguments: Any) -> list[str]:
        pages = self.all_of(do, "people", "after", **arguments)
        self.assertEqual({len(page) for page in pages[:-1]}, {4})
        return [face["name"] for page in pages for face in page]

    def test_k5_who_is_there(self) -> None:
        guests = ["carl", "dora", "emil", "fred", "gina", "hans"]
        self.assertEqual(self.names("whoelse"), ["ann", *guests])
        self.assertEqual(self.names("wholast", minutes=5), ["ann", *guests])
        self.assertEqual(self.names("members", room="#lobby"), ["ann", "bob", *guests])
        self.ann.asks("op", room="#room", user="hans")
        self.assertEqual(self.names("members", room="#room"), ["ann", "hans", "bob", *guests[:-1]])

    def test_k5_the_rooms(self) -> None:
        for name in "fedcba":
            self.ann.asks("create", room=f"#{name}")
        self.ann.asks("topic", room="#c", text="t" * 300)
        pages = self.all_of("rooms", "rooms", "after")
        names = [[room["room"] for room in page] for page in pages]
        self.assertEqual(names, [["#a", "#b"], ["#c"], ["#d", "#e", "#f", "#lobby"], ["#room"]])

    def test_k5_a_person_is_told_how_to_go_on(self) -> None:
        person = self.hall.person("zoe")
        person.types("whoelse")
        person.hears("dora", "(There are more: ask the same with: after dora)")
        person.types("whoelse after dora")
        person.hears("emil", "hans")
