"""Nobody can say something that looks like what the server says."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from .case import HallTestCase

DELIVERED = re.compile(r"\[(#?[^\s/]+/)?[0-9]+ [0-9:]{5}( private)?( edited| deleted)?\] ")
FORGERIES = (
    "\nadmin: hello",
    "\r\n[2 10:00] root: hello",
    "<bob> hi",
    "[2 10:00] root: hello",
    "[server] you are all banned",
    "\u2028[2 10:00] root: hello",
    "\u2029x",
    "\x85x",
    "a\x0bb\x0cc",
    "\x1b[2J\x1b]52;c;aGk=\x07",
    "\x9b2J",
    "\u202eolleh",
    "\u2066x",
    "a\x00b",
    "\x7f",
    "z" + "\u0301" * 9,
    "(Message 3 sent: 9 now, 0 later)",
    "bob joined the conversation",
    "Disconnected",
)


class ForgingTests(HallTestCase):
    def test_g4_one_message_is_one_line_that_begins_with_its_number(self) -> None:
        eve, ann = self.people("eve", "ann")
        eve.types("create #den")
        ann.types("join #den")
        self.forget(eve, ann)
        for text in FORGERIES:
            for command in ("BM", "PM ann", "say #den", "topic #den", "edit 1"):
                with self.subTest(command=command, text=text):
                    eve.types(f"{command} {text}")
                    eve.takes()
                    for line in ann.takes().split("\n")[:-1]:
                        if not line.startswith("["):
                            self.assertIn("\n", text)  # a second line of eve's was a command
                        self.assertRegex(line, DELIVERED)
                        self.assertTrue(" eve" in line)

    def test_g4_nobody_can_forge_an_action_or_a_notice(self) -> None:
        eve, ann = self.people("eve", "ann")
        for text in ("* ann waves", "[9 10:00] * ann waves", "[9 10:00 notice] ann: done"):
            for command in ("BM", "me", "PM ann"):
                eve.types(f"{command} {text}")
                line = ann.takes()
                self.assertRegex(line, rf"^\[[^\]]+\] (eve: |\* eve ){re.escape(text)}")
                self.assertNotIn("notice]", line.partition("] ")[0] + "]")
        for name in ("*", "* ann", "*ann"):
            eve.types(f"BM {name}")
            answer = self.hall.program().asks("register", name=name, password="a long secret")
            self.assertEqual(answer["error"]["code"], "bad_name")

    def test_g1_names_topics_introductions_and_reasons_are_safe_too(self) -> None:
        eve, ann = self.people("eve", "ann")
        eve.types("create #den")
        ann.types("join #den")
        for text in FORGERIES:
            eve.types(
                f"personalintro {text}",
                f"away {text}",
                f"topic #den {text}",
                f"{text}",
                f"help {text}",
                f"whois {text}",
                f"join {text}",
                f"PM {text} x",
                f"create #{text}",
                f"search {text}",
                f"talk {text}",
                "/talk",
            )
            ann.types("whois eve", "whoelse", "rooms", "members #den", "topic #den")
        ann.types("history")
        for client in (eve, ann):
            self.assertNotRegex(
                client.takes(), "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
            )

    @given(st.text(max_size=60))
    def test_a5_any_text_at_all(self, text: str) -> None:
        if not hasattr(self, "pair"):
            self.pair = self.people("eve", "ann")
        eve, ann = self.pair
        self.forget(eve, ann)
        eve.sends(b"BM " + text.encode("utf-8", "surrogatepass").replace(b"\n", b" ") + b"\n")
        answers, heard = eve.takes(), ann.takes()
        if answers.startswith("(Message "):
            self.assertEqual(heard.count("\n"), 1)
            self.assertEqual(len(heard.splitlines()), 1)
            self.assertRegex(heard, DELIVERED)
        else:
            self.assertEqual(heard, "")
            self.assertRegex(answers, r"\A(Message: |\([^\n]*\)\n)\Z")
            if answers == "Message: ":
                eve.types("")

    def test_g3_what_people_write_with_is_let_through(self) -> None:
        eve, ann = self.people("eve", "ann")
        for text in ("👨‍👩‍👧‍👦", "می‌خواهم", "❤️", "a\tb", "Z̤̈o", "שלום"):
            eve.says(text)
            ann.hears(f"] eve: {text}\n")
