"""Names of files that somebody else has chosen, made harmless for a folder of one's own."""

from __future__ import annotations

import re
from unicodedata import category

LONGEST = 200  # bytes, which leaves room for a number and the mark of what is unfinished

# What some system takes for something else than a part of a name.
_SPECIAL = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.I)
_ENDING = re.compile(r"(\.tar)?\.[^. ]{1,20}$")
_JOINERS = "\u200c\u200d"  # Persian words and families of emoji are written with them


def safe_name(name: str, otherwise: str) -> str:
    """The name as a file may be called: no path, nothing hidden, nothing that is an option.

    `otherwise` is what it is called if nothing is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = _SPECIAL.sub("_", "".join(map(_visible, last)))
    kept = shortened(seen.strip(" ").rstrip(". "))
    if kept[:1] in (".", "-"):
        kept = "_" + kept.lstrip(".-")
    elif _DEVICE.fullmatch(kept):
        kept = "_" + kept
    return kept if kept.strip("_") else otherwise


def told_name(name: str) -> str:
    """The name of a file of one's own as others are told it: one line that is no path."""
    return "".join("_" if c == "\\" else _visible(c) for c in name)


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if category(character) == "Zs" else "_"


def shortened(name: str, longest: int = LONGEST) -> str:
    """The name in so many bytes; what tells its kind is kept."""
    if len(name.encode()) <= longest:
        return name
    stem, ending = _parted(name)
    if len(ending.encode()) > longest // 2:
        stem, ending = name, ""
    room = longest - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + ending


def numbered(name: str, number: int) -> str:
    """The name of the second, third … file of that name: `coil (2).png`."""
    if number == 1:
        return name
    stem, ending = _parted(name)
    return f"{stem} ({number}){ending}"


def _parted(name: str) -> tuple[str, str]:
    """A name and what tells its kind."""
    found = _ENDING.search(name)
    at = found.start() if found is not None and found.start() else len(name)
    return name[:at], name[at:]
