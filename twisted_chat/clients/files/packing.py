"""What a file is at the server: its own bytes under its name, or what only some can read.

Everything that sends and fetches files goes through a `Packing`: `Bare` packs nothing, and
`veiling.Veiling` encrypts where the conversation is encrypted. Sizes, resuming and checking are
counted in stored blocks everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from twisted.internet.defer import succeed

if TYPE_CHECKING:
    from ..sync.outbox import Outgoing
    from ..sync.user import User


class Damaged(Exception):
    """What came is not what was sent."""


class Coding(Protocol):
    """Makes stored bytes of a file's own, and back, in blocks that stand each for itself.

    The same block is always the same bytes in storage, however often it is made. These methods
    run outside of the reactor's thread, for one file one after another.
    """

    plain: int  # bytes of the file in a block; the last block may have fewer, or none
    stored: int  # bytes of such a block in storage

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        """The stored form of whole blocks from number `first` on; the file `ends` with them."""

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        """The file's own bytes of whole stored blocks; Damaged if they are not what was sent."""


class Plain:
    """Files as they are, which can go on at any byte."""

    plain = stored = 1

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        return data

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        return data


def blocks_of(coding: Coding, size: int) -> int:
    """How many blocks a file of this size has; an empty one has one without anything in it."""
    return max(1, -(-size // coding.plain))


def stored_size(coding: Coding, size: int) -> int:
    """How many bytes a file of this size is in storage."""
    return size + blocks_of(coding, size) * (coding.stored - coding.plain)


def plain_size(coding: Coding, stored: int) -> int:
    """How many bytes the file has that is so many in storage."""
    blocks = max(1, -(-stored // coding.stored))
    size = stored - blocks * (coding.stored - coding.plain)
    if size < 0 or stored_size(coding, size) != stored:
        raise Damaged("no file has this size")
    return size


class Packed(NamedTuple):
    """One file: its name (to the server at sending, to its reader at fetching), and its coding."""

    name: str
    coding: Coding = Plain()


class Ticket(NamedTuple):
    """What the server says of a file that one may fetch."""

    file: int
    name: str
    size: int  # as it is stored
    sha256: str  # of what is stored
    ticket: str
    room: str  # where the message is that it belongs to
    seq: int


class Uploaded(NamedTuple):
    """A file that the server has, and that no message names yet."""

    place: str  # the #room or the person it is for
    file: int
    name: str  # its own
    size: int  # its own
    packed: Packed


class Packing(Protocol):
    """Decides how files travel, and says the message that names one."""

    def pack(self, place: str, name: str, size: int) -> Awaitable[Packed]:
        """How a file is sent there; its name is empty where the server may not know it."""

    def unpack(self, ticket: Ticket) -> Awaitable[Packed]:
        """How a file is read; a ChatError if it is not for this device."""

    def say(self, uploaded: Uploaded) -> Outgoing:
        """The message that names a file, on its way."""


class Bare:
    """Packs nothing."""

    def __init__(self, user: User) -> None:
        self._user = user

    def pack(self, place: str, name: str, size: int) -> Awaitable[Packed]:
        return succeed(Packed(name))

    def unpack(self, ticket: Ticket) -> Awaitable[Packed]:
        return succeed(Packed(ticket.name))

    def say(self, uploaded: Uploaded) -> Outgoing:
        return self._user.say_file(uploaded.place, uploaded.name, uploaded.file)
