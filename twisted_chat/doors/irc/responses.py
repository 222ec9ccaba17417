"""The lines that answer one command, and how they are tied to the label it came with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from .message import read_tags, write_tags

_references = count(1)


@dataclass(slots=True)
class Answer:
    """A line without its tags and its end."""

    text: str
    tags: dict[str, str] = field(default_factory=dict)


class Answers:
    """Gathers the answer to a command until it is sent as one piece."""

    __slots__ = ("_lines", "_server", "awaited", "command", "label", "size")

    def __init__(self, server: str, command: str = "", label: str = "") -> None:
        self._server = server
        self.command = command  # what is answered, when it is something that was said
        self._lines: list[Answer] = []
        self.size = 0  # characters, the tags left out
        self.label = label
        self.awaited = 0  # outcomes without which the answer is not whole

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, text: str, tags: Mapping[str, str] | None = None) -> None:
        """One more line."""
        self.size += len(text)
        self._lines.append(Answer(text, dict(tags or {})))

    def add_rendered(self, line: str) -> None:
        """One more line, which has its tags already."""
        tags, text = {}, line
        if line.startswith("@"):
            written, _, text = line[1:].partition(" ")
            tags = read_tags(written)
        self.size += len(text)
        self._lines.append(Answer(text, tags))

    def taken(self) -> list[str]:
        """The lines as they are sent, marked with the label as it must be; both are used up."""
        lines, self._lines = self._lines, []
        self.size = 0
        label, self.label = self.label, ""
        if label:
            lines = self._labelled(lines, label)
        return [write_tags(line.tags) + line.text for line in lines]

    def _labelled(self, lines: list[Answer], label: str) -> list[Answer]:
        if not lines:
            return [Answer(f":{self._server} ACK", {"label": label})]
        if len(lines) == 1 or self._is_one_batch(lines):
            lines[0].tags = {"label": label, **lines[0].tags}
            return lines
        reference = f"l{next(_references)}"
        for line in lines:
            line.tags.setdefault("batch", reference)
        begin = Answer(f":{self._server} BATCH +{reference} labeled-response", {"label": label})
        return [begin, *lines, Answer(f":{self._server} BATCH -{reference}")]

    def _is_one_batch(self, lines: list[Answer]) -> bool:
        first, last = lines[0].text.split(" "), lines[-1].text.split(" ")
        return (
            first[1:2] == last[1:2] == ["BATCH"]
            and first[2].startswith("+")
            and last[2] == f"-{first[2][1:]}"
        )
