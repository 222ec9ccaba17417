"""Everything in the window: made, put in place, given its colors and the keys."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from ..desk.command_line import Arguments
from ..desk.desk import Desk
from ..desk.lines import Line
from . import style
from .alerts import Alerts
from .bars import Footer, Header, StatusStrip
from .composer import Composer
from .file_dialog import FileDialog
from .files import FileActions, TransferRows
from .questions import Questions, Verification
from .side_panels import Memberships, PeoplePanel, Sidebar, may_encrypt, members_of, rows_of
from .style import Palette
from .text import draws_emoji, spelled
from .transcript import Transcripts

SMALLEST = (360, 240)
USUAL = (960, 640)
ROOM_FOR_ONE = 560  # pixels from which there is room for the conversations at the side
ROOM_FOR_TWO = 800  # and for the people on the other

LEFT, RIGHT = "list", "people"


class Middle(NamedTuple):
    """What is between the panels at the sides, from above."""

    pages: ttk.Frame
    transfers: ttk.Frame
    strip: ttk.Frame
    question: ttk.Frame
    composer: ttk.Frame


class Panels:
    """Arranges the parts of the window."""

    def __init__(
        self,
        root: tk.Tk,
        header: ttk.Frame,
        sides: dict[str, ttk.Frame],
        center: ttk.Frame,
        middle: Middle,
        footer: ttk.Frame,
    ) -> None:
        self._root = root
        self._sides = sides
        self._chosen: dict[str, bool] = {}  # what somebody has chosen, whatever the size
        self._width = 0
        root.minsize(*SMALLEST)
        width = min(USUAL[0], root.winfo_screenwidth())
        height = min(USUAL[1], root.winfo_screenheight())
        root.geometry(f"{width}x{height}")
        root.columnconfigure(2, weight=1)
        root.rowconfigure(2, weight=1)
        header.grid(row=0, column=0, columnspan=5, sticky="ew")
        self._edge().grid(row=1, column=0, columnspan=5, sticky="ew")
        self._edges = {LEFT: self._edge(), RIGHT: self._edge()}
        center.grid(row=2, column=2, sticky="nsew")
        self._edge().grid(row=3, column=0, columnspan=5, sticky="ew")
        footer.grid(row=4, column=0, columnspan=5, sticky="ew")
        center.columnconfigure(0, weight=1)
        center.rowconfigure(0, weight=1)
        for row, part in enumerate(middle):
            part.grid(row=row, column=0, sticky="nsew")
        root.bind("<Configure>", self._resized, add=True)
        self._arrange(width)

    def _edge(self) -> ttk.Frame:
        return ttk.Frame(self._root, style="Edge.TFrame", width=1, height=1)

    def toggle(self, side: str) -> None:
        """Show a side, or hide it."""
        self._chosen[side] = not self._sides[side].winfo_ismapped()
        self._arrange(self._width)

    def toggle_both(self) -> None:
        """Hide what there is at the sides, or show it."""
        shown = any(side.winfo_ismapped() for side in self._sides.values())
        self._chosen = dict.fromkeys(self._sides, not shown)
        self._arrange(self._width)

    def _resized(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self._root and event.width != self._width:
            self._arrange(event.width)

    def _arrange(self, width: int) -> None:
        self._width = width
        fits = {LEFT: width >= ROOM_FOR_ONE, RIGHT: width >= ROOM_FOR_TWO}
        for column, side in ((0, LEFT), (4, RIGHT)):
            frame, edge = self._sides[side], self._edges[side]
            if self._chosen.get(side, fits[side]):
                frame.grid(row=2, column=column, sticky="nsew")
                edge.grid(row=2, column=1 if side == LEFT else 3, sticky="ns")
            else:
                frame.grid_remove()
                edge.grid_remove()


class Actions(Protocol):
    """What somebody can do with the parts."""

    def enter(self, lines: list[str]) -> None: ...
    def do(self, command: str) -> None: ...
    def switch(self, label: str) -> None: ...
    def ask_for_room(self) -> None: ...
    def ask_for_person(self) -> None: ...
    def asks_to_leave(self) -> object: ...
    def earlier(self, label: str) -> Deferred[list[Line]] | None: ...
    def changed(self) -> None: ...
    def question_opened(self, opened: bool) -> None: ...


class Parts:
    """The parts of one window."""

    def __init__(
        self, root: tk.Tk, reactor: Any, arguments: Arguments, desk: Desk, actions: Actions
    ) -> None:
        self._root = root
        self._desk = desk
        self._actions = actions
        self._fonts = style.Fonts(root)
        self._drawn: Callable[[str], str] = str if draws_emoji() else spelled
        self.alerts = Alerts(root, reactor, not arguments.bell, self._drawn)
        self.memberships = Memberships(
            lambda room: Deferred.fromCoroutine(desk.user.whole("members", "people", room=room)),
            actions.changed,
        )
        self._dialog = FileDialog(reactor)
        center = ttk.Frame(root)
        self._make_middle(center)
        self._make_edges()
        slot = ttk.Frame(center)
        slot.columnconfigure(0, weight=1)
        self.questions = Questions(root, slot, self._fonts, self._drawn, actions.question_opened)
        self.files = FileActions(desk, self._dialog, self.questions, self.composer)
        self.verification = Verification(desk, self.questions)
        self._panels = Panels(
            root,
            self._header,
            {LEFT: self._sidebar, RIGHT: self._people},
            center,
            Middle(self.transcripts, self._transfers, self._strip, slot, self.composer),
            self._footer,
        )
        self._bind_keys()

    def _make_middle(self, center: ttk.Frame) -> None:
        fonts, drawn, actions = self._fonts, self._drawn, self._actions
        self.transcripts = Transcripts(
            *(center, fonts, drawn),
            earlier=actions.earlier,
            touched=self.to_composer,
            fetch=lambda number: self.files.fetch(number),
        )
        self._transfers = TransferRows(center, drawn, lambda number: self.files.cancel(number))
        self._strip = StatusStrip(center, drawn, self._ask_for_secrecy)
        self.composer = Composer(
            *(center, fonts),
            enter=actions.enter,
            typing=self._desk.typing,
            complete=self._desk.complete,
            hint=self._strip.hint,
            attach=lambda: self.files.choose(),
            pasted=lambda text: self.files.pasted(text),
        )
        self.composer.allow(False)

    def _make_edges(self) -> None:
        root, fonts, drawn, actions = self._root, self._fonts, self._drawn, self._actions
        self._header = Header(
            *(root, drawn),
            toggle=lambda side: self._panels.toggle(side),
            reconnect=lambda: actions.do("/reconnect"),
            disconnect=actions.asks_to_leave,
            secrecy=self._ask_for_secrecy,
        )
        self._sidebar = Sidebar(
            *(root, fonts, drawn),
            switch=actions.switch,
            join=actions.ask_for_room,
            message=actions.ask_for_person,
        )
        self._people = PeoplePanel(root, fonts, drawn, talk=actions.switch)
        self._footer = Footer(root, drawn)

    def recolor(self, palette: Palette) -> None:
        """Show everything in these colors."""
        style.apply(self._root, palette, self._fonts)
        for part in (self._header, self._sidebar, self._people, self._footer):
            part.recolor(palette)
        for one in (self._transfers, self._strip, self.transcripts, self.composer, self.questions):
            one.recolor(palette)

    def close(self) -> None:
        """Ask for nothing more."""
        self._dialog.close()

    def refresh(self, looking: bool, leaving: bool) -> None:
        """Show everything as it is now."""
        status = self._desk.status()
        been_in = self._desk.user.life.been_in
        if been_in and self.questions.entering:
            self.questions.entered()
            self.to_composer()
        if not status.online:
            self.memberships.forget()
        members = members_of(status, self.memberships)
        self._header.refresh(
            status,
            lost=been_in and not status.online and not leaving,
            may_encrypt=status.online and may_encrypt(status, members),
        )
        self._footer.refresh(status)
        self._strip.refresh(status)
        self._sidebar.refresh(rows_of(self._desk.user, status.here, looking), status.here)
        self._people.refresh(members)
        self._transfers.refresh(status.transfers)
        self.transcripts.look_at(status.here)
        if status.online:
            self.transcripts.fill()
        self.alerts.look_at(status.here if been_in else "")

    def to_composer(self) -> None:
        """Type there, unless a question is to be answered."""
        if not self.questions.is_open:
            self.composer.focus_here()

    def _ask_for_secrecy(self) -> None:
        """Have the conversation encrypted, compare words, or show who reads in a room."""
        status = self._desk.status()
        if self.questions.is_open:
            return
        if not status.secrecy:
            self._actions.do(f"/encrypt {self._desk.here}")
        elif status.here.startswith("#"):
            self._actions.do("/readers")
        else:
            self.verification.begin(self._desk.here)

    # --- keys --------------------------------------------------------------------------------

    def _bind_keys(self) -> None:
        commands: tuple[tuple[str, Callable[[], object]], ...] = (
            ("<Control-Tab>", lambda: self._step(1)),
            ("<Control-Next>", lambda: self._step(1)),
            ("<Control-Shift-Tab>", lambda: self._step(-1)),
            ("<Control-ISO_Left_Tab>", lambda: self._step(-1)),
            ("<Control-Prior>", lambda: self._step(-1)),
            ("<Control-q>", self._actions.asks_to_leave),
            ("<Control-o>", self.files.choose),
            ("<F9>", self._panels.toggle_both),
            ("<Prior>", lambda: self.transcripts.here.turn(-1)),
            ("<Next>", lambda: self.transcripts.here.turn(1)),
        )
        for sign, command in commands:
            self._bind(sign, command)
        self.composer.field.bind("<Control-c>", lambda event: self._copy())

    def _bind(self, sign: str, command: Callable[[], object]) -> None:
        """A key that means the same wherever one is."""

        def pressed(event: tk.Event[tk.Misc]) -> str:
            command()
            return "break"

        try:
            self._root.bind(sign, pressed)
        except tk.TclError:  # a key that only X has a name for
            return
        self.composer.field.bind(sign, pressed)

    def _step(self, step: int) -> None:
        label = self._sidebar.beside(step)
        if label:
            self._actions.switch(label)

    def _copy(self) -> str | None:
        """Copy what is selected: where one types, or else in the transcript."""
        if self.composer.field.tag_ranges("sel"):
            return None
        self.transcripts.here.copy()
        return "break"
