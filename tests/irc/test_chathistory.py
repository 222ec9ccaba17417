"""CHATHISTORY: what was said, page by page, for those who may read it."""

from __future__ import annotations

from unittest import mock

from twisted.internet.defer import Deferred

from tests.irc.case import IrcCase, IrcClient
from twisted_chat.doors.irc.message import Message, parse
from twisted_chat.doors.irc.render import timestamp
from twisted_chat.store import LOBBY, Query, Scope

CAPS = ("message-tags", "server-time", "batch", "echo-message", "labeled-response")
HISTORY = (*CAPS, "draft/chathistory")


def parsed(client: IrcClient, *lines: str) -> list[Message]:
    """What was answered."""
    client.lines()
    return [message for line in client.answers(*lines) if (message := parse(line)) is not None]


class HistoryCase(IrcCase):
    """Alice has said m0 to m9 in #coil, one second after the other."""

    def setUp(self) -> None:
        super().setUp()
        self.alice = self.account("alice", *HISTORY)
        self.alice.answers("JOIN #coil")
        self.said: list[Message] = []
        for number in range(10):
            self.hall.wait(1)
            self.said += [
                message
                for message in parsed(self.alice, f"PRIVMSG #coil m{number}")
                if message.command == "PRIVMSG"
            ]

    def ask(self, question: str, client: IrcClient | None = None) -> str:
        """The texts of an answer without their m, and a ! where it said that this is the end."""
        first, *inside, last = parsed(client or self.alice, f"CHATHISTORY {question}")
        self.assertEqual((first.command, last.command), ("BATCH", "BATCH"))
        self.assertEqual(first.params[1], "chathistory")
        reference = first.params[0][1:]
        self.assertEqual(last.params, (f"-{reference}",))
        for message in inside:
            self.assertEqual(message.tags["batch"], reference)
            self.assertIn("time", message.tags)
        texts = [message.params[-1].removeprefix("m") for message in inside]
        return "".join(texts) + "!" * ("draft/chathistory-end" in first.tags)

    def refusal(self, question: str, client: IrcClient | None = None) -> tuple[str, ...]:
        """The code of a refusal and what it is about."""
        [message] = parsed(client or self.alice, f"CHATHISTORY {question}".rstrip())
        self.assertEqual((message.command, message.params[0]), ("FAIL", "CHATHISTORY"))
        return message.params[1:-1]

    def msg(self, number: int) -> str:
        return f"msgid={self.said[number].tags['msgid']}"

    def at(self, number: int) -> str:
        return f"timestamp={self.said[number].tags['time']}"


