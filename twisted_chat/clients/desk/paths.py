"""Paths of this computer as people type them, and as they are dragged into a terminal."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

MOST_LOOKED_AT = 5_000  # entries of a folder
MOST_WAYS = 200
QUOTES = "'\""


def readings(text: str) -> list[Path]:
    """What a typed path may mean, the likeliest first: as it stands, quoted, or as an address."""
    found = [text]
    if text[:1] in QUOTES and len(text) > 1 and text[-1] == text[0]:
        found.append(text[1:-1])
    if text.startswith("file:"):
        found.append(unquote(urlsplit(text).path))
    if re.search(r"[\\'\"]", text):
        try:
            words = shlex.split(text)
        except ValueError:
            words = []
        found += words if len(words) == 1 else []
    return [_at_home(one) for one in dict.fromkeys(found) if one and "\0" not in one]


def _at_home(text: str) -> Path:
    return Path(os.path.expanduser(text))


def meant(text: str) -> Path:
    """The path that a text means; this looks at the disk."""
    every = readings(text)
    # What was quoted is not there with its quotes, but a sentence without them reads better.
    return next((one for one in every if os.path.lexists(one)), every[-1] if every else Path(text))


def dropped(text: str, is_file: Callable[[Path], bool] = os.path.isfile) -> Path | None:
    """The file whose path a paste is, as a terminal pastes what is dragged into it."""
    one = text.strip()
    if not one.isprintable() or not re.match(r"['\"]?[/~]|file:", one):
        return None
    for path in readings(one):
        if path.is_absolute() and str(path).isprintable() and is_file(path):
            return path
    return None


def ways(begun: str) -> Iterator[tuple[str, int]]:
    """How a path that is being typed may go on: what stands from which character on."""
    quote = begun[:1] if begun[:1] in QUOTES else ""
    if begun == "~":
        yield "~/", 0
        return
    place, slash, name = begun[len(quote) :].rpartition("/")
    start = len(quote) + len(place) + len(slash)
    found = []
    try:
        with os.scandir(_at_home(place + slash) if slash else ".") as entries:
            for _, entry in zip(range(MOST_LOOKED_AT), entries, strict=False):
                if not entry.name.startswith(name) or not entry.name.isprintable():
                    continue
                if entry.name.startswith(".") and not name:
                    continue
                found.append(entry.name + ("/" if entry.is_dir() else quote))
    except OSError:
        return
    for one in sorted(found)[:MOST_WAYS]:
        yield one, start
