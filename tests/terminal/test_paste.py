"""What is pasted is typed, sent, asked about or refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.terminal.paste import LONGEST, MOST_LINES, Pasted, read_paste


def pasted(text: str, before: str = "", after: str = "") -> Pasted:
    return read_paste(text, before, after, "#lobby")


class PasteTests(SynchronousTestCase):
    def test_one_line_is_typed(self) -> None:
        self.assertEqual(pasted("hello"), Pasted(typed="hello"))
        self.assertEqual(pasted("hello\r\n"), Pasted(typed="hello"))
        self.assertEqual(pasted("\n\n  hello\n\n", "so: ", "!"), Pasted(typed="  hello"))
        self.assertEqual(pasted(" "), Pasted(typed=" "))
        self.assertEqual(pasted("\n\n"), Pasted())

    def test_lines_are_sent_with_what_was_typed_around_them(self) -> None:
        for end in ("\n", "\r", "\r\n", "\u2028", "\x85"):
            lines = pasted(f"one{end}  two{end}{end}three{end}", "so: ", "!").lines
            self.assertEqual(lines, ("so: one", "  two", "three!"))

    def test_g6_more_than_ten_lines_are_asked_about(self) -> None:
        self.assertEqual(pasted("line\n" * 10), Pasted(lines=("line",) * 10))
        asked = pasted("line\n" * 23)
        self.assertEqual(asked.question, "Send these 23 lines to #lobby? [y/N] ")
        self.assertEqual(asked.lines, ("line",) * 23)

    def test_g6_what_is_far_too_much_is_refused_as_a_whole(self) -> None:
        many = pasted("line\n" * (MOST_LINES + 1))
        self.assertEqual((many.lines, many.typed), ((), ""))
        self.assertIn("1,001 lines", many.refusal)
        long = pasted("x" * LONGEST, before="y")
        self.assertEqual((long.lines, long.typed), ((), ""))
        self.assertIn("20,001 characters", long.refusal)
        self.assertEqual(pasted("x" * LONGEST).refusal, "")
