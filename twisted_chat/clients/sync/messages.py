"""Messages of one's own on their way to the server."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from twisted.internet.defer import Deferred

from ...core.errors import ChatError
from .storage import Unsent

if TYPE_CHECKING:
    from ...e2e.envelopes import SealedFile  # loaded when something is encrypted


class SealedMessage(msgspec.Struct):
    """An encrypted message as it is sent, and as it is kept until then."""

    shares: list[str]  # what devices need before it, to read it
    message: str
    version: str

    def written(self) -> str:
        """Return the message as text for the storage."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> SealedMessage | None:
        """Return the message that is stored as this text; None if it was not encrypted."""
        return msgspec.json.decode(text, type=cls) if text else None


class Stage(Enum):
    """How far a message of one's own has come."""

    KEPT = "kept"  # on the way to the disk, or waiting for a connection
    SENT = "sent"
    STORED = "stored"  # it has a number, and is lost no more
    TOLD = "told"  # it was shown to who is there, and is kept nowhere: one of them is a guest
    REFUSED = "refused"


class Outgoing:
    """One message on its way."""

    def __init__(self, unsent: Unsent) -> None:
        self.cid, self.room, self.text, self.file, sealed, self.manner = unsent
        self.sealed = SealedMessage.read(
            sealed
        )  # what is sent instead, if the conversation is encrypted
        self.shared = False  # who is to read that has what it takes
        self.attempts = 0  # to seal it
        self.secret: SealedFile | None = None  # what only those know of a file who have the keys
        self.stage = Stage.KEPT
        self.seq = 0
        self.now = 0  # how many others have it
        self.later = 0  # how many others will get it
        self.again = False  # it was stored at an earlier attempt
        self.error: ChatError | None = None
        self.faults = 0
        self.on_disk = False
        self.done: Deferred[Outgoing] = Deferred()  # stored, told, or refused

    def is_of(self, unsent: Unsent) -> bool:
        """Whether that is the same message, said again."""
        own = (self.room, self.text, self.file, self.manner)
        return own == (unsent.room, unsent.text, unsent.file, unsent.manner)
