"""The messages of conversations, drawn in their order."""

from __future__ import annotations

import tkinter as tk
from bisect import bisect_left, insort
from collections.abc import Callable
from time import localtime
from tkinter import ttk
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ...core.entries import Entry, Kind
from ...core.errors import ChatError
from ..desk.lines import FileLink, Line, after, day_of
from ..sync.conversations import LOBBY
from . import pieces
from .pieces import FETCH, Piece, Tag
from .style import GAP, LIGHT, Fonts, Format, Palette, configure_format, configure_text


class Spot(NamedTuple):
    """Where to write an entry: before this mark, or at the end if there is none."""

    before: str
    new_day: bool  # the day has to be written above it


def day_number(milliseconds: int) -> int:
    """A number of its own for each local day."""
    try:
        time = localtime(milliseconds / 1000)
    except (OverflowError, OSError, ValueError):
        return 0
    return time.tm_year * 1000 + time.tm_yday


def mark_of(seq: int) -> str:
    """The mark where an entry begins."""
    return f"entry{seq}"


def mark_of_day(day: int) -> str:
    """The mark where the line of a day begins."""
    return f"day{day}"


class EntryOrder:
    """The entries that a transcript shows, by their numbers."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._days: dict[int, int] = {}

    def __contains__(self, seq: int) -> bool:
        return seq in self._days

    @property
    def first(self) -> int:
        """The oldest entry; 0 if there is none."""
        return self._seqs[0] if self._seqs else 0

    def add(self, seq: int, milliseconds: int) -> Spot:
        """Take an entry in that is not there yet."""
        day = day_number(milliseconds)
        known = day in self._days.values()
        at = bisect_left(self._seqs, seq)
        before = ""
        if at < len(self._seqs):
            following = self._seqs[at]
            its_day = self._days[following]
            before = mark_of(following) if its_day == day else mark_of_day(its_day)
        insort(self._seqs, seq)
        self._days[seq] = day
        return Spot(before, not known)

    def forget_first(self) -> tuple[str, ...]:
        """The oldest entry is gone: the marks that nothing needs any more."""
        seq = self._seqs.pop(0)
        day = self._days.pop(seq)
        gone = mark_of(seq)
        return (gone,) if day in self._days.values() else (gone, mark_of_day(day))


MOST_LINES = 2000
TRIMMED = 100  # lines that go at a time
_NEW = "new"


class Transcript(ttk.Frame):
    """Shows lines, keeps the newest in sight unless somebody reads further up."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        drawn: Callable[[str], str],
        wants_earlier: Callable[[], object],
        fetch: Callable[[int], None],
    ) -> None:
        """`drawn` makes any text one that can be drawn; `fetch` fetches the file of a number."""
        super().__init__(parent, style="Paper.TFrame")
        self._fonts = fonts
        self._drawn = drawn
        self._wants_earlier = wants_earlier
        self._fetch = fetch
        self._mark = ""  # the longest that stands beside the time of an entry
        self._order = EntryOrder()
        self._lines: dict[int, Line] = {}
        self._formats: dict[Format, None] = {}  # that authors have used
        self._files: dict[str, int] = {}  # by the tags of what is to be clicked at
        self._palette: Palette | None = None
        self._follows = True  # the end is in sight
        self._at_top = True
        self._lay_out()

    def _lay_out(self) -> None:
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.text = tk.Text(
            self,
            wrap="word",
            state="disabled",
            font=self._fonts.plain,
            borderwidth=0,
            highlightthickness=0,
            padx=GAP,
            pady=GAP // 2,
            spacing1=2,
            spacing3=2,
            cursor="arrow",
            width=1,
            height=1,
            takefocus=False,
        )
        bar = ttk.Scrollbar(self, orient="vertical", command=self.text.yview, takefocus=False)

        def scrolled(first: float, last: float) -> None:
            bar.set(first, last)
            self._scrolled(float(first))

        self.text.configure(yscrollcommand=scrolled)
        self.text.grid(row=0, column=0, sticky="nsew")
        bar.grid(row=0, column=1, sticky="ns")
        self.text.bind("<Configure>", lambda event: self._stay())
        for sign in ("<MouseWheel>", "<Button-4>"):
            self.text.bind(sign, lambda event: self._pulled(), add=True)
        self.text.tag_bind(FETCH, "<ButtonRelease-1>", self._clicked)
        self.text.tag_bind(FETCH, "<Enter>", lambda event: self._point_with("hand2"))
        self.text.tag_bind(FETCH, "<Leave>", lambda event: self._point_with("arrow"))

    def _point_with(self, cursor: str) -> None:
        self.text.configure(cursor=cursor)

    def recolor(self, palette: Palette) -> None:
        """Show everything in these colors."""
        text, fonts = self.text, self._fonts
        self._palette = palette
        configure_text(text, palette)
        self._make_room(self._mark)
        text.tag_configure("private", background=palette.private)
        text.tag_configure("head", foreground=palette.muted, font=fonts.small)
        text.tag_configure("answer", font=fonts.fixed, lmargin2=fonts.fixed.measure("0" * 6))
        text.tag_configure("mention", background=palette.mention, font=fonts.bold)
        text.tag_configure("own", foreground=palette.own, font=fonts.bold)
        for number, color in enumerate(palette.names):
            text.tag_configure(f"name{number}", foreground=color, font=fonts.bold)
        text.tag_configure("event", foreground=palette.event, font=fonts.italic)
        text.tag_configure("error", foreground=palette.error)
        text.tag_configure("server", foreground=palette.server)
        text.tag_configure("file", font=fonts.bold)
        text.tag_configure(FETCH, foreground=palette.accent, underline=True)
        text.tag_configure("words", font=fonts.title, spacing1=GAP, spacing3=GAP)
        text.tag_configure("words", lmargin1=3 * GAP, lmargin2=3 * GAP)
        text.tag_configure("day", foreground=palette.muted, font=fonts.small)
        for tag in ("margin", _NEW):
            text.tag_configure(tag, foreground=palette.accent, font=fonts.bold)
        for tag in ("day", _NEW):
            text.tag_configure(tag, justify="center", spacing1=GAP, spacing3=GAP // 2)
        for wanted in self._formats:
            configure_format(text, wanted, palette, fonts)
        text.tag_raise("sel")

    def _name_of(self, tag: Tag) -> str:
        """The name that a tag has in the widget, which knows it from then on."""
        if isinstance(tag, FileLink):
            name = f"{FETCH}{tag.number}"
            self._files[name] = tag.number
            return name
        if isinstance(tag, str):
            return tag
        if tag not in self._formats and self._palette is not None:
            self._formats[tag] = None
            configure_format(self.text, tag, self._palette, self._fonts)
            self.text.tag_raise("sel")
        return tag.tag

    def _make_room(self, mark: str) -> None:
        """Have a column for the numbers and times of entries, and for this beside them."""
        self._mark = mark
        column = self._fonts.small.measure(f"00000 00:00{mark}")
        tabs = (column, "right", column + GAP, "left")
        self.text.tag_configure("entry", tabs=tabs, lmargin2=column + GAP)

    def _clicked(self, event: tk.Event[tk.Text]) -> None:
        """Somebody wants the file of a message."""
        if self.text.tag_ranges("sel"):
            return  # that was to copy something
        for tag in self.text.tag_names(f"@{event.x},{event.y}"):
            if tag in self._files:
                self._fetch(self._files[tag])

    # --- what is shown -----------------------------------------------------------------------

    def __contains__(self, line: Line) -> bool:
        """Whether this entry is shown already."""
        return line.seq in self._order

    @property
    def first(self) -> int:
        """The oldest message that is shown, 0 if there is none."""
        return self._order.first

    @property
    def full(self) -> bool:
        """Whether no earlier messages would fit in."""
        return self._count() >= MOST_LINES - TRIMMED

    def show(self, line: Line) -> None:
        """Show a line: an entry where it belongs, anything else at the end."""
        self._write(line)
        if self._count() > MOST_LINES:
            self._trim()
        self._stay()

    def show_earlier(self, lines: list[Line]) -> None:
        """Show what was said before above everything, without moving what somebody reads now."""
        self.text.mark_set("sight", "@0,0")
        self.text.mark_set("above", "1.0")
        first = self.first
        for line in lines:
            if line.seq in self._order or not line.is_entry:
                continue
            if first and line.seq > first:
                self._enter(line)
            else:
                self._enter(line, "above")
        if self._follows:
            self._stay()
        else:
            self.text.yview("sight")
        self.text.mark_unset("sight", "above")

    def _write(self, line: Line) -> None:
        if not line.is_entry:
            self._insert("end", pieces.of_line(line), ())
        elif line.entry is not None and line.entry.kind in (Kind.EDIT, Kind.DELETE):
            self._change(line, line.entry)
        elif line.seq not in self._order:
            self._enter(line)

    def _enter(self, line: Line, place: str = "") -> None:
        """Write an entry where it belongs, or at a place above all others."""
        spot = self._order.add(line.seq, line.time)
        self._lines[line.seq] = line
        mark = pieces.mark_of(line)
        if len(mark) > len(self._mark):
            self._make_room(mark)
        place = place or spot.before or "end"
        if spot.new_day or (place == "above" and self._take_day_away(line)):
            start = self._insert(place, [(f"— {day_of(line.time)} —", ("day",))], ())
            self.text.mark_set(mark_of_day(day_number(line.time)), start)
            if place != "above":
                place = f"{start} + 1 lines"
        start = self._insert(place, pieces.of_entry(line), self._tags(line))
        self.text.mark_set(mark_of(line.seq), start)

    def _take_day_away(self, line: Line) -> bool:
        """Whether the day of a line stood below and has to be written above it now."""
        mark = mark_of_day(day_number(line.time))
        if self.text.compare(mark, "<", "above"):
            return False
        if "day" in self.text.tag_names(mark):
            self._edit(lambda: self.text.delete(mark, f"{mark} + 1 lines"))
        return True

    def _change(self, line: Line, change: Entry) -> None:
        """A message was edited or deleted."""
        target = change.target or 0
        before = self._lines.get(target)
        changed = None if before is None else after(before, change)
        if before is None or changed is None:
            self._insert("end", pieces.of_line(line), ())
            return
        line = self._lines[target] = changed
        mark = mark_of(line.seq)
        start = self.text.index(mark)
        self._edit(lambda: self.text.delete(start, f"{start} + {len(before.rows)} lines linestart"))
        self._insert(start, pieces.of_entry(line), self._tags(line))
        self.text.mark_set(mark, start)

    @staticmethod
    def _tags(line: Line) -> tuple[str, ...]:
        return ("entry", "private") if line.private else ("entry",)

    def _insert(self, place: str, text: list[Piece], tags: tuple[str, ...]) -> str:
        """Write a line; where it begins."""
        start = self.text.index("end - 1 chars" if place == "end" else place)
        chunks: list[Any] = []
        for piece, its_tags in text:
            chunks += [self._drawn(piece), (*tags, *map(self._name_of, its_tags))]
        chunks += ["\n", chunks[1] if len(text) == 1 else tags]
        self._edit(lambda: self.text.insert(start, *chunks))
        return start

    def _edit(self, edit: Callable[[], None]) -> None:
        self.text.configure(state="normal")
        edit()
        self.text.configure(state="disabled")

    def _count(self) -> int:
        return int(self.text.index("end - 1 chars").split(".")[0]) - 1

    def _trim(self) -> None:
        """Let the oldest lines go."""
        gone = f"{self._count() - MOST_LINES + TRIMMED + 1}.0"
        while self.first and self.text.compare(mark_of(self.first), "<", gone):
            self._lines.pop(self.first, None)
            for mark in self._order.forget_first():
                self.text.mark_unset(mark)
        self._edit(lambda: self.text.delete("1.0", gone))

    # --- what is new -------------------------------------------------------------------------

    def mark_new(self) -> None:
        """What comes from now on is new to the person who comes back."""
        if not self.text.tag_ranges(_NEW):
            self._insert("end", [("— new —", (_NEW,))], ())

    def forget_new(self) -> None:
        """It is not new any more."""
        ranges = self.text.tag_ranges(_NEW)
        while ranges:
            start, end = str(ranges[0]), str(ranges[1])
            self._edit(lambda start=start, end=end: self.text.delete(start, end))  # type: ignore[misc]
            ranges = self.text.tag_ranges(_NEW)

    # --- scrolling ---------------------------------------------------------------------------

    def turn(self, pages: int) -> None:
        """Scroll by pages; up at the top asks for what was before."""
        if pages < 0:
            self._pulled()
        self.text.yview_scroll(pages, "pages")

    def to_end(self) -> None:
        """Look at the newest."""
        self._follows = True
        self._stay()

    def _stay(self) -> None:
        if self._follows:
            self.text.see("end")

    def _scrolled(self, first: float) -> None:
        if not self.winfo_ismapped():
            return
        self._follows = self.text.dlineinfo("end - 1 chars") is not None
        came_up = first <= 0 and not self._at_top
        self._at_top = first <= 0
        if came_up:
            self._wants_earlier()

    def _pulled(self) -> None:
        if self._at_top:
            self._wants_earlier()

    # --- copying -----------------------------------------------------------------------------

    def copy(self) -> bool:
        """Copy what is selected; whether anything is."""
        if not self.text.tag_ranges("sel"):
            return False
        self.text.event_generate("<<Copy>>")
        return True

    def select_all(self) -> None:
        self.text.tag_add("sel", "1.0", "end - 1 chars")


class Transcripts(ttk.Frame):
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
        self._transcripts: dict[str, Transcript] = {}
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
        page = self._transcripts.get(label)
        if page is None:
            page = self._transcripts[label] = Transcript(
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
        for page in self._transcripts.values():
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
        """Let scrolling up ask again, unless the server has refused."""
        self._asking.discard(label)
        error = failure.value
        if isinstance(error, ChatError) and error.code not in ("offline", "busy"):
            self._complete.add(label)
