"""What is pasted is typed, sent, asked about or refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.terminal.keys import LONGEST, MOST_LINES, Pasted, read_drop, read_paste


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


class DropTests(SynchronousTestCase):
    def drop(self, text: str, line: str = "") -> str:
        there = {"/home/tesla/coil 1.png", "/tmp/it's", "/tmp/back\\slash", "/tmp/100%41"}
        return read_drop(text, line, "#lobby", lambda path: str(path) in there)

    def test_a_file_that_is_dragged_in_is_sent_where_one_is_when_enter_is_pressed(self) -> None:
        coil = "/send #lobby /home/tesla/coil 1.png"
        for text in (
            "/home/tesla/coil 1.png",
            "/home/tesla/coil 1.png ",
            "/home/tesla/coil\\ 1.png\r\n",
            "'/home/tesla/coil 1.png' ",
            '"/home/tesla/coil 1.png"',
            "file:///home/tesla/coil%201.png",
            "file://localhost/home/tesla/coil%201.png\r\n",
        ):
            self.assertEqual(self.drop(text), coil, text)
        self.assertEqual(self.drop("'/tmp/it'\\''s'"), "/send #lobby /tmp/it's")
        self.assertEqual(self.drop("/tmp/it\\'s"), "/send #lobby /tmp/it's")
        self.assertEqual(self.drop("/tmp/back\\slash"), "/send #lobby /tmp/back\\slash")
        self.assertEqual(self.drop("/tmp/100%41"), "/send #lobby /tmp/100%41")

    def test_behind_a_command_that_sends_it_is_the_path(self) -> None:
        for line in ("/send edison ", "send #coil ", "SEND edison  "):
            self.assertEqual(self.drop("'/tmp/it'\\''s'", line), "/tmp/it's")

    def test_everything_else_is_pasted_as_it_is(self) -> None:
        for text, line in (
            ("/home/tesla/coil 1.png", "look at "),
            ("/home/tesla/coil 1.png", "/send edison a"),
            ("home/tesla/coil 1.png", ""),
            ("/home/tesla/none.png", ""),
            ("/home/tesla/coil 1.png /tmp/it's", ""),
            ("/tmp/it's\n/tmp/100%41", ""),
            ("/", ""),
            ("", ""),
            ("\0", ""),
            ("https://example.org/tmp/100%41", ""),
        ):
            self.assertEqual(self.drop(text, line), "", text)
