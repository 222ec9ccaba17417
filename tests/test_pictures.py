"""The pictures in the documents: a terminal as an SVG, a window as a PNG."""

from __future__ import annotations

import struct
import zlib
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from tests.support.png import png_of
from tools.terminal_svg import INK, PALETTE, PAPER, Run, Style, changed, runs_of, svg

BOLD = frozenset({"bold"})


def texts(picture: str) -> list[ElementTree.Element]:
    """What is written on the screen of a picture."""
    found = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return [text for text in found if "textLength" in text.attrib]


def papers(picture: str) -> list[str]:
    """The colors under the text."""
    found = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}rect")
    return [rect.attrib["fill"] for rect in list(found)[1:]]


class LookTests(SynchronousTestCase):
    def test_marks(self) -> None:
        style = changed(Style(), "1;2;3;4;7;9")
        self.assertEqual(style.marks, {"bold", "dim", "italic", "underline", "reverse", "struck"})
        self.assertEqual(changed(style, "22;23;24;27;29"), Style())
        self.assertEqual(changed(style, ""), Style())
        self.assertEqual(changed(style, "0;1").marks, BOLD)
        self.assertEqual(changed(changed(Style(), "4:3"), "4:0"), Style())

    def test_colors(self) -> None:
        for codes, ink in (
            ("31", PALETTE[1]),
            ("97", PALETTE[15]),
            ("38;5;9", PALETTE[9]),
            ("38;5;16", "#000000"),
            ("38;5;208", "#ff8700"),
            ("38;5;255", "#eeeeee"),
            ("38;2;1;2;255", "#0102ff"),
            ("38:2::1:2:255", "#0102ff"),
            ("38:5:208", "#ff8700"),
            ("31;39", None),
        ):
            self.assertEqual(changed(Style(), codes), Style(ink=ink), codes)
        self.assertEqual(changed(Style(), "44;1"), Style(paper=PALETTE[4], marks=BOLD))
        self.assertEqual(changed(Style(), "104"), Style(paper=PALETTE[12]))
        self.assertEqual(changed(Style(), "48;2;9;9;9;1"), Style(paper="#090909", marks=BOLD))
        self.assertEqual(changed(Style(), "48;5;1;49"), Style())

    def test_what_is_not_known_changes_nothing(self) -> None:
        for codes in ("5", "58;2;1;2;3", "58:5:1", "38;7", "99", "1000"):
            self.assertEqual(changed(Style(), codes), Style(), codes)


class RunTests(SynchronousTestCase):
    def runs(self, *lines: str) -> list[list[Run]]:
        return list(runs_of(list(lines)))

    def test_one_look_one_run(self) -> None:
        self.assertEqual(
            self.runs("a \x1b[1mbold\x1b[0m word"),
            [[Run(0, 2, "a ", Style()), Run(2, 4, "bold", Style(marks=BOLD)),
              Run(6, 5, " word", Style())]],
        )  # fmt: skip

    def test_a_look_lasts_over_the_end_of_a_line(self) -> None:
        lines = self.runs("\x1b[1ma", "b\x1b[0m", "c")
        self.assertEqual([line[0].style.marks for line in lines], [BOLD, BOLD, frozenset()])

    def test_wide_characters_take_two_cells(self) -> None:
        (line,) = self.runs("日本 😀e\u0301x")
        self.assertEqual([run.column for run in line], [0, 2, 4, 5, 7, 8])
        self.assertEqual(
            [(run.text, run.cells) for run in line],
            [("日", 2), ("本", 2), (" ", 1), ("😀", 2), ("e\u0301", 1), ("x", 1)],
        )

    def test_what_belongs_together_stays_together(self) -> None:
        (line,) = self.runs("\U0001f469\u200d\U0001f52c!")
        self.assertEqual([(run.column, run.cells) for run in line], [(0, 2), (2, 1)])

    def test_other_sequences_leave_no_trace(self) -> None:
        (line,) = self.runs(
            "a\x1b]8;;http://x/\x1b\\b\x1b]8;;\x07c\x0e\x0f\x1b[?25l\x1b(Bd\x00\uffff"
        )
        self.assertEqual(line, [Run(0, 4, "abcd", Style())])


