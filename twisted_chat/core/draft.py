"""What somebody says, as one value from the door that it comes in at to the disk."""

from __future__ import annotations

import re

import msgspec

from .encryption import check_envelope
from .entries import MANNERS, UNREADABLE, Form
from .errors import ChatError
from .text import check_lines, shown

LONGEST_CID = 64  # characters
MOST_TAGS = 4094  # bytes
_TAG = r"\+[^;=\x00-\x20]+(=[^;\x00-\x20]*)?"
_TAGS = re.compile(f"{_TAG}(;{_TAG})*")


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A message that is not stored yet, or the new text of one."""

    text: str  # as it is stored: the ciphertext of a sealed message
    cid: str | None = None  # the sender's own id of the message
    form: Form = Form.WORDS
    version: str = ""  # of the devices that a sealed message is for
    tags: str = ""  # what the sender's client adds for other clients, as IRC writes it
    file: int | None = None  # the number of the uploaded file that it is

    @classmethod
    def given(
        cls,
        text: str,
        cid: str | None = None,
        sealed: str = "",
        version: str = "",
        manner: str = "",
        file: int | None = None,
    ) -> Draft:
        """The draft for what programs give by name; ChatError for what excludes each other."""
        if file is not None:
            if text:
                raise ChatError(
                    "args", "A message that is a file has no text: say that in another one."
                )
            form = Form.SEALED_FILE if sealed else Form.FILE
            return cls(sealed, cid, form, version, file=file)
        if sealed:
            if text or manner:
                raise ChatError("args", "A sealed message has no text beside it.")
            return cls(sealed, cid, Form.SEALED, version)
        words = MANNERS.get(manner)
        if words is None:
            raise ChatError("args", "The manner of a message is action, or notice, or left out.")
        return cls(text, cid, words)

    @property
    def sealed(self) -> bool:
        """Whether only those can read it who have the keys."""
        return self.form in UNREADABLE

    def check(self, max_message: int) -> None:
        """Refuse with ChatError what no conversation takes; a text may have so many bytes."""
        if self.cid is not None:
            check_cid(self.cid)
        if self.tags:
            check_tags(self.tags)
        if self.form in UNREADABLE:
            check_envelope(self.text)
        elif self.file is None:
            check_lines(self.text, max_message)


def check_tags(tags: str) -> None:
    """Refuse what cannot be what IRC clients add to a message for each other."""
    if not tags:
        return
    # `shown` changes whatever no message may have either.
    if not (_TAGS.fullmatch(tags) and shown(tags) == tags and len(tags.encode()) <= MOST_TAGS):
        raise ChatError(
            "args", f"Tags are written +name=value;+name, in at most {MOST_TAGS} bytes."
        )


def check_cid(cid: str | None) -> None:
    """Refuse what cannot be a sender's own id of a message."""
    # SQLite's JSON ends a string at a zero byte, so that such a message would never be found again.
    if cid is not None and not (0 < len(cid) <= LONGEST_CID and cid.isprintable()):
        raise ChatError("args", f"A cid is a string of 1 to {LONGEST_CID} visible characters.")
