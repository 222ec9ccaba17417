"""What a connection begins with: a proxy's header, TLS, or the first bytes of a dialect."""

from __future__ import annotations

import re

from . import proxying
from .core.doorways import Door
from .proxying import Header

TLS_RECORD = b"\x16\x03"  # a handshake, in whatever version
FETCH = b"fetch-file "  # and a ticket: what a person is told to run
LONGEST_MARK = 16  # bytes after which it is always decided


# A line that no person can mean at the prompt for a name, since no name has a space in it.
_IRC_WORDS = (b"CAP", b"NICK", b"USER", b"PASS", b"PING", b"AUTHENTICATE", b"REGISTER")
_HTTP_WORDS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE")
_IRC = re.compile(rb"(?:" + b"|".join(_IRC_WORDS) + rb") +[^ \r\n]")
_HTTP = re.compile(rb"(?:" + b"|".join(_HTTP_WORDS) + rb") [/*h]|CONNECT [^ ]")
_FOREIGN = (b"SSH-", b"PRI * HTTP/2", b"EHLO ", b"HELO ", b"\x03\x00", b"*1\r\n$", b"*2\r\n$")
_BEGINNINGS = tuple(word + b" " for word in (*_IRC_WORDS, *_HTTP_WORDS, b"CONNECT"))


def look(
    data: bytes, *, header: bool, tls: bool, fetch: bool, greeted: bool = False
) -> Door | Header | None:
    """What the bytes so far begin with; None when that takes more of them.

    `header`, `tls` and `fetch` say whether there may be a proxy's header, TLS, or a ticket here;
    without these, their bytes are text as any other. Who was `greeted` as a person is taken for
    another program only by what is written as programs write it. BadHeader is raised for a broken
    header.
    """
    if not data:
        return None
    if header and proxying.may_begin(data):
        return proxying.read(data)
    if tls and (data.startswith(TLS_RECORD) or TLS_RECORD.startswith(data)):
        return Door.TLS if len(data) >= len(TLS_RECORD) else None
    if fetch and (data.startswith(FETCH) or FETCH.startswith(data)):
        return Door.FETCH if len(data) >= len(FETCH) else None
    if data[:1] == b"{":
        return Door.JSON
    return _by_word(data, greeted)


def _by_word(data: bytes, greeted: bool) -> Door | None:
    """The door that a first word and the beginning of the next one ask for."""
    if data[:1] == b"@" and not greeted and b"\n" not in data.partition(b" ")[0]:
        return Door.IRC if b" " in data or len(data) > 4 * LONGEST_MARK else None
    words = data if greeted else data.upper()
    if _IRC.match(words):
        return Door.IRC
    if _HTTP.match(data):
        return Door.WEB
    if any(data.startswith(mark) for mark in _FOREIGN):
        return Door.FOREIGN
    begins = words.rstrip(b" ") + b" " if words.endswith(b" ") else words
    if b"\n" not in data and len(data) <= 4 * LONGEST_MARK:
        if any(mark.startswith(begins) for mark in _BEGINNINGS):
            return None
        if any(mark.startswith(data) for mark in _FOREIGN):
            return None
    return Door.TEXT
