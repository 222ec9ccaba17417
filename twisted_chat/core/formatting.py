"""Formatting codes in texts: bold, colors and the like, as IRC clients write them.

A code is one control character, and the one of a color has digits behind it. They are part of what
somebody says and are kept with it; they are shown as what they mean where that is possible, and
left out elsewhere. https://modern.ircdocs.horse/formatting describes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

BOLD, COLOR, HEX_COLOR, RESET, MONOSPACE = "\x02", "\x03", "\x04", "\x0f", "\x11"
REVERSE, ITALIC, STRIKETHROUGH, UNDERLINE = "\x16", "\x1d", "\x1e", "\x1f"

CODES = BOLD + COLOR + HEX_COLOR + RESET + MONOSPACE + REVERSE + ITALIC + STRIKETHROUGH + UNDERLINE
"""Every control character that formats text."""

CODE = re.compile(
    f"{COLOR}(?:([0-9]{{1,2}})(?:,([0-9]{{1,2}}))?)?"
    f"|{HEX_COLOR}(?:([0-9A-Fa-f]{{6}})(?:,([0-9A-Fa-f]{{6}}))?)?"
    f"|[{BOLD}{RESET}{MONOSPACE}{REVERSE}{ITALIC}{STRIKETHROUGH}{UNDERLINE}]"
)
"""One code with its digits."""
LONGEST_CODE = 14  # characters

_ANY = re.compile(f"[{CODES}]")
_SWITCHES = {
    BOLD: "bold",
    MONOSPACE: "monospace",
    REVERSE: "reverse",
    ITALIC: "italic",
    STRIKETHROUGH: "strikethrough",
    UNDERLINE: "underline",
}

# What the numbers of colors mean: 0 to 15 as most clients show them, 16 to 98 as the
# specification has them; 99 is the color that text has anyway.
_COLORS_IN_ORDER = (
    "ffffff 000000 00007f 009300 ff0000 7f0000 9c009c fc7f00"
    " ffff00 00fc00 009393 00ffff 0000fc ff00ff 7f7f7f d2d2d2"
    " 470000 472100 474700 324700 004700 00472c 004747 002747 000047 2e0047 470047 47002a"
    " 740000 743a00 747400 517400 007400 007449 007474 004074 000074 4b0074 740074 740045"
    " b50000 b56300 b5b500 7db500 00b500 00b571 00b5b5 0063b5 0000b5 7500b5 b500b5 b5006b"
    " ff0000 ff8c00 ffff00 b2ff00 00ff00 00ffa0 00ffff 008cff 0000ff a500ff ff00ff ff0098"
    " ff5959 ffb459 ffff71 cfff60 6fff6f 65ffc9 6dffff 59b4ff 5959ff c459ff ff66ff ff59bc"
    " ff9c9c ffd39c ffff9c e2ff9c 9cff9c 9cffdb 9cffff 9cd3ff 9c9cff dc9cff ff9cff ff94d3"
    " 000000 131313 282828 363636 4d4d4d 656565 818181 9f9f9f bcbcbc e2e2e2 ffffff"
)
_COLORS = _COLORS_IN_ORDER.split()


class Look(NamedTuple):
    """What a piece of text looks like; colors are `#rrggbb`, or empty for the usual one."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    strikethrough: bool = False
    monospace: bool = False
    reverse: bool = False
    foreground: str = ""
    background: str = ""


PLAIN = Look()


def unformatted(text: str) -> str:
    """`text` without its formatting codes and their digits."""
    return CODE.sub("", text) if _ANY.search(text) else text


def pieces(text: str) -> Iterator[tuple[Look, str]]:
    """`text` without its codes, in pieces of one look each; an empty text has one piece."""
    if not _ANY.search(text):
        yield PLAIN, text
        return
    look, at, empty = PLAIN, 0, True
    for code in CODE.finditer(text):
        if at < code.start():
            empty = False
            yield look, text[at : code.start()]
        look, at = _after(look, code), code.end()
    if at < len(text) or empty:
        yield look, text[at:]


def _after(look: Look, code: re.Match[str]) -> Look:
    """What text looks like behind a code."""
    letter = code[0][0]
    if letter == RESET:
        return PLAIN
    if letter in (COLOR, HEX_COLOR):
        read, first, second = (_numbered, 1, 2) if letter == COLOR else (_coarse, 3, 4)
        if code[first] is None:
            return look._replace(foreground="", background="")
        background = look.background if code[second] is None else read(code[second])
        return look._replace(foreground=read(code[first]), background=background)
    switch = _SWITCHES[letter]
    changed: dict[str, Any] = {switch: not getattr(look, switch)}
    return look._replace(**changed)


def _numbered(number: str) -> str:
    return f"#{_COLORS[int(number)]}" if int(number) < len(_COLORS) else ""


def _coarse(color: str) -> str:
    """A color that is near: what shows text keeps something for every color that it has seen."""
    steps = (round(int(color[at : at + 2], 16) / 0x33) * 0x33 for at in (0, 2, 4))
    return "#" + "".join(f"{step:02x}" for step in steps)
