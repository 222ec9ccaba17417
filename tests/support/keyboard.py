"""The keyboard of an X display, as xkbcomp writes it down."""

from __future__ import annotations

import re
from collections.abc import Collection


def with_keys_for(characters: Collection[str], keymap: str) -> str:
    """This keyboard, with a key for each of these characters among those that have had no use."""
    named = re.findall(r"^ *(<\w+>) = ", keymap, re.MULTILINE)
    free = [key for key in named if not re.search(rf"key *{key}", keymap)]
    if len(characters) > len(free):
        raise ValueError("The keyboard has not keys enough for this text; use copies and ctrl+v.")
    lines = [
        f"key {key} {{ [ U{ord(character):04X} ] }};"
        for key, character in zip(free, characters, strict=False)
    ]
    start = re.search(r'xkb_symbols "[^"]*" \{', keymap)
    if start is None:
        raise ValueError("xkbcomp writes keyboards in a way that is not known here.")
    return keymap[: start.end()] + "\n".join(lines) + keymap[start.end() :]
