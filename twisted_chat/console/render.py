"""Entries and events as lines of text.

Every line begins with something that the server made, so that nobody can say
something that looks like it; no text that comes from people can hold a line break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from time import localtime, strftime

from ..core import attachments
from ..core.attachments import size_in_words
from ..core.entries import (
    IN_WORDS,
    MANNERS,
    SECRET,
    UNREADABLE,
    Entry,
    Form,
    Kind,
    State,
    reason_of,
)
from ..core.events import Closed, Event, Notice, Presence, Whisper
from ..core.rooms import LOBBY, Room
from ..core.roster import Person
from ..core.rules import in_words
from ..core.text import shown

STATES = {State.AS_SAID: "", State.EDITED: " edited", State.DELETED: " deleted"}


class TextDialect:
    """The text dialect with one of the two line ends."""

    name = "text"
    plain = True  # no client keeps count of what it was shown; the server does

    def __init__(self, end: str) -> None:
        self.end = end

    def encoded(self, *lines: str) -> bytes:
        """Lines as they are sent."""
        text = "".join([line + "\n" for line in lines])
        if self.end != "\n":
            text = text.replace("\n", self.end)
        return text.encode("utf-8", "replace")

    def entries(self, room: Room, entries: Sequence[Entry]) -> list[bytes]:
        label = room.name
        return [
            self.encoded(line_of(label, entry)) if entry.kind is not Kind.KEYS else b""
            for entry in entries
        ]

    def entry(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        if entry.kind is Kind.KEYS:
            return b""  # for programs
        return self.encoded(line_of(room.label(viewer), entry))

    def own(self, room: Room, entry: Entry, viewer: Person, here: bool) -> bytes:
        return b"" if here else self.entry(room, entry, viewer)

    def hidden(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        return b""

    def event(self, event: Event) -> bytes:
        match event:
            case Presence():
                return self.encoded(presence_line(event))
            case Notice():
                return self.encoded(f"[server] {shown(event.text)}")
            case Whisper():
                return self.encoded(whisper_line(event))
            case Closed():
                return self.encoded(shown(event.text), "Disconnected")
        return b""


SEALED = "(encrypted: only a client that has the keys can show this)"

LF = TextDialect("\n")
CRLF = TextDialect("\r\n")


def line_of(
    label: str,
    entry: Entry,
    long: bool = False,
    now: int | None = None,
    cleaned: Callable[[str], str] = shown,
) -> str:
    """One entry of the conversation that its viewer calls `label`; a message may have lines.

    `long` names the lobby too, for lists that mix conversations; with `now`, the time
    of another day than today's has its date. `cleaned` makes what people wrote safe to show.
    """
    kind = entry.kind
    private = not label.startswith("#")
    place = "" if label == LOBBY and not long else f"{label}/"
    mark = " private" if private else ""
    if entry.form in SECRET:
        mark += " encrypted"
    elif entry.form is Form.NOTICE:
        mark += " notice"
    when = clock_time(entry.time, now)
    if kind is Kind.MESSAGE:
        head = f"[{place}{entry.seq} {when}{mark}{STATES[entry.state]}]"
        text = "(deleted)" if entry.state is State.DELETED else words_of(entry)
        if "\n" not in text:
            return f"{head} {_said(label, entry, text)}"
        return _lines(
            head, f"[{place}{entry.seq}+ {when}{mark}{STATES[entry.state]}]", label, entry, text
        )
    if kind is Kind.EDIT:
        head = f"[{place}{entry.target} {when}{mark} edited]"
        more = f"[{place}{entry.target}+ {when}{mark} edited]"
        return _lines(head, more, label, entry, words_of(entry))
    if kind is Kind.DELETE:
        by = "" if entry.subject in ("", entry.author) else f" by {entry.author}"
        head = f"[{place}{entry.target} {when}{mark} deleted]"
        reason = reason_of(entry)
        why = f": {shown(reason)}" if reason else ""
        return f"{head} {_said(label, entry, f'(deleted{by}{why})', entry.subject)}"
    return f"[{place}{entry.seq} {when}{mark}] {_happened(label, entry, cleaned)}"


def words_of(entry: Entry) -> str:
    """What a message says, in words whatever its form is."""
    if entry.form in UNREADABLE:
        return SEALED
    if entry.form is Form.CLOSED:
        return f"({entry.text})"
    if entry.form in IN_WORDS or entry.form is Form.OPENED:
        return entry.text
    attachment = attachments.read(entry.text)
    if attachment is None:
        return "[cannot be shown]"
    name, size = attachment.name, size_in_words(attachment.size)
    return f"(file {attachment.file}: {name}, {size}; to have it: get {attachment.file})"


def _lines(head: str, more: str, label: str, entry: Entry, text: str) -> str:
    """A text of several lines; each has a head of its own, so none looks like another's."""
    first, *rest = [_said(label, entry, line) for line in text.split("\n")]
    return "\n".join([f"{head} {first}", *[f"{more} {line}" for line in rest]])


