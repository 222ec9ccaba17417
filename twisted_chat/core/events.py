"""What a client is told besides the entries of its rooms. None of it is stored."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from .draft import Draft
from .entries import MANNER_OF


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """Anything that is pushed to a client; the tag is its name on the wire."""

    passing: ClassVar[bool] = False
    """Whether it is worth nothing later: a client that does not read just then is not told."""


class Presence(Event, frozen=True):
    """Who came to the conversation and who left it since the last such notice."""

    passing = True
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    more_joined: int = 0  # beyond the names given
    more_left: int = 0


class Notice(Event, frozen=True):
    """A sentence of the server's; `code` says which to programs."""

    code: str
    text: str


class Invitation(Notice, frozen=True, tag="notice"):
    """The notice that somebody lets this person into a room."""

    room: str = ""
    by: str = ""


class Receipt(Event, frozen=True):
    """How far somebody has been shown a conversation, or has read it."""

    passing = True
    room: str
    who: str
    delivered: int | None = None
    read: int | None = None


class Typing(Event, frozen=True):
    """Somebody is typing; told only as it happens."""

    passing = True
    room: str
    who: str


class Room(Event, frozen=True):
    """A conversation began or ended for this account, at another session's or person's word."""

    room: str
    joined: bool
    last: int
    id: int  # the same as long as the conversation exists
    encrypted: bool = False  # what is said there is sealed
    why: str = ""  # it ended: "left", "put out" or "deleted"; or it was "renamed"
    was: str = ""  # what a room that was renamed was called; the same room, with its numbers


class Whisper(Event, frozen=True):
    """Something that is said to those who are here, and is kept nowhere.

    `room` is what the viewer calls the conversation: `#room`, or the other's name.
    """

    passing = True
    room: str
    by: str
    text: str
    time: int  # milliseconds since 1970
    manner: str = ""
    to: str = ""  # who of a room is meant, such as `@#room`
    tags: str = ""
    id: int = 0  # the same for everybody who is shown it

    @classmethod
    def of(cls, draft: Draft, room: str, by: str, time: int, to: str = "", id: int = 0) -> Whisper:
        """What somebody says, as it is told to those who are here."""
        return cls(room, by, draft.text, time, MANNER_OF[draft.form], to, draft.tags, id)


class Devices(Event, frozen=True):
    """Somebody's devices, or their keys, are not what they were.

    It is told to clients that do not read just then too: who reads is shown before anything is
    said, and the changes of an account are limited.
    """

    who: str


class Stored(Event, frozen=True):
    """All of an upload has come, is what was offered, and is on the disk."""

    file: int


class Closed(Event, frozen=True):
    """The last thing a client hears: why the connection ends."""

    code: str
    text: str
