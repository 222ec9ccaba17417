"""How a line that is being typed may go on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ...core.commands import Row
from ...core.text import shown
from .paths import ways

_PATH = re.compile(r"/?(?:send\s+\S+|get\s+[0-9]+)\s+(.*)", re.I)


class Completion(NamedTuple):
    """A way to go on: `text` instead of what stands from `start` on."""

    text: str
    start: int
    about: str = ""


def completions(
    text: str,
    commands: Sequence[tuple[str, str]],
    local: Sequence[Row],
    people: Sequence[str],
    rooms: Sequence[str],
) -> list[Completion]:
    """What may follow; `commands` are names and what they do."""
    begun_path = _PATH.match(text)
    if begun_path is not None:
        path, at = begun_path[1], begun_path.start(1)
        return [Completion(name, at + start) for name, start in ways(path)]
    slash = text.startswith("/")
    begun = text.removeprefix("/")
    every = [*commands, *((row.name, row.help) for row in local)]
    found = []
    if slash or (begun and not begun[0].isspace()):
        mark = "/" if slash else ""
        found = [
            Completion(f"{mark}{shown(name)} ", 0, shown(about))
            for name, about in every
            if name.startswith(begun.lower())
        ]
    word = text[max(text.rfind(" "), text.rfind("/")) + 1 :] if not slash or " " in text else ""
    if word:
        start = len(text) - len(word)
        names = rooms if word.startswith("#") else people
        end = " "
        found += [
            Completion(shown(name) + end, start)
            for name in sorted(map(str, names))
            if name.lower().startswith(word.lower())
        ]
    return found
