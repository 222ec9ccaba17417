"""Files in the window: sending and fetching them, and the rows that show how far they are."""

from __future__ import annotations

import shlex
import tkinter as tk
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk
from tkinter.font import nametofont
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.attachments import size_in_words
from ...core.errors import ChatError
from ...core.text import shown
from ..desk.desk import Desk
from ..desk.front import Progress
from ..desk.paths import dropped
from . import icons
from .composer import Composer
from .file_dialog import FileDialog
from .questions import Questions
from .style import GAP, Palette
from .text import short

MOST_SHOWN = 4
LONGEST_NAME = 100
LONGEST_TROUBLE = 80
NARROW = 480  # pixels; below, the percents have to do
SHORT_BAR, LONG_BAR = 70, 180  # pixels
BAR = 8  # pixels of its height
SHORT_WORDS, LONG_WORDS = -5, -22  # characters at least


class TransferRows(ttk.Frame):
    """A row for each file that is sent or fetched, with a button that stops it."""

    def __init__(
        self, parent: tk.Misc, drawn: Callable[[str], str], cancel: Callable[[int], None]
    ) -> None:
        """`cancel` stops the transfer of a number."""
        super().__init__(parent, padding=(GAP, GAP // 2, GAP, 0))
        self._drawn = drawn
        self._cancel = cancel
        self._icons: dict[str, tk.BitmapImage] = {}
        self._rows: dict[int, _Row] = {}
        self._more = ttk.Label(self, style="Small.TLabel")
        self.columnconfigure(0, weight=1)

    def recolor(self, palette: Palette) -> None:
        self._icons = {
            name: icons.bitmap(self, name, palette.text) for name in ("up", "down", "cross")
        }
        for row in self._rows.values():
            row.draw(self._icons)

    def refresh(self, transfers: Sequence[Progress]) -> None:
        """Show these, and nothing of those that are over."""
        shown = {one.number: one for one in transfers[:MOST_SHOWN]}
        for number in [number for number in self._rows if number not in shown]:
            self._rows.pop(number).destroy()
        for at, (number, progress) in enumerate(shown.items()):
            row = self._rows.get(number)
            if row is None:
                row = self._rows[number] = _Row(self, progress.sends, number, self._cancel)
                row.draw(self._icons)
            row.grid(row=at, column=0, sticky="ew")
            row.refresh(progress, self._drawn, self.master.winfo_width() < NARROW)
        more = len(transfers) - len(shown)
        if more:
            self._more.configure(text=f"{more:,} more on their way")
            self._more.grid(row=MOST_SHOWN, column=0, sticky="w")
        else:
            self._more.grid_remove()
        if transfers:
            self.grid()
        else:
            self.grid_remove()  # an empty one would stay as high as it was


class _Row(ttk.Frame):
    """One file."""

    def __init__(
        self, parent: tk.Misc, sends: bool, number: int, cancel: Callable[[int], None]
    ) -> None:
        super().__init__(parent)
        self._way = "up" if sends else "down"
        self._arrow = ttk.Label(self)
        self._name = ttk.Label(self, width=1)
        self._name_whole = ""
        self._name.bind("<Configure>", lambda event: self._fit_name())
        # The bar of this theme shows less than there is.
        self._trough = ttk.Frame(self, style="Trough.TFrame", height=BAR)
        self._bar = ttk.Frame(self._trough, style="Bar.TFrame")
        self._about = ttk.Label(self, style="Small.TLabel")
        self._stop = ttk.Button(
            self, style="Icon.TButton", takefocus=False, command=lambda: cancel(number)
        )
        self.columnconfigure(1, weight=1)
        parts = (self._arrow, self._name, self._trough, self._about, self._stop)
        for column, part in enumerate(parts):
            part.grid(row=0, column=column, sticky="ew", padx=(GAP if column else 0, 0))

    def draw(self, pictures: dict[str, tk.BitmapImage]) -> None:
        if pictures:
            self._arrow.configure(image=pictures[self._way])
            self._stop.configure(image=pictures["cross"])

    def refresh(self, progress: Progress, drawn: Callable[[str], str], narrow: bool) -> None:
        self._name_whole = drawn(short(progress.name, LONGEST_NAME))
        self._fit_name()
        self._trough.configure(width=SHORT_BAR if narrow else LONG_BAR)
        self._bar.place(relheight=1, relwidth=progress.percent / 100)
        width = SHORT_WORDS if narrow else LONG_WORDS  # so that bars are below each other
        self._about.configure(text=drawn(so_far(progress, narrow)), width=width)

    def _fit_name(self) -> None:
        """Show as much of the name as there is room for."""
        font = nametofont("TkDefaultFont", self)
        name, room = self._name_whole, self._name.winfo_width()
        if font.measure(name) > room > 1:
            fits = bisect_left(
                range(len(name)), room, key=lambda length: font.measure(f"{name[:length]}…") + 1
            )
            name = f"{name[: max(fits - 1, 0)]}…"
        self._name.configure(text=name)


def so_far(progress: Progress, narrow: bool = False) -> str:
    """How much of a file is there, and how fast it goes or why it does not."""
    said = [f"{progress.percent} %"]
    if narrow:
        pass
    elif progress.trouble:
        said.append(short(progress.trouble.rstrip("."), LONGEST_TROUBLE))
    else:
        if progress.speed >= 1:
            said.append(f"{size_in_words(int(progress.speed))}/s")
        if progress.left is not None:
            said.append(f"{_time(progress.left)} left")
    return ", ".join(said)


def _time(seconds: float) -> str:
    for unit, length in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds < 100 * length or unit == "h":
            break
    return f"{seconds / length:,.0f} {unit}"


class FileActions:
    """Sends and fetches files, in the desk's own words."""

    log = Logger()

    def __init__(
        self, desk: Desk, dialog: FileDialog, questions: Questions, composer: Composer
    ) -> None:
        self._desk = desk
        self._dialog = dialog
        self._questions = questions
        self._composer = composer
        self._fetching: set[int] = set()
        self._leaving = False  # as far as somebody has yet to answer

    # --- sending -----------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for a file, and send it to the conversation one looks at now."""
        if self._questions.entering or self._questions.is_open:
            return
        place = self._desk.here
        asked = self._dialog.ask(f"Send a file to {shown(place)}")
        asked.addCallback(lambda path: self._send(place, path) if path else None)
        asked.addErrback(self._failed)

    def pasted(self, text: str) -> None:
        """If that is the path of a file, and all there is in the field, ask whether to send it."""
        looked: Deferred[Path | None] = self._desk.user.transfers.run(partial(dropped, text))
        looked.addCallback(self._found, text).addErrback(self._failed)

    def _found(self, path: Path | None, text: str) -> None:
        if path is None or self._composer.text != text or self._questions.is_open:
            return
        place = self._desk.here

        def answered(agreed: bool) -> None:
            if agreed:
                self._composer.taken([])
                self._send(place, str(path))

        question = f"Send {shown(path.name)} to {shown(place)}?"
        self._questions.confirm(question, "Send the file").addCallback(answered)

    def _send(self, place: str, path: str) -> None:
        self._desk.enter(f"/send {place} {shlex.quote(path)}")

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, ChatError):
            self.log.failure("A file cannot be asked for", failure)
            error = ChatError("internal", f"This program has a fault: {error!r}")
        self._desk.refuse(error)

    # --- fetching ----------------------------------------------------------------------------

    def fetch(self, number: int) -> None:
        """Fetch the file of a message, once however often it is clicked at."""
        if number in self._fetching or self._questions.entering:
            return
        self._fetching.add(number)

        def over(outcome: Any) -> None:
            self._fetching.discard(number)

        self._desk.enter(f"/get {number}").addBoth(over)

    def cancel(self, number: int) -> None:
        """Stop what is on its way."""
        self._desk.enter(f"/cancel {number}")

    # --- leaving -----------------------------------------------------------------------------

    def may_leave(self) -> Deferred[bool]:
        """Ask before leaving while files are on their way; to leave again is a yes."""
        count = len(self._desk.user.transfers.running)
        if not count or self._leaving:
            return succeed(True)
        self._desk.may_leave()  # says what is on its way
        what = "A file is" if count == 1 else f"{count:,} files are"
        them = "it" if count == 1 else "them"
        self._leaving = True
        asked = self._questions.confirm(
            f"{what} still on the way. Leave all the same? To send or fetch {them} again goes on"
            " where it was.",
            "Leave",
        )
        return asked.addCallback(self._answered_to_leave)

    def _answered_to_leave(self, leaves: bool) -> bool:
        self._leaving = False
        return leaves
