"""Which characters look like which others, and which script each belongs to.

Both tables come from Unicode by way of the package confusable_homoglyphs. They
are read when a name outside ASCII turns up or once the server listens, not before.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Any

# What the table below says about the ASCII characters a name may have. Plain
# names, which are nearly all of them, never need the table itself.
ASCII_LOOKS = {ord("0"): "O", ord("1"): "l", ord("I"): "l", ord("m"): "rn"}

# An i keeps its one dot when another is put over it.
_SECOND_DOT = re.compile("(?<=[ij])\u0307")

_SEPARATORS = str.maketrans("", "", "_-.")
_DIGITS_FOR_LETTERS = str.maketrans("i1034578", "lloeastb")


def look(text: str) -> str:
    """What `text` looks like: equal for two texts a reader could take for each other."""
    if text.isascii():
        return text.translate(ASCII_LOOKS).lower()
    drawn = unicodedata.normalize("NFD", text).translate(_prototypes())
    return _SECOND_DOT.sub("", unicodedata.normalize("NFD", drawn).casefold())


def plainest(skeleton: str) -> str:
    """A look without separators and accents, and with digits read as the letters they ape."""
    letters = skeleton.translate(_SEPARATORS).translate(_DIGITS_FOR_LETTERS)
    if not letters.isascii():
        letters = "".join(c for c in letters if not unicodedata.category(c).startswith("M"))
    return letters.replace("vv", "w")


def script(character: str) -> str:
    """The script of a character, such as LATIN or HAN; UNKNOWN if it is too new for us."""
    starts, ends, scripts = _script_ranges()
    point = ord(character)
    at = bisect_right(starts, point) - 1
    return scripts[at] if at >= 0 and point <= ends[at] else "UNKNOWN"


@cache
def _prototypes() -> dict[int, str]:
    """The one drawing that stands for each character with look-alikes.

    The package lists every pair both ways round. In Unicode's table a character
    has one prototype and a prototype many characters, which tells the two apart;
    in a pair that is alone in the world either can stand for both.
    """
    pairs = _data("confusables.json")
    found: dict[str, str] = {}
    for listed, others in pairs.items():
        character, other = _bare(listed), _bare(others[0]["c"])
        if len(character) != 1 or len(others) != 1:
            continue
        is_prototype = len(other) > 1 or len(pairs[others[0]["c"]]) > 1
        if is_prototype or other < character:
            found[character] = unicodedata.normalize("NFD", other)
    changed = True
    while changed:  # a prototype of several characters may have some with a prototype
        changed = False
        for character, drawn in found.items():
            deeper = "".join(found.get(part, part) for part in drawn)
            if deeper != drawn:
                found[character] = deeper
                changed = True
    return {ord(character): drawn for character, drawn in found.items()}


@cache
def _script_ranges() -> tuple[list[int], list[int], list[str]]:
    table = _data("categories.json")
    names = table["iso_15924_aliases"]
    ranges = sorted(table["code_points_ranges"])
    return [r[0] for r in ranges], [r[1] for r in ranges], [names[r[2]] for r in ranges]


def _bare(listed: str) -> str:
    """An entry without the direction marks that the table puts around Arabic and Hebrew."""
    return listed.replace("\u200e", "")


def _data(file: str) -> Any:
    # The package's own modules import urllib to be able to download new tables,
    # 60 ms for nothing; the files beside them are all that is needed.
    from importlib.resources import files

    return json.loads(files("confusable_homoglyphs").joinpath(file).read_text("utf-8"))
