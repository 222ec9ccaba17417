"""The status bar and what stands around the line that is typed: what matters most comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prompt_toolkit.utils import get_cwidth

from ...core.attachments import size_in_words
from ..desk.front import Progress, Status, Unread
from .formatting import Fragments, cleaned, cut, fitted

BETWEEN = " · "
NARROW = 60  # columns; below, what goes without saying is not said
MOST_SHOWN = 3  # lines that were not sent yet, files on their way, unread conversations
SHORTEST_BAR, LONGEST_BAR = 5, 30  # columns


def status_bar(status: Status, columns: int) -> Fragments:
    """The line of status in so many columns."""
    whole: Fragments = []
    for style, text in _pieces(status, columns < NARROW):
        whole += [("class:bar", BETWEEN)] if whole else []
        whole.append((f"class:{style}", cleaned(text)))
    return fitted(whole, columns)


def _pieces(status: Status, narrow: bool) -> Iterator[tuple[str, str]]:
    if status.online:
        yield "bar", status.lock if narrow else f"{status.connection}, {status.lock}"
    elif status.name:
        yield "bar-alert", status.connection
    else:
        yield "bar", f"{status.connection}: {status.server}"
    unread = sorted(status.unread, key=lambda one: not one.mentions)
    for one in unread[:MOST_SHOWN]:
        yield ("bar-new" if one.mentions else "bar"), _unread(one)
    if len(unread) > MOST_SHOWN:  # or there would be no room for what became of one's own words
        yield "bar", f"{len(unread) - MOST_SHOWN:,} more"
    if status.unsent:
        yield "bar-alert", f"{len(status.unsent):,} not sent yet"
    if status.typing:
        yield "bar", _typing(status.typing)
    if status.last:
        last = f"{status.last.number} {status.last.state}"
        yield "bar", last if narrow else f"message {last}"
    if status.online:
        yield "bar", f"{len(status.people):,} online: {', '.join(status.people)}"
    if status.name and status.topic:
        yield "bar", f"{status.here}: {status.topic}"


def _unread(one: Unread) -> str:
    if not one.label.startswith("#"):
        return f"{one.label} wrote {one.messages:,}"
    about = f", {one.mentions:,} for you" if one.mentions else ""
    return f"{one.label} {one.messages:,} new{about}"


def _typing(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is typing"
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} and {names[-1]} are typing"
    return f"{len(names):,} people are typing"


def place(status: Status) -> str:
    """The conversation that one looks at, and what is special about it."""
    here = cleaned(status.here)
    marks = ["" if here.startswith("#") else "private", status.secrecy]
    about = ", ".join(filter(None, marks))
    return f"{here} ({about})" if about else here


def prompt(status: Status, columns: int) -> str:
    """What stands before the line that is typed."""
    whole = f"{place(status)}> "
    if get_cwidth(whole) <= columns // 2:
        return whole
    return f"{cut(cleaned(status.here), columns // 2 - 2)}> " if columns >= 8 else ""


def transfers(status: Status, columns: int) -> Fragments:
    """Files on their way, a line for each, above the line of status."""
    lines = [_transfer(one, columns) for one in status.transfers[:MOST_SHOWN]]
    more = len(status.transfers) - MOST_SHOWN
    if more > 0:
        lines.append(cut(f"{more:,} more on their way", columns))
    return [("class:bar", "\n".join(lines))] if lines else []


def _transfer(one: Progress, columns: int) -> str:
    arrow, percent = ("↑" if one.sends else "↓"), f"{one.percent} %"
    if one.trouble:
        about = one.trouble
    elif columns < NARROW:
        about = _time(one.left)
    else:
        about = ", ".join(filter(None, (_speed(one.speed), _time(one.left, " left"))))
    after = f" {percent} {about}".rstrip()
    name = cut(cleaned(one.name), max(columns // 3, 8))
    room = min(columns - get_cwidth(f"{arrow} {name} {after}"), LONGEST_BAR)
    bar = _bar(one, room) if room >= SHORTEST_BAR else ""
    return cut(f"{arrow} {name} {bar}{after}".replace("  ", " "), columns)


def _bar(one: Progress, length: int) -> str:
    full = length * one.percent // 100
    return "█" * full + "░" * (length - full)


def _speed(speed: float) -> str:
    return f"{size_in_words(int(speed))}/s" if speed >= 1 else ""


def _time(seconds: float | None, after: str = "") -> str:
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s{after}"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min{after}"
    return f"{seconds / 3600:.0f} h{after}"


def unsent(status: Status, columns: int) -> Fragments:
    """What was said while there was no connection, above the line that is typed."""
    if status.online or not status.name or not status.unsent:
        return []
    texts = [f"not sent yet: {cleaned(text)}" for text in status.unsent[-MOST_SHOWN:]]
    if len(status.unsent) > MOST_SHOWN:
        texts.insert(0, f"not sent yet: {len(status.unsent) - MOST_SHOWN:,} more")
    return [("class:typed", "\n".join(cut(text, columns) for text in texts))]
