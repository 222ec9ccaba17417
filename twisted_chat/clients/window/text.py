"""Text that Tk can draw, whatever somebody has sent."""

from __future__ import annotations

import ctypes
import sys
import unicodedata

GOOD_XFT = 20305  # before 2.3.5 a colored emoji ends the whole program


def draws_emoji() -> bool:
    """Whether Tk survives an emoji in colors here."""
    if sys.platform in ("win32", "darwin"):
        return True
    try:
        return int(ctypes.CDLL("libXft.so.2").XftGetVersion()) >= GOOD_XFT
    except (OSError, AttributeError):
        return False


def spelled(text: str) -> str:
    """The text with the names of emoji instead of their pictures."""
    if text.isascii():
        return text
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character in "\u200d\ufe0e\ufe0f":
        return ""  # they join emoji, or choose between two looks of one
    picture = unicodedata.category(character) in ("So", "Sk") and character >= "\u2300"
    if picture or "\U0001f000" <= character <= "\U0001ffff":
        return f":{unicodedata.name(character, 'picture').lower()}:"
    return character


def short(text: str, most: int) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def whole(text: str) -> str:
    """A text as Tk gave it, without halves of characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
