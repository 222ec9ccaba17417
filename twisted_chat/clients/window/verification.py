"""Comparing words with somebody, so that nobody is between."""

from __future__ import annotations

from ...core.text import shown
from ..desk.desk import Desk
from ..desk.lines import Line, SixWords
from .questions import Questions


class Comparing:
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
