"""Entries and events as lines of text.

Every line begins with something that the server made, so that nobody can say
something that looks like it; no text that comes from people can hold a line break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from time import localtime, strftime
from typing import NamedTuple

from ..core import attachments
from ..core.attachments import Attachment, size_in_words
from ..core.entries import (
    IN_WORDS,
    MANNERS,
    SECRET,
    UNREADABLE,
    WORDS,
    Entry,
    Form,
    Kind,
    State,
    reason_of,
)
from ..core.events import Closed, Event, Notice, Presence, Whisper
from ..core.rooms import LOBBY, Person, Room
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


class Head(NamedTuple):
    """What stands in brackets before an entry: `[#coil/17 10:00 encrypted edited]`."""

    place: str  # the conversation, or nothing where it need not be named
    number: int  # of the entry, or of the message that it changes
    time: str
    private: bool
    form: Form
    state: State
    more: bool = False  # this is the head of a further line of the same entry

    @property
    def mark(self) -> str:
        """What is said of the entry after its time, each word with a space before it."""
        private = " private" if self.private else ""
        if self.form is Form.WORDS:
            return private
        if self.form in SECRET:
            return f"{private} encrypted"
        return f"{private} notice" if self.form is Form.NOTICE else private

    @property
    def text(self) -> str:
        place = f"{self.place}/" if self.place else ""
        more = "+" if self.more else ""
        return f"[{place}{self.number}{more} {self.time}{self.mark}{STATES[self.state]}]"


def head_of(label: str, entry: Entry, long: bool = False, now: int | None = None) -> Head:
    """The head of an entry of the conversation that its viewer calls `label`.

    `long` names the lobby too, for lists that mix conversations; with `now`, the time
    of another day than today's has its date.
    """
    kind, number, state = entry.kind, entry.seq, entry.state
    if kind is not Kind.MESSAGE:
        state = State.AS_SAID
        if kind is Kind.EDIT or kind is Kind.DELETE:
            state = State.EDITED if kind is Kind.EDIT else State.DELETED
            number = entry.target or 0
    place = "" if label == LOBBY and not long else label
    private = not label.startswith("#")
    return Head(place, number, clock_time(entry.time, now), private, entry.form, state)


def line_of(label: str, entry: Entry, long: bool = False, now: int | None = None) -> str:
    """One entry as text; a message may have lines. The arguments are those of `head_of`."""
    head, kind = head_of(label, entry, long, now), entry.kind
    if kind is Kind.DELETE:
        by = "" if entry.subject in ("", entry.author) else f" by {entry.author}"
        reason = reason_of(entry)
        why = f": {shown(reason)}" if reason else ""
        return f"{head.text} {_said(label, entry, f'(deleted{by}{why})', entry.subject)}"
    if kind not in WORDS:
        return f"{head.text} {happened(label, entry)}"
    text = "(deleted)" if entry.state is State.DELETED else words_of(entry)
    first, *rest = [_said(label, entry, line) for line in text.split("\n")]
    if not rest:
        return f"{head.text} {first}"
    more = head._replace(more=True).text  # so that no line looks like somebody else's
    return "\n".join([f"{head.text} {first}", *[f"{more} {line}" for line in rest]])


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
    return f"({about_file(attachment)}; to have it: get {attachment.file})"


def about_file(attachment: Attachment) -> str:
    """Which file a message brings: its number, its name and its size."""
    return f"file {attachment.file}: {attachment.name}, {size_in_words(attachment.size)}"


def _said(label: str, entry: Entry, text: str, author: str = "") -> str:
    """What somebody says, as `bob: hello`, or does, as `* bob waves`; nobody is called `*`."""
    who = author or entry.author
    acts = entry.form is Form.ACTION and entry.state is not State.DELETED
    words = f"* {who} {shown(text)}" if acts else f"{who}: {shown(text)}"
    if not label.startswith("#"):
        return f"{words} <private message>"
    return words if label == LOBBY else f"{label} {words}"


def happened(label: str, entry: Entry, cleaned: Callable[[str], str] = shown) -> str:
    """Something other than words: who came, who went, who did what to whom.

    `cleaned` makes what people wrote safe to show.
    """
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


def whisper_head(event: Whisper, more: bool = False) -> str:
    """`[10:00 private]` to oneself, `[zoe 10:00 private]` to zoe, `[10:00 to @#room]`.

    With `more` it is the head of a further line of the same whisper.
    """
    place = "" if event.room.startswith("#") or event.room == event.by else f"{event.room} "
    time = clock_time(event.time) + ("+" if more else "")
    mark = f"to {event.to}" if event.to else "private"
    notice = " notice" if event.manner == "notice" else ""
    return f"[{place}{time} {mark}{notice}]"


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
