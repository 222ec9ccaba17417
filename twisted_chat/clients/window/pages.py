"""The transcripts of all conversations, of which one is in sight."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ...core.errors import ChatError
from ..desk.lines import Line
from ..sync.conversations import LOBBY
from .style import LIGHT, Fonts, Palette
from .transcript import Transcript


class Pages(ttk.Frame):
    """Shows lines in the transcripts they belong to."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        drawn: Callable[[str], str],
        earlier: Callable[[str], Deferred[list[Line]] | None],
        touched: Callable[[], None],
        fetch: Callable[[int], None],
    ) -> None:
        """`earlier` gets what was said before the oldest shown message of a conversation, or
        None if that cannot be asked now; `touched` is told of a click into a transcript, and
        `fetch` of one at a file."""
        super().__init__(parent, style="Paper.TFrame")
        self._fonts = fonts
        self._drawn = drawn
        self._earlier = earlier
        self._touched = touched
        self._fetch = fetch
        self._palette: Palette = LIGHT
        self._pages: dict[str, Transcript] = {}
        self._asking: set[str] = set()  # conversations whose earlier messages are on their way
        self._complete: set[str] = set()  # which are there from their first message on
        self._filled: set[str] = set()  # which were filled when they were looked at first
        self._here = LOBBY
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.here.grid(row=0, column=0, sticky="nsew")

    @property
    def here(self) -> Transcript:
        """The one in sight."""
        return self.of(self._here)

    def of(self, label: str) -> Transcript:
        """The transcript of a conversation."""
        page = self._pages.get(label)
        if page is None:
            page = self._pages[label] = Transcript(
                self,
                self._fonts,
                self._drawn,
                wants_earlier=lambda: self.load(label),
                fetch=self._fetch,
            )
            page.recolor(self._palette)
            page.text.bind("<ButtonRelease-1>", lambda event: self._touched(), add=True)
        return page

    def recolor(self, palette: Palette) -> None:
        self._palette = palette
        for page in self._pages.values():
            page.recolor(palette)

    def show(self, line: Line, label: str, looked_at: bool) -> None:
        """Show a line in a conversation; an entry that nobody looks at is marked as new."""
        page = self.of(label)
        if line.is_entry:
            if any(part.style == "own" for row in line.rows for part in row):
                page.forget_new()
            elif not looked_at and line not in page:
                page.mark_new()
        page.show(line)

    def look_at(self, label: str) -> None:
        """Bring a conversation to sight."""
        if label != self._here:
            self.here.forget_new()
            self.here.grid_remove()
            self._here = label
            self.here.grid(row=0, column=0, sticky="nsew")

    def fill(self) -> None:
        """Show what was said before, the first time that somebody looks at a conversation."""
        if self._here not in self._filled and self.load(self._here):
            self._filled.add(self._here)

    def load(self, label: str) -> bool:
        """Show earlier messages; whether that could be asked."""
        page = self.of(label)
        if label in self._asking or label in self._complete or page.full or page.first == 1:
            return False
        asked = self._earlier(label)
        if asked is None:
            return False
        self._asking.add(label)
        asked.addCallbacks(self._loaded, self._not_loaded, (label,), {}, (label,), {})
        return True

    def _loaded(self, lines: list[Line], label: str) -> None:
        self._asking.discard(label)
        if lines:
            self.of(label).show_earlier(lines)
        else:
            self._complete.add(label)

    def _not_loaded(self, failure: Failure, label: str) -> None:
        """Whoever scrolls up again asks again, unless the server does not want to."""
        self._asking.discard(label)
        error = failure.value
        if isinstance(error, ChatError) and error.code not in ("offline", "busy"):
            self._complete.add(label)
