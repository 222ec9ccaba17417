"""How lines look in a terminal: text and nothing but text, in colors that are easy to read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category
from zlib import crc32

from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_to_text
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from ...core.formatting import PLAIN, Look
from ..desk.lines import Line, Part

# Of the palette of 256 colors, those that are neither too light for white paper nor too
# dark for a black screen, and no more like each other than need be.
NAMES = (
    *("#005fd7", "#008700", "#00875f", "#0087af", "#5f5fd7", "#5f8700", "#8700ff", "#875f00"),
    *("#875fd7", "#878700", "#af00af", "#af5f00", "#d70000", "#d7005f", "#d70087", "#d75f00"),
    *("#d75f5f", "#d75faf", "#ff0087", "#0087ff"),
)
GRAY = "#767676"
MOST_LOOKS = 2000  # the terminal's output keeps something for each; later ones have no color
LOOKS = {
    "head": f"fg:{GRAY}",
    "head-private": "bold fg:#d700d7",
    "own": "bold",
    "text": "",
    "mention": "bold reverse",
    "event": f"italic fg:{GRAY}",
    "answer": "",
    "error": "fg:#d70000",
    "server": "fg:#00875f",
    "day": f"bold fg:{GRAY}",
    "new": "bold fg:#d75f00",
    "margin": "bold fg:#d75f00",
    "typed": f"fg:{GRAY}",
    "prompt": "bold",
    "bar": f"fg:{GRAY}",
    "bar-alert": "bold fg:#d70000",
    "bar-new": "bold",
    "completion-menu": "bg:default fg:default",
    "completion-menu.completion": "bg:default fg:default",
    "completion-menu.completion.current": "bg:default fg:default bold reverse",
    "completion-menu.meta.completion": f"bg:default fg:{GRAY}",
    "completion-menu.meta.completion.current": f"bg:default fg:{GRAY} reverse",
    "scrollbar.background": "bg:default",
    "scrollbar.button": "bg:default reverse",
}
STYLE = Style(list(LOOKS.items()))


_looks: set[Look] = set()  # that were shown in color


def style_of_look(look: Look) -> str:
    """The style that an author's formatting codes ask for; every letter is as wide as another."""
    if look not in _looks:
        if len(_looks) < MOST_LOOKS:
            _looks.add(look)
        else:
            look = look._replace(foreground="", background="")
    words = {
        "bold": look.bold,
        "italic": look.italic,
        "underline": look.underline,
        "strike": look.strikethrough,
        "reverse": look.reverse,
        f"fg:{look.foreground}": look.foreground,
        f"bg:{look.background}": look.background,
    }
    return " ".join(word for word, wanted in words.items() if wanted)


@lru_cache(maxsize=4096)
def style_of_name(name: str) -> str:
    """The style of a person's name: the same one everywhere and always."""
    return f"fg:{NAMES[crc32(name.lower().encode('utf-8', 'replace')) % len(NAMES)]}"


Fragments = StyleAndTextTuples

# Invisible characters that words and pictures are made with, and none that moves anything:
# joiners, marks of direction, the hyphen that may break, flags.
_INVISIBLE = (
    {0x00AD, 0x061C, *range(0x200B, 0x2010), *range(0x2060, 0x2065)}
    | {0xFEFF}
    | set(range(0xE0020, 0xE0080))
)
_PICTURES = range(0x1F000, 0x1FC00)  # there are more of them every year


def cleaned(text: str, also: str = "") -> str:
    """The text with only what a terminal shows as text, and what is in `also`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in also else _instead(c) for c in text)


def _instead(character: str) -> str:
    if character == "\t":
        return "    "
    if ord(character) in _INVISIBLE or ord(character) in _PICTURES:
        return character
    return character if category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def fragments(line: Line) -> Fragments:
    """A line with the style of each of its parts, and its ends."""
    found: Fragments = []
    for row in line.whole_rows():
        found += [(_style(line, part), cleaned(part.text)) for part in row]
        found.append(("", "\n"))
    return found


def wrapped(whole: Fragments, columns: int) -> Fragments:
    """The same, broken between words where the terminal would break inside of one."""
    text = "".join(piece for _, piece, *_ in whole)
    breaks = set(_breaks(text, columns)) if get_cwidth(text) > columns else None
    if not breaks:
        return whole
    found: Fragments = []
    at = 0
    for style, piece, *_ in whole:
        kept = "".join("\n" if at + i in breaks else c for i, c in enumerate(piece))
        found.append((style, kept))
        at += len(piece)
    return found


def _breaks(text: str, columns: int) -> Iterator[int]:
    """Where the spaces are that stand at the ends of lines."""
    width, space = 0, -1
    for index, character in enumerate(text.removesuffix("\n")):
        if character == "\n":
            width, space = 0, -1
            continue
        if character == " ":
            space = index
        width += get_cwidth(character)
        if width <= columns:
            continue
        if space >= 0:
            yield space
            width = get_cwidth(text[space + 1 : index + 1])
            space = -1
        else:
            width = get_cwidth(character)  # a word longer than a line: the terminal breaks it


def _style(line: Line, part: Part) -> str:
    style = part.style
    if style == "name":
        return style_of_name(part.text)
    if style == "head" and (line.private or line.mention):
        return "class:head-private"
    written = f"class:{style}" if style else ""
    return written if part.look == PLAIN else f"{written} {style_of_look(part.look)}"


def cut(text: str, columns: int) -> str:
    """The text in so many columns, with … at its end if that is not all of it."""
    return fragment_list_to_text(fitted([("", text)], columns))


def fitted(whole: Fragments, columns: int) -> Fragments:
    """As much of something as has room in so many columns, with … at its end if that is not all."""
    if sum(get_cwidth(text) for _, text, *_ in whole) <= columns:
        return whole
    found: Fragments = []
    left = columns - 1
    for style, text, *_ in whole:
        kept = _beginning(text, left)
        left -= get_cwidth(kept)
        if kept != text:
            return [*found, (style, kept + "…" * (columns > 0))]
        found.append((style, text))
    return found


def _beginning(text: str, columns: int) -> str:
    width = 0
    for index, character in enumerate(text):
        width += get_cwidth(character)
        if width > columns:
            return text[:index]
    return text
