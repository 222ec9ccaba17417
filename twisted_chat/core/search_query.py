"""What people type to search: words, and filters such as from:tesla."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from .errors import ChatError

_FILTER = re.compile(r"(?:^|\s)(from|in|before|after):(\S+)")


class SearchQuery(NamedTuple):
    """A search as it was typed."""

    words: str  # without the filters
    filters: dict[str, str]

    def day(self, name: str) -> int | None:
        """The first millisecond of the day that a filter names, if it is there."""
        return _day(self.filters.get(name))

    def terms(self) -> list[str]:
        """The words, and what stood in quotation marks as one."""
        return [a or b for a, b in re.findall(r'"([^"]*)"|([^\s"]+)', self.words)]


def read(text: str) -> SearchQuery:
    """Read a search; `query` is the refusal of one that asks for nothing."""
    filters: dict[str, str] = {}
    for name, value in _FILTER.findall(text):
        if name in filters:
            raise ChatError("query", f"Give {name}: only once.")
        filters[name] = value
    words = _FILTER.sub(" ", text).strip()
    if not words and not filters:
        raise ChatError("query", "Type what to look for: search <words>.")
    if not words and "from" not in filters:
        raise ChatError("query", "Give a word to look for too, or from:user for all of theirs.")
    return SearchQuery(words, filters)


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ChatError("query", "A day is written as 2026-12-31.") from None
