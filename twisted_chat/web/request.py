"""The head of an HTTP request, and the bytes of an answer. Nothing here knows the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

LONGEST_HEAD = 8 * 1024  # bytes
_START = re.compile(r"([A-Z]+) (\S+) HTTP/1\.([01])")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class BadRequest(ValueError):
    """What came is no request; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser asks for."""

    method: str
    path: str
    host: str  # and its port, as the browser wrote it; empty when that makes no sense
    fields: Mapping[str, str]  # by their names in lower case


def read(lines: list[bytes]) -> Request:
    """The request that these lines make."""
    try:
        start, *rest = [line.decode("ascii") for line in lines]
    except UnicodeDecodeError:
        raise BadRequest("the request is not ASCII") from None
    found = _START.fullmatch(start)
    if found is None:
        raise BadRequest("this is no request of HTTP/1.0 or HTTP/1.1")
    fields: dict[str, str] = {}
    for line in rest:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadRequest("a line of the head is no field")
        name = field[1].lower()
        if name == "host" and name in fields:
            raise BadRequest("there are two hosts")
        fields[name] = field[2]
    if found[3] == "1" and "host" not in fields:
        raise BadRequest("the field Host is missing")
    host = fields.get("host", "")
    path = found[2].partition("?")[0]
    return Request(found[1], path, host if _HOST.fullmatch(host) else "", fields)


def answer(
    status: HTTPStatus,
    body: str,
    *,
    kind: str = "text/plain",
    policy: str = "default-src 'none'; frame-ancestors 'none'",
    head_only: bool = False,
    **more: str,
) -> bytes:
    """A whole answer, after which the connection is closed."""
    content = body.encode("utf-8", "replace")
    fields = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(len(content)),
        "Content-Security-Policy": policy,
        **SECURITY,
        **{name.replace("_", "-"): value for name, value in more.items()},
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    head = "\r\n".join([*lines, "", ""]).encode("ascii", "replace")
    return head if head_only else head + content
