"""Entries of rooms as lines of IRC, once for each set of capabilities that changes the bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from time import gmtime, strftime

from ...console.render import words_of
from ...core.entries import MANNERS, Entry, Form, Kind, State, reason_of
from ...core.events import Closed, Event, Notice, Whisper
from ...core.names import Name
from ...core.rooms import Person, Room, RoomKind
from ...core.text import formatted, shown
from .message import LONGEST_LINE, encoded, escape, pieces, shortened
from .multiline import LineCuts
from .people import People
from .responses import Labels, ResponseLine, batch_reference, labeled

CAPABILITIES = frozenset(
    (
        "account-tag",
        "away-notify",
        "batch",
        "draft/channel-rename",
        "draft/message-redaction",
        "draft/multiline",
        "echo-message",
        "extended-join",
        "labeled-response",
        "message-tags",
        "server-time",
    )
)
"""The capabilities that change what delivered lines look like."""

TAGS = re.compile(r"[^\s\x00-\x20]+")
"""Tags that are safe to send; others can only be in rows that another program has written."""

MODES = {Kind.OP: "+o", Kind.DEOP: "-o", Kind.VOICE: "+v", Kind.DEVOICE: "-v"}

OWN = frozenset((Kind.OWNER, Kind.EDIT, Kind.ENCRYPT))
"""What the server says itself, as a notice or a mode."""

NOWHERE = Room(0, Name("", "", ""), RoomKind.PAIR)
"""The room of whispers, which are in none."""


class IrcDialect:
    """The IRC of clients that have asked for certain capabilities."""

    name = "irc"
    plain = True  # the server keeps count of what such a client was shown

    def __init__(
        self, people: People, labels: Labels, line_cuts: LineCuts, caps: frozenset[str]
    ) -> None:
        self.people = people
        self._labels = labels
        self._line_cuts = line_cuts
        self.caps = caps
        self._tagged = "message-tags" in caps
        self._timed = "server-time" in caps
        self._accounted = "account-tag" in caps
        self._echoes = "echo-message" in caps
        self._multiline = {"draft/multiline", "batch"} <= caps
        self._renames = "draft/channel-rename" in caps
        self._redacts = "draft/message-redaction" in caps
        self._extended_join = "extended-join" in caps
        self._away = "away-notify" in caps
        # What the server says itself; an account has not sent it.
        self._own = OWN if self._redacts else OWN | {Kind.DELETE}

    # --- what the delivery asks for ---------------------------------------------------------

    def entries(self, room: Room, entries: Sequence[Entry]) -> list[bytes]:
        name = room.name
        return [
            b"" if self._is_over(entry) else self.rendered(room, name, entry) for entry in entries
        ]

    def entry(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        if self._is_over(entry):
            return b""
        return self.rendered(room, target_of(room, entry, viewer), entry)

    def _is_over(self, entry: Entry) -> bool:
        """Whether this is the JOIN of somebody who has gone since, and would seem to be present."""
        if entry.kind is not Kind.JOIN:
            return False
        person = self.people.find(entry.author)
        return person is None or not (person.online or person in self.people.unannounced)

    def own(self, room: Room, entry: Entry, viewer: Person, here: bool) -> bytes:
        if not here:
            return self.entry(room, entry, viewer)
        if not self._echoes:
            return b""
        label = self._labels.take(entry.cid)
        if label is None:
            return b""  # it comes with the answer
        return self.rendered(room, target_of(room, entry, viewer), entry, label)

    def hidden(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        return b""

    def event(self, event: Event) -> bytes:
        if isinstance(event, Notice):
            return self.notice("*", event.text)
        if isinstance(event, Closed):
            return encoded([f"ERROR :{shown(event.text)}"])
        return b""  # what concerns one session is shown by its own door

    # --- one entry --------------------------------------------------------------------------

    def rendered(self, room: Room, target: str, entry: Entry, label: str = "") -> bytes:
        """An entry in the conversation that its viewer calls `target`.

        `label` is that of the command which the entry answers.
        """
        if entry.kind is Kind.MESSAGE:
            if entry.state is State.DELETED:
                return b""  # clients that have not seen it by now never will
            if entry.form is Form.WORDS and "\n" not in entry.text and not label:
                tags = self.tags(room, entry)
                head = f":{self.people.mask(entry.author)} PRIVMSG {target} :"
                line = f"{head}{formatted(entry.text)}\r\n".encode("utf-8", "replace")
                if len(line) <= LONGEST_LINE:
                    return tags.encode("utf-8", "replace") + line
            lines = self.lines(room, target, entry)
        elif entry.kind is Kind.RENAME and self._renames:
            return b""  # it is told with RENAME
        else:
            lines = self._happened(room, target, entry, self.tags(room, entry))
            if entry.kind is Kind.JOIN and self._away:
                lines += self._absence(room, entry)
        if label:
            answer = labeled([ResponseLine.read(line) for line in lines], label, self.people.server)
            lines = [line.written() for line in answer]
        return encoded(lines) if lines else b""

    def _absence(self, room: Room, entry: Entry) -> list[str]:
        """That somebody who has just joined is away."""
        person = self.people.find(entry.author)
        if person is None or not person.away:
            return []
        tags = self.tags(room, entry, first=False)
        return [f"{tags}:{self.people.mask(entry.author)} AWAY :{formatted(person.away)}"]

    def replayed(self, room: Room, target: str, entry: Entry, stamp: str = "") -> list[str]:
        """The lines of an entry in history; `stamp` is its time, for clients without times."""
        if entry.kind is Kind.MESSAGE:
            return self.lines(room, target, entry, stamp)
        rest = self.tags(room, entry, first=False)
        return self._happened(room, target, entry, self.tags(room, entry), rest)

    def lines(self, room: Room, target: str, entry: Entry, stamp: str = "") -> list[str]:
        """A message as lines without their ends."""
        source = self.people.mask(entry.author)
        command = "NOTICE" if entry.form is Form.NOTICE else "PRIVMSG"
        before, after = ("\x01ACTION ", "\x01") if entry.form is Form.ACTION else ("", "")
        head = f":{source} {command} {target} :{before}"
        most = LONGEST_LINE - len(f"{head}{after}\r\n".encode())
        parts = self._parts(entry, stamp, most)
        tags = self.tags(room, entry)
        if len(parts) == 1 and len(parts[0]) == 1:
            return [f"{tags}{head}{parts[0][0]}{after}"]
        if self._multiline and entry.form in (Form.WORDS, Form.NOTICE):
            return self._in_batch(tags, head, f"draft/multiline {target}", parts)
        flat = [part for text in parts for part in text if part] or [""]
        rest = self.tags(room, entry, first=False)
        heads = [tags, *[rest] * (len(flat) - 1)]
        return [f"{tag}{head}{part}{after}" for tag, part in zip(heads, flat, strict=True)]

    def _parts(self, entry: Entry, stamp: str, most: int) -> list[list[str]]:
        """The lines of a message, each in parts that fit, cut where its author's client did."""
        composed = None if stamp else self._line_cuts.of(entry)
        if composed is None:
            composed = [[text] for text in said(entry, stamp)]
        return [
            [piece for part in text for piece in pieces(formatted(part), most)] for text in composed
        ]

    def _in_batch(self, tags: str, head: str, kind: str, parts: list[list[str]]) -> list[str]:
        reference = batch_reference()
        source = head.partition(" ")[0]
        lines = [f"{tags}{source} BATCH +{reference} {kind}"]
        for text in parts:
            for index, part in enumerate(text):
                concat = ";draft/multiline-concat" if index else ""
                lines.append(f"@batch={reference}{concat} {head}{part}")
        return [*lines, f":{self.people.server} BATCH -{reference}"]

    def _happened(
        self, room: Room, target: str, entry: Entry, tags: str, rest: str = ""
    ) -> list[str]:
        """Anything but a message; `rest` are the tags of a second line."""
        server, source = self.people.server, self.people.mask(entry.author)
        kind, text, whom = entry.kind, formatted(entry.text), shortened(entry.subject)
        match kind:
            case Kind.JOIN:
                return [f"{tags}:{source} {self.join(entry.author, target)}"]
            case Kind.LEAVE:
                return [tags + fitted(f":{source} PART {target}" + (f" :{text}" if text else ""))]
            case Kind.KICK:
                reason = text or shown(entry.author)
                return [tags + fitted(f":{source} KICK {target} {whom} :{reason}")]
            case Kind.BAN:
                lasting = f"banned for {text}" if text else "banned"
                return [
                    f"{tags}:{source} MODE {target} +b {whom}!*@*",
                    rest + fitted(f":{source} KICK {target} {whom} :{lasting}"),
                ]
            case Kind.UNBAN:
                return [f"{tags}:{source} MODE {target} -b {whom}!*@*"]
            case Kind.MUTE | Kind.UNMUTE:
                sign = "+" if kind is Kind.MUTE else "-"
                return [f"{tags}:{source} MODE {target} {sign}b ~m:{whom}!*@*"]
            case Kind.OP | Kind.DEOP | Kind.VOICE | Kind.DEVOICE:
                return [f"{tags}:{source} MODE {target} {MODES[kind]} {whom}"]
            case Kind.OWNER:
                return [f"{tags}:{server} MODE {target} +o {whom}"]
            case Kind.MODE:
                return [tags + fitted(f":{source} MODE {target} {text}")]
            case Kind.TOPIC:
                return [tags + fitted(f":{source} TOPIC {target} :{text}")]
            case Kind.DELETE if self._redacts:
                why = formatted(reason_of(entry))
                reason = f" :{why}" if why else ""
                changed = self.msgid(room, entry.target or 0)
                return [tags + fitted(f":{source} REDACT {target} {changed}{reason}")]
        head = f":{server} NOTICE {target} :"
        most = LONGEST_LINE - len(f"{head}\r\n".encode())
        told = [part for part in pieces(sentence(entry), most) if part]
        return [(rest if index else tags) + head + part for index, part in enumerate(told)]

    def whisper(self, target: str, event: Whisper) -> list[str]:
        """A message that is not stored, as lines without their ends."""
        form = MANNERS[event.manner]
        person = self.people.find(event.by)
        sender = None if person is None or person.guest else person.id
        entry = Entry(
            *(0, 0, event.id, Kind.MESSAGE, event.time, sender, event.by, event.text),
            form=form,
            tags=event.tags,
        )
        return self.lines(NOWHERE, target, entry)

    def join(self, name: str, channel: str) -> str:
        """The JOIN of somebody, without the source. Every JOIN that is sent is made here."""
        if not self._extended_join:
            return f"JOIN {channel}"
        account, realname = self.people.account_of(name), self.people.realname_of(name)
        return f"JOIN {channel} {account} :{realname}"

    # --- parts of lines ---------------------------------------------------------------------

    def msgid(self, room: Room, seq: int) -> str:
        """The id of an entry, which never changes."""
        return f"{self.people.epoch}-{room.id}-{seq}"

    def tags(self, room: Room, entry: Entry, first: bool = True) -> str:
        """The tags of an entry, with the @ and the space.

        Only the first line has the entry's id, and the tags from the sender's client.
        """
        tags = []
        if self._timed:
            tags.append(f"time={timestamp(entry.time)}")
        if self._tagged and first:
            tags.append(f"msgid={self.people.epoch}-{room.id}-{entry.seq}")
            if entry.tags and TAGS.fullmatch(entry.tags):
                tags.append(entry.tags)  # which may be longer than all lines together
        by_server = entry.kind in self._own
        if self._accounted and entry.sender is not None and not by_server:
            account, _, _ = self.people.mask(entry.author).partition("!")
            tags.append(f"account={escape(account)}")
        if self._tagged and self.people.is_bot(entry.author) and not by_server:
            tags.append("bot")
        return f"@{';'.join(tags)} " if tags else ""

    def notice(self, target: str, text: str) -> bytes:
        """A notice from the server."""
        source = self.people.server
        most = LONGEST_LINE - len(f":{source} NOTICE {target} :\r\n".encode())
        lines = pieces(shown(text), most)
        return encoded([f":{source} NOTICE {target} :{line}" for line in lines])


