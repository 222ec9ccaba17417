"""What the store keeps about people and rooms, as plain tuples."""

from __future__ import annotations

from typing import NamedTuple

LOBBY = 1
"""The number of the room that every database begins with."""

FOR_EVER = 253_402_300_799_999
"""The last millisecond of the year 9999: the end of a mute or suspension that has none."""


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


class Snapshot(NamedTuple):
    """Everything that a server keeps in memory."""

    accounts: list[Account]
    rooms: list[Room]
    members: list[Member]
    mutes: list[Mute]
    bans: list[Ban]
    invites: list[tuple[int, int]]
    """(room, account)"""
    ignored: list[tuple[int, int]]
    """(account, the account it ignores)"""
    former: list[FormerName]
    devices: dict[int, str]
    """The version of an account's devices that have keys."""
    files: list[StoredFile]
    """Those that no message names."""
    used: dict[int, int]
    """What the files of an account take, by its number."""


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
