"""Who is typing where, and telling others that this person is."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from ..connection.link import Ask

LASTS = 6.0  # seconds for which somebody is taken to type
AGAIN = 3.0  # seconds until the server is told again that one types


class Typists:
    """The people who are typing, and when the server was told that this person is."""

    def __init__(self, clock: IReactorTime, is_online: Callable[[], bool], ask: Ask) -> None:
        self._clock = clock
        self._is_online = is_online
        self._ask = ask
        self._others: dict[tuple[str, str], float] = {}  # who types where, since when
        self._told: dict[str, float] = {}  # when the server was last told that one types there

    def here(self, room: str) -> None:
        """Tell the others there that one types."""
        now = self._clock.seconds()
        if self._is_online() and now - self._told.get(room, -AGAIN) >= AGAIN:
            self._told[room] = now
            self._ask("typing", room=room).addErrback(lambda failure: None)

    def who(self, room: str) -> list[str]:
        """Who is typing there."""
        since = self._clock.seconds() - LASTS
        return [who for (place, who), at in self._others.items() if place == room and at > since]

    def somebody(self, room: str, who: str) -> None:
        """Somebody types there, as the server says."""
        now = self._clock.seconds()
        self._others = {key: at for key, at in self._others.items() if at > now - LASTS}
        self._others[room, who] = now

    def ends(self, room: str, who: str) -> None:
        """Somebody has said what they were typing."""
        self._others.pop((room, who), None)

    def forget(self) -> None:
        """The connection is gone."""
        self._others.clear()
