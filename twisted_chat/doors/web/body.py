"""What follows the head of a request: so many bytes, or chunks of them. No network here."""

from __future__ import annotations

import re
from typing import Protocol

from .request import BadRequest

LONGEST_LINE = 1024  # bytes between two chunks
MOST_TRAILERS = 64
LINES_AT_ONCE = 256  # between chunks, in one call: many small chunks must not hold up the reactor
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?")


class Body(Protocol):
    """Takes what comes, piece by piece."""

    over: bool
    rest: bytes  # what came and was not taken yet; the next call begins with it

    def take(self, data: bytes) -> bytes:
        """The content that is in these bytes; what comes behind the end is not looked at."""


class Counted:
    """A body whose length was told."""

    rest = b""

    def __init__(self, length: int) -> None:
        self._left = length
        self.over = not length

    def take(self, data: bytes) -> bytes:
        content = data[: self._left]
        self._left -= len(content)
        self.over = not self._left
        return content


class Chunked:
    """A body in chunks, each of which tells how long it is; an empty one is the last."""

    def __init__(self) -> None:
        self.over = False
        self.rest = b""
        self._line = b""  # as far as it has come
        self._left = 0  # of the chunk
        self._behind = False  # the end of a chunk's line is due
        self._trailers: int | None = None  # how many have come; None before the last chunk

    def take(self, data: bytes) -> bytes:
        data, self.rest = self.rest + data, b""
        found, at, lines = [], 0, 0
        while at < len(data) and not self.over:
            if self._left:
                content = data[at : at + self._left]
                at += len(content)
                self._left -= len(content)
                self._behind = not self._left
                found.append(content)
                continue
            if lines == LINES_AT_ONCE:
                self.rest = data[at:]
                break
            lines += 1
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            self._line += data[at:stop]
            at = stop + 1
            if len(self._line) > LONGEST_LINE:
                raise BadRequest("a line between two chunks is too long")
            if end >= 0:
                whole, self._line = self._line.removesuffix(b"\r"), b""
                self._take_line(whole)
        return b"".join(found)

    def _take_line(self, line: bytes) -> None:
        if self._behind:
            if line:
                raise BadRequest("a chunk is longer than it said")
            self._behind = False
        elif self._trailers is not None:
            self._trailers += 1
            self.over = not line
            if self._trailers > MOST_TRAILERS:
                raise BadRequest("too much comes behind the last chunk")
        elif found := _CHUNK.fullmatch(line):
            self._left = int(found[1], 16)
            if not self._left:
                self._trailers = 0
        else:
            raise BadRequest("that is no chunk")
