"""A picture of a terminal: from what `tmux capture-pane -e -N -p` says to an SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from prompt_toolkit.utils import get_cwidth

SIZE = 14  # of the font; a cell is what DejaVu Sans Mono takes, so that boxes have no gaps
CELL, ROW = 8.43, 16.5
EDGE, BAR = 14, 30
FONTS = "'DejaVu Sans Mono', Menlo, Consolas, ui-monospace, monospace"
INK, PAPER, FRAME, QUIET = "#d8dee9", "#16181d", "#2a2e37", "#8b93a5"
PALETTE = (
    *("#23262e", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"),
    *("#6b7385", "#ff8b94", "#b5e08f", "#ffd68a", "#82c4ff", "#dd9af0", "#7fd6e0", "#ffffff"),
)
LEVELS = (0, 95, 135, 175, 215, 255)
TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]*)m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\].*?(?:\x07|\x1b\\)"  # links and the like
    r"|\x1b[ -/]*[0-~]"
    r"|(?P<text>[^\x00-\x1f\x7f\ufffe\uffff]+)"
    r"|[\x00-\x1f\x7f\ufffe\uffff]",  # what XML does not take
    re.DOTALL,
)


class Style(NamedTuple):
    """How a piece of text looks."""

    ink: str | None = None
    paper: str | None = None
    marks: frozenset[str] = frozenset()


class Run(NamedTuple):
    """A piece of a line with one look: where it begins and how many cells it takes."""

    column: int
    cells: int
    text: str
    style: Style


ON = {"1": "bold", "2": "dim", "3": "italic", "4": "underline", "7": "reverse", "9": "struck"}
OFF = {
    "22": {"bold", "dim"},
    "23": {"italic"},
    "24": {"underline"},
    "4:0": {"underline"},
    "27": {"reverse"},
    "29": {"struck"},
}
DRAWN = {
    "bold": ' font-weight="bold"',
    "dim": ' fill-opacity="0.6"',
    "italic": ' font-style="italic"',
}
LINES = {"underline": "underline", "struck": "line-through"}


def svg(capture: str, columns: int, title: str) -> str:
    """The picture of a window with this title and this on its screen."""
    lines = capture.removesuffix("\n").split("\n")
    width, height = round(columns * CELL + 2 * EDGE), round(len(lines) * ROW + BAR + 2 * EDGE)
    shapes = [
        f'<rect width="{width}" height="{height}" rx="9" fill="{PAPER}"/>',
        f'<path d="M0 {BAR}V9a9 9 0 0 1 9-9H{width - 9}a9 9 0 0 1 9 9V{BAR}z" fill="{FRAME}"/>',
        *(f'<circle cx="{x}" cy="{BAR / 2:g}" r="5" fill="#4a505d"/>' for x in (18, 36, 54)),
        f'<text x="{width / 2:g}" y="{BAR / 2 + 5:g}" fill="{QUIET}" text-anchor="middle">'
        f"{escape(title)}</text>",
    ]
    for number, runs in enumerate(runs_of(lines)):
        for run in runs:
            shapes += _shapes(run, BAR + EDGE + number * ROW)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="{FONTS}" font-size="{SIZE}" xml:space="preserve" '
        f'role="img">\n<title>{escape(title)}</title>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def runs_of(lines: list[str]) -> Iterator[list[Run]]:
    """The runs of each line; a look lasts until it is changed, over the ends of lines too."""
    style = Style()
    for line in lines:
        runs: list[Run] = []
        column = 0
        for token in TOKEN.finditer(line):
            if token["sgr"] is not None:
                style = changed(style, token["sgr"])
            for character in token["text"] or "":
                column = _add(runs, character, column, style)
        yield runs


def _add(runs: list[Run], character: str, column: int, style: Style) -> int:
    """Put a character at the end of a line; the column after it."""
    cells = get_cwidth(character)
    last = runs[-1] if runs else None
    if last is not None and (cells == 0 or last.text.endswith("\u200d")):
        runs[-1] = last._replace(text=last.text + character)
        return column
    # Only plain ones share a run, so that each of the others is where it belongs in any font.
    alike = last is not None and last.style == style and last.cells == len(last.text)
    if last is not None and alike and cells == get_cwidth(last.text[0]) == 1:
        runs[-1] = last._replace(text=last.text + character, cells=last.cells + 1)
    else:
        runs.append(Run(column, cells, character, style))
    return column + cells


def changed(style: Style, codes: str) -> Style:
    """This look after the codes of a "select graphic rendition"."""
    left = iter(codes.split(";"))
    for code in left:
        number, *more = code.split(":")
        if number in ("", "0"):
            style = Style()
        elif code in OFF:
            style = style._replace(marks=style.marks - OFF[code])
        elif number in ON:
            style = style._replace(marks=style.marks | {ON[number]})
        elif number in ("38", "48", "58"):
            color = _color(iter([part for part in more if part]) if more else left)
            if number != "58":  # that of the line under the text
                style = _colored(style, number == "48", color)
        elif number in ("39", "49"):
            style = _colored(style, number == "49", None)
        elif number.isdecimal():
            place, on = int(number) % 10, int(number) // 10
            if on in (3, 4, 9, 10) and place < 8:
                style = _colored(style, on in (4, 10), PALETTE[place + (8 if on > 4 else 0)])
    return style


def _colored(style: Style, paper: bool, color: str | None) -> Style:
    return style._replace(paper=color) if paper else style._replace(ink=color)


def _color(codes: Iterator[str]) -> str | None:
    """The color that these begin with: 5 and its number, or 2 and red, green and blue."""
    kind = next(codes, "")
    numbers = [int(next(codes, "") or 0) for _ in range({"5": 1, "2": 3}.get(kind, 0))]
    if kind == "2":
        red, green, blue = numbers
        return f"#{red:02x}{green:02x}{blue:02x}"
    if kind != "5":
        return None
    number = numbers[0]
    if number < 16:
        return PALETTE[number]
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + 2 * f"{8 + 10 * (number - 232):02x}"
    place = number - 16
    return "#" + "".join(f"{LEVELS[place // by % 6]:02x}" for by in (36, 6, 1))


def _shapes(run: Run, top: float) -> Iterator[str]:
    ink, paper, marks = run.style
    ink = ink or INK
    if "reverse" in marks:
        ink, paper = paper or PAPER, ink
    place, width = f"{EDGE + run.column * CELL:g}", f"{run.cells * CELL:g}"
    if paper is not None:
        yield f'<rect x="{place}" y="{top:g}" width="{width}" height="{ROW}" fill="{paper}"/>'
    lines = " ".join(name for mark, name in LINES.items() if mark in marks)
    if not run.text.strip() and not lines:
        return
    look = "".join(text for mark, text in DRAWN.items() if mark in marks)
    if lines:
        look += f' text-decoration="{lines}"'
    yield (
        f'<text x="{place}" y="{top + SIZE - 1:g}" textLength="{width}" '
        f'lengthAdjust="spacingAndGlyphs" fill="{ink}"{look}>{escape(run.text)}</text>'
    )