class PageTests(HistoryCase):
    def test_a20_who_leaves_people_out_waits_for_those_who_search(self) -> None:
        bob, history = self.account("bob", *HISTORY), self.hall.chat.history
        self.hall.bot("bob").asks("ignore", user="alice")
        bob.answers("JOIN #coil")
        bob.lines()
        session = next(iter(self.hall.chat.sessions))
        with mock.patch.object(self.hall.store, "run_once", lambda: False):
            found = Deferred.fromCoroutine(history.search(session, Query("m1", (Scope(LOBBY),))))
            bob.sends_lines("CHATHISTORY LATEST #coil * 9")
            self.assertEqual(bob.lines(), [])
            self.assertEqual(self.ask("LATEST #coil * 2"), "89")
            self.assertFalse(found.called)
        self.hall.settle()
        self.assertIn("chathistory #coil", bob.lines()[0])

    def test_h9_messages_come_back_as_they_were_said(self) -> None:
        _, *inside, _ = parsed(self.alice, "CHATHISTORY LATEST #coil * 50")
        for message in inside:
            del message.tags["batch"]  # type: ignore[attr-defined]
        self.assertEqual(inside, self.said)

    def test_latest(self) -> None:
        self.assertEqual(self.ask("LATEST #coil * 50"), "0123456789!")
        self.assertEqual(self.ask("LATEST #coil * 10"), "0123456789!")
        self.assertEqual(self.ask("LATEST #coil * 3"), "789")
        for at in (self.msg(4), self.at(4)):
            self.assertEqual(self.ask(f"LATEST #coil {at} 50"), "56789!")
            self.assertEqual(self.ask(f"LATEST #coil {at} 2"), "89")

    def test_before(self) -> None:
        for at in (self.msg(6), self.at(6)):
            self.assertEqual(self.ask(f"BEFORE #coil {at} 50"), "012345!")
            self.assertEqual(self.ask(f"BEFORE #coil {at} 2"), "45")
        self.assertEqual(self.ask(f"BEFORE #coil {self.msg(0)} 5"), "!")

    def test_after(self) -> None:
        for at in (self.msg(3), self.at(3)):
            self.assertEqual(self.ask(f"AFTER #coil {at} 50"), "456789!")
            self.assertEqual(self.ask(f"AFTER #coil {at} 3"), "456")

    def test_between(self) -> None:
        for first, last in (
            (self.msg(0), self.msg(9)),
            (self.at(0), self.at(9)),
            (self.msg(0), self.at(9)),
            (self.at(0), self.msg(9)),
        ):
            self.assertEqual(self.ask(f"BETWEEN #coil {first} {last} 50"), "12345678!")
            self.assertEqual(self.ask(f"BETWEEN #coil {last} {first} 50"), "12345678!")
            self.assertEqual(self.ask(f"BETWEEN #coil {first} {last} 3"), "123")
            self.assertEqual(self.ask(f"BETWEEN #coil {last} {first} 3"), "678")

    def test_around(self) -> None:
        self.assertEqual(self.ask(f"AROUND #coil {self.msg(7)} 1"), "7")
        self.assertEqual(self.ask(f"AROUND #coil {self.msg(7)} 3"), "678")
        self.assertEqual(self.ask(f"AROUND #coil {self.at(7)} 3"), "678")

    def test_page_by_page_nothing_is_missed_or_doubled(self) -> None:
        pages, at = "", "*"
        first, *inside, _ = parsed(self.alice, f"CHATHISTORY LATEST #coil {at} 4")
        while inside:
            pages = "".join(message.params[-1] for message in inside) + pages
            if "draft/chathistory-end" in first.tags:
                break
            at = inside[0].tags["msgid"]
            first, *inside, _ = parsed(self.alice, f"CHATHISTORY BEFORE #coil msgid={at} 4")
        self.assertEqual(pages, "m0m1m2m3m4m5m6m7m8m9")

    def test_h9_the_answer_has_the_label(self) -> None:
        first, *_, last = parsed(self.alice, "@label=L7 CHATHISTORY LATEST #coil * 2")
        self.assertEqual((first.tags["label"], first.params[1]), ("L7", "chathistory"))
        self.assertNotIn("label", last.tags)

    def test_those_without_batches_get_lines_with_their_time(self) -> None:
        self.account("bob").answers("JOIN #coil", "PART #coil")
        bob = self.account("bob")
        came = bob.answers("JOIN #coil", "CHATHISTORY LATEST #coil * 2")[-2:]
        self.assertEqual(came[0], ":alice!alice@alice.account PRIVMSG #coil :[10:00] m8")

    def test_many_lines_of_one_message_are_a_batch_inside(self) -> None:
        self.alice.answers("CAP REQ :draft/multiline")
        self.hall.bot("carol").asks("join", room="#coil")
        carol = self.hall.bot("carol")
        carol.asks("send", room="#coil", text="one\ntwo", cid="c1")
        self.alice.lines()
        outer, inner, one, two, end, last = parsed(self.alice, "CHATHISTORY LATEST #coil * 1")
        self.assertEqual(inner.params[1:], ("draft/multiline", "#coil"))
        self.assertEqual(inner.tags["batch"], outer.params[0][1:])
        self.assertEqual(end.tags["batch"], outer.params[0][1:])
        self.assertEqual([one.params[1], two.params[1]], ["one", "two"])
        self.assertEqual(last.params[0][1:], outer.params[0][1:])


