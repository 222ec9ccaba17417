"""Lines as a transcript shows them: pieces of text, each with the tags that say how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from ...core.entries import SECRET, Form, State
from ...core.formatting import PLAIN, Look
from ..desk.lines import FileLink, Line, Part, SixWords
from .style import FONTS, LINES, Format

NAME_COLORS = 6
FETCH = "fetch"  # tags what is to be clicked at

Tag = str | Format | FileLink
Piece = tuple[str, tuple[Tag, ...]]


def of_line(line: Line) -> list[Piece]:
    """A line that is no entry, or one that changes something which is not shown."""
    pieces: list[Piece] = []
    for number, row in enumerate(line.whole_rows()):
        pieces += [("\n", ())] if number else []
        pieces += [piece for part in row for piece in _of_part(part)]
    return pieces


def of_entry(line: Line) -> list[Piece]:
    """An entry in the transcript of its own conversation, which need not be named."""
    head = line.head
    if head is None:
        return of_line(line)
    pieces: list[Piece] = []
    for number, row in enumerate(line.rows):
        if number:
            pieces += [("\n", ()), (f"\t{head.number}+\t", ("head",))]
        else:
            pieces.append((f"\t{head.number} {head.time}{mark_of(line)}\t", ("head",)))
        pieces += [piece for part in row for piece in _of_part(part)]
    if head.state is State.EDITED:
        pieces.append((" (edited)", ("head",)))
    return pieces


def mark_of(line: Line) -> str:
    """What an entry says of itself beside its time."""
    head = line.head
    if head is not None and head.form in SECRET:
        return " encrypted"
    notice = " notice" if head is not None and head.form is Form.NOTICE else ""
    return (" private" if line.private else "") + notice


def _of_part(part: Part) -> list[Piece]:
    if isinstance(part, SixWords):
        return [(part.words, ("words",))]
    if isinstance(part, FileLink):
        return [(part.about, ("file",)), ("  ", ()), ("Fetch", (FETCH, part))]
    return [(part.text, _tags(part.style, part.text, part.look))]


def _tags(style: str, text: str, look: Look) -> tuple[Tag, ...]:
    if style == "name":
        return (f"name{crc32(text.lower().encode()) % NAME_COLORS}",)
    tags = (style,) if style else ()
    return tags if look == PLAIN else (*tags, *_formats(look))


def _formats(look: Look) -> Iterator[Format]:
    """What an author's formatting codes ask for: a font, lines, and colors.

    There are few of them, since a transcript keeps each one that it has seen.
    """
    fonts = tuple(name for name in FONTS if getattr(look, name))
    if fonts:
        yield Format("font", fonts)
    yield from (Format(line) for line in LINES if getattr(look, line))
    foreground, background = look.foreground, look.background
    if look.reverse:
        foreground, background = background or "paper", foreground or "text"
    if background:
        yield Format("behind", (background,))
    if foreground:
        yield Format("letters" if background else "color", (foreground,))
