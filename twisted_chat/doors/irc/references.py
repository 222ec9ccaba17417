"""How clients name places in history: by the id of a message, or by a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...chat.history import At
from .message import shortened

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .clients import Clients

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_ID = re.compile(r"([0-9a-f]+)-(\d{1,15})-(\d{1,15})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unclear(ValueError):
    """What should name a place, and does not; `code` says why to programs."""

    def __init__(self, code: str, written: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.written = shortened(written)
        self.text = text


def time_of(time: str, written: str = "") -> int:
    """The milliseconds of a time as server-time has it; `written` is the whole of what was."""
    written = written or time
    found = _TIME.fullmatch(time)
    if found is None:
        raise _no_time(written)
    *parts, fraction = found.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        # A leap second is as good as the one before it.
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise _no_time(written) from None
    seconds = moment - _EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * 1000 + int(f"{fraction or 0:0<3}"[:3])


def _no_time(written: str) -> Unclear:
    return Unclear("INVALID_PARAMS", written, "A time is written 2026-12-31T23:59:59.999Z")


def place(clients: Clients, room: Room | None, written: str) -> At:
    """The place that a reference names in a conversation."""
    kind, equals, value = written.partition("=")
    if equals and kind == "timestamp":
        return At(time=time_of(value, written))
    if equals and kind == "msgid":
        seq = message_in(clients, room, value)
        if seq is None:
            raise Unclear("MESSAGE_ERROR", written, "There is no such message here")
        return At(seq=seq)
    if equals:
        raise Unclear("INVALID_MSGREFTYPE", written, "Name a message by timestamp= or msgid=")
    raise Unclear("INVALID_PARAMS", written, "Name a message by timestamp= or msgid=")


def message_in(clients: Clients, room: Room | None, msgid: str) -> int | None:
    """The number in a conversation of the message with this id; None if it is not of there."""
    found = _ID.fullmatch(msgid)
    if found is None or room is None or found[1] != clients.epoch or int(found[2]) != room.id:
        return None
    return int(found[3])
