"""What the commands answer. Each door shows them in its own words."""

from __future__ import annotations

import msgspec

from .commands import Row
from .entries import Entry
from .events import Closed


class Result(msgspec.Struct, frozen=True):
    """The answer to a command that did what it was asked."""


class Done(Result, frozen=True):
    """It is done; `text` says so where no entry of a room does."""

    text: str = ""


class Sent(Result, frozen=True):
    """A message is stored. `now` and `later` count the other people who get it."""

    room: str
    seq: int
    time: int
    now: int
    later: int
    again: bool = False  # it was stored already under the same cid


class SentToSeveral(Result, frozen=True):
    """One message each to several people: who got it now, and who gets it later."""

    now: tuple[Sent, ...]
    later: tuple[Sent, ...]


class Whispered(Result, frozen=True):
    """A message was shown to `now` people who are here, and is kept nowhere."""

    room: str
    now: int
    id: int = 0  # of the `Whisper` that they were shown
    time: int = 0


class Line(msgspec.Struct, frozen=True):
    """An entry as one person sees it: with that person's name of the conversation."""

    room: str
    entry: Entry


class Offered(Result, frozen=True):
    """A file may be uploaded with this ticket; `start` is how much of it is there already."""

    file: int
    ticket: str
    start: int = msgspec.field(name="from")


class FileTicket(Result, frozen=True):
    """A file may be fetched with this ticket, once and within an hour."""

    file: int
    name: str
    size: int
    sha256: str
    ticket: str
    room: str
    seq: int


class FileLine(msgspec.Struct, frozen=True):
    """A file in a list."""

    file: int
    name: str  # empty where it is encrypted
    size: int
    room: str
    seq: int
    by: str
    time: int
    gone: bool = False  # the server has lost its content


class FileList(Result, frozen=True):
    """Files, the newest last; `older` is what to ask `before` with for those before them."""

    files: tuple[FileLine, ...]
    place: str = ""
    older: int | None = None
    now: int = 0  # when it was looked up


class Page(Result, frozen=True):
    """Messages, oldest first."""

    lines: tuple[Line, ...]
    place: str = ""  # the one conversation they are from, if it is one
    older: int | None = None  # what to ask `before` (history) or `page` (search) with
    search: bool = False
    now: int = 0  # when it was looked up


class Unseen(Result, frozen=True):
    """What no session of the account was shown."""

    lines: tuple[Line, ...]
    older: tuple[tuple[str, int, int], ...] = ()  # room, how many more, before which
    now: int = 0  # when it was looked up


class Face(msgspec.Struct, frozen=True):
    """A person in a list."""

    name: str
    intro: str = ""
    away: str = ""
    role: str = ""
    online: bool = True
    guest: bool = False


class People(Result, frozen=True):
    """Persons under a heading; `more` is what to ask `after` with for the others."""

    heading: str
    people: tuple[Face, ...]
    more: str = ""


class Profile(Result, frozen=True):
    """What is known about somebody."""

    face: Face
    last_seen: int = 0
    rooms: tuple[str, ...] = ()
    admin: bool = False
    now: int = 0  # when it was asked
    encrypted: bool = False  # the private conversation with whoever asks


class RoomLine(msgspec.Struct, frozen=True):
    """A room in a list."""

    room: str
    members: int
    online: int
    joined: bool
    private: bool
    topic: str
    last: int
    encrypted: bool = False
    modes: str = ""  # its rules as letters


class RoomList(Result, frozen=True):
    """Rooms in the order of their names; `more` is what to ask `after` with for the others."""

    rooms: tuple[RoomLine, ...]
    more: str = ""


class MaskLine(msgspec.Struct, frozen=True):
    """A mask in one of a room's lists: who has put it there, and when."""

    list: str  # b, e or I
    mask: str
    by: str
    time: int


class ModesAre(Result, frozen=True):
    """A room's rules: as letters, what each of them means, and the masks one may see."""

    room: str
    modes: str
    meaning: str
    masks: tuple[MaskLine, ...] = ()


class TopicIs(Result, frozen=True):
    room: str
    topic: str


class Joined(Result, frozen=True):
    """The room is joined; its entries after `seq` follow."""

    room: str
    seq: int
    topic: str
    created: bool = False
    encrypted: bool = False


class DeviceLine(msgspec.Struct, frozen=True):
    """One open session."""

    number: int
    device: str
    door: str
    address: str
    minutes: int
    here: bool


class DeviceList(Result, frozen=True):
    devices: tuple[DeviceLine, ...]


class NewPassword(Result, frozen=True):
    """A password that somebody must be told."""

    name: str
    password: str


class Numbers(Result, frozen=True):
    """How the server is doing."""

    facts: dict[str, int | float | str]


class Guide(Result, frozen=True):
    """Help: rows of the table of commands."""

    rows: tuple[Row, ...]
    one: bool = False


class Left(Result, frozen=True):
    """The session ends at its own wish, or after this answer for a reason."""

    reason: Closed | None = None


MOST_NAMES = 10  # that one connection may try; names are not to be found out in bulk


class Standing(Result, frozen=True):
    """How somebody signs in who gives a name; neither is true of one that can be registered."""

    known: bool  # with its password
    guest: bool = False  # at once, since nobody has it and guests are allowed
