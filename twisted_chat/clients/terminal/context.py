"""What was said in a conversation before, for somebody who begins to look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..desk.lines import Line

if TYPE_CHECKING:
    from ..desk.desk import Desk

LEAST = 10  # lines that are shown of what was said before


class Context:
    """Knows what this run has shown, and shows what is missing to understand it."""

    def __init__(self, show: Callable[[Line], None]) -> None:
        self._show = show
        self._first: dict[str, int] = {}  # the oldest entry that was shown
        self._shown: dict[str, int] = {}  # how many were
        self._looked: set[str] = set()

    def note(self, line: Line) -> None:
        """A line was shown."""
        if line.is_entry:
            self._first[line.place] = min(line.seq, self._first.get(line.place, line.seq))
            self._shown[line.place] = self._shown.get(line.place, 0) + 1

    def begin(self, label: str) -> None:
        """The conversation that is looked at first has its context already."""
        self._looked.add(label)

    def look(self, desk: Desk, label: str, unread: int) -> None:
        """Somebody begins to look at a conversation in which so much was unread."""
        conversation = desk.user.conversations.get(label)
        shown = self._shown.get(label, 0)
        wanted = max(unread - shown, 0 if label in self._looked else LEAST - shown)
        before = self._first.get(label, conversation.position + 1 if conversation else 1)
        if wanted <= 0 or before <= 1:
            return

        def found(lines: list[Line]) -> None:
            self._looked.add(label)
            for line in lines[-wanted:]:
                self._show(line)

        # Without a connection there is nothing to show now, and perhaps the next time.
        desk.earlier(label, before).addCallbacks(found, lambda failure: None)
