"""What the store gives out, as plain tuples, and how it makes entries of their rows.

Entries are made whatever has happened to their rows on the disk.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple
from zlib import crc32

import sqlalchemy as sa

from ..core.entries import PAGE_BYTES, Entry, Form, Kind, State, size_of

LOBBY = 1
"""The number of the room that every database begins with."""

FOR_EVER = 253_402_300_799_999
"""The last millisecond of the year 9999: the end of a mute or suspension that has none."""

COLUMNS = (
    "id, room, seq, kind, time, sender, author, text, target, subject, cid, state, form, tags, "
    "checksum"
)
DAMAGED = "[cannot be shown]"
MADE_BY_CLIENTS = frozenset((Form.OPENED, Form.OPENED_FILE, Form.CLOSED))

COMPLAIN_EVERY = 60.0  # seconds

_log = logging.getLogger(__name__)
_complained = [-COMPLAIN_EVERY]
_HALF = 1 << 31
_KINDS = {int(kind): kind for kind in Kind}
_STATES = {int(state): state for state in State}
_FORMS = {int(form): form for form in Form if form not in MADE_BY_CLIENTS}
_NUMBER_OR_NONE = {int, type(None)}
_TEXT_OR_NONE = (str, type(None))


class Account(NamedTuple):
    """A person or a program that has a name here."""

    id: int
    name: str
    folded: str
    skeleton: str
    intro: str
    admin: bool  # not heeded: who is an administrator is for the settings to say
    suspended_until: int | None
    suspended_reason: str
    away: str
    last_seen: int
    created: int
    erased: bool


class Room(NamedTuple):
    """A room, the lobby or a private conversation."""

    id: int
    name: str
    folded: str | None
    kind: int
    hidden: bool
    topic: str
    last_seq: int
    created: int
    deleted_at: int | None
    first: int | None
    second: int | None
    encrypted: bool
    rules: str


class Member(NamedTuple):
    """That an account belongs to a room, and from which entry on it may read a hidden one."""

    room: int
    account: int
    role: int
    since: int
    voice: bool = False


class Mute(NamedTuple):
    """That an account may only read in a room."""

    room: int
    account: int
    until: int


class Ban(NamedTuple):
    """That an account may not enter a room; `until` is None for ever."""

    room: int
    account: int
    until: int | None


class FormerName(NamedTuple):
    """A name that a room had, which leads to it until then."""

    folded: str
    name: str
    room: int
    until: int


class Token(NamedTuple):
    """A device's right to resume a session."""

    id: int
    account: int
    device: str
    hash: str
    former: str | None
    created: int
    used: int


class Certificate(NamedTuple):
    """That an account may log in with a client's certificate."""

    account: int
    fingerprint: str
    added: int
    used: int | None


class StoredFile(NamedTuple):
    """A file: its content is in the folder of contents under the name `blob`."""

    id: int
    blob: str
    owner: int
    room: int
    seq: int | None
    """The message that names it, or its own number if it is kept for a link; else None."""
    name: str
    size: int
    sha256: str
    complete: bool
    created: int


class Gone(NamedTuple):
    """A file that is no more: its content is to be removed."""

    id: int
    blob: str
    owner: int
    size: int
    complete: bool


class Scope(NamedTuple):
    """A room that may be read, from the entry after `since` on."""

    room: int
    since: int = 0


class Page(NamedTuple):
    """Entries, oldest first, and whether there are more in the direction that was asked for."""

    entries: list[Entry]
    more: bool


def page_of(
    found: sa.CursorResult[Any], limit: int, newest: bool = False, most: int | None = None
) -> Page:
    """The first of the rows that were found, as one page; `newest` if these come first.

    A page has at most `limit` entries and `most` bytes (PAGE_BYTES without it), but at least one
    entry. What is beyond is not even read, so that a question costs no more memory than its answer.
    To know whether there is more, ask the database for more than `limit` rows.
    """
    entries: list[Entry] = []
    size, more = 0, False
    for row in found:
        entry = entry_of(row)
        size += size_of(entry)
        if len(entries) == limit or (entries and size > (most or PAGE_BYTES)):
            more = True
            break
        entries.append(entry)
    found.close()
    return Page(entries[::-1] if newest else entries, more)


def tolerant_text(raw: bytes) -> str:
    """What a connection's text columns are read with: bad UTF-8 spoils one value, not a page."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return DAMAGED


def checksum(row: Sequence[Any]) -> int:
    """The CRC-32 of all columns but this one; a bit that is flipped anywhere makes it another."""
    number, room, seq, kind, time, sender, author, text, target, subject, cid, state, form, tags = (
        row
    )
    # What the CRC begins with stands for all numbers: 32 bits, of which it leaves none alone.
    numbers = number ^ room ^ seq ^ kind ^ time ^ time >> 32 ^ state ^ form
    words = author + text + subject + tags
    if sender is not None:
        numbers ^= sender
    if target is not None:
        numbers ^= target
    if cid is not None:
        words += cid
    return crc32(words.encode(), numbers) - _HALF  # so that it takes four bytes


def _complain(number: object, room: object) -> None:
    """Say it once a minute at most: there may be many."""
    now = monotonic()
    if now - _complained[0] >= COMPLAIN_EVERY:
        _complained[0] = now
        _log.error(
            "Entry %s of room %s is damaged on the disk, and is not shown; a backup may have it",
            number,
            room,
        )


def entry_of(row: Sequence[Any]) -> Entry:
    """The entry of a row; what cannot be understood is shown as a message that says so."""
    *columns, kept = row
    number, room, seq, kind, time, sender, author, text, target, subject, cid, state, form, tags = (
        columns
    )
    known = _KINDS.get(kind)
    if (
        known is None
        or state not in _STATES
        or form not in _FORMS
        or not type(room) is type(seq) is type(time) is int
        or not type(author) is type(text) is type(subject) is type(tags) is str
        or not {type(sender), type(target)} <= _NUMBER_OR_NONE
        or type(cid) not in _TEXT_OR_NONE
        or (kept is not None and kept != checksum(columns))
    ):
        _complain(number, room)
        return Entry(
            number,
            room if type(room) is int else 0,
            seq if type(seq) is int else 0,
            Kind.MESSAGE,
            time if type(time) is int else 0,
            sender if type(sender) is int else None,
            author if type(author) is str else DAMAGED,
            DAMAGED,
        )
    return Entry(
        number,
        room,
        seq,
        known,
        time,
        sender,
        author,
        text,
        target,
        subject,
        cid,
        _STATES[state],
        _FORMS[form],
        tags,
    )
