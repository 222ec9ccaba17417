"""Asking the person: to sign in, to trust a server, for what a command leaves open."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import NamedTuple, TypeVar

from twisted.internet.defer import Deferred

from ...core.text import shown
from ..connection.trust import Judgement
from ..desk.desk import Desk
from ..desk.lines import Line, SixWords
from .style import GAP, LIGHT, Fonts, Palette, configure_text
from .text import short, whole

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


class Card(ttk.Frame):
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
        self._card: Card | None = None
        self._open: Deferred[str] | None = None
        self._notes: list[str] = []
        self._palette: Palette = LIGHT
        self.entering = True
        self.title = ""
        window.bind("<Configure>", lambda event: self._center(), add=True)

    def recolor(self, palette: Palette) -> None:
        """Ask in these colors."""
        self._palette = palette
        if self._card is not None:
            self._card.recolor(palette)

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
            if self.entering and self._card is not None:
                self._card.wait()
            else:
                self._close()
            answer.callback(text)

        parent = self._window if middle else self._slot
        self._card = Card(parent, self._fonts, self._palette, question, answered)
        if middle:
            self._center()
        else:
            self._card.grid(row=0, column=0, sticky="ew", padx=GAP, pady=GAP)
            self._slot.grid()
            self._opened(True)
        self._card.focus_here()
        return answer

    def _taken_back(self, answer: Deferred[str]) -> None:
        if self._open is answer:
            self._open = None
            self._close()

    def _close(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            card.destroy()
            self._slot.grid_remove()  # an empty one would stay as high as it was
            self._opened(False)

    def _center(self) -> None:
        card = self._card
        if card is not None and card.master is self._window:
            width = min(WIDEST, self._window.winfo_width() - 2 * GAP)
            card.place(relx=0.5, rely=0.45, anchor="center", width=max(width, 200))
            card.lift()


class Verification:
    """Has the desk show the words, and asks whether they are the same."""

    def __init__(self, desk: Desk, questions: Questions) -> None:
        self._desk = desk
        self._questions = questions
        self._words = ""  # that were shown last

    def note(self, line: Line) -> None:
        """The desk shows this."""
        for part in line.rows[0]:
            if isinstance(part, SixWords):
                self._words = part.words

    def begin(self, name: str) -> None:
        """Compare words with this person."""
        self._words = ""
        self._desk.enter(f"/verify {name}").addCallback(lambda _: self._ask(name))

    def _ask(self, name: str) -> None:
        if not self._words:
            return  # the desk has said why there are none
        asked = self._questions.compare(
            f"Does {shown(name)} see the same six words? Compare them in person or on the"
            " telephone.",
            self._words,
        )
        asked.addCallback(lambda same: self._desk.enter(f"/verify {name} ok") if same else None)