def _said(label: str, entry: Entry, text: str, author: str = "") -> str:
    """What somebody says, as `bob: hello`, or does, as `* bob waves`; nobody is called `*`."""
    who = author or entry.author
    acts = entry.form is Form.ACTION and entry.state is not State.DELETED
    words = f"* {who} {shown(text)}" if acts else f"{who}: {shown(text)}"
    if not label.startswith("#"):
        return f"{words} <private message>"
    return words if label == LOBBY else f"{label} {words}"


def _happened(label: str, entry: Entry, cleaned: Callable[[str], str]) -> str:
    """Something other than words: who came, who went, who did what to whom."""
    by, whom, text = entry.author, entry.subject, cleaned(entry.text)
    because = f": {text}" if text else ""
    lasting = f" for {text}" if text else ""
    name, _, why = text.partition(" ")
    sentences = {
        Kind.RENAME: f"{by} renamed {whom} to {name}" + (f": {why}" if why else ""),
        Kind.TOPIC: f"{by} {'set' if text else 'took away'} the topic of {label}{because}",
        Kind.JOIN: f"{by} joined {label}",
        Kind.LEAVE: f"{by} left {label}{because}",
        Kind.KICK: f"{by} kicked {whom} from {label}{because}",
        Kind.BAN: f"{by} banned {whom} from {label}{lasting}",
        Kind.UNBAN: f"{by} lets {whom} join {label} again",
        Kind.OWNER: f"{whom} owns {label} now",
        Kind.OP: f"{by} made {whom} an operator of {label}",
        Kind.DEOP: f"{by} made {whom} an ordinary member of {label} again",
        Kind.MUTE: f"{by} muted {whom} in {label}{lasting}",
        Kind.VOICE: f"{by} gave {whom} a voice in {label}",
        Kind.DEVOICE: f"{by} took the voice of {whom} in {label} away",
        Kind.MODE: f"{by} changed the rules of {label}: {in_words(text)} ({text})",
        Kind.UNMUTE: f"{by} lets {whom} speak in {label} again",
        Kind.ENCRYPT: f"{by} encrypts this conversation from here on, for good",
    }
    return sentences.get(entry.kind, "[cannot be shown]")


def whisper_line(event: Whisper) -> str:
    """What has no number, since it is kept nowhere; each of its lines has a head."""
    head, entry = whisper_head(event), as_entry(event)
    lines = (_said(event.room, entry, line) for line in event.text.split("\n"))
    return "\n".join([f"{head} {line}" for line in lines])


def whisper_head(event: Whisper) -> str:
    """`[10:00 private]` to oneself, `[zoe 10:00 private]` to zoe, `[10:00 to @#room]`."""
    place = "" if event.room.startswith("#") or event.room == event.by else f"{event.room} "
    mark = f"to {event.to}" if event.to else "private"
    notice = " notice" if event.manner == "notice" else ""
    return f"[{place}{clock_time(event.time)} {mark}{notice}]"


def as_entry(event: Whisper) -> Entry:
    """What is said in a whisper, as what is said is shown."""
    form = MANNERS.get(event.manner, Form.WORDS)
    return Entry(0, 0, 0, Kind.MESSAGE, event.time, None, event.by, event.text, form=form)


def presence_line(event: Presence) -> str:
    """One line, even when some came and others went in the same second."""
    parts = []
    if event.joined:
        parts.append(f"{_gathered(event.joined, event.more_joined)} joined")
    if event.left:
        parts.append(f"{_gathered(event.left, event.more_left)} left")
    return f"{', '.join(parts)} the conversation"


def _gathered(names: Sequence[str], more: int) -> str:
    """`ann`, `ann and bob`, `ann, bob and cid`, `ann, bob and 35 others`."""
    if len(names) + more <= 3:
        *most, last = names
        return f"{', '.join(most)} and {last}" if most else last
    return f"{names[0]}, {names[1]} and {len(names) + more - 2} others"


def clock_time(milliseconds: int, now: int | None = None) -> str:
    """When it was: the time of day, and before it the day if `now` is another one."""
    minute = milliseconds // 60_000
    if now is None or _day(minute) == _day(now // 60_000):
        return _time_of_day(minute)
    return f"{_day(minute)} {_time_of_day(minute)}"


@lru_cache(maxsize=1024)
def _time_of_day(minute: int) -> str:
    return _formatted("%H:%M", minute)


@lru_cache(maxsize=1024)
def _day(minute: int) -> str:
    return _formatted("%Y-%m-%d", minute)


def _formatted(pattern: str, minute: int) -> str:
    try:
        return strftime(pattern, localtime(minute * 60))
    except (OverflowError, OSError, ValueError):
        return "?"  # a time that no calendar has, in a row from elsewhere
