"""How things look: names in colors that stay, readable on black and on white."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from prompt_toolkit.styles import Style

from ...core.formatting import Look

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


def of_look(look: Look) -> str:
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
def of_name(name: str) -> str:
    """The style of a person's name: the same one everywhere and always."""
    return f"fg:{NAMES[crc32(name.lower().encode('utf-8', 'replace')) % len(NAMES)]}"