class WhatIsShownTests(HistoryCase):
    def test_edited_words_are_shown_and_deleted_messages_are_not(self) -> None:
        alice = self.hall.bot("alice")
        seqs = [message.tags["msgid"].rpartition("-")[2] for message in self.said]
        alice.asks("edit", message=f"#coil/{seqs[8]}", text="mE")
        alice.asks("delete", what=f"#coil/{seqs[9]}")
        self.alice.lines()
        self.assertEqual(self.ask("LATEST #coil * 3"), "67E")
        _, *inside, _ = parsed(self.alice, "CHATHISTORY LATEST #coil * 1")
        self.assertEqual(inside[0].tags["msgid"], self.said[8].tags["msgid"])

    def test_only_messages_are_shown_to_those_who_expect_no_more(self) -> None:
        self.alice.answers("TOPIC #coil :electricity")
        self.assertEqual(self.ask("LATEST #coil * 2"), "89")

    def test_everything_is_shown_to_those_who_want_it(self) -> None:
        self.alice.answers("CAP REQ :draft/event-playback draft/message-redaction")
        self.account("bob").answers("JOIN #coil")
        self.alice.answers("TOPIC #coil :electricity", "MODE #coil +o bob", "MODE #coil +m")
        self.alice.answers(f"REDACT #coil {self.said[9].tags['msgid']} :oops")
        _, *inside, _ = parsed(self.alice, "CHATHISTORY LATEST #coil * 6")
        commands = [(message.command, *message.params[1:]) for message in inside]
        self.assertEqual(
            commands,
            [
                ("PRIVMSG", "m8"),
                ("JOIN",),
                ("TOPIC", "electricity"),
                ("MODE", "+o", "bob"),
                ("MODE", "+m"),
                ("REDACT", self.said[9].tags["msgid"], "oops"),
            ],
        )

    def test_an_edit_is_told_where_its_message_is_not_shown(self) -> None:
        self.alice.answers("CAP REQ :draft/event-playback")
        alice = self.hall.bot("alice")
        seq = self.said[5].tags["msgid"].rpartition("-")[2]
        alice.asks("edit", message=f"#coil/{seq}", text="mE")
        self.alice.lines()
        _, *inside, _ = parsed(self.alice, "CHATHISTORY LATEST #coil * 2")
        self.assertEqual([message.command for message in inside], ["PRIVMSG", "NOTICE"])
        _, *inside, _ = parsed(self.alice, "CHATHISTORY LATEST #coil * 8")
        self.assertNotIn("NOTICE", [message.command for message in inside])

    def test_words_of_the_ignored_are_left_out_and_no_page_is_short_for_it(self) -> None:
        bob = self.account("bob", *HISTORY)
        bob.answers("JOIN #coil", "PRIVMSG #coil mX", "PRIVMSG #coil mY")
        self.hall.bot("alice").asks("ignore", user="bob")
        self.alice.lines()
        self.assertEqual(self.ask("LATEST #coil * 3"), "789")


