"""Which part of a file a request is for. No network here."""

from __future__ import annotations

import re
from typing import NamedTuple

from .request import Request

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)


class Part(NamedTuple):
    """Bytes of a file, from the first to the one behind the last."""

    start: int
    end: int
    whole: bool  # it is all of the file, and was asked for as such


def part_of(asked: Request, size: int, tag: str) -> Part | None:
    """What to answer with; None if the file has nothing of what is asked for.

    Several parts, and those of a file that has changed since, are answered with all of it.
    """
    found = _RANGE.fullmatch(asked.fields.get("range", ""))
    if found is None or found[1] == found[2] == "" or asked.fields.get("if-range", tag) != tag:
        return Part(0, size, whole=True)
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return Part(0, size, whole=True)  # that is no range
    return Part(start, end, whole=False) if start < end else None
