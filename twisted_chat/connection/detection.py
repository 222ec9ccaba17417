"""What a connection begins with: a proxy's header, TLS, or the first bytes of a dialect."""

from __future__ import annotations

import re

from ..core.doors import DoorKind
from . import proxy_header
from .proxy_header import Header

TLS_RECORD = b"\x16\x03"  # a handshake, in whatever version
FETCH = b"fetch-file "  # and a ticket: what a person is told to run
ENOUGH = 64  # bytes of a first line, which are always enough to decide by

# What IRC clients may say before they are registered. None of these lines can be a name, which is
# what a person says first: there is no space in one.
_IRC = (
    b"CAP", b"NICK", b"USER", b"PASS", b"PING", b"AUTHENTICATE", b"REGISTER", b"WEBIRC",
)  # fmt: skip
_HTTP = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE")
_TARGETS = (b"/", b"*", b"http://", b"https://")  # what may stand behind a method
_TUNNEL = b"CONNECT"  # stands before a host
_WORDS = (*_IRC, *_HTTP, _TUNNEL)
# SSH, HTTP/2, SMTP, a remote desktop.
_FOREIGN = (b"SSH-", b"PRI * HTTP/2", b"EHLO ", b"HELO ", b"\x03\x00")
_REDIS = re.compile(rb"\*[0-9]{1,6}\r\n\$")
_REDIS_SO_FAR = re.compile(rb"\*(?:[0-9]{1,6}(?:\r\n?)?)?")


def look(data: bytes, *, header: bool, tls: bool, greeted: bool) -> DoorKind | Header | None:
    """What the bytes so far begin with; None when that takes more of them.

    `header` and `tls` say whether there may be a proxy's header or TLS here; without these, their
    bytes are text as any other. Who was `greeted` as a person is taken for another program only by
    what is written as programs write it. BadHeader is raised for a broken header.
    """
    if not data:
        return None
    if header and proxy_header.may_begin(data):
        return proxy_header.read(data)
    if tls and (data.startswith(TLS_RECORD) or TLS_RECORD.startswith(data)):
        return DoorKind.TLS if len(data) >= len(TLS_RECORD) else None
    if data[:1] == b"{":
        return DoorKind.JSON
    # No more than this is looked at, so that it does not matter how many came at once.
    head = data[:ENOUGH]
    if _may_get_a_mark(head, greeted):
        return None
    found = _by_mark(head, greeted) or _by_word(head, greeted)
    return DoorKind.TEXT if found is None and len(head) == ENOUGH else found


def by_hand(data: bytes) -> bool:
    """Whether a person could have typed this for the beginning of a name."""
    return data.islower()


def _may_get_a_mark(head: bytes, greeted: bool) -> bool:
    if FETCH.startswith(head) and head != FETCH:
        return not greeted
    if _REDIS_SO_FAR.fullmatch(head):
        return True
    return any(mark.startswith(head) and mark != head for mark in _FOREIGN)


def _by_mark(head: bytes, greeted: bool) -> DoorKind | None:
    """The door that has a mark of its own."""
    if not greeted and head.startswith(FETCH):
        return DoorKind.FETCH
    if head.startswith(_FOREIGN) or _REDIS.match(head):
        return DoorKind.FOREIGN
    return None


def _by_word(head: bytes, greeted: bool) -> DoorKind | None:
    """The door that a word and the beginning of the next one ask for."""
    word, space, rest = head.partition(b" ")
    if b"\n" in word:
        return DoorKind.TEXT
    if word[:1] in (b"@", b":"):
        return _by_source(head, greeted)
    words = word if greeted else word.upper()
    if not space:
        return None if any(known.startswith(words) for known in _WORDS) else DoorKind.TEXT
    argument = rest.lstrip(b" ")
    if words in _IRC:
        return _with(argument, DoorKind.IRC)
    if word == _TUNNEL:
        return _with(argument, DoorKind.WEB)
    if word in _HTTP and rest.startswith(_TARGETS):
        return DoorKind.WEB
    unsure = word in _HTTP and any(target.startswith(rest) for target in _TARGETS)
    return None if unsure else DoorKind.TEXT


def _with(argument: bytes, door: DoorKind) -> DoorKind | None:
    """A word that takes an argument, without which it may be a name."""
    if not argument:
        return None
    return DoorKind.TEXT if argument[:1] in b"\r\n" else door


def _by_source(head: bytes, greeted: bool) -> DoorKind | None:
    """The same where tags or a source stand before the command.

    This alone tells an IRC client, but for a person who was greeted and may type a smiley.
    """
    word, space, rest = head.partition(b" ")
    if len(word) == 1 and space:
        return DoorKind.TEXT
    if not greeted:
        return DoorKind.IRC if space or len(head) == ENOUGH else None
    found = _by_word(rest.lstrip(b" "), greeted) if space else None
    return DoorKind.TEXT if found is DoorKind.WEB else found
