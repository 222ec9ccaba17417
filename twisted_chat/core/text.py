"""What the text of a message may be made of."""

from __future__ import annotations

import re
import unicodedata

from . import formatting
from .errors import ChatError
from .formatting import unformatted

MAX_MARKS = 4
MAX_LINES = 100

# Line breaks, terminal control, and the controls that turn the direction of the
# text around. Joiners, direction marks and variation selectors stay: families of
# emoji are made of them, and Persian is written with them.
_BREAKS = "\u2028\u2029"
_TURNS = "\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x08\x0a-\x1f\x7f-\x9f"
_FORBIDDEN = re.compile(f"[{_CONTROLS}{_BREAKS}{_TURNS}\ud800-\udfff]")
_FORBIDDEN_ANYWHERE = re.compile(f"(?![{formatting.CODES}]){_FORBIDDEN.pattern}")
_BLANK = re.compile("[\\s\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]*")

# Five in a row that are no letters, which `\w` in Python means by leaving out
# marks: without such a run no letter can have more than four of them, and nearly
# every message is done with after one search.
_PERHAPS_PILED = re.compile(rf"[^\w\x00-\u02ff]{{{MAX_MARKS + 1}}}")

_VISIBLE = {
    **{c: chr(0x2400 + c) for c in range(0x20) if c != 0x09},
    0x7F: "\u2421",
    0x2028: "\u2424",
    0x2029: "\u2424",
}


def check_lines(text: str, max_bytes: int) -> str:
    """As `check_formatted` for what may have several lines, of so many bytes all together."""
    if "\n" not in text:
        return check_formatted(text, max_bytes)
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise ChatError("too_long", f"A message has at most {MAX_LINES} lines.", max=MAX_LINES)
    # A tab in the place of each line's end takes as many bytes and no sense.
    check_formatted(text.replace("\n", "\t"), max_bytes)
    return text


def check_formatted(text: str, max_bytes: int) -> str:
    """`text` itself when it may be said, be it formatted or not; a ChatError that says why not
    otherwise."""
    return _checked(text, max_bytes, _FORBIDDEN_ANYWHERE)


def check_text(text: str, max_bytes: int) -> str:
    """The same for what may not be formatted."""
    return _checked(text, max_bytes, _FORBIDDEN)


def _checked(text: str, max_bytes: int, forbidden: re.Pattern[str]) -> str:
    if text.isascii() and text.isprintable():
        if text and not text.isspace() and len(text) <= max_bytes:
            return text
    elif found := forbidden.search(text):
        raise ChatError(
            "bad_character",
            f"The character {code_point(found[0])} cannot be sent;"
            " what is said is one line of text without control characters.",
            character=code_point(found[0]),
        )
    size = len(text.encode())
    if size > max_bytes:
        raise ChatError(
            "too_long",
            f"That is {size:,} bytes long and the most is {max_bytes:,};"
            " nothing of it was taken, please make it shorter.",
            max=max_bytes,
            actual=size,
        )
    if is_blank(text):
        raise ChatError("empty", "There is nothing to read in that, so nothing was done.")
    if mark := excess_mark(unformatted(text)):
        raise ChatError(
            "bad_character",
            f"One letter has more than {MAX_MARKS} marks piled on it"
            f" (the next is {code_point(mark)}); please leave some out.",
            character=code_point(mark),
        )
    return text


def excess_mark(text: str) -> str | None:
    """The first combining mark that is one too many on its letter."""
    if not _PERHAPS_PILED.search(text):
        return None
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category in ("Mn", "Me"):
            if not _is_variation_selector(character):
                marks += 1
            if marks > MAX_MARKS:
                return character
        elif category not in ("Mc", "Cf"):
            # Signs that stand beside a letter (Mc: Burmese has five on one) do not
            # pile up, and neither they nor invisible characters are a new letter.
            marks = 0
    return None


def decode_line(line: bytes) -> str:
    """The text of a line that arrived; a ChatError if it is not UTF-8."""
    try:
        text = line.decode()
    except UnicodeDecodeError as problem:
        raise ChatError(
            "bad_utf8",
            f"That line is not UTF-8: its byte {problem.start + 1} fits nowhere."
            " Please set your terminal to UTF-8.",
        ) from None
    if "\0" in text:
        raise ChatError("bad_utf8", "That line has a zero byte in it, and text has none.")
    return text


def shown(text: str) -> str:
    """Any text at all, made safe to show on one line of a terminal, without formatting codes.

    Also for text that has not passed `check_text`, such as rows that came from another
    program: what could move the cursor or turn the line around becomes visible.
    """
    if text.isprintable():
        return text
    return _FORBIDDEN.sub(_visible, unformatted(text))


def formatted(text: str) -> str:
    """The same for what knows formatting codes: they stay."""
    if text.isprintable():
        return text
    return _FORBIDDEN_ANYWHERE.sub(_visible, text)


def formatted_lines(text: str) -> str:
    """The same for text of several lines, which stay that."""
    if text.isprintable():
        return text
    return "\n".join(map(formatted, text.split("\n")))


def without_forbidden(text: str) -> str:
    """`text` without the characters that nothing that is said may have; formatting codes stay."""
    if text.isprintable():
        return text
    return _FORBIDDEN_ANYWHERE.sub("", text)


def without_controls(text: str) -> str:
    """The same without formatting codes, for what is only repeated."""
    return text if text.isprintable() else _FORBIDDEN.sub("", text)


def _visible(found: re.Match[str]) -> str:
    return _VISIBLE.get(ord(found[0]), "\ufffd")


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in a text."""
    return _BLANK.fullmatch(unformatted(text)) is not None


def without_blanks(text: str) -> str:
    """`text` from its first visible character on, as a line is looked at for a command."""
    return text[blank.end() :] if (blank := _BLANK.match(text)) else text


def code_point(character: str) -> str:
    """How a character is named in a sentence: U+202E."""
    return f"U+{ord(character):04X}"


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
