"""Actions, notices and messages of several lines, as they are shown at the text door."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.defer import Deferred, maybeDeferred

from tests.text.case import HallTestCase
from twisted_chat.chat import commands
from twisted_chat.console.render import CRLF, LF, line_of
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Entry, Form, Kind
from twisted_chat.core.errors import ChatError
from twisted_chat.core.text import check_lines
from twisted_chat.testing import Program

HEAD = re.compile(r"\[17\+? \d\d:\d\d\] bob: ")


class MannerTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.hall.person("ann"), self.hall.person("bob")

    def test_an_action_is_told_where_one_talks(self) -> None:
        self.ann.types("create #coil", "me waves", "talk #coil", "/me winds")
        self.bob.hears("[1 10:00] * ann waves\n")
        self.bob.types("join #coil", "history #coil")
        self.bob.hears("[#coil/2 10:00] #coil * ann winds\n")
        self.ann.types("/talk bob", "/me whispers")
        self.bob.hears("[ann/1 10:00 private] * ann whispers <private message>\n")

    def test_a_notice_is_marked(self) -> None:
        self.hall.bot("clerk").asks("send", room="#lobby", text="done", cid="1", manner="notice")
        self.ann.hears("[1 10:00 notice] clerk: done\n")

    def test_a9_another_manner_is_refused(self) -> None:
        answer = self.hall.bot("clerk").asks(
            "send", room="#lobby", text="x", cid="1", manner="shout"
        )
        self.assertEqual(answer["error"]["code"], "args")

    def test_an_action_stays_one_when_it_is_edited_and_is_found(self) -> None:
        self.ann.types("me waves", "edit 1 nods")
        self.bob.hears("[1 10:00 edited] * ann nods\n")
        self.bob.types("search nods")
        self.bob.hears("[#lobby/1 10:00 edited] * ann nods\n")
        self.ann.types("delete 1")
        self.bob.hears("[1 10:00 deleted] ann: (deleted)")

    def test_g4_each_line_of_a_message_has_a_head_of_its_own(self) -> None:
        clerk = self.hall.bot("clerk")
        text = "one\n[2 10:00] root: two\n\nfour"
        self.assertEqual(clerk.asks("send", room="#lobby", text=text, cid="1")["seq"], 1)
        lines = (
            "[1 10:00] clerk: one",
            "[1+ 10:00] clerk: [2 10:00] root: two",
            "[1+ 10:00] clerk: ",
            "[1+ 10:00] clerk: four",
        )
        self.ann.hears("\n".join((*lines, "")))
        self.ann.types("history")
        self.ann.hears("[#lobby/1 10:00] clerk: one\n[#lobby/1+ 10:00] clerk: [2 10:00] root: two")
        self.assertEqual(clerk.takes_events("message")[-1]["text"], text)

    def test_g4_an_edit_has_several_lines_as_well(self) -> None:
        clerk = self.hall.bot("clerk")
        clerk.asks("send", room="#lobby", text="one", cid="1", manner="action")
        clerk.asks("edit", message="1", text="two\n[2 10:00] * root: three")
        self.ann.takes()
        self.ann.types("history")
        self.ann.hears(
            "[#lobby/1 10:00 edited] * clerk two\n"
            "[#lobby/1+ 10:00 edited] * clerk [2 10:00] * root: three\n"
        )
        self.assertEqual(clerk.takes_events("edit")[0]["manner"], "action")
        self.bob.hears("[1+ 10:00 edited] * clerk [2 10:00] * root: three\n")

    def test_d1_another_manner_is_another_message(self) -> None:
        clerk = self.hall.bot("clerk")
        said = {"room": "#lobby", "text": "waves", "cid": "1"}
        clerk.asks("send", **said, manner="action")
        self.assertTrue(clerk.asks("send", **said, manner="action")["again"])
        self.assertEqual(clerk.asks("send", **said)["error"]["code"], "conflict")

    def test_a6_all_lines_together_have_one_limit(self) -> None:
        clerk = self.hall.bot("clerk")
        for text, code in (("a\n" * 100 + "a", "too_long"), ("\n \n", "empty"), ("a\r\nb", "")):
            answer = clerk.asks("send", room="#lobby", text=text, cid="1")
            self.assertEqual(answer["error"]["code"], code or "bad_character")

    def test_d17_the_tags_of_a_deleted_message_go_with_it(self) -> None:
        clerk = self.hall.bot("clerk")
        tags = "+draft/reply=abc;+draft/react=\N{WOMAN}\u200d\N{MICROSCOPE};+x"
        for draft in (Draft("x", "1", tags=tags), Draft("y", tags=tags)):
            self.successResultOf(self.said(clerk, "#lobby", draft))
        for event in clerk.takes_events("message"):
            self.assertEqual(event["tags"], tags)
        clerk.asks("delete", what="1")
        entries = clerk.asks("entries", room="#lobby", after=0)["entries"]
        self.assertNotIn("tags", entries[0])

    def test_h2_tags_are_nothing_else(self) -> None:
        clerk = self.hall.bot("clerk")
        most = "+x=" + "a" * 4091
        self.successResultOf(self.said(clerk, "#lobby", Draft("x", tags=most)))
        beyond = ("\x7f", "\x9b", "\u202e", "\u2028", "\ud800")
        for tags in (
            *("x=1", "+x=a b", "+x=\r\nQUIT", "+;", "+x;y", "+", most + "a"),
            *(f"+x={character}" for character in beyond),
        ):
            for place in ("#lobby", "ann"):
                said = self.said(clerk, place, Draft("x", tags=tags))
                failure = self.failureResultOf(said, ChatError)
                self.assertEqual(failure.value.code, "args", tags)
        answer = clerk.asks("say", room="#lobby", text="x", cid="1", tags="+x")
        self.assertEqual(answer["error"]["code"], "args")  # only a door of IRC's has any

    def said(self, program: Program, place: str, draft: Draft) -> Deferred[Any]:
        """What becomes of a message that another door makes for somebody."""
        session = program.protocol.door.session
        assert session is not None
        done = maybeDeferred(commands.send, self.hall.chat, session, place, draft)
        self.hall.settle()
        return done

    @settings(deadline=None)
    @given(some.text(max_size=40), some.sampled_from([LF, CRLF]))
    def test_g4_whatever_is_said_has_as_many_lines_as_it_has(
        self, text: str, dialect: object
    ) -> None:
        try:
            check_lines(text, 4096)
        except ChatError:
            return
        entry = Entry(1, 1, 17, Kind.MESSAGE, 0, 1, "bob", text, form=Form.WORDS)
        shown = dialect.encoded(line_of("#lobby", entry)).decode()  # type: ignore[attr-defined]
        end = dialect.end  # type: ignore[attr-defined]
        lines = shown.split(end)
        self.assertEqual(lines.pop(), "")
        self.assertEqual(len(lines), text.count("\n") + 1)
        for line in lines:
            self.assertRegex(line, HEAD)
            self.assertNotRegex(line, "[\r\n]")
