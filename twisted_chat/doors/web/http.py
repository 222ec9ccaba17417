"""HTTP as far as it is spoken here: requests and their bodies, and the bytes of answers.

Nothing here knows the network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

LONGEST_HEAD = 8 * 1024  # bytes
_START = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)")
_WHOLE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)  # of a target that names a host too
_LENGTH = re.compile("[0-9]{1,15}")
_HOST = re.compile(r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?")
LARGEST_PORT = 65535
# Two of these could be understood in two ways, by a proxy and here.
ONCE = ("host", "content-length", "transfer-encoding", "authorization")

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
LONGEST_LINE = 1024  # bytes between two chunks
MOST_TRAILERS = 64
LINES_AT_ONCE = 256  # between chunks, in one call: many small chunks must not hold up the reactor
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)

UNNAMED = "upload"
LONGEST_IN_LINK = 60  # characters: an IRC line has to hold the link, and some words

# What browsers may show by themselves: none of these can have a script in it that runs.
SHOWN = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "txt": "text/plain; charset=utf-8",
}
ANYTHING = "application/octet-stream"

_SUFFIXES = {kind.partition(";")[0]: suffix for suffix, kind in reversed(SHOWN.items())}
_PARAMETER = re.compile(
    r';\s*(filename\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.IGNORECASE
)
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.IGNORECASE)
_SUFFIX = re.compile("[A-Za-z0-9]{1,8}")
_UNPLAIN = re.compile("[^A-Za-z0-9._-]+")


class BadRequest(ValueError):
    """What came is no request; the text says why."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status


class Request(Struct, frozen=True):
    """What a browser asks for."""

    method: str
    path: str
    host: str  # and its port, as the browser wrote it; empty when it named none
    fields: Mapping[str, str]  # by their names in lower case

    @property
    def place(self) -> tuple[str, str]:
        """The name or the address in `host`, without brackets, and the port; empty if not there."""
        found = _HOST.fullmatch(self.host)
        return (found[1].strip("[]"), found[2] or "") if found else ("", "")

    @property
    def size(self) -> int | None:
        """How many bytes follow the head; None where their end is told when it comes."""
        coding, length = self.fields.get("transfer-encoding"), self.fields.get("content-length")
        if coding is not None:
            if length is not None:
                raise BadRequest("it has a length, and another way to tell where it ends")
            if coding.lower() != "chunked":
                raise BadRequest("only chunks are understood", HTTPStatus.NOT_IMPLEMENTED)
            return None
        if length is None:
            raise BadRequest("it does not say how long it is", HTTPStatus.LENGTH_REQUIRED)
        if not _LENGTH.fullmatch(length):
            raise BadRequest("its length is no number")
        return int(length)


def start_of(line: bytes) -> tuple[str, str, bool]:
    """The method, the path and whether a host has to be named, from a request's first line."""
    found = _START.fullmatch(line.decode("latin-1"))
    if found is None:
        raise BadRequest("this is no request of HTTP/1.1")
    if found[3] != "1":
        raise BadRequest("only HTTP/1.1 is spoken here", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    target = found[2]
    whole = _WHOLE.match(target)
    path = (target[whole.end() :] if whole else target).partition("?")[0]
    return found[1], path or "/", found[4] != "0"


def read(lines: list[bytes]) -> Request:
    """The request that these lines make."""
    method, path, needs_host = start_of(lines[0])
    fields: dict[str, str] = {}
    for line in lines[1:]:
        field = _FIELD.fullmatch(line.decode("latin-1"))
        if field is None:
            raise BadRequest("a line of the head is no field")
        name = field[1].lower()
        if name in ONCE and name in fields:
            raise BadRequest(f"there are two of the field {field[1]}")
        fields[name] = field[2].strip(" \t")
    if needs_host and "host" not in fields:
        raise BadRequest("the field Host is missing")
    host = fields.get("host", "")
    found = _HOST.fullmatch(host)
    if host and (found is None or int(found[2] or 0) > LARGEST_PORT):
        raise BadRequest("the field Host is no host")
    return Request(method, path, host, fields)


def answer(
    status: HTTPStatus,
    body: str,
    now: int,
    *,
    kind: str = "text/plain",
    policy: str = "default-src 'none'; frame-ancestors 'none'",
    head_only: bool = False,
    **more: str,
) -> bytes:
    """A whole answer, after which the connection is closed; `now` is in milliseconds."""
    content = body.encode("utf-8", "replace")
    fields = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(len(content)),
        "Content-Security-Policy": policy,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = head_of(status, now, fields)
    return head if head_only else head + content


def head_of(status: HTTPStatus, now: int, fields: Mapping[str, str]) -> bytes:
    """The head of an answer, after whose end the connection is closed."""
    date = formatdate(now / 1000, usegmt=True)
    every = {"Date": date, **SECURITY, **fields, "Connection": "close"}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in every.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii", "replace")


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


class Part(NamedTuple):
    """Bytes of a file, from the first to the one behind the last."""

    start: int
    end: int
    whole: bool  # it is all of the file, and was asked for as such


def part_of(asked: Request, size: int, tag: str) -> Part | None:
    """What to answer with; None if the file has nothing of what is asked for.

    Several parts, and those of a file that has changed since, are answered with all of it.
    """
    found = _RANGE.fullmatch(asked.fields.get("range", ""))
    if found is None or found[1] == found[2] == "" or asked.fields.get("if-range", tag) != tag:
        return Part(0, size, whole=True)
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return Part(0, size, whole=True)  # that is no range
    return Part(start, end, whole=False) if start < end else None


def name_of(disposition: str, kind: str) -> str:
    """What a file is called that comes with these fields (Content-Disposition, Content-Type)."""
    given = {
        found[1].lower(): re.sub(r"\\(.)", r"\1", found[2]) if found[3] is None else found[3]
        for found in _PARAMETER.finditer(disposition)
    }
    name = UNNAMED
    if "filename*" in given:
        name = _extended(given["filename*"])
    elif given.get("filename"):
        name = _decoded(given["filename"].encode("latin-1"))
    if "." not in name:
        suffix = _SUFFIXES.get(kind.partition(";")[0].strip().lower())
        name += f".{suffix}" if suffix else ""
    return name


def _extended(value: str) -> str:
    found = _EXTENDED.fullmatch(value)
    if found is None:
        raise BadRequest("the file's name cannot be read")
    data = unquote_to_bytes(found[2])
    return _decoded(data) if found[1].lower() == "utf-8" else data.decode("latin-1")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("the file's name is no text in UTF-8") from None


def kind_of(name: str) -> str:
    """The kind of a file, as browsers are told: one that they may show, or anything."""
    _, dot, suffix = name.rpartition(".")
    return SHOWN.get(suffix.lower(), ANYTHING) if dot else ANYTHING


def disposition(name: str) -> str:
    """Whether browsers may show a file, and what it is called when it is kept."""
    way = "attachment" if kind_of(name) == ANYTHING else "inline"
    return f"{way}; filename*=UTF-8''{quote(name, safe='')}"


def in_link(name: str) -> str:
    """A name as a link ends with it: for people, and for programs that go by the suffix."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not _SUFFIX.fullmatch(suffix):
        stem, suffix = name, ""
    plain = _UNPLAIN.sub("-", stem).strip("-.")
    short = plain[: LONGEST_IN_LINK - len(suffix) - 1].strip("-.") or UNNAMED
    return f"{short}.{suffix}" if suffix else short