class PrivateTests(HistoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.bob = self.account("bob", *HISTORY)
        self.alice.answers("PRIVMSG bob m1")
        self.bob.answers("PRIVMSG alice m2")
        self.alice.answers("PRIVMSG bob m3")

    def test_both_see_the_whole_conversation(self) -> None:
        self.assertEqual(self.ask("LATEST bob * 10", self.alice), "123!")
        self.assertEqual(self.ask("LATEST ALICE * 10", self.bob), "123!")
        first, *inside, _ = parsed(self.bob, "CHATHISTORY LATEST aLICE * 10")
        self.assertEqual(first.params[2], "alice")
        targets = [message.params[0] for message in inside]
        self.assertEqual(targets, ["bob", "alice", "bob"])

    def test_nothing_was_said_to_somebody_else(self) -> None:
        self.account("carol", *HISTORY)
        self.assertEqual(self.ask("LATEST carol * 10", self.bob), "!")
        self.guest("dave")
        self.assertEqual(self.ask("LATEST dave * 10", self.bob), "!")

    def test_c5_a_third_person_sees_none_of_it(self) -> None:
        carol = self.account("carol", *HISTORY)
        for name in ("alice", "bob"):
            self.assertEqual(self.ask(f"LATEST {name} * 10", carol), "!")


class TargetsTests(HistoryCase):
    def targets(self, first: int, second: int, limit: int = 50) -> list[str]:
        times = f"timestamp={timestamp(first)} timestamp={timestamp(second)}"
        begin, *inside, end = parsed(self.alice, f"CHATHISTORY TARGETS {times} {limit}")
        self.assertEqual(begin.params[1:], ("draft/chathistory-targets",))
        self.assertEqual(end.params[0][1:], begin.params[0][1:])
        for message in inside:
            self.assertEqual((message.command, message.params[0]), ("CHATHISTORY", "TARGETS"))
            self.assertEqual(message.tags["batch"], begin.params[0][1:])
        return [" ".join(message.params[1:]) for message in inside]

    def test_conversations_by_their_last_message(self) -> None:
        start = self.hall.wall()
        bob = self.account("bob")
        self.hall.wait(10)
        bob.answers("PRIVMSG alice hello")
        self.alice.lines()
        now = self.hall.wall()
        coil = f"#coil {self.said[-1].tags['time']}"
        private = f"bob {timestamp(now)}"
        self.assertEqual(self.targets(0, now + 1), [coil, private])
        self.assertEqual(self.targets(now + 1, 0), [coil, private])
        self.assertEqual(self.targets(0, now + 1, 1), [coil])
        self.assertEqual(self.targets(now + 1, 0, 1), [private])
        self.assertEqual(self.targets(0, now), [coil])
        self.assertEqual(self.targets(start + 1, now + 1), [private])

    def test_only_times_are_taken(self) -> None:
        at = f"{self.msg(1)} {self.at(2)}"
        code = self.refusal(f"TARGETS {at} 10")
        self.assertEqual(code[:2], ("INVALID_MSGREFTYPE", "TARGETS"))


class RefusalTests(HistoryCase):
    def test_h9_what_is_no_question(self) -> None:
        for question in ("", "FROB #coil * 1", "LATEST", "LATEST #coil *", "LATEST #coil * 1 2"):
            self.assertEqual(self.refusal(question)[0], "INVALID_PARAMS", question)
        self.assertEqual(self.refusal("frob #coil * 1"), ("INVALID_PARAMS", "FROB"))

    def test_h9_limits_and_times_are_what_they_should_be(self) -> None:
        for limit in ("0", "-1", "x", "1.5"):
            refused = self.refusal(f"LATEST #coil * {limit}")
            self.assertEqual(refused, ("INVALID_PARAMS", "LATEST", limit))
        for bad in ("timestamp=yesterday", "timestamp=2026-13-01T00:00:00.000Z", "*", "bob"):
            refused = self.refusal(f"BEFORE #coil {bad} 10")
            self.assertEqual(refused[:2], ("INVALID_PARAMS", "BEFORE"), bad)
        self.assertEqual(
            self.refusal("BEFORE #coil seq=7 10"),
            ("INVALID_MSGREFTYPE", "BEFORE", "#coil", "seq=7"),
        )

    def test_more_than_is_given_at_once_is_cut(self) -> None:
        self.assertEqual(self.ask("LATEST #coil * 999999"), "0123456789!")

    def test_h9_a_message_that_is_not_there(self) -> None:
        bob = self.account("bob", *HISTORY)
        bob.answers("JOIN #den", "JOIN #coil")
        for msgid in ("x", "00000000-2-1", self.msg(1).removeprefix("msgid=")):
            refused = self.refusal(f"BEFORE #den msgid={msgid} 10", bob)
            self.assertEqual(refused, ("MESSAGE_ERROR", "BEFORE", "#den", f"msgid={msgid}"))

    def test_c5_only_members_read_a_room(self) -> None:
        bob = self.account("bob", *HISTORY)
        for name in ("#coil", "#nothing", "nobody", "no,body"):
            refused = self.refusal(f"LATEST {name} * 10", bob)
            self.assertEqual(refused, ("INVALID_TARGET", "LATEST", name))
            at = self.msg(3)
            self.assertEqual(self.refusal(f"AROUND {name} {at} 10", bob)[0], "INVALID_TARGET")

    def test_c5_a_private_room_is_read_from_where_one_came_in(self) -> None:
        self.alice.answers("MODE #coil +is", "PRIVMSG #coil mA")
        bob = self.account("bob", *HISTORY)
        self.alice.answers("INVITE bob #coil")
        bob.answers("JOIN #coil")
        self.alice.answers("PRIVMSG #coil mB")
        bob.lines()
        self.assertEqual(self.ask("LATEST #coil * 10", bob), "B!")
        self.assertEqual(self.ask(f"AROUND #coil {self.msg(3)} 10", bob), "B!")
        self.assertEqual(self.ask(f"BETWEEN #coil {self.msg(1)} {self.msg(3)} 10", bob), "!")
