"""One question, or one thing to be told, on a card of its own."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import NamedTuple

from .style import GAP, Fonts, Palette, configure_text
from .text import whole

MOST_ROWS = 12


class Question(NamedTuple):
    """What stands on a card; without a `field` the buttons are the answer."""

    text: str
    title: str = ""
    field: bool = False
    secret: bool = False
    to_compare: str = ""  # a fingerprint, to be read letter by letter
    words: str = ""  # some to be read aloud
    yes: str = "OK"
    no: str = "Cancel"


class Paragraph(tk.Text):
    """Text of several lines that can be selected, as high as it needs to be."""

    def __init__(self, parent: tk.Misc, fonts: Fonts, palette: Palette, text: str) -> None:
        super().__init__(
            parent,
            wrap="word",
            font=fonts.plain,
            borderwidth=0,
            highlightthickness=0,
            width=1,
            height=1,
            padx=1,
            pady=0,
            cursor="arrow",
            takefocus=False,
        )
        self.recolor(palette)
        self.insert("1.0", text)
        if "\n" in text:
            self.tag_add("question", "end - 1 chars linestart", "end")
        self.tag_configure("question", font=fonts.bold)
        self.configure(state="disabled")
        self.bind("<Configure>", lambda event: self._grow())
        self.bind("<Button-1>", lambda event: self.focus_set())

    def recolor(self, palette: Palette) -> None:
        configure_text(self, palette)
        self.configure(background=palette.panel)

    def _grow(self) -> None:
        counted = self.count("1.0", "end", "displaylines")
        rows = counted[0] if isinstance(counted, tuple) else counted or 1
        rows = max(1, min(rows, MOST_ROWS))
        if int(self["height"]) != rows:
            self.configure(height=rows)


class Sheet(ttk.Frame):
    """A card with a question; what was answered is told once, None for a refusal."""

    def __init__(
        self,
        parent: tk.Misc,
        fonts: Fonts,
        palette: Palette,
        question: Question,
        answered: Callable[[str | None], None],
    ) -> None:
        super().__init__(parent, style="Card.TFrame", padding=2 * GAP)
        self.question = question
        self._answered = answered
        self.columnconfigure(0, weight=1)
        if question.title:
            title = ttk.Label(self, text=question.title, style="Title.TLabel")
            title.grid(row=0, column=0, sticky="w", pady=(0, GAP))
        self._text = text = Paragraph(self, fonts, palette, question.text)
        text.grid(row=1, column=0, sticky="ew", pady=(0, GAP))
        self._field: ttk.Entry | None = None
        self._words: Paragraph | None = None
        if question.to_compare:
            self._show_to_compare(fonts)
        if question.words:
            self._words = Paragraph(self, fonts, palette, question.words)
            self._words.configure(font=fonts.title)
            self._words.grid(row=2, column=0, sticky="ew", pady=(0, GAP))
        if question.field:
            self._field = ttk.Entry(self, show="•" if question.secret else "", font=fonts.plain)
            self._field.grid(row=3, column=0, sticky="ew", pady=(0, GAP))
        self._buttons = self._make_buttons()
        for widget in (self, text, *self._buttons, *([self._field] if self._field else [])):
            widget.bind("<Escape>", lambda event: self._refuse())
            widget.bind("<Return>", lambda event: self._accept())
            widget.bind("<KP_Enter>", lambda event: self._accept())

    def recolor(self, palette: Palette) -> None:
        for text in (self._text, self._words):
            if text is not None:
                text.recolor(palette)

    def _show_to_compare(self, fonts: Fonts) -> None:
        shown = ttk.Entry(self, font=fonts.fixed)
        shown.insert(0, self.question.to_compare)
        shown.configure(state="readonly")
        shown.grid(row=2, column=0, sticky="ew", pady=(0, GAP))

    def _make_buttons(self) -> list[ttk.Button]:
        row = ttk.Frame(self)
        row.grid(row=4, column=0, sticky="e", pady=(GAP // 2, 0))
        buttons = []
        if self.question.no:
            buttons.append(ttk.Button(row, text=self.question.no, command=self._refuse))
        if self.question.yes:
            style = "Accent.TButton"
            yes = ttk.Button(row, text=self.question.yes, command=self._accept, style=style)
            buttons.append(yes)
        for column, button in enumerate(buttons):
            button.grid(row=0, column=column, padx=(GAP if column else 0, 0))
        return buttons

    def focus_here(self) -> None:
        """Type the answer here, or press the button that does no harm."""
        target = self._field or (self._buttons[0] if self._buttons else self)
        target.focus_set()

    def wait(self) -> None:
        """It was answered, and something has to be found out before it goes on."""
        for widget in (self._field, *self._buttons[1:]):
            if widget is not None:
                widget.configure(state="disabled")

    def _accept(self) -> str:
        focused = self.focus_get()
        if focused in self._buttons[:1] and self.question.no:
            return self._refuse()  # Enter presses the button one has gone to
        if self._field is None or str(self._field["state"]) == "normal":
            self._answered(whole(self._field.get()) if self._field is not None else "")
        return "break"

    def _refuse(self) -> str:
        self._answered(None)
        return "break"
