"""Lines as a transcript shows them: pieces of text, each with what it is."""

from __future__ import annotations

import re
from zlib import crc32

from ..desk.lines import Line, Part

NAME_COLOURS = 6

# How the desk begins the line of an entry: its number, the time, and what it is.
_HEAD = re.compile(
    r"\[(?:.*/)?\d+ (?P<time>\S+)(?: private)?(?P<secret> encrypted)?"
    r"(?P<state> edited| deleted)?\] "
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
    return " private" if line.private else ""


def of_entry(line: Line) -> list[Piece]:
    """An entry in the transcript of its own conversation, which need not be named."""
    found = _HEAD.fullmatch(line.parts[0].text)
    if found is None:
        return of_line(line)
    pieces: list[Piece] = [(f"\t{line.seq} {found['time']}{mark_of(line)}\t", ("head",))]
    pieces += [piece for part in line.parts[1:] for piece in _of_part(part)]
    if found["state"] == " edited":
        pieces.append((" (edited)", ("head",)))
    return pieces


def changed(line: Line, change: Line) -> Line:
    """A message after it was edited or deleted."""
    found = _HEAD.fullmatch(change.parts[0].text)
    if found is None or _is_deleted(line):
        return line
    head, name, colon = line.parts[:3]
    who, _, said = change.parts[-1].text.partition(": ")
    if found["state"] == " deleted":
        by = who.split()[-1:]
        what = "(deleted)" if by in ([], [name.text]) else f"(deleted by {by[0]})"
        return line._replace(parts=(head, name, colon, Part("event", what)))
    edited = re.sub(r"(?<! edited)\] $", " edited] ", head.text)
    return line._replace(parts=(Part("head", edited), name, colon, Part("text", said)))


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
    return (part.style,) if part.style else ()
