"""Arguments that several commands share."""

from __future__ import annotations

from ..commands import Arg, Form

TEXT = Arg("text", Form.REST)
USER = Arg("user")
ROOM = Arg("room", Form.ROOM, shown="#room")
REASON = Arg("reason", Form.REST, optional=True)
DURATION = Arg("duration", Form.DURATION, optional=True, shown="10m|2h|7d")
AFTER = Arg("after", optional=True, keyword="after", shown="name")
MESSAGE = Arg("message", Form.MESSAGE, shown="number")
