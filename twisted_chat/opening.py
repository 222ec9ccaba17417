"""What a connection begins with: a proxy's header, TLS, JSON, or anything else, which is text."""

from __future__ import annotations

from enum import Enum, auto

from . import proxying
from .proxying import Header

TLS_RECORD = b"\x16\x03"  # a handshake, in whatever version
FETCH = b"fetch-file "  # and a ticket: what a person is told to run


class Door(Enum):
    """What the first bytes ask for."""

    TLS = auto()
    JSON = auto()
    FETCH = auto()
    TEXT = auto()


def look(data: bytes, *, header: bool, tls: bool, fetch: bool) -> Door | Header | None:
    """What the bytes so far begin with; None when that takes more of them.

    `header`, `tls` and `fetch` say whether there may be a proxy's header, TLS, or a ticket here;
    without these, their bytes are text as any other. BadHeader is raised for a broken header.
    """
    if not data:
        return None
    if header and proxying.may_begin(data):
        return proxying.read(data)
    if tls and (data.startswith(TLS_RECORD) or TLS_RECORD.startswith(data)):
        return Door.TLS if len(data) >= len(TLS_RECORD) else None
    if fetch and (data.startswith(FETCH) or FETCH.startswith(data)):
        return Door.FETCH if len(data) >= len(FETCH) else None
    return Door.JSON if data.startswith(b"{") else Door.TEXT
