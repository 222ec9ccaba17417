from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import ChatError
from twisted_chat.core.formatting import CODES, PLAIN, Look, pieces, unformatted
from twisted_chat.core.text import check_formatted, check_lines, formatted, shown

MIXED = st.text(st.sampled_from(f"{CODES}0129,aF\u0301ä\x07"), max_size=60)


class PiecesTests(SynchronousTestCase):
    def looks(self, text: str, *expected: tuple[Look, str]) -> None:
        self.assertEqual(list(pieces(text)), list(expected))
        self.assertEqual(unformatted(text), "".join(piece for _, piece in expected))

    def test_switches_go_on_and_off(self) -> None:
        self.looks("plain", (PLAIN, "plain"))
        for code, look in {
            "\x02": Look(bold=True),
            "\x11": Look(monospace=True),
            "\x16": Look(reverse=True),
            "\x1d": Look(italic=True),
            "\x1e": Look(strikethrough=True),
            "\x1f": Look(underline=True),
        }.items():
            self.looks(f"a{code}b{code}c", (PLAIN, "a"), (look, "b"), (PLAIN, "c"))
        both = Look(bold=True, underline=True)
        self.looks("\x02a\x1fb\x0fc", (Look(bold=True), "a"), (both, "b"), (PLAIN, "c"))

    def test_colors(self) -> None:
        red, blue = "#ff0000", "#00007f"
        on_blue = Look(foreground=red, background=blue)
        self.looks("\x034,2a\x03b", (on_blue, "a"), (PLAIN, "b"))
        self.looks("\x034,2a\x0399b", (on_blue, "a"), (Look(background=blue), "b"))
        self.looks("\x0304text", (Look(foreground=red), "text"))
        self.looks("\x0342", (Look(foreground="#b5b500"), ""))
        self.looks("\x03045", (Look(foreground=red), "5"))
        self.looks("\x034,five", (Look(foreground=red), ",five"))
        self.looks("\x03,4", (PLAIN, ",4"))
        self.looks("\x0388\u0664", (Look(foreground="#000000"), "\u0664"))
        self.looks("\x04ff0000,000080a", (Look(foreground=red, background="#000099"), "a"))
        self.looks("\x04ff00a", (PLAIN, "ff00a"))

    @given(MIXED)
    def test_nothing_but_codes_is_lost(self, text: str) -> None:
        cut = list(pieces(text))
        self.assertEqual("".join(piece for _, piece in cut), unformatted(text))
        self.assertFalse(set(unformatted(text)) & set(CODES))
        self.assertEqual(unformatted(unformatted(text)), unformatted(text))
        self.assertTrue(all(piece for _, piece in cut) or len(cut) == 1)


class CheckTests(SynchronousTestCase):
    def test_what_is_said_may_be_formatted(self) -> None:
        for text in (
            "\x02bold\x02",
            "\x0304,02red on blue",
            "\x04ff0000x\x11y\x16z\x1d\x1e\x1f\x0f",
        ):
            self.assertIs(check_formatted(text, 100), text)
            lines = f"{text}\n{text}"
            self.assertIs(check_lines(lines, 100), lines)
            self.assertEqual(formatted(text), text)

    def test_a5_g1_other_controls_are_refused_still(self) -> None:
        for code in [*range(9), *range(10, 32), *range(0x7F, 0xA0), 0x2028, 0x202E, 0x2066]:
            if chr(code) not in CODES:
                error = self.assertRaises(ChatError, check_formatted, f"a\x02b{chr(code)}", 100)
                self.assertEqual(error.code, "bad_character")
                self.assertEqual(error.details["character"], f"U+{code:04X}")

    def test_codes_alone_are_nothing_to_read(self) -> None:
        for text in ("\x02", "\x0304", "\x02 \x0f", "\x04ffffff,000000\t"):
            self.assertEqual(self.assertRaises(ChatError, check_formatted, text, 100).code, "empty")

    def test_g3_marks_pile_up_over_codes_too(self) -> None:
        error = self.assertRaises(
            ChatError, check_formatted, "e\u0301\u0301\x02\u0301\u0301\x02\u0301", 99
        )
        self.assertEqual(error.code, "bad_character")

    @given(MIXED)
    def test_g1_a_terminal_is_shown_no_code(self, text: str) -> None:
        self.assertFalse({c for c in shown(text) if ord(c) < 32})
        self.assertFalse({c for c in formatted(text) if ord(c) < 32} - set(CODES))
