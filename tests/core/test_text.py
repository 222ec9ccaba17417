from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import ChatError
from twisted_chat.core.formatting import unformatted
from twisted_chat.core.text import MAX_MARKS, check_text, decode_line, excess_mark, shown

FORBIDDEN = [
    *(chr(c) for c in range(0x20) if c != 0x09),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x2028, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
]
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def is_marked_too_often(text: str) -> bool:
    """The rule about marks, letter by letter, as slow as it likes."""
    marks = 0
    for c in text:
        category = unicodedata.category(c)
        if category in ("Mn", "Me") and "VARIATION SELECTOR" not in unicodedata.name(c, ""):
            marks += 1
        elif category not in ("Mn", "Me", "Mc", "Cf"):
            marks = 0
        if marks > MAX_MARKS:
            return True
    return False


class CheckTextTests(SynchronousTestCase):
    def refused(self, code: str, text: str, max_bytes: int = 4_000) -> ChatError:
        error: ChatError = self.assertRaises(ChatError, check_text, text, max_bytes)
        self.assertEqual(code, error.code, repr(text))
        self.assertTrue(error.sentence.isprintable())
        return error

    def test_what_people_write(self) -> None:
        for text in (
            "hello, world",
            "a\tb",
            "  indented",
            "👨‍👩‍👧‍👦 1️⃣ ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "می‌خواهم",
            "שָׁלוֹם",
            "မြွှော် မြှောင့်",
            "हिन्दी ภาษาไทย กู้ Tiếng Việt",
            "\u200fRTL",
        ):
            self.assertIs(text, check_text(text, 4_000))

    def test_a5_g1_g3_forbidden_characters(self) -> None:
        for character in FORBIDDEN:
            error = self.refused("bad_character", f"hi{character}there")
            self.assertEqual(f"U+{ord(character):04X}", error.details["character"])
            self.assertIn(f"U+{ord(character):04X}", error.sentence)

    def test_a4_lone_surrogates(self) -> None:
        for text in ("\ud800", "a\udfffb"):
            self.refused("bad_character", text)

    def test_a6_message_at_limit(self) -> None:
        for letter in ("a", "é", "田", "😀", "\t."):
            size = len(letter.encode())
            for count in (1, 2, 50):
                text = letter * count
                self.assertIs(text, check_text(text, size * count))
                error = self.refused("too_long", text, size * count - 1)
                self.assertEqual({"max": size * count - 1, "actual": size * count}, error.details)

    def test_empty_and_blank(self) -> None:
        for text in ("", " ", " \t ", "\u00a0", "\u200b\u200d", "\u3000", "\ufe0f", " \ufeff"):
            self.refused("empty", text)

    def test_g3_marks(self) -> None:
        e4 = "e" + "\u0301" * 4
        self.assertIs(e4, check_text(e4, 100))
        for text in (
            e4 + "\u0301",
            e4 + "\u200d\u0301",  # a joiner is no new letter
            e4 + "\ufe0f\u20e0",
            "😀" + "\u0336" * 5,
            "\u0301" * 5,
            "fine, " * 9 + e4 + "\u0488",
        ):
            self.refused("bad_character", text)
        check_text((e4 + "x") * 20, 4_000)

    @settings(deadline=None)
    @given(st.text(st.sampled_from("eä田😀 \u0301\u0336\u20dd\u200d\ufe0f\u103b\u094d")))
    def test_g3_marks_are_found_wherever_they_are(self, text: str) -> None:
        self.assertEqual(is_marked_too_often(text), excess_mark(text) is not None)

    def test_g3_no_mark_counts_as_a_letter(self) -> None:
        # What the quick search stands on, for this Python's Unicode.
        for point in range(0x300, 0x110000):
            if unicodedata.category(chr(point)) in ("Mn", "Me"):
                self.assertFalse(chr(point).isalnum(), hex(point))
        for point in range(0x300):
            self.assertFalse(unicodedata.category(chr(point)).startswith("M"))

    @settings(deadline=None)
    @given(ANY_TEXT, st.integers(1, 100))
    def test_a5_a6_g1_whatever_passes_is_whole_and_one_line(self, text: str, most: int) -> None:
        try:
            passed = check_text(text, most)
        except ChatError as error:
            self.assertIn(error.code, ("bad_character", "too_long", "empty"))
            return
        self.assertIs(text, passed)
        self.assertLessEqual(len(passed.encode()), most)
        self.assertFalse(set(passed) & set(FORBIDDEN))
        self.assertEqual([passed], passed.splitlines())
        self.assertEqual(passed, shown(passed))


class DecodeLineTests(SynchronousTestCase):
    def refused(self, line: bytes) -> None:
        self.assertEqual("bad_utf8", self.assertRaises(ChatError, decode_line, line).code)

    def test_a4_what_is_not_utf8(self) -> None:
        for line in (
            b"\xff",
            b"a\x80",
            b"\xc0\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xe7\x94",
            b"a\0b",
        ):
            self.refused(line)

    def test_a4_g2_all_pairs_of_bytes(self) -> None:
        for first in range(256):
            for second in range(256):
                line = bytes((first, second))
                well_formed = (first < 0x80 and second < 0x80) or (
                    0xC2 <= first <= 0xDF and 0x80 <= second <= 0xBF
                )
                if well_formed and 0 not in line:
                    self.assertEqual(line, decode_line(line).encode())
                else:
                    self.refused(line)

    @settings(deadline=None)
    @given(st.binary(max_size=40))
    def test_a4_any_bytes(self, line: bytes) -> None:
        try:
            self.assertEqual(line, decode_line(line).encode())
        except ChatError as error:
            self.assertEqual("bad_utf8", error.code)


class ShownTests(SynchronousTestCase):
    def test_g1_controls_become_visible(self) -> None:
        self.assertEqual("␛[31m␀␡␊\t�", shown("\x1b[31m\0\x7f\n\t\x9b"))
        self.assertEqual("a␤b␤�x�", shown("a\u2028b\u2029\u202ex\ud800"))

    @settings(deadline=None)
    @given(ANY_TEXT)
    def test_g1_g3_anything_is_one_safe_line(self, text: str) -> None:
        safe = shown(text)
        self.assertEqual(len(unformatted(text)), len(safe))
        self.assertFalse(set(safe) & set(FORBIDDEN))
        self.assertLessEqual(len(safe.splitlines()), 1)
        safe.encode()
        self.assertEqual(safe, shown(safe))
