"""The answer to one command: its lines are gathered, given the label of the command, and written
at once.

A label names the one answer to a command. An answer of one line has it on that line, an answer of
several is a batch that has it, and where there is nothing to say ACK has it. A message is answered
with its echo, which the room shows in its own order: its label waits in `Labels` until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex

from .message import read_tags, write_tags

SCOPE = "irc:"  # begins the ids of messages whose echo is expected here

_numbers = count(1)


def batch_reference() -> str:
    """A reference that no other batch of this server has."""
    return f"b{next(_numbers)}"


@dataclass(slots=True)
class ResponseLine:
    """A line without its end, and its tags."""

    text: str
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, line: str) -> ResponseLine:
        """A line that was written with its tags."""
        if not line.startswith("@"):
            return cls(line)
        tags, _, text = line[1:].partition(" ")
        return cls(text, read_tags(tags))

    def written(self) -> str:
        return write_tags(self.tags) + self.text


def labeled(lines: list[ResponseLine], label: str, server: str) -> list[ResponseLine]:
    """The whole answer to a command, marked with its label."""
    if not lines:
        return [ResponseLine(f":{server} ACK", {"label": label})]
    if len(lines) == 1 or _is_one_batch(lines):
        lines[0].tags = {"label": label, **lines[0].tags}
        return lines
    reference = batch_reference()
    for line in lines:
        line.tags.setdefault("batch", reference)
    begin = ResponseLine(f":{server} BATCH +{reference} labeled-response", {"label": label})
    return [begin, *lines, ResponseLine(f":{server} BATCH -{reference}")]


def _is_one_batch(lines: list[ResponseLine]) -> bool:
    first, last = lines[0].text.split(" "), lines[-1].text.split(" ")
    return (
        first[1:2] == last[1:2] == ["BATCH"]
        and first[2].startswith("+")
        and last[2] == f"-{first[2][1:]}"
    )


class Response:
    """What a command is answered.

    `concurrent` is the response to a message, of which several are under way at a time. It is
    sent when nothing more is awaited. A response for which nothing is awaited to begin with is
    for what no command has asked for, and is sent line by line.
    """

    __slots__ = ("_batch", "_lines", "_server", "awaited", "command", "concurrent", "label", "size")

    def __init__(
        self, server: str, command: str = "", label: str = "", concurrent: bool = False
    ) -> None:
        self._server = server
        self._lines: list[ResponseLine] = []
        self._batch = ""  # the reference of the one that is open
        self.command = command
        self.label = label
        self.concurrent = concurrent
        self.awaited = 1 if command else 0  # outcomes without which it is not whole
        self.size = 0  # characters, the tags left out

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def undivided(self) -> bool:
        """Whether nothing may be written between its lines, so that all of them wait."""
        return self.awaited > 0 and (self.concurrent or bool(self.label))

    def add(self, text: str, tags: Mapping[str, str] | None = None) -> None:
        """Add a line."""
        self._add(ResponseLine(text, dict(tags or {})))

    def add_rendered(self, lines: Iterable[str]) -> None:
        """Add lines that have their tags already."""
        for line in lines:
            self._add(ResponseLine.read(line))

    def _add(self, line: ResponseLine) -> None:
        if self._batch and "batch" not in line.tags:
            line.tags = {"batch": self._batch, **line.tags}
        self.size += len(line.text)
        self._lines.append(line)

    @contextmanager
    def batch(
        self, kind: str, *params: str, tags: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Make a batch of the lines that are added meanwhile. It is closed whatever happens."""
        reference = batch_reference()
        words = " ".join(("BATCH", f"+{reference}", kind, *params))
        self.add(f":{self._server} {words}", tags)
        self._batch = reference
        try:
            yield
        finally:
            self._batch = ""
            self.add(f":{self._server} BATCH -{reference}")

    def take(self) -> list[str]:
        """The lines as they are sent. They and the label are used up."""
        lines, self._lines = self._lines, []
        label, self.label = self.label, ""
        self.size = 0
        if label:
            lines = labeled(lines, label, self._server)
        return [line.written() for line in lines]


class Labels:
    """The labels of messages whose echo is still to come, by the ids that they were sent with.

    The label is None where the echo is not to be shown in the room, since it is part of the
    answer to the command.
    """

    def __init__(self) -> None:
        self._expected: dict[str, dict[str, str | None]] = {}

    def new_scope(self) -> str:
        """What begins the ids of one client's messages."""
        return f"{SCOPE}{token_hex(8)}"

    def expect(self, scope: str, label: str | None) -> str:
        """The id for a message of a client whose echo is to have a label."""
        cid = f"{scope}:{next(_numbers)}"
        self._expected.setdefault(scope, {})[cid] = label
        return cid

    def take(self, cid: str | None) -> str | None:
        """The label for an echo, once; None if the echo is not to be shown."""
        if cid is None or not cid.startswith(SCOPE):
            return ""
        return self._expected.get(cid.rpartition(":")[0], {}).pop(cid, "")

    def drop(self, cid: str | None) -> bool:
        """Expect the echo of a message no longer; whether it was still to come."""
        if cid is None:
            return False
        expected = self._expected.get(cid.rpartition(":")[0], {})
        if cid not in expected:
            return False
        del expected[cid]
        return True

    def forget(self, scope: str) -> None:
        """A client is gone."""
        self._expected.pop(scope, None)
