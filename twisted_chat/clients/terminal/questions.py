"""Questions that wait for an answer, one at a time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred


class Question:
    """A question, and the answer that is waited for."""

    def __init__(self, prompt: str, secret: bool, gone: Callable[[Question], None]) -> None:
        *self.above, self.prompt = prompt.split("\n")
        self.secret = secret
        self.answer: Deferred[str] = Deferred(lambda _: gone(self))


class Questions:
    """The questions that are open, the one that is asked first."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._open: list[Question] = []
        self._changed = changed

    @property
    def now(self) -> Question | None:
        """The one that is asked at the moment."""
        return self._open[0] if self._open else None

    def ask(self, prompt: str, secret: bool = False) -> Deferred[str]:
        """Ask when all that was asked before is answered."""
        question = Question(prompt, secret, self._gone)
        self._open.append(question)
        self._changed()
        return question.answer

    def answered(self, text: str) -> None:
        """The answer to the question of the moment."""
        question = self._open.pop(0)
        question.answer.callback(text)
        self._changed()

    def cancel(self) -> None:
        """Nobody wants to answer the question of the moment."""
        self._open[0].answer.cancel()

    def _gone(self, question: Question) -> None:
        self._open.remove(question)
        self._changed()
