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


def reason_of(error: BaseException) -> str:
    """Why something failed, as part of a sentence: `no such file or directory`."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    words = " ".join(text.split()).rstrip(".")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def sentence_of(error: BaseException | None) -> str:
    """Why something failed, as a sentence; empty where only a traceback tells."""
    if isinstance(error, ChatError):
        return error.sentence
    if isinstance(error, OSError):
        return f"{reason_of(error)}."
    return ""
