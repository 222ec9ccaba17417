"""Entries, events and answers as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from ...core import attachments
from ...core.attachments import Attachment
from ...core.commands import Row
from ...core.entries import IN_WORDS, MANNER_OF, Entry, Form, Kind, State
from ...core.events import Event
from ...core.results import Line, Result
from ...core.rooms import Person, Room
from ...core.text import formatted_lines, shown

encode = msgspec.json.Encoder().encode


class Said(msgspec.Struct, tag_field="event", tag="message", omit_defaults=True):
    """A message."""

    room: str
    seq: int
    time: int
    sender: str = msgspec.field(name="from")
    text: str
    cid: str | None = None
    edited: bool = False
    deleted: bool = False
    private: bool = False
    manner: str = ""  # "action" or "notice"
    tags: str = ""  # what the sender's IRC client has added
    id: int | None = None  # only in pages of search, which are asked for by it
    file: Attachment | None = None
    sealed: str = ""  # instead of a text


class Changed(msgspec.Struct, tag_field="event", omit_defaults=True):
    """A message was edited or deleted."""

    room: str
    seq: int
    time: int
    by: str
    target: int


class Edited(Changed, tag="edit"):
    text: str = ""
    manner: str = ""  # of the message
    sealed: str = ""


class Deleted(Changed, tag="delete"):
    text: str = ""
    sealed: str = ""


class Keys(msgspec.Struct, tag_field="event", tag="keys"):
    """What one device tells others so that they can read its sealed messages."""

    room: str
    seq: int
    time: int
    by: str
    sealed: str


class Encrypted(msgspec.Struct, tag_field="event", tag="encrypt"):
    """From here on a conversation is encrypted; `id` is the conversation's."""

    room: str
    seq: int
    time: int
    by: str
    id: int


class Happened(msgspec.Struct, omit_defaults=True):
    """Anything else that is an entry of a room; `event` is what happened."""

    event: str
    room: str
    seq: int
    time: int
    by: str
    whom: str = ""
    text: str = ""


class Hidden(msgspec.Struct, tag_field="event", tag="hidden"):
    """Stands for the message of somebody who is ignored."""

    room: str
    seq: int


View = Said | Changed | Keys | Encrypted | Happened


def view(label: str, entry: Entry, own: bool = False) -> View:
    """An entry as it is encoded, for somebody who calls its conversation `label`."""
    kind = entry.kind
    if entry.form not in IN_WORDS:
        return _special(label, entry, own)
    text = formatted_lines(entry.text)
    if kind is Kind.MESSAGE:
        return Said(
            label,
            entry.seq,
            entry.time,
            entry.author,
            text,
            cid=entry.cid if own else None,
            edited=entry.state is State.EDITED,
            deleted=entry.state is State.DELETED,
            private=not label.startswith("#"),
            manner=MANNER_OF[entry.form],
            tags=shown(entry.tags),
        )
    if kind is Kind.EDIT:
        place = (label, entry.seq, entry.time, entry.author, entry.target or 0)
        return Edited(*place, text=text, manner=MANNER_OF[entry.form])
    if kind is Kind.DELETE:
        return Deleted(label, entry.seq, entry.time, entry.author, entry.target or 0, text=text)
    if kind is Kind.ENCRYPT:
        return Encrypted(label, entry.seq, entry.time, entry.author, entry.room)
    name = kind.name.lower()
    return Happened(name, label, entry.seq, entry.time, entry.author, whom=entry.subject, text=text)


def _special(label: str, entry: Entry, own: bool) -> Said | Changed | Keys:
    """A file, or something that is sealed."""
    text = shown(entry.text)
    if entry.kind is Kind.KEYS:
        return Keys(label, entry.seq, entry.time, entry.author, text)
    if entry.kind is Kind.EDIT:
        place = (label, entry.seq, entry.time, entry.author, entry.target or 0)
        return Edited(*place, sealed=text)
    if entry.kind is Kind.DELETE:
        place = (label, entry.seq, entry.time, entry.author, entry.target or 0)
        return Deleted(*place, sealed=text)
    attachment = attachments.read(text) if entry.form is not Form.SEALED else None
    sealed = text if entry.form is Form.SEALED else ""
    if attachment is not None:
        name = shown(attachment.name)
        sealed = attachment.sealed
        attachment = Attachment(attachment.file, attachment.size, attachment.sha256, name)
    return Said(
        label,
        entry.seq,
        entry.time,
        entry.author,
        "",
        cid=entry.cid if own else None,
        edited=entry.state is State.EDITED,
        private=not label.startswith("#"),
        file=attachment,
        sealed=sealed,
    )


class JsonDialect:
    """One JSON object a line."""

    name = "json"
    plain = False  # programs say themselves what they have

    def entries(self, room: Room, entries: Sequence[Entry]) -> list[bytes]:
        label = room.name
        return [encode(view(label, entry)) + b"\n" for entry in entries]

    def entry(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        return encode(view(room.label(viewer), entry)) + b"\n"

    def own(self, room: Room, entry: Entry, viewer: Person, here: bool) -> bytes:
        return encode(view(room.label(viewer), entry, own=True)) + b"\n"

    def hidden(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        return encode(Hidden(room.label(viewer), entry.seq)) + b"\n"

    def event(self, event: Event) -> bytes:
        return encode(event) + b"\n"


JSON = JsonDialect()


def answer(request: object, result: Result | dict[str, Any]) -> bytes:
    """The line that answers a request with what came of it."""
    return encode({"re": repeated(request), "ok": plain(result)}) + b"\n"


def refusal(request: object, code: str, message: str, details: dict[str, object]) -> bytes:
    """The line that refuses a request."""
    error = {"code": code, "message": message, **details}
    return encode({"re": repeated(request), "error": error}) + b"\n"


def repeated(given: object) -> object:
    """What a program has sent, to be encoded with every control character escaped."""
    if not isinstance(given, str) or given.isprintable():
        return given
    return msgspec.Raw(json.dumps(given).encode())


def plain(value: Any) -> Any:
    """A result as dictionaries, lists and plain values."""
    if isinstance(value, Line):
        return _page_line(value)
    if isinstance(value, Row):
        return {
            "do": value.name,
            "aliases": value.aliases,
            "usage": value.usage,
            "help": value.help,
            "arguments": list(value.make.__struct_fields__),
        }
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {shown_as: plain(getattr(value, name)) for shown_as, name in names}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def _page_line(line: Line) -> object:
    seen = view(line.room, line.entry)
    if isinstance(seen, Said):
        seen.id = line.entry.id
    return seen
