"""Lengths of time as people write and say them."""

from __future__ import annotations

import math
import re

from .errors import ChatError

_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
LONGEST = 100 * 365 * _UNITS["day"]

_PART = r"[0-9]{1,10} *(?:seconds?|s|minutes?|min|m|hours?|h|days?|d|weeks?|w)"
_DURATION = re.compile(rf"[0-9]{{1,10}}|{_PART}(?: *{_PART})*")
_NUMBER_AND_UNIT = re.compile(r"([0-9]+) *([a-z])")


def parse(text: str, with_unit: bool = False) -> int:
    """The seconds in "90", "90s", "10m", "2h", "7d", "1w", "1h30m" or "1 minute 30 seconds".

    A number alone counts seconds, unless it has to come `with_unit`.
    """
    plain = text.strip().lower()
    if with_unit and re.fullmatch("[0-9]{1,10}", plain) and int(plain):
        raise ChatError(
            "bad_duration",
            f"{plain} of what? Give the unit too: {plain}m for minutes, {plain}h for hours or"
            f" {plain}d for days.",
        )
    if not _DURATION.fullmatch(plain):
        raise ChatError(
            "bad_duration",
            "A length of time is a number with s, m, h, d or w for its unit,"
            " such as 90s, 10m, 2h, 7d or 1w.",
        )
    if plain.isdigit():
        seconds = int(plain)
    else:
        sizes = {name[0]: size for name, size in _UNITS.items()}
        seconds = sum(int(n) * sizes[unit] for n, unit in _NUMBER_AND_UNIT.findall(plain))
    if seconds > LONGEST:
        raise ChatError("bad_duration", "The longest time there is here is 100 years.")
    return seconds


def spoken(seconds: float) -> str:
    """How long that is in words, in at most two units, rounded up: "1 minute 30 seconds".

    Rounded up, because it is mostly said to somebody who is to come back then.
    """
    left = max(0, math.ceil(seconds))
    for larger, smaller in (("day", "hour"), ("hour", "minute"), ("minute", "second")):
        if left >= _UNITS[larger]:
            step = _UNITS[smaller]
            left = -(-left // step) * step
            break
    if left and left % _UNITS["week"] == 0:
        return _counted(left // _UNITS["week"], "week")
    parts = []
    for unit in ("day", "hour", "minute", "second"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(_counted(count, unit))
    return " ".join(parts) or "0 seconds"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
