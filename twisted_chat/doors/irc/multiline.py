"""Messages of several lines: the batches that clients send, and where clients cut long lines."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct, field

from ...core.entries import Entry, Form, State
from ...core.text import MAX_LINES
from .message import Message, shortened, spoken
from .refusals import Failed

TYPE = "draft/multiline"
CONCAT = "draft/multiline-concat"
OPEN_FOR = 60.0  # seconds a batch may take; its lines fit into a sixth of them at the usual rate
LONGEST_REFERENCE = 64
MOST_REMEMBERED = 256 * 1024  # characters, in all


class Batch(Struct):
    """A batch whose lines are still coming. A client has one at a time."""

    reference: str
    since: float  # when it was opened
    target: str
    label: str
    tags: dict[str, str]
    command: str = ""  # PRIVMSG or NOTICE, whatever its first line was
    lines: list[list[str]] = field(default_factory=list)  # each in the parts it came in
    count: int = 0
    size: int = 0
    failed: bool = False  # it was refused: what still comes of it is ignored

    def check(self, kind: str) -> None:
        """Raise Failed if this cannot be a message."""
        if kind != TYPE:
            text = f"Only {TYPE} can be sent"
            raise Failed("UNKNOWN_TYPE", text, shortened(self.reference))
        if not self.target:
            raise invalid("A message of several lines has a target")

    def add(self, message: Message, most: int) -> int:
        """Add a line. Returns how many characters it has; at most so many bytes fit in all."""
        target, *said = message.params[:2] or [""]
        text = spoken(said[0]) if said else ""
        concat = CONCAT in message.tags
        if target != self.target:
            raise Failed(
                "MULTILINE_INVALID_TARGET",
                "All lines of a batch go where the batch goes",
                shortened(self.target),
                shortened(target),
            )
        if self.command not in ("", message.command):
            raise invalid("A batch has PRIVMSG or NOTICE, and not both")
        if concat and (not text or not self.lines):
            raise invalid("There is nothing to be put together")
        self.command = message.command
        self.count += 1
        self.size += len(text.encode()) + (bool(self.lines) and not concat)
        if self.count > MAX_LINES:
            raise Failed("MULTILINE_MAX_LINES", "Those are too many lines", str(MAX_LINES))
        if self.size > most:
            raise Failed("MULTILINE_MAX_BYTES", "That is too much at once", str(most))
        if concat:
            self.lines[-1].append(text)
        else:
            self.lines.append([text])
        return len(text)

    def fail(self) -> None:
        """Ignore what still comes of it."""
        self.failed = True
        self.lines.clear()

    @property
    def blank(self) -> bool:
        return not any(part for line in self.lines for part in line)


def invalid(text: str) -> Failed:
    """The refusal of a batch that is not a message of several lines."""
    return Failed("MULTILINE_INVALID", text)


class LineCuts:
    """Remembers where clients have cut their long lines, so that others see them cut there too.

    Only the text is stored. After a while it is cut where it has to be, and no longer where its
    author's client has cut it.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, str], list[list[str]]] = OrderedDict()
        self._size = 0

    def note(self, author: str, lines: list[list[str]]) -> str:
        """Remember lines that are about to be sent, each in its parts. Returns their text."""
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
