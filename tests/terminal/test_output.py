"""Nothing but text and this program's own colors reaches the terminal."""

from __future__ import annotations

import io
import re

from hypothesis import example, given
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import DummyInput
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.lines import Line, Text, of_entry
from twisted_chat.clients.terminal.formatting import Fragments, cleaned, cut, fragments, wrapped
from twisted_chat.clients.terminal.scrollback import FRAME, Scrollback
from twisted_chat.clients.terminal.tty import Output
from twisted_chat.core.entries import Entry, Kind

OWN = re.compile("\x1b\\[[0-9;]*m|\x1b\\[\\?7h")  # colors; that lines may wrap
DAY = 86_400_000
STYLES = ("", "head", "name", "own", "text", "mention", "event", "answer", "error", "server")


class Paper(io.StringIO):
    """Standard output that counts how often something is written to it."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)

    def clear(self) -> None:
        self.seek(0)
        self.truncate()
        self.writes = 0

    @property
    def text(self) -> str:
        """What was written, without the colors."""
        return OWN.sub("", self.getvalue())


class Terminal:
    """A scrollback, and what it prints."""

    def __init__(self, color: bool = True) -> None:
        self.paper = Paper()
        self.clock = Clock()
        output = Output(self.paper, lambda: Size(rows=24, columns=80), color, "xterm-256color")
        app: Application[None] = Application(input=DummyInput(), output=output)
        self.scrollback = Scrollback(self.clock, output, app)
        self.scrollback.hold(False)
        self.paper.clear()

    def printed(self, *lines: Line) -> str:
        for line in lines:
            self.scrollback.put(line)
        self.clock.advance(FRAME)
        return self.paper.text


def said(text: str, author: str = "edison", time: int = 0) -> Line:
    return of_entry("#lobby", Entry(1, 1, 1, Kind.MESSAGE, time, None, author, text=text), "tesla")


class PrintingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.terminal = Terminal()

    @given(st.lists(st.tuples(st.sampled_from(STYLES), st.text()), min_size=1), st.text())
    @example([("", f"{'0' * 78} ⺀")], "")
    def test_g1_whatever_is_in_a_line(self, parts: list[tuple[str, str]], place: str) -> None:
        self.terminal.paper.clear()
        line = Line((tuple(Text(*part) for part in parts),), place, private=True)
        printed = self.terminal.printed(line)
        self.assertTrue(printed.endswith("\r\n"))
        # A line that is longer than the screen is broken at its spaces.
        for character in printed.replace("\r\n", " "):
            self.assertEqual(cleaned(character), character)

    @given(st.text())
    def test_g1_no_text_is_a_control(self, text: str) -> None:
        paper = Paper()
        output = Output(paper, lambda: Size(rows=24, columns=80))
        output.write(text)
        output.flush()
        self.assertNotRegex(paper.getvalue(), "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")

    def test_g1_codes_of_a_terminal_are_seen_as_text(self) -> None:
        wicked = "\x1b]0;title\x07\x1b[2J\x9b1A\r\u202e\u2066\udc9b"
        shown = Terminal().printed(Line(((Text("text", wicked),),)))
        self.assertEqual(shown, "\ufffd]0;title\ufffd\ufffd[2J\ufffd1A\ufffd\ufffd\ufffd\ufffd\r\n")

    def test_every_language_and_picture_is_shown(self) -> None:
        for text in (
            "naïve 日本語\u3000全角",
            "می\u200cخواهم",
            "👩\u200d💻 ❤\ufe0f \U0001fae8",
            "a\xa0b",
        ):
            self.assertEqual(cleaned(text), text)

    def test_a_flood_is_printed_at_once(self) -> None:
        terminal = Terminal()
        printed = terminal.printed(*(said(f"line {number}") for number in range(1000)))
        self.assertEqual(printed.count("\r\n"), 1000)
        self.assertEqual(terminal.paper.writes, 1)

    def test_bells_that_come_together_are_one(self) -> None:
        terminal = Terminal()
        for _ in range(3):
            terminal.scrollback.ring()
        self.assertEqual(terminal.printed(said("hello")).count("\a"), 1)

    def test_lines_wait_while_the_screen_is_away(self) -> None:
        terminal = Terminal()
        terminal.scrollback.hold(True)
        self.assertEqual(terminal.printed(said("hello")), "")
        terminal.scrollback.hold(False)
        self.assertIn("edison: hello", terminal.paper.text)

    def test_days_are_told_apart(self) -> None:
        noon = 1_790_000_000_000
        printed = Terminal().printed(
            said("one", time=noon), said("two", time=noon), said("three", time=noon + 2 * DAY)
        )
        days = [line for line in printed.splitlines() if line.startswith("—")]
        self.assertEqual(len(days), 2)
        self.assertRegex(days[0], "^— [A-Z][a-z]+, [0-9]{2} [A-Z][a-z]+ 2026 —$")
        self.assertLess(printed.index("two"), printed.index(days[1]))

    def test_without_colors_the_words_are_the_same(self) -> None:
        line = said("hello tesla")
        plain, colored = Terminal(color=False), Terminal()
        self.assertEqual(plain.printed(line), colored.printed(line))
        self.assertIn("38;5;", colored.paper.getvalue())
        self.assertNotIn("38;5;", plain.paper.getvalue())
        self.assertIn(";7m", plain.paper.getvalue())  # one's own name is told apart all the same

    def test_lines_are_broken_between_words(self) -> None:
        whole: Fragments = [("a", "[1 10:00] "), ("b", "edison"), ("", ": the coil will be ready")]
        for columns, expected in (
            (80, "[1 10:00] edison: the coil will be ready"),
            (25, "[1 10:00] edison: the\ncoil will be ready"),
            (18, "[1 10:00] edison:\nthe coil will be\nready"),
        ):
            broken = wrapped(whole, columns)
            self.assertEqual("".join(text for _, text, *_ in broken), expected)
            self.assertEqual([style for style, *_ in broken], ["a", "b", ""])
        self.assertEqual(wrapped([("", "x" * 30 + "\n")], 10), [("", "x" * 30 + "\n")])
        self.assertEqual(wrapped([("", "日本 日本 日本")], 9), [("", "日本 日本\n日本")])

    def test_several_lines_are_broken_each_for_itself(self) -> None:
        text = "\n".join(("short", "coil " * 20, "end"))
        entry = Entry(1, 0, 1, Kind.MESSAGE, 0, None, "edison", text=text)
        line = of_entry("#lobby", entry, "tesla")
        heads = [row[0].text for row in line.whole_rows()]
        whole = "".join(text for _, text, *_ in wrapped(fragments(line), 40))
        self.assertLessEqual(max(map(len, whole.split("\n"))), 40)
        self.assertIn(f"{heads[0]}edison: short\n{heads[1]}edison: coil coil", whole)
        self.assertTrue(whole.endswith(f"\n{heads[2]}edison: end\n"), whole)

    def test_cut(self) -> None:
        self.assertEqual(
            [cut("日本語", width) for width in (6, 5, 3, 1, 0)], ["日本語", "日本…", "日…", "…", ""]
        )
