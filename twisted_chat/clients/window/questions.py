"""Asking the person: to sign in, to trust a server, for what a command leaves open."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import TypeVar

from twisted.internet.defer import Deferred

from ..connection.trust import Judgement
from .card import Question, Sheet
from .style import GAP, LIGHT, Fonts, Palette
from .text import short

WIDEST = 480  # pixels of a card in the middle
LONGEST = 4000  # characters of a text
MOST_NOTES = 4

Answer = TypeVar("Answer")


class Questions:
    """Shows one question at a time.

    Until somebody has signed in they are on a card in the middle of the window, and
    after that above the field where one types.
    """

    def __init__(
        self,
        window: tk.Misc,
        slot: ttk.Frame,
        fonts: Fonts,
        drawn: Callable[[str], str],
        opened: Callable[[bool], None],
    ) -> None:
        """`opened` is told when a question begins and ends that stands above that field."""
        self._window = window
        self._slot = slot
        self._fonts = fonts
        self._drawn = drawn
        self._opened = opened
        self._sheet: Sheet | None = None
        self._open: Deferred[str] | None = None
        self._notes: list[str] = []
        self._palette: Palette = LIGHT
        self.entering = True
        self.title = ""
        window.bind("<Configure>", lambda event: self._center(), add=True)

    def recolor(self, palette: Palette) -> None:
        """Ask in these colors."""
        self._palette = palette
        if self._sheet is not None:
            self._sheet.recolor(palette)

    @property
    def is_open(self) -> bool:
        """Whether an answer is waited for."""
        return self._open is not None

    def note(self, text: str) -> None:
        """Something to read before the next question."""
        self._notes.append(text)

    def ask(self, prompt: str, secret: bool = False) -> Deferred[str]:
        """Ask for a line."""
        text = prompt.rstrip().removesuffix(":")
        if self.entering:
            text = "\n".join([*self._notes[-MOST_NOTES:], text])
            self._notes.clear()
        title = self.title if self.entering else ""
        return self._put(Question(text, title, field=True, secret=secret), self.entering)

    def trusts(self, judgement: Judgement) -> Deferred[bool]:
        """Ask whether to trust a server."""
        question = Question(
            f"Compare its key with the one that its administrator gives you.\n{judgement.about}:",
            "Do you trust this server?",
            to_compare=judgement.key,
            yes="Trust",
            no="Do not connect",
        )
        return self._agreed(self._put(question, True))

    def confirm(self, text: str, yes: str) -> Deferred[bool]:
        """Ask whether to do something."""
        return self._agreed(self._put(Question(text, yes=yes), False))

    def compare(self, text: str, words: str) -> Deferred[bool]:
        """Ask whether somebody else sees the same words."""
        question = Question(text, words=words, yes="They are the same", no="Not now")
        return self._agreed(self._put(question, False))

    def tell(self, title: str, text: str) -> Deferred[bool]:
        """Tell something that has to be read."""
        return self._agreed(self._put(Question(text, title, yes="", no="Close"), True))

    def wait(self, text: str, give_up: Callable[[], object]) -> None:
        """Say what one has to wait for, as long as nothing is asked; one can give it up."""
        self._agreed(self._put(Question(text, self.title, yes=""), True, give_up))

    @staticmethod
    def _agreed(answer: Deferred[str]) -> Deferred[bool]:
        return answer.addCallbacks(lambda _: True, lambda failure: False)

    def entered(self) -> None:
        """Somebody has signed in."""
        if self.entering:
            self.entering = False
            self._notes.clear()
            if self._open is not None:
                self._open.cancel()
            self._close()

    # --- the card ----------------------------------------------------------------------------

    def _put(
        self, question: Question, middle: bool, refused: Callable[[], object] | None = None
    ) -> Deferred[str]:
        """Show a question instead of the one before; `refused` is told if somebody cancels it."""
        if self._open is not None:
            self._open.cancel()
        self._close()
        answer: Deferred[str] = Deferred(lambda _: self._taken_back(answer))
        self._open = answer
        question = question._replace(text=self._drawn(short(question.text, LONGEST)))

        def answered(text: str | None) -> None:
            if self._open is not answer:
                return
            if text is None:
                answer.cancel()
                if refused is not None:
                    refused()
                return
            self._open = None
            if self.entering and self._sheet is not None:
                self._sheet.wait()
            else:
                self._close()
            answer.callback(text)

        parent = self._window if middle else self._slot
        self._sheet = Sheet(parent, self._fonts, self._palette, question, answered)
        if middle:
            self._center()
        else:
            self._sheet.grid(row=0, column=0, sticky="ew", padx=GAP, pady=GAP)
            self._slot.grid()
            self._opened(True)
        self._sheet.focus_here()
        return answer

    def _taken_back(self, answer: Deferred[str]) -> None:
        if self._open is answer:
            self._open = None
            self._close()

    def _close(self) -> None:
        sheet, self._sheet = self._sheet, None
        if sheet is not None:
            sheet.destroy()
            self._slot.grid_remove()  # an empty one would stay as high as it was
            self._opened(False)

    def _center(self) -> None:
        sheet = self._sheet
        if sheet is not None and sheet.master is self._window:
            width = min(WIDEST, self._window.winfo_width() - 2 * GAP)
            sheet.place(relx=0.5, rely=0.45, anchor="center", width=max(width, 200))
            sheet.lift()
