"""A file that belongs to a message, as the message tells of it."""

from __future__ import annotations

import re

import msgspec

from .errors import ChatError
from .text import check_text, code_point

LONGEST_NAME = 255  # bytes
WITH_LINKS = "files"
"""Stands for a conversation where files are listed that are in none; it is nobody's name."""

# Besides what no text may have: what would break up a path, and marks that nobody sees.
_NOT_IN_NAMES = re.compile("[/\\\\\t\u061c\u200e\u200f]")


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file: its number on this server, and what it must turn out to be."""

    file: int
    size: int  # in bytes, as they are stored
    sha256: str  # of these bytes, in hexadecimal
    name: str = ""  # empty where only those may know it who have the keys
    sealed: str = ""  # the sealed part of the message, if it is encrypted


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Attachment).decode


def written(attachment: Attachment) -> str:
    """An attachment as the text of an entry."""
    return _encode(attachment).decode()


def read(text: str) -> Attachment | None:
    """The attachment that a text is; None if it is none."""
    try:
        return _decode(text)
    except msgspec.MsgspecError:
        return None


def check_name(name: str) -> str:
    """The name of a file, if it may have it: no path, and nothing that passes for another."""
    if found := _NOT_IN_NAMES.search(name):
        raise ChatError(
            "bad_name",
            f"The name of a file cannot contain {_spelled(found[0])}: give its name alone.",
        )
    if name in (".", ".."):
        raise ChatError("bad_name", f"A file cannot be called {name}: that is a folder.")
    return check_text(name, LONGEST_NAME)


def _spelled(character: str) -> str:
    return character if character in "/\\" else code_point(character)


def size_in_words(size: int) -> str:
    """How people say a size: 312 bytes, 12.4 kB, 3.0 GB."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    shown = float(size)
    for unit in ("kB", "MB", "GB"):
        shown /= 1000
        if shown < 999.95:
            return f"{shown:.1f} {unit}"
    return f"{shown / 1000:.1f} TB"
