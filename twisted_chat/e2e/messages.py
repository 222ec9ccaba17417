"""Messages before they are encrypted and after they were decrypted, or why they cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

import msgspec

from .base64 import to_base64
from .envelopes import SealedFile
from .known_devices import WAITING, DeviceNews, KnownDevice, Trust


class Reason(Enum):
    """Why something cannot be read; the value is the sentence for people."""

    NOT_FOR_DEVICE = "not readable here: it was not encrypted for this device"
    OWN = "not readable here: this device sent it, and has not kept it"
    NO_SESSION = "not readable here: its keys have not come to this device"
    DAMAGED = "not readable: it was damaged or changed on its way"
    REPLAYED = "not shown: an old message was sent again by somebody else"
    MOVED = "not shown: it was written for another place or another message"
    FORGED = "not shown: it is not from whom it says"
    TOO_FAR = "not readable: too many messages before it are missing"
    NEWER = "not readable here: a newer client wrote it"


# What a new session with the sending device may put right.
HEALED_BY_GREETING = (Reason.NO_SESSION, Reason.DAMAGED, Reason.TOO_FAR)


class CannotRead(Exception):
    """Raised while an envelope is decrypted; callers of `OlmMachine` get `Unreadable` instead."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Spot(NamedTuple):
    """Where a message stands: the server's number of the conversation, and its own in there.

    An edit belongs to the spot of the message that it changes.
    """

    conversation: int
    seq: int


class Arrival(Enum):
    """How an envelope comes."""

    SAID = "said"  # in the message as it was said
    EDITED = "edited"  # in a message that has been edited since, with its newest text
    EDIT = "edit"  # in the entry of an edit
    DELETED = "deleted"  # in the entry of a deletion, by the author of the message


class Message(NamedTuple):
    """What somebody wants to say; `cid` is its id at the client, `target` what it edits."""

    cid: str
    text: str = ""
    target: int | None = None
    file: SealedFile | None = None
    deleted: bool = False  # it takes back the message that it edits


class Sealed(NamedTuple):
    """A message for the server, and what has to be shared before it is sent."""

    shares: tuple[str, ...]
    message: str
    without: tuple[KnownDevice, ...]  # devices that cannot read it, for want of a key


class Opened(NamedTuple):
    """A message that was read."""

    n: int
    text: str
    target: int | None  # the number of the message it edits
    file: SealedFile | None
    author: str  # a folded name
    device: str
    standing: Trust  # of the device, at the time
    missing: int  # how many messages of this device before it never came
    late: bool  # it should have come before others that were shown already
    news: tuple[DeviceNews, ...]  # of the device, if it was not known
    gone: bool = False  # the device was taken out of use, as far as is known
    doubt: str = ""  # what is to be said of it in this room
    deleted: bool = False  # it takes back the message that it edits

    @property
    def verified(self) -> bool:
        """Whether the device was in use when its owner was verified, and still is."""
        return self.standing is Trust.VERIFIED and not self.gone

    @property
    def note(self) -> str:
        """What to say of where it comes from and when, if anything."""
        if self.standing in WAITING:
            return f"this is from the device {self.device!r}, which is not verified"
        if self.gone and self.standing is Trust.VERIFIED:
            return f"this is from the device {self.device!r}, which is no longer in use"
        if self.doubt:
            return self.doubt
        if self.late:
            return "this should have come earlier"
        if self.missing:
            many = (
                "messages of this device are" if self.missing > 1 else "message of this device is"
            )
            return f"{self.missing} {many} missing before this"
        return ""


class KeysReceived(NamedTuple):
    """Keys were taken in, so that what comes next can be read."""

    author: str
    device: str
    news: tuple[DeviceNews, ...]


class Unreadable(NamedTuple):
    """Something that cannot be read or must not be shown as what it says.

    What was said before one came to a room is no reason to greet anybody.
    """

    reason: Reason
    greet: str = ""  # the device that said it, if a greeting makes its next messages readable

    @property
    def sentence(self) -> str:
        """The same, for people."""
        return self.reason.value


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message or an edit as it is kept: what was read stays readable."""

    digest: str  # of the envelope
    n: int  # the device's number of it, among messages or among edits
    text: str
    author: str
    device: str
    target: int | None = None
    file: SealedFile | None = None
    verified: bool = False
    note: str = ""
    time: int = 0  # when the server says that it was said, in milliseconds
    deleted: bool = False  # it takes back the message that it edits


def newest(versions: Iterable[Kept]) -> Kept | None:
    """Of what is kept of one message the text that it has now, as far as it was read.

    What somebody else has put in as an edit or a deletion of it is none.
    """
    # A deletion of which there was something to say proves nothing.
    versions = [one for one in versions if not (one.deleted and one.note)]
    authors = {one.author for one in versions if one.target is None}
    own = [one for one in versions if one.author in authors] or versions
    by_age = sorted(own, key=lambda one: (one.deleted, one.target is not None, one.n))
    return by_age[-1] if by_age else None


def text_prefix(spot: Spot) -> str:
    """What the keys of everything kept of one message begin with; they sort by number."""
    return f"{spot.conversation}/{spot.seq:012}/"


def text_key(spot: Spot, sealed: str) -> str:
    """The key of the row in which a message, or an edit of it, is kept."""
    return text_prefix(spot) + digest_of(sealed)


def sent_key(cid: str) -> str:
    """The key of the row of a message of one's own that is not stored yet."""
    return f"cid/{cid}"


def digest_of(sealed: str) -> str:
    """What tells one envelope from every other."""
    return to_base64(sha256(sealed.encode()).digest())