class SvgTests(SynchronousTestCase):
    def test_every_text_is_where_its_cells_are(self) -> None:
        first, second = texts(svg("one 日\n", 80, "x"))
        self.assertEqual((first.text, second.text), ("one ", "日"))
        begin, width = (float(first.attrib[name]) for name in ("x", "textLength"))
        self.assertAlmostEqual(begin + width, float(second.attrib["x"]), places=1)

    def test_nothing_in_the_text_is_markup(self) -> None:
        picture = svg("<b>&amp;\"'</b>\n", 80, "</title> & so on")
        self.assertEqual(texts(picture)[0].text, "<b>&amp;\"'</b>")
        self.assertIn("&lt;/title&gt; &amp; so on", picture)

    def test_looks(self) -> None:
        picture = svg("\x1b[1;2;3;4;9mall\x1b[0m \x1b[31;44;7mturned\x1b[0;7mround\n", 80, "x")
        every, turned, around = texts(picture)
        self.assertEqual(every.attrib["font-weight"], "bold")
        self.assertEqual(every.attrib["font-style"], "italic")
        self.assertEqual(every.attrib["text-decoration"], "underline line-through")
        self.assertIn("fill-opacity", every.attrib)
        self.assertEqual((turned.attrib["fill"], around.attrib["fill"]), (PALETTE[4], PAPER))
        self.assertEqual(papers(picture), [PALETTE[1], INK])

    def test_a_bar_without_text_is_drawn(self) -> None:
        picture = svg("\x1b[44m    \x1b[0m    \n", 80, "x")
        self.assertEqual((papers(picture), texts(picture)), ([PALETTE[4]], []))

    def test_as_high_as_the_screen(self) -> None:
        heights = [
            int(ElementTree.fromstring(svg("\n" * rows, 80, "x")).attrib["height"])
            for rows in (10, 30)
        ]
        self.assertEqual(heights[1] - heights[0], 20 * 16.5)


class PngTests(SynchronousTestCase):
    def dump(self, rows: list[list[tuple[int, int, int]]]) -> bytes:
        """A screen as X writes it: blue, green, red and nothing."""
        width, height = len(rows[0]), len(rows)
        header = [100, 7, 2, 24, width, height, 0, 0, 32, 0, 32, 32, 4 * width + 4, 4]
        header += [0xFF0000, 0xFF00, 0xFF, 8, 256, 1, width, height, 0, 0, 0]
        lines = [b"".join(bytes((b, g, r, 0)) for r, g, b in row) + b"pad." for row in rows]
        return struct.pack(">25I", *header) + bytes(12) + b"".join(lines)

    def pixels(self, png: bytes) -> tuple[tuple[int, int], bytes]:
        """Its size and its rows, each of which begins with a 0."""
        width, height = struct.unpack(">2I", png[16:24])
        start = png.index(b"IDAT") + 4
        (length,) = struct.unpack(">I", png[start - 8 : start - 4])
        return (width, height), zlib.decompress(png[start : start + length])

    def test_a_screen_and_an_area_of_it(self) -> None:
        rows = [[(x, y, 200) for x in range(5)] for y in range(4)]
        size, pixels = self.pixels(png_of(self.dump(rows)))
        self.assertEqual(size, (5, 4))
        self.assertEqual(pixels[:7], bytes((0, 0, 0, 200, 1, 0, 200)))
        size, pixels = self.pixels(png_of(self.dump(rows), (3, 2, 100, 1)))
        self.assertEqual((size, pixels), ((2, 1), bytes((0, 3, 2, 200, 4, 2, 200))))

    def test_another_format_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            png_of(bytes(100))
