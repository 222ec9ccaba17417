"""What is stored of what somebody says: a text, and what that text is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..core.encryption import check_envelope
from ..core.entries import MANNERS, Form
from ..core.errors import ChatError
from ..core.rooms import Room
from ..core.text import check_lines, shown

if TYPE_CHECKING:
    from .chat import Chat


LONGEST_CID = 64  # characters
MOST_TAGS = 4094  # bytes
_TAG = r"\+[^;=\x00-\x20]+(=[^;\x00-\x20]*)?"
_TAGS = re.compile(f"{_TAG}(;{_TAG})*")


class Content(NamedTuple):
    """The text of a message, and what it is."""

    text: str
    form: Form


def composed(
    chat: Chat, room: Room | None, text: str, sealed: str = "", manner: str = ""
) -> Content:
    """What a message or an edit is in that conversation; None is one that has not begun.

    This is the one place that decides it. Whether it was sealed for the right devices is for
    `stale` to say.
    """
    if not sealed:
        if room is not None and not chat.rooms.takes_words(room):
            raise only_sealed()
        return Content(check_lines(text, chat.settings.max_message), form_of(manner))
    if room is None or not room.encrypted:
        raise ChatError(
            "not_encrypted", "This conversation is not encrypted: say it in words, or encrypt it."
        )
    if text or manner:
        raise ChatError("args", "A sealed message has no text beside it.")
    return Content(check_envelope(sealed), Form.SEALED)


def form_of(manner: str) -> Form:
    """What words are that are said in such a manner."""
    form = MANNERS.get(manner)
    if form is None:
        raise ChatError("args", "The manner of a message is action, or notice, or left out.")
    return form


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


def only_sealed(what: str = "This conversation") -> ChatError:
    """The refusal of words where there may be none."""
    return ChatError(
        "encrypted",
        f"{what} is encrypted: only a client that has the keys can read and write there"
        " (python -m twisted_chat.client HOST PORT).",
    )


def stale() -> ChatError:
    """The refusal of what was sealed for other devices than there are now."""
    return ChatError(
        "stale", "People or devices have changed here: get their keys, and seal it for these."
    )
