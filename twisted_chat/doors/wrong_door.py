"""The one line for a client that speaks a dialect which is not spoken at a port."""

from __future__ import annotations

from http import HTTPStatus

from ..console.render import CRLF, LF
from ..core.doors import DoorKind
from ..core.events import Closed
from .json.render import JSON
from .web import http


def turned_away(kind: DoorKind, sentence: str, now: int, prompted: bool) -> bytes:
    """Return the line as bytes for that kind of client; behind a prompt it begins on a new line."""
    new_line = b"\r\n" if prompted else b""
    match kind:
        case DoorKind.IRC:
            return new_line + f"ERROR :{sentence}\r\n".encode()
        case DoorKind.WEB:
            return http.answer(HTTPStatus.MISDIRECTED_REQUEST, sentence + "\n", now)
        case DoorKind.JSON:
            return new_line + JSON.event(Closed("not_here", sentence))
        case DoorKind.FETCH | DoorKind.TEXT:
            return LF.encoded(sentence)
    return CRLF.encoded(sentence)
