"""Whether a client is there and has what it was sent: it proves it by answering a PING."""

from __future__ import annotations

from secrets import token_hex

from ...chat.session import State
from ...connection.line_queue import BaseDoor
from ...core.events import Closed
from ...core.rooms import Room

PING_AFTER = 90.0  # seconds of silence after which a client is asked whether it is there
PONG_WITHIN = 60.0  # seconds in which it has to answer


class Liveness:
    """Moves the account's place in its rooms when the client has proved how far it has read."""

    def __init__(self, client: BaseDoor) -> None:
        self._client = client
        self.unproven = False  # something was sent that no position tells of
        self._token = ""  # of the PING that is not answered yet
        self._asked_at = 0.0
        self._last_line_at = client.chat.ticks()
        self._positions: dict[Room, int] = {}  # as they were at the last PING

    def begin(self) -> None:
        """Somebody has signed in, and has been sent nothing yet."""
        self._positions = self._now()

    def proven(self) -> bool:
        """Whether the client has all that it was sent; asks it when that is not known."""
        if self._token:
            return False
        moved = any(self._positions.get(room) != seq for room, seq in self._now().items())
        if self.unproven or moved:
            self._ping()
            return False
        return True

    def _now(self) -> dict[Room, int]:
        """How far the client has been sent its rooms."""
        session, rooms = self._client.session, self._client.chat.rooms
        if session is None:
            return {}
        return {
            room: session.position(room)
            for room in rooms.of(session.person)
            if room is not rooms.lobby or session.lobby
        }

    def _ping(self) -> None:
        client = self._client
        session = client.session
        if client.closed or session is None or session.state is not State.LIVE:
            return  # a client that does not read would not read this either
        self._token = token_hex(6)
        self._asked_at = client.chat.ticks()
        self.unproven = False
        self._positions = self._now()
        client.connection.write(f"PING :{self._token}\r\n".encode())

    def ponged(self, token: str) -> None:
        """A PONG has come."""
        if not self._token or token != self._token:
            return
        self._token = ""
        session = self._client.session
        if session is not None:
            for room, seq in self._positions.items():
                if room.has(session.person):
                    self._client.chat.cursors.note_shown(session, room, seq)

    def forget(self) -> None:
        """Somebody else is here than was asked."""
        self._token = ""

    def line_came(self) -> None:
        """The client has sent a line."""
        self._last_line_at = self._client.chat.ticks()

    def tend(self, now: float) -> None:
        """Ask a client that was silent for long, and close one that does not answer."""
        if self._token:
            if now - max(self._asked_at, self._last_line_at) > PONG_WITHIN:
                self._client.close(Closed("timeout", "Ping timeout: nothing was heard from you."))
        elif now - self._last_line_at > PING_AFTER:
            self._ping()
