"""IRC's lines: parsing, writing, and cutting where they are too long."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ...core.formatting import CODE, LONGEST_CODE
from ...core.text import is_blank, without_forbidden

LONGEST_LINE = 512  # bytes with its end, and without its tags
MOST_TAGS = 4094  # bytes of what a client may tag a message with
LONGEST_TAGS = 8191  # bytes of all tags on a line, with the @ and the space
MOST_PARAMS = 15
LONGEST_LIST = LONGEST_LINE - 140  # bytes of names; the server's and the nick stand before them

_UNESCAPE = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPE = str.maketrans({";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n"})
_BREAKS = "\r\n\0"


class Message(msgspec.Struct, frozen=True):
    """One line of IRC."""

    command: str
    params: tuple[str, ...] = ()
    source: str = ""
    tags: Mapping[str, str] = {}


class Malformed(ValueError):
    """A line that is no message."""


def parse(line: str) -> Message | None:
    """The message on a line without its end; None on an empty one."""
    rest, tags, source = line, {}, ""
    if rest[:1] == "@":
        written, _, rest = rest[1:].partition(" ")
        tags = read_tags(written)
    rest = rest.lstrip(" ")
    if rest[:1] == ":":
        source, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    if not rest:
        if tags or source:
            raise Malformed("there is no command")
        return None
    command, _, rest = rest.partition(" ")
    return Message(command.upper(), _params(rest), source, tags)


def _params(rest: str) -> tuple[str, ...]:
    """The parameters: words, and behind a colon one with everything that is left."""
    if rest[:1] == ":":
        return (rest[1:],)
    middle, colon, last = rest.partition(" :")
    params = [word for word in middle.split(" ") if word]
    if len(params) < MOST_PARAMS:
        return (*params, last) if colon else tuple(params)
    # The last one that there may be has everything that is left, be there a colon or not.
    params, rest = [], rest.lstrip(" ")
    while len(params) < MOST_PARAMS - 1:
        param, _, rest = rest.partition(" ")
        params.append(param)
        rest = rest.lstrip(" ")
    return (*params, rest)


def read_tags(written: str) -> dict[str, str]:
    """Tags as they stand on a line; of two of the same key the last one counts."""
    tags = {}
    for one in written.split(";"):
        key, _, value = one.partition("=")
        if key:
            tags[key] = unescape(value) if "\\" in value else value
    return tags


def unescape(value: str) -> str:
    """The value that is meant by an escaped one."""
    meant, letters = [], iter(value)
    for letter in letters:
        if letter == "\\":
            letter = next(letters, "")
            letter = _UNESCAPE.get(letter, letter)
        meant.append(letter)
    return "".join(meant)


def escape(value: str) -> str:
    """A value as it may stand in tags."""
    return value.translate(_ESCAPE)


def write_tags(tags: Mapping[str, str]) -> str:
    """Tags as they stand on a line, with the @ and the space; nothing when there are none."""
    if not tags:
        return ""
    written = ";".join([f"{k}={escape(v)}" if v else k for k, v in tags.items()])
    return f"@{written} "


def line(source: str, command: str, *params: str, tags: Mapping[str, str] | None = None) -> str:
    """A line without its end. The last parameter may hold anything but a line break."""
    parts = [command, *params[:-1]]
    if params:
        last = params[-1]
        parts.append(f":{last}" if not last or last[0] == ":" or " " in last else last)
    for middle in params[:-1]:
        if not middle or middle[0] == ":" or " " in middle:
            raise ValueError("only the last parameter may be empty, or have a space in it")
    written = " ".join(parts)
    if source:
        written = f":{source} {written}"
    return write_tags(tags or {}) + written


def spoken(text: str) -> str:
    """A text without the characters that are not allowed; CTCP stays CTCP."""
    if text.startswith("\x01"):
        return f"\x01{without_forbidden(text.strip(chr(1)))}\x01"
    return without_forbidden(text)


def words_in(message: Message, index: int) -> str:
    """The text of a parameter that may be left out, such as a reason.

    It has no characters that are not allowed, and is empty where there is nothing to read.
    """
    if len(message.params) <= index:
        return ""
    text = without_forbidden(message.params[index])
    return "" if is_blank(text) else text


def repeated(word: str) -> str:
    """A client's word as a middle parameter of an answer, or `*` if it cannot be one."""
    return word if word and shortened(word) == word else "*"


def shortened(word: str) -> str:
    """A client's word, shortened to be safe as a middle parameter of an answer."""
    word = "".join(c for c in word if c.isprintable() and c != " ")[:64]
    return word if word and word[0] != ":" else "*"


def encoded(lines: Sequence[str]) -> bytes:
    """Lines as they are sent: here, at the latest, no line becomes two."""
    for one in lines:
        for bad in _BREAKS:
            if bad in one:
                raise ValueError("a line of IRC has no line break in it")
    return "".join([one + "\r\n" for one in lines]).encode("utf-8", "replace")


def in_lines(words: Iterable[str], separator: str, most: int) -> list[str]:
    """Words with a separator of one byte between them, on lines of at most so many bytes."""
    lines: list[list[str]] = []
    size = 0
    for word in words:
        more = 1 + (len(word) if word.isascii() else len(word.encode()))
        if not lines or size + more > most + 1:
            lines.append([])
            size = 0
        lines[-1].append(word)
        size += more
    return [separator.join(line) for line in lines]


def pieces(text: str, most: int) -> list[str]:
    """A text in parts of at most so many bytes, cut between what people see as letters, and never
    inside of a formatting code."""
    parts: list[str] = []
    start = 0
    while True:
        # Only so much is looked at for one part, however long the text is.
        window = text[start : start + most + LONGEST_CODE]
        fitting = window.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
        if len(fitting) == len(window):
            return [*parts, window]
        spans = (code.span() for code in CODE.finditer(window))
        inside = {at for first, last in spans for at in range(first + 1, last)}
        longest = max(1, len(fitting))
        ends = (at for at in range(longest, 0, -1) if at not in inside and _begins(window, at))
        end = next(ends, longest)
        parts.append(window[:end])
        start += end


def _begins(text: str, index: int) -> bool:
    """Whether a letter as people see it begins there, as far as that can be told simply."""
    letter, before = text[index], text[index - 1]
    if before == "\u200d" or letter == "\u200d" or "\ufe00" <= letter <= "\ufe0f":
        return False
    if "\U0001f3fb" <= letter <= "\U0001f3ff" or "\U000e0020" <= letter <= "\U000e007f":
        return False  # the color of a skin, the letters of a flag
    if _is_half_a_flag(letter) and _is_half_a_flag(before):
        return _halves_before(text, index) % 2 == 0
    return not unicodedata.category(letter).startswith("M")


def _is_half_a_flag(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _halves_before(text: str, index: int) -> int:
    count = 0
    while index > count and _is_half_a_flag(text[index - count - 1]):
        count += 1
    return count
