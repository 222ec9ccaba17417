"""Lines as a transcript shows them: pieces of text, each with what it is."""

from __future__ import annotations

import re
from zlib import crc32

from ..desk.lines import Line, Part

NAME_COLOURS = 6

# How the desk begins the line of an entry: its number, the time, and what it is.
_HEAD = re.compile(r"\[(?:.*/)?\d+ (\S+)(?: private)?( edited| deleted)?\] ")

Piece = tuple[str, tuple[str, ...]]


def is_entry(line: Line) -> bool:
    """Whether it is part of its conversation, and not an answer that cites it."""
    return bool(line.seq and line.time and line.place)


def of_line(line: Line) -> list[Piece]:
    """A line that is no entry, or one that changes something which is not shown."""
    return [(part.text, _tags(part)) for part in line.parts]


def of_entry(line: Line) -> list[Piece]:
    """An entry in the transcript of its own conversation, which need not be named."""
    found = _HEAD.fullmatch(line.parts[0].text)
    if found is None:
        return of_line(line)
    private = " private" if line.private else ""
    pieces: list[Piece] = [(f"\t{line.seq} {found[1]}{private}\t", ("head",))]
    pieces += [(part.text, _tags(part)) for part in line.parts[1:]]
    if found[2] == " edited":
        pieces.append((" (edited)", ("head",)))
    return pieces


def changed(line: Line, change: Line) -> Line:
    """A message after it was edited or deleted."""
    found = _HEAD.fullmatch(change.parts[0].text)
    if found is None or line.parts[-1].style == "event":
        return line
    head, name, colon = line.parts[:3]
    who, _, said = change.parts[-1].text.partition(": ")
    if found[2] == " deleted":
        by = who.split()[-1:]
        what = "(deleted)" if by in ([], [name.text]) else f"(deleted by {by[0]})"
        return line._replace(parts=(head, name, colon, Part("event", what)))
    edited = re.sub(r"(?<! edited)\] $", " edited] ", head.text)
    return line._replace(parts=(Part("head", edited), name, colon, Part("text", said)))


def _tags(part: Part) -> tuple[str, ...]:
    if part.style == "name":
        return (f"name{crc32(part.text.lower().encode()) % NAME_COLOURS}",)
    return (part.style,) if part.style else ()
