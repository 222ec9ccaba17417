"""How messages of several lines were put together, as long as they are new."""

from __future__ import annotations

from collections import OrderedDict

from ...core.entries import Entry, Form, State

MOST_REMEMBERED = 256 * 1024  # characters, in all


class Composed:
    """Remembers where clients have cut their long lines, so that others see them cut there too.

    What is stored is the text. After a while it is cut where it has to be, and no longer where
    its author's client thought best.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, str], list[list[str]]] = OrderedDict()
        self._size = 0

    def note(self, author: str, lines: list[list[str]]) -> str:
        """Somebody is about to say these lines, each in its parts; the text that they are."""
        text = "\n".join(["".join(parts) for parts in lines])
        if self._lines.pop((author, text), None) is None:
            self._size += len(text)
        self._lines[author, text] = lines
        while self._size > MOST_REMEMBERED:
            (_, oldest), _ = self._lines.popitem(last=False)
            self._size -= len(oldest)
        return text

    def of(self, entry: Entry) -> list[list[str]] | None:
        """The lines of a message in their parts, if that is known."""
        if entry.form not in (Form.WORDS, Form.NOTICE) or entry.state is not State.AS_SAID:
            return None
        return self._lines.get((entry.author, entry.text))
