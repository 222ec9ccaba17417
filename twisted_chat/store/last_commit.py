"""What was committed last, as the database knows it and as it is noted beside it.

A write-ahead log that is missing or cut off looks to SQLite like one that ends earlier. So what was
committed last is noted in another file after every commit, and compared at the next start: less
than that in the database is a loss, and no start. The note is written and not synced. So after a
kill it is exact; after a power cut it may be some seconds old, and then notices less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_KEY = "last_commit"  # in `meta`, as of the last change
_NEWEST = "SELECT max(id) FROM entry"
_KEPT = f"SELECT value FROM meta WHERE key = '{_KEY}'"
_KEEP = f"INSERT OR REPLACE INTO meta VALUES ('{_KEY}', ?)"


class LastCommit(NamedTuple):
    """How many changes there were, messages aside, and the number of the last entry."""

    changes: int = 0
    entry: int = 0

    def is_less_than(self, other: LastCommit) -> bool:
        """Whether something is missing here that is there."""
        return self.changes < other.changes or self.entry < other.entry

    def written(self) -> str:
        """As a text that is always equally long."""
        return f"{self.changes:020} {self.entry:020}"


def parse(text: str) -> LastCommit:
    """What was written; nothing at all for what makes no sense, as after a power cut."""
    numbers = text.split(" ")
    if len(numbers) != 2 or not all(it.isascii() and it.isdigit() for it in numbers):
        return LastCommit()
    return LastCommit(*map(int, numbers))


def last_commit_in(run: Callable[[str], Any]) -> LastCommit:
    """The last commit in a database; `run` is a driver connection's `execute`.

    The last entry may have been erased since, which is a change that keeps its number.
    """
    kept = run(_KEPT).fetchone()
    text = kept[0] if kept else ""
    changes, entry = parse(text.decode("ascii", "replace") if isinstance(text, bytes) else text)
    return LastCommit(changes, max(entry, run(_NEWEST).fetchone()[0] or 0))


def keep(run: Callable[[str, tuple[str]], object], last: LastCommit) -> None:
    """Write it into the database, inside the transaction that it is about."""
    run(_KEEP, (last.written(),))
