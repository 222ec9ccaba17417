"""Entries and answers as lines of styled pieces, safe to show whatever a server sends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from time import localtime, strftime
from typing import NamedTuple

from msgspec.structs import replace

from ...console.render import STATES, as_entry, clock_time, line_of, whisper_head, words_of
from ...core.entries import IN_WORDS, SECRET, Entry, Form, Kind, State, reason_of
from ...core.events import Whisper
from ...core.formatting import PLAIN, Look, pieces
from ...core.text import formatted, is_blank, shown
from ..sync.conversations import LOBBY


class Part(NamedTuple):
    """A piece of a line.

    The style is one of: "" (plain), "head" (number and time), "name" (of another person),
    "own" (one's own name), "text", "mention" (one's own name in somebody's text), "event"
    (joins, topics …), "answer", "error", "server" (its sentences), "day", "new", "break" (where
    a message goes on below, with a head of its own; only there is a line feed).
    """

    style: str
    text: str
    look: Look = PLAIN  # what the author's formatting codes add to the style


class Line(NamedTuple):
    """One line to show."""

    parts: tuple[Part, ...]
    place: str = ""  # the conversation it belongs to; empty for what belongs to none
    seq: int = 0  # the number of the entry that it shows
    changes: int = 0  # the number of the message that the entry edits or deletes
    time: int = 0  # of the entry, in milliseconds
    private: bool = False
    mention: bool = False  # of one's own name, or a private message

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


# How an entry begins: nothing else may, whatever a server says.
_HEAD = re.compile(r"\[[^\]]*\d\d:\d\d[^\]]*\]")
# After the number of an entry in its head.
_MARKS = re.compile(r"(?<=\d) ")
_COLON, _STAR = Part("", ": "), Part("", "* ")
BREAK = Part("break", "\n")
_NOT_IN_NAMES = re.compile(r"[\s\[\]()/:]")


def plain(text: str, style: str = "answer", place: str = "") -> Line:
    """A line in one style, which nobody can take for something that somebody says."""
    text = shown(text)  # first, since it leaves out the codes that could stand before a head
    begins = next((at for at, letter in enumerate(text) if not _is_unseen(letter)), 0)
    mark = "| " if _HEAD.match(text, begins) else ""
    return Line((Part(style, mark + text),), place)


def _is_unseen(letter: str) -> bool:
    return not letter.isprintable() or is_blank(letter)


def named(name: str) -> str:
    """The name of a person or a room, without what would make a line look like another's."""
    return _NOT_IN_NAMES.sub("\ufffd", shown(name))


def of_entry(
    label: str, entry: Entry, own: str, long: bool = False, now: int | None = None
) -> Line:
    """An entry of the conversation that one calls `label`, for the person called `own`.

    `long` names the lobby too; with `now`, another day than today's is named.
    """
    label = named(label)
    private = not label.startswith("#")
    if entry.kind is Kind.MESSAGE:
        parts = _below(_head(label, entry, long, now), _said(entry, own))
    elif entry.kind in (Kind.EDIT, Kind.DELETE):
        head, _, _ = line_of(label, _cleaned(entry), long, now).partition("] ")
        parts = _below(head + "] ", _changed(entry))
    else:
        head, _, rest = line_of(label, _cleaned(entry), long, now, formatted).partition("] ")
        told = _formatted("event", rest.removesuffix(" <private message>"))
        parts = (Part("head", head + "] "), *told)
    changes = entry.target or 0 if entry.kind in (Kind.EDIT, Kind.DELETE) else 0
    return Line(parts, label, entry.seq, changes, entry.time, private)


def of_whisper(said: Whisper, own: str) -> Line:
    """What is kept nowhere: it is a line of no conversation, and so is shown wherever one looks."""
    said = replace(said, room=named(said.room), by=named(said.by), to=shown(said.to))
    place = f"{said.room} " if said.room.startswith("#") else ""
    parts = _below(f"{whisper_head(said)} {place}", _said(as_entry(said), own))
    return Line(parts, private=True, mention=said.by != own)


def _below(head: str, lines: Iterable[tuple[Part, ...]]) -> tuple[Part, ...]:
    """Lines of one entry; those below the first have a head that says that it goes on."""
    first, *rest = lines
    more = Part("head", _MARKS.sub("+ ", head, count=1))
    return (Part("head", head), *first, *[p for one in rest for p in (BREAK, more, *one)])


def _changed(entry: Entry) -> list[tuple[Part, ...]]:
    """What a message says now, in the parts of a message, all of them as what happens."""
    if entry.kind is Kind.EDIT:
        said = _said(entry, "")
        return [tuple(part._replace(style="event") for part in line) for line in said]
    by = "" if entry.subject in ("", entry.author) else f" by {named(entry.author)}"
    reason = reason_of(entry)
    why = f": {shown(reason)}" if reason else ""
    return [(Part("event", f"{named(entry.subject or entry.author)}: (deleted{by}{why})"),)]


def _cleaned(entry: Entry) -> Entry:
    """With names that a server should never have let pass made harmless."""
    names = {"author": named(entry.author), "subject": named(entry.subject)}
    if (entry.author, entry.subject) == tuple(names.values()):
        return entry
    return replace(entry, **names)


def _head(label: str, entry: Entry, long: bool, now: int | None) -> str:
    place = "" if label == LOBBY and not long else f"{label}/"
    mark = "" if label.startswith("#") else " private"
    if entry.form in SECRET:
        mark += " encrypted"
    elif entry.form is Form.NOTICE:
        mark += " notice"
    when = clock_time(entry.time, now)
    return f"[{place}{entry.seq} {when}{mark}{STATES[entry.state]}] "


def _said(entry: Entry, own: str) -> list[tuple[Part, ...]]:
    """What somebody says, line by line, and each time who does."""
    name = Part("own" if entry.author == own else "name", named(entry.author))
    if entry.state is State.DELETED and not (entry.form is Form.OPENED and entry.text):
        return [(name, _COLON, Part("event", "(deleted)"))]
    if entry.form not in (*IN_WORDS, Form.OPENED):
        return [(name, _COLON, Part("event", shown(words_of(entry))))]
    begins = (_STAR, name, Part("", " ")) if entry.form is Form.ACTION else (name, _COLON)
    others = entry.author != own
    return [(*begins, *_text(line, own, others)) for line in entry.text.split("\n")]


def _text(text: str, own: str, others: bool) -> tuple[Part, ...]:
    """The words, with one's own name told apart."""
    parts = _formatted("text", text)
    if not own or not others:
        return parts
    words = "".join(part.text for part in parts)
    name = re.compile(rf"(?<!\w){re.escape(own)}(?!\w)", re.IGNORECASE)
    named = {at for found in name.finditer(words) for at in range(*found.span())}
    return tuple(_told_apart(parts, named)) if named else parts


def _told_apart(parts: Iterable[Part], named: set[int]) -> Iterator[Part]:
    """Parts of a text, cut where one's name begins and ends; `named` are the letters of it."""
    start = 0
    for part in parts:
        end = start + len(part.text)
        for mention, letters in groupby(range(start, end), named.__contains__):
            at = [letter - start for letter in letters]
            style = "mention" if mention else part.style
            yield Part(style, part.text[at[0] : at[-1] + 1], part.look)
        start = end


def _formatted(style: str, text: str) -> tuple[Part, ...]:
    """What somebody wrote, in the looks that its formatting codes give it."""
    return tuple(Part(style, piece, look) for look, piece in pieces(formatted(text)))


def day_of(milliseconds: int) -> str:
    """The day of a time, as a line between two days says it."""
    try:
        return strftime("%A, %d %B %Y", localtime(milliseconds / 1000))
    except (OverflowError, OSError, ValueError):
        return "?"
