"""Lines as a transcript shows them: pieces of text, each with what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

from ...core.formatting import PLAIN, Look
from ..desk.lines import Line, Part
from .style import FONTS, LINES, LOOK

NAME_COLOURS = 6

# How the desk begins the line of an entry: its number, the time, and what it is.
_HEAD = re.compile(
    r"\[(?:.*/)?\d+(?P<more>\+)? (?P<time>\S+)(?: private)?(?P<secret> encrypted)?"
    r"(?P<notice> notice)?(?P<state> edited| deleted)?\] "
)
# How it says which file a message brings, and which words are to be compared.
_FILE = re.compile(r"\((?P<about>file (?P<number>\d+): .+); to have it: get (?P=number)\)")
_WORDS = re.compile(r" *((?:[a-z]{5} ){5}[a-z]{5})")
FETCH = "fetch"  # tags what is to be clicked at, which has a second one with the number

Piece = tuple[str, tuple[str, ...]]


def is_entry(line: Line) -> bool:
    """Whether it is part of its conversation, and not an answer that cites it."""
    return bool(line.seq and line.time and line.place)


def of_line(line: Line) -> list[Piece]:
    """A line that is no entry, or one that changes something which is not shown."""
    if words := compared(line):
        return [(words, ("words",))]
    return [piece for part in line.parts for piece in _of_part(part)]


def compared(line: Line) -> str:
    """The six words that a line shows to be compared with somebody; of any other line, nothing."""
    found = (
        _WORDS.fullmatch(line.text) if [part.style for part in line.parts] == ["answer"] else None
    )
    return found[1] if found is not None else ""


def mark_of(line: Line) -> str:
    """What an entry says of itself beside its time."""
    found = _HEAD.fullmatch(line.parts[0].text)
    if found is not None and found["secret"]:
        return " encrypted"
    notice = " notice" if found is not None and found["notice"] else ""
    return (" private" if line.private else "") + notice


def of_entry(line: Line) -> list[Piece]:
    """An entry in the transcript of its own conversation, which need not be named."""
    found = _HEAD.fullmatch(line.parts[0].text)
    if found is None:
        return of_line(line)
    pieces: list[Piece] = [(f"\t{line.seq} {found['time']}{mark_of(line)}\t", ("head",))]
    for part in line.parts[1:]:
        if part.style == "head":  # of another line of the same message
            pieces.append((f"\t{line.seq}+\t", ("head",)))
        else:
            pieces += _of_part(part)
    if found["state"] == " edited":
        pieces.append((" (edited)", ("head",)))
    return pieces


def changed(line: Line, change: Line) -> Line:
    """A message after it was edited or deleted."""
    found = _HEAD.fullmatch(change.parts[0].text)
    if found is None or _is_deleted(line):
        return line
    head, name = (
        line.parts[0],
        next(part for part in line.parts if part.style in ("own", "name")),
    )
    if found["state"] == " deleted":
        by = change.parts[-1].text.partition(": ")[0].split()[-1:]
        what = "(deleted)" if by in ([], [name.text]) else f"(deleted by {by[0]})"
        head = Part("head", head.text.replace(" edited] ", "] "))
        return line._replace(parts=(head, name, Part("", ": "), Part("event", what)))
    edited = re.sub(r"(?<! edited)\] $", " edited] ", head.text)
    return line._replace(parts=(Part("head", edited), *_as_said(change.parts[1:], name)))


def _as_said(parts: tuple[Part, ...], name: Part) -> Iterator[Part]:
    """What an edit says, as the message says it from then on."""
    styles = ("", "name", "", "text") if parts[0].text == "* " else ("name", "", "text")
    at = 0
    for part in parts:
        if part.style in ("break", "head"):  # another line begins
            at = 0
            yield part
        else:
            style = styles[min(at, len(styles) - 1)]
            yield name if style == "name" else part._replace(style=style)
            at += 1


def _is_deleted(line: Line) -> bool:
    last = line.parts[-1]
    return last.style == "event" and last.text.startswith("(deleted")


def _of_part(part: Part) -> list[Piece]:
    found = _FILE.fullmatch(part.text) if part.style == "event" else None
    if found is None:
        return [(part.text, _tags(part))]
    return [(found["about"], ("file",)), ("  ", ()), ("Fetch", (FETCH, FETCH + found["number"]))]


def _tags(part: Part) -> tuple[str, ...]:
    if part.style == "name":
        return (f"name{crc32(part.text.lower().encode()) % NAME_COLOURS}",)
    tags = (part.style,) if part.style else ()
    return tags if part.look == PLAIN else (*tags, *_look_tags(part.look))


def _look_tags(look: Look) -> Iterator[str]:
    """The tags of what an author's formatting codes ask for: a font, lines, and colors.

    There are few of them, since a transcript keeps each one that it has seen.
    """
    font = [name for name in FONTS if getattr(look, name)]
    if font:
        yield LOOK + "-".join(["font", *font])
    yield from (LOOK + line for line in LINES if getattr(look, line))
    foreground, background = look.foreground, look.background
    if look.reverse:
        foreground, background = background or "paper", foreground or "text"
    if background:
        yield f"{LOOK}behind-{background}"
    if foreground:
        yield f"{LOOK}{'letters' if background else 'color'}-{foreground}"
