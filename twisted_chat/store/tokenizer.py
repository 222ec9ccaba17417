"""Cutting text into words that the full-text index can find again.

SQLite's tokenizer splits at spaces and punctuation. Chinese, Japanese, Korean, Thai, Lao,
Khmer and Burmese write without spaces (or inflect by gluing), so a run of them becomes its
overlapping pairs of characters and, last, its final character: any two neighbours are a word
of the index, and any one character begins one. A symbol such as an emoji is a word by itself.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from ..core.formatting import unformatted

_SPACELESS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"  # Thai
    "\u0e81-\u0edf"  # Lao
    "\u1000-\u1049\u1050-\u109f"  # Burmese
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"  # Khmer
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb"  # Korean
    "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # kana
    "\u31f0-\u31ff\U0001b000-\U0001b16f"
    "\u3105-\u312f\u31a0-\u31bf"  # bopomofo
    "\u2e80-\u2fd5\u3005-\u3007\u3021-\u3029\u3038-\u303c"  # Chinese characters
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufad9\U00020000-\U000323af"
)
_SYMBOLS = "\u00a6\u00a9\u00ae\u00b0\u2100-\u214f\u2190-\u2bff\U0001f000-\U0001fbff"
_PIECE = re.compile(f"([{_SPACELESS}]+)|[{_SYMBOLS}]")

# Signs that readers leave out or add at will: accents, Arabic and Hebrew vowel points,
# the Arabic stretching stroke, soft hyphens, variation selectors.
_IDLE = dict.fromkeys(
    [
        0xAD,
        *range(0x300, 0x370),
        *range(0x591, 0x5BE),
        *(0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7),
        *range(0x610, 0x61B),
        *(0x640, 0x670),
        *range(0x64B, 0x660),
        *range(0x6D6, 0x6DD),
        *range(0x6DF, 0x6E5),
        *(0x6E7, 0x6E8),
        *range(0x6EA, 0x6EE),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)


def folded(text: str) -> str:
    """`text` without the differences that a search overlooks: case, width, accents."""
    if text.isascii():
        return text  # the tokenizer sees to the case of these itself
    bare = unicodedata.normalize("NFKD", text.casefold()).translate(_IDLE)
    return unicodedata.normalize("NFC", bare)


def indexed(text: str) -> str:
    """`text` as the index is given it."""
    if text.isascii():
        return text
    return _PIECE.sub(_pairs_and_last, folded(text))


def phrase(term: str) -> str | None:
    """One searched term as a quoted phrase of the full-text query language.

    None when nothing in it is ever indexed, such as `++`.
    """
    plain = folded(unformatted(term).replace("\0", " ").encode("utf-8", "replace").decode())
    if not any(map(_is_indexed, plain)):
        return None
    end = len(plain)

    def cut(match: re.Match[str]) -> str:
        if match.end() < end:
            return _pairs_and_last(match)
        run = match[0]
        return f" {run if len(run) < 3 else _pairs(run)} "

    # A lone last character begins the pair that it makes with whatever comes after it.
    last = re.search(f"(?:^|[^{_SPACELESS}])[{_SPACELESS}]$", plain)
    quoted = '"' + _PIECE.sub(cut, plain).replace('"', '""') + '"'
    return quoted + " *" if last else quoted


def _pairs(run: str) -> str:
    return " ".join(map("".join, pairwise(run)))


def _pairs_and_last(match: re.Match[str]) -> str:
    run = match[0]
    if len(run) == 1:
        return f" {run} "
    return f" {_pairs(run)} {run[-1]} "


def _is_indexed(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or category in ("Co", "So", "Sk")
