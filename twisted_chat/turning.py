"""The one line for somebody who speaks what is not spoken at a port."""

from __future__ import annotations

from http import HTTPStatus

from .core.doorways import Door
from .core.events import Closed
from .text.render import CRLF
from .web import request
from .wire.render import JSON


def turned_away(door: Door, sentence: str) -> bytes:
    """The line, as a client of that door reads it."""
    match door:
        case Door.IRC:
            return f"ERROR :{sentence}\r\n".encode()
        case Door.WEB:
            return request.answer(HTTPStatus.UPGRADE_REQUIRED, sentence + "\n", Upgrade="chat")
        case Door.JSON | Door.FETCH:
            return JSON.event(Closed("not_here", sentence))
    return CRLF.encoded(sentence)
