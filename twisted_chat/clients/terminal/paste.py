"""What is pasted: one line is typed, several are sent, and many only when that was meant."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..desk.paths import dropped

MOST_UNASKED = 10  # lines that are sent without a question
MOST_LINES = 1000  # that are sent at all
LONGEST = 20_000  # characters of a line that can still be edited

_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


class Pasted(NamedTuple):
    """What to do with a paste."""

    typed: str = ""  # goes into the line
    lines: tuple[str, ...] = ()  # to be sent
    question: str = ""  # to be asked before that
    refusal: str = ""


def read_drop(
    text: str, line: str, here: str, is_file: Callable[[Path], bool] = os.path.isfile
) -> str:
    """What a file that is dragged in becomes in a line: the command that sends it, unless that
    stands there; nothing if no file was."""
    begun = re.fullmatch(r"/?send\s+\S+\s+", line, re.IGNORECASE)
    path = dropped(text, is_file) if begun or not line else None
    if path is None:
        return ""
    return str(path) if begun else f"/send {here} {path}"


def read_paste(text: str, before: str, after: str, here: str) -> Pasted:
    """What a paste means between what stands before and after the cursor."""
    # A line without anything in it cannot be said.
    lines = [line for line in _ENDS.split(text) if line.strip()]
    if len(lines) <= 1:
        return _one("".join(lines) or _ENDS.sub("", text), before, after)
    if len(lines) > MOST_LINES:
        return Pasted(
            refusal=f"These are {len(lines):,} lines, and {MOST_LINES:,} at once is the most:"
            " nothing of it was sent."
        )
    lines[0], lines[-1] = before + lines[0], lines[-1] + after
    asked = len(lines) > MOST_UNASKED
    question = f"Send these {len(lines):,} lines to {here}? [y/N] " if asked else ""
    return Pasted(lines=tuple(lines), question=question)


def _one(line: str, before: str, after: str) -> Pasted:
    length = len(before) + len(line) + len(after)
    if length > LONGEST:
        return Pasted(
            refusal=f"This makes a line of {length:,} characters, and {LONGEST:,} is the most:"
            " nothing of it was pasted."
        )
    return Pasted(typed=line)