def sentence(entry: Entry) -> str:
    """A sentence for what IRC has no command for; empty when people need not know."""
    by = shown(entry.author)
    match entry.kind:
        case Kind.EDIT:
            return f"{by} has changed message {entry.target} to: {formatted(words_of(entry))}"
        case Kind.DELETE:
            whose = "" if entry.subject in ("", entry.author) else f" of {shown(entry.subject)}"
            reason = reason_of(entry)
            because = f": {formatted(reason)}" if reason else ""
            return f"{by} has deleted message {entry.target}{whose}{because}"
        case Kind.RENAME:
            name, _, why = formatted(entry.text).partition(" ")
            return f"{by} has renamed {shown(entry.subject)} to {name}" + (
                f": {why}" if why else ""
            )
        case Kind.ENCRYPT:
            return (
                f"{by} encrypts this conversation from here on: only clients that have the keys can"
                " read and write here"
            )
    return ""


def said(entry: Entry, stamp: str = "") -> list[str]:
    """The lines of a message's text."""
    if entry.state is State.DELETED:
        return [f"{stamp}(deleted)"]
    return f"{stamp}{words_of(entry)}".split("\n")


def fitted(line: str) -> str:
    """A line without its tags, cut where it would be too long."""
    return pieces(line, LONGEST_LINE - 2)[0]


def target_of(room: Room, entry: Entry, viewer: Person) -> str:
    """The target of an entry, as its viewer sees it."""
    if room.pair is None:
        return room.name
    other = room.other(viewer).name
    return other if entry.author == viewer.name else viewer.name


def timestamp(milliseconds: int) -> str:
    """A time as server-time has it."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    try:
        return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))
    except (OverflowError, OSError, ValueError):
        return "1970-01-01T00:00:00"  # a time that no calendar has, in a row from elsewhere
