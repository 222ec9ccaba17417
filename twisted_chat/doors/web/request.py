"""The head of an HTTP request, and the bytes of an answer. Nothing here knows the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus

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
