"""Nothing that comes in at the text door is a reason to fail."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from twisted_chat.core.command_table import TABLE

from .case import HallTestCase

WORDS = st.one_of(
    st.sampled_from([*TABLE.words(), "#lobby", "#den", "bob", "#", "/", "17", "#den/1", "bob/1"]),
    st.sampled_from(["before", "end", "private", "message", "user", "from:bob", "in:#den", "1h"]),
    st.sampled_from(
        ["-1", str(2**63), "1e308", "NaN", "٣", "yes", "", " ", "\t", "\u3000", "\x0b"]
    ),
    st.text(max_size=12),
)
LINES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=8)


class FuzzTests(HallTestCase):
    settings: ClassVar = {"admins": ("root",)}

    def assert_well(self) -> None:
        """Nothing was logged as a failure, and the server still serves."""
        self.assertEqual(self.flushLoggedErrors(), [])
        probe = self.hall.person("bob")
        probe.types("whois bob")
        probe.hears("bob is online")
        probe.types("logout")

    @given(st.lists(st.binary(max_size=200), max_size=6))
    def test_a7_random_bytes_before_login(self, packets: list[bytes]) -> None:
        client = self.hall.connects()
        for packet in packets:
            client.sends(packet)
        if not client.closed:
            client.vanishes()
        self.assert_well()

    @given(st.lists(st.binary(max_size=200), max_size=6))
    def test_a4_random_bytes_after_login(self, packets: list[bytes]) -> None:
        client = self.hall.person("eve")
        for packet in packets:
            client.sends(packet)
        if not client.closed:
            client.vanishes()
        self.assert_well()

    @given(LINES)
    def test_a9_lines_of_random_words(self, lines: list[str]) -> None:
        client = self.hall.person("root")
        for line in lines:
            client.sends(line.replace("\n", " ").encode("utf-8", "replace") + b"\n")
        if not client.closed:
            client.vanishes()
        self.assert_well()

    def test_a4_every_two_bytes(self) -> None:
        eve, ann = self.people("eve", "ann")
        for first in range(256):
            eve.sends(b"".join(b"BM <%c%c>\n" % (first, second) for second in range(256)))
        self.hall.settle()
        text = ann.takes()
        self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f-\x9f]")
        self.assertEqual(len(text.splitlines()), text.count("] eve: <"))
        self.assert_well()

    def test_a9_a_hundred_thousand_arguments(self) -> None:
        hall = self.open_hall(max_message=300_000)
        eve = hall.person("eve")
        eve.sends(b"broadcast user" + b" x" * 100_000 + b" message hi\n")
        eve.hears("(One message can go to 1 to 100 people.)")
        eve.sends(b"whois" + b" x" * 100_000 + b"\n")
        eve.hears("(Usage: whois <user>)")

    def test_a18_a_bug_is_an_answer_and_the_session_lives(self) -> None:
        from twisted_chat.chat import commands
        from twisted_chat.core import command_table as words

        def fails(*_: object) -> None:
            raise ZeroDivisionError("a bug")

        self.patch(commands, "ACTIONS", {**commands.ACTIONS, words.WhoElse: fails})
        ann = self.hall.person("ann")
        ann.types("whoelse", "PM")
        ann.hears(
            "(Something went wrong here; its number is ", "(Something went wrong here; its number"
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        ann.types("BM still here")
        ann.hears("(Message 1 sent")
