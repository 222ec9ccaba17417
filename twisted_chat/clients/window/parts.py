"""Everything in the window: made, put in place, given its colors and the keys."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from ..desk.command_line import Arguments
from ..desk.desk import Desk
from ..desk.lines import Line
from . import style
from .alerts import Alerts
from .bars import Footer, Header, Strip
from .composer import Composer
from .file_dialog import Choosing
from .files import Files
from .layout import LEFT, RIGHT, Middle, Panels
from .pages import Pages
from .people import Memberships, People
from .questions import Questions
from .sidebar import Sidebar
from .style import Palette
from .text import draws_emoji, spelled
from .transfers import Transfers
from .verification import Comparing
from .who import may_encrypt, members_of, rows_of


class Acts(Protocol):
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
        self, root: tk.Tk, reactor: Any, arguments: Arguments, desk: Desk, acts: Acts
    ) -> None:
        self._root = root
        self._desk = desk
        self._acts = acts
        self._fonts = style.Fonts(root)
        self._drawn: Callable[[str], str] = str if draws_emoji() else spelled
        self.alerts = Alerts(root, reactor, not arguments.bell, self._drawn)
        self.memberships = Memberships(
            lambda room: Deferred.fromCoroutine(desk.user.whole("members", "people", room=room)),
            acts.changed,
        )
        self._choosing = Choosing(reactor)
        center = ttk.Frame(root)
        self._make_middle(center)
        self._make_edges()
        slot = ttk.Frame(center)
        slot.columnconfigure(0, weight=1)
        self.questions = Questions(root, slot, self._fonts, self._drawn, acts.question_opened)
        self.files = Files(desk, self._choosing, self.questions, self.composer)
        self.comparing = Comparing(desk, self.questions)
        self._panels = Panels(
            root,
            self._header,
            {LEFT: self._sidebar, RIGHT: self._people},
            center,
            Middle(self.pages, self._transfers, self._strip, slot, self.composer),
            self._footer,
        )
        self._bind_keys()

    def _make_middle(self, center: ttk.Frame) -> None:
        fonts, drawn, acts = self._fonts, self._drawn, self._acts
        self.pages = Pages(
            *(center, fonts, drawn),
            earlier=acts.earlier,
            touched=self.to_composer,
            fetch=lambda number: self.files.fetch(number),
        )
        self._transfers = Transfers(center, drawn, lambda number: self.files.cancel(number))
        self._strip = Strip(center, drawn, self._ask_for_secrecy)
        self.composer = Composer(
            *(center, fonts),
            enter=acts.enter,
            typing=self._desk.typing,
            complete=self._desk.complete,
            hint=self._strip.hint,
            attach=lambda: self.files.choose(),
            pasted=lambda text: self.files.pasted(text),
        )
        self.composer.allow(False)

    def _make_edges(self) -> None:
        root, fonts, drawn, acts = self._root, self._fonts, self._drawn, self._acts
        self._header = Header(
            *(root, drawn),
            toggle=lambda side: self._panels.toggle(side),
            reconnect=lambda: acts.do("/reconnect"),
            disconnect=acts.asks_to_leave,
            secrecy=self._ask_for_secrecy,
        )
        self._sidebar = Sidebar(
            *(root, fonts, drawn),
            switch=acts.switch,
            join=acts.ask_for_room,
            message=acts.ask_for_person,
        )
        self._people = People(root, fonts, drawn, talk=acts.switch)
        self._footer = Footer(root, drawn)

    def recolor(self, palette: Palette) -> None:
        """Show everything in these colors."""
        style.apply(self._root, palette, self._fonts)
        for part in (self._header, self._sidebar, self._people, self._footer):
            part.recolor(palette)
        for one in (self._transfers, self._strip, self.pages, self.composer, self.questions):
            one.recolor(palette)

    def close(self) -> None:
        """Ask for nothing more."""
        self._choosing.close()

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
        self.pages.look_at(status.here)
        if status.online:
            self.pages.fill()
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
            self._acts.do(f"/encrypt {self._desk.here}")
        elif status.here.startswith("#"):
            self._acts.do("/readers")
        else:
            self.comparing.begin(self._desk.here)

    # --- keys --------------------------------------------------------------------------------

    def _bind_keys(self) -> None:
        commands: tuple[tuple[str, Callable[[], object]], ...] = (
            ("<Control-Tab>", lambda: self._step(1)),
            ("<Control-Next>", lambda: self._step(1)),
            ("<Control-Shift-Tab>", lambda: self._step(-1)),
            ("<Control-ISO_Left_Tab>", lambda: self._step(-1)),
            ("<Control-Prior>", lambda: self._step(-1)),
            ("<Control-q>", self._acts.asks_to_leave),
            ("<Control-o>", self.files.choose),
            ("<F9>", self._panels.toggle_both),
            ("<Prior>", lambda: self.pages.here.turn(-1)),
            ("<Next>", lambda: self.pages.here.turn(1)),
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
            self._acts.switch(label)

    def _copy(self) -> str | None:
        """Copy what is selected: where one types, or else in the transcript."""
        if self.composer.field.tag_ranges("sel"):
            return None
        self.pages.here.copy()
        return "break"
