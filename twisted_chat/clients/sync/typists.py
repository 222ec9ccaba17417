"""Who types where, and telling others that one types oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime

if TYPE_CHECKING:
    from ..connection.link import Event
    from .user import User

LASTS = 6.0  # seconds for which somebody is taken to type
AGAIN = 3.0  # seconds until the server is told again that one types


class Typists:
    """What others type, and oneself."""

    def __init__(self, clock: IReactorTime, user: User) -> None:
        self._clock = clock
        self._user = user
        self._others: dict[tuple[str, str], float] = {}  # who types where, since when
        self._told: dict[str, float] = {}  # when the server was last told that one types there

    def here(self, room: str) -> None:
        """Tell the others there that one types."""
        now = self._clock.seconds()
        if self._user.is_online and now - self._told.get(room, -AGAIN) >= AGAIN:
            self._told[room] = now
            self._user.ask("typing", room=room).addErrback(lambda failure: None)

    def who(self, room: str) -> list[str]:
        """Who is typing there."""
        since = self._clock.seconds() - LASTS
        return [who for (place, who), at in self._others.items() if place == room and at > since]

    def somebody(self, event: Event) -> None:
        """The server tells that somebody types."""
        now = self._clock.seconds()
        self._others = {key: at for key, at in self._others.items() if at > now - LASTS}
        self._others[str(event["room"]), str(event["who"])] = now
        conversation = self._user.conversations.get(str(event["room"]))
        if conversation is not None:
            self._user.watcher.somebody_types(conversation, str(event["who"]))

    def ends(self, room: str, who: str) -> None:
        """Somebody has said what they were typing."""
        self._others.pop((room, who), None)

    def forget(self) -> None:
        """The connection is gone."""
        self._others.clear()
