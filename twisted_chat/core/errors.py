"""The one error that a person or a program is meant to see."""

from __future__ import annotations


class ChatError(Exception):
    """A refusal: a stable code for programs and one plain sentence for people.

    Raise it anywhere; the session that asked turns it into an answer.
    `details` are extra facts for programs, such as `retry_after=5`.
    """

    def __init__(self, code: str, sentence: str, **details: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details


class StartError(Exception):
    """The service cannot start; the text is the one sentence that says why."""


def in_words(error: BaseException | None) -> str:
    """Why something could not be done, in words of people; empty where only a traceback tells."""
    if isinstance(error, ChatError):
        return error.sentence
    if isinstance(error, OSError):
        return f"{error.strerror or error}."
    return ""
