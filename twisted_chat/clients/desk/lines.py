"""Entries and answers as lines of typed pieces, safe to show whatever a server sends.

A front turns the pieces to what it shows. Nobody has to read a number, a name or a state
back out of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from time import localtime, strftime
from typing import ClassVar, NamedTuple

from msgspec.structs import replace

from ...console.render import Head, about_file, as_entry, happened, head_of, whisper_head, words_of
from ...core import attachments
from ...core.attachments import Attachment
from ...core.entries import IN_WORDS, Entry, Form, Kind, State, reason_of
from ...core.events import Whisper
from ...core.formatting import PLAIN, Look, pieces
from ...core.text import formatted, is_blank, shown


class Text(NamedTuple):
    """A piece of text in one style.

    The style is one of: "" (plain), "head" (number and time), "name" (of another person),
    "own" (one's own name), "text", "mention" (one's own name in somebody's text), "event"
    (joins, topics …), "answer", "error", "server" (its sentences), "typed" (a command that
    was typed), "day", "new" (what comes after it), "margin" (before each of several entries).
    """

    style: str
    text: str
    look: Look = PLAIN  # what the author's formatting codes add to the style


@dataclass(frozen=True)
class FileLink:
    """A file that a message brings, which can be fetched by its number."""

    number: int
    about: str  # its number, its name and its size, as a sentence has them
    style: ClassVar[str] = "event"
    look: ClassVar[Look] = PLAIN

    @property
    def text(self) -> str:
        return f"({self.about}; to have it: get {self.number})"


@dataclass(frozen=True)
class SixWords:
    """The words that two people compare."""

    words: str
    style: ClassVar[str] = "answer"
    look: ClassVar[Look] = PLAIN

    @property
    def text(self) -> str:
        return f"    {self.words}"


Part = Text | FileLink | SixWords
Row = tuple[Part, ...]


class Line(NamedTuple):
    """What is shown at once: an entry, or a sentence. An entry has a row for each of its lines."""

    rows: tuple[Row, ...]
    place: str = ""  # the conversation it belongs to; empty for what belongs to none
    mention: bool = False  # somebody speaks to this person in particular
    private: bool = False
    entry: Entry | None = None  # that is shown, with names that are safe to show
    head: Head | None = None  # of the entry
    margin: str = ""  # stands before each row, where several entries are shown together
    cited: bool = False  # it answers somebody, and is not part of the conversation where it stands

    @property
    def seq(self) -> int:
        """The number of the entry, 0 if it shows none."""
        return self.entry.seq if self.entry is not None else 0

    def whole_rows(self) -> Iterator[Row]:
        """The rows, each with the margin and the head that stand before it."""
        margin = (Text("margin", self.margin),) if self.margin else ()
        for number, row in enumerate(self.rows):
            if self.head is None:
                yield (*margin, *row)
            else:
                head = self.head._replace(more=number > 0)
                yield (*margin, Text("head", f"{head.text} "), *row)

    @property
    def text(self) -> str:
        """All of it as text."""
        return "\n".join("".join(part.text for part in row) for row in self.whole_rows())

    def as_citation(self, place: str) -> Line:
        """The same, shown in a conversation that it need not be a part of."""
        return self._replace(place=place, cited=True)

    @property
    def is_entry(self) -> bool:
        """Whether it is a part of its conversation."""
        return self.entry is not None and not self.cited

    @property
    def time(self) -> int:
        """When that was, in milliseconds; 0 for what stands outside of the course of time."""
        return self.entry.time if self.entry is not None and not self.cited else 0

    @property
    def is_error(self) -> bool:
        """Whether it says that something went wrong."""
        return any(part.style == "error" for row in self.rows for part in row)


# How an entry begins: nothing else may, whatever a server says.
_HEAD = re.compile(r"\[[^\]]*\d\d:\d\d[^\]]*\]")
NAMES = ("own", "name")
_COLON, _STAR = Text("", ": "), Text("", "* ")
_NOT_IN_NAMES = re.compile(r"[\s\[\]()/:]")


def plain(text: str, style: str = "answer", place: str = "") -> Line:
    """A line in one style, which nobody can take for something that somebody says."""
    text = shown(text)  # first, since it leaves out the codes that could stand before a head
    begins = next((at for at, letter in enumerate(text) if not _is_unseen(letter)), 0)
    mark = "| " if _HEAD.match(text, begins) else ""
    return Line(((Text(style, mark + text),),), place)


def _is_unseen(letter: str) -> bool:
    return not letter.isprintable() or is_blank(letter)


def safe_name(name: str) -> str:
    """The name of a person or a room, without what would make a line look like another's."""
    return _NOT_IN_NAMES.sub("\ufffd", shown(name))


def of_entry(
    label: str, entry: Entry, own: str, long: bool = False, now: int | None = None
) -> Line:
    """An entry of the conversation that one calls `label`, for the person called `own`.

    `long` names the lobby too; with `now`, another day than today's is named.
    """
    label = safe_name(label)
    name = _name_of(entry, own)
    entry = _with_safe_names(entry)
    if entry.kind is Kind.MESSAGE:
        rows = _said(entry, name, own)
    elif entry.kind is Kind.EDIT:
        # All of it is something that happens, in the pieces of a message.
        said = _said(entry, name, "")
        rows = [tuple(_as_event(part) for part in row) for row in said]
    elif entry.kind is Kind.DELETE:
        rows = [(Text("event", _deleted(entry)),)]
    else:
        rows = [tuple(_formatted("event", happened(label, entry, formatted)))]
    private = not label.startswith("#")
    head = head_of(label, entry, long, now)
    return Line(tuple(rows), label, private=private, entry=entry, head=head)


def after(line: Line, change: Entry) -> Line | None:
    """The line of a message after that entry has edited or deleted it; None if it cannot have."""
    entry, head = line.entry, line.head
    names = (one for one in line.rows[0] if isinstance(one, Text) and one.style in NAMES)
    name = next(names, None)
    if entry is None or head is None or name is None:
        return None  # nobody has said this
    if change.kind is Kind.EDIT and change.author != entry.author:
        return None  # nobody may put words into somebody else's mouth
    if _is_gone(entry):
        return line
    if change.kind is Kind.DELETE:
        by = "" if change.author == entry.author else f" by {change.author}"
        rows: list[Row] = [(name, _COLON, Text("event", f"(deleted{by})"))]
        entry = replace(entry, text="", form=Form.WORDS, state=State.DELETED)
        head = head._replace(state=State.AS_SAID)
    else:
        edited = replace(entry, text=change.text, form=change.form, state=State.EDITED)
        rows = _said(edited, name, "")
        entry, head = edited, head._replace(state=State.EDITED)
    return line._replace(rows=tuple(rows), entry=entry, head=head)


def of_whisper(said: Whisper, own: str) -> Line:
    """What is kept nowhere: it is a line of no conversation, and so is shown wherever one looks."""
    name = _name_of(as_entry(said), own)
    said = replace(said, room=safe_name(said.room), by=safe_name(said.by), to=shown(said.to))
    place = f"{said.room} " if said.room.startswith("#") else ""
    rows = [
        (Text("head", f"{whisper_head(said, more=number > 0)} {place}"), *row)
        for number, row in enumerate(_said(as_entry(said), name, own))
    ]
    return Line(tuple(rows), private=True, mention=said.by != own)


def _with_safe_names(entry: Entry) -> Entry:
    """With names that a server should never have let pass made harmless."""
    names = {"author": safe_name(entry.author), "subject": safe_name(entry.subject)}
    if (entry.author, entry.subject) == tuple(names.values()):
        return entry
    return replace(entry, **names)


def _name_of(entry: Entry, own: str) -> Text:
    """Who says it; somebody with a name that only looks like one's own is somebody else."""
    return Text("own" if entry.author == own else "name", safe_name(entry.author))


def _deleted(entry: Entry) -> str:
    """What is said of a message that this entry has deleted."""
    by = "" if entry.subject in ("", entry.author) else f" by {entry.author}"
    reason = reason_of(entry)
    why = f": {shown(reason)}" if reason else ""
    return f"{entry.subject or entry.author}: (deleted{by}{why})"


def _as_event(part: Part) -> Part:
    return part._replace(style="event") if isinstance(part, Text) else part


def _said(entry: Entry, name: Text, own: str) -> list[Row]:
    """What somebody says, line by line, and each time who does."""
    if _is_gone(entry):
        return [(name, _COLON, Text("event", "(deleted)"))]
    if entry.form in (Form.FILE, Form.OPENED_FILE):
        attachment = attachments.read(entry.text)
        if attachment is not None:
            return [(name, _COLON, _link(attachment))]
    if entry.form not in (*IN_WORDS, Form.OPENED):
        return [(name, _COLON, Text("event", shown(words_of(entry))))]
    begins = (_STAR, name, Text("", " ")) if entry.form is Form.ACTION else (name, _COLON)
    own = own if name.style == "name" else ""
    return [(*begins, *_words(line, own)) for line in entry.text.split("\n")]


def _is_gone(entry: Entry) -> bool:
    """Whether nothing is left to show of a message.

    One that the server alone calls deleted is kept on this computer, and comes opened.
    """
    return entry.state is State.DELETED and not (entry.form is Form.OPENED and entry.text)


def _link(attachment: Attachment) -> FileLink:
    return FileLink(attachment.file, shown(about_file(attachment)))


def _words(text: str, own: str) -> tuple[Text, ...]:
    """The words, with one's `own` name told apart if there is one."""
    parts = _formatted("text", text)
    if not own:
        return parts
    words = "".join(part.text for part in parts)
    name = re.compile(rf"(?<!\w){re.escape(own)}(?!\w)", re.IGNORECASE)
    named = {at for found in name.finditer(words) for at in range(*found.span())}
    return tuple(_told_apart(parts, named)) if named else parts


def _told_apart(parts: Iterable[Text], named: set[int]) -> Iterator[Text]:
    """Parts of a text, cut where one's name begins and ends; `named` are the letters of it."""
    start = 0
    for part in parts:
        end = start + len(part.text)
        for mention, letters in groupby(range(start, end), named.__contains__):
            at = [letter - start for letter in letters]
            style = "mention" if mention else part.style
            yield Text(style, part.text[at[0] : at[-1] + 1], part.look)
        start = end


def _formatted(style: str, text: str) -> tuple[Text, ...]:
    """What somebody wrote, in the looks that its formatting codes give it."""
    return tuple(Text(style, piece, look) for look, piece in pieces(formatted(text)))


def day_of(milliseconds: int) -> str:
    """The day of a time, as a line between two days says it."""
    try:
        return strftime("%A, %d %B %Y", localtime(milliseconds / 1000))
    except (OverflowError, OSError, ValueError):
        return "?"
