"""Who is typing where, told at once to the others there and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.events import Typing
from ..core.roster import Person
from .session import Session, State

if TYPE_CHECKING:
    from ..core.rooms import Room
    from .chat import Chat

PAUSE = 3.0  # seconds for which one word about somebody in a conversation is enough
MOST_ONLINE = 50  # where more are, somebody types all the time and nobody is told


class Typists:
    """Tells the others in a conversation that somebody is typing."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._told: dict[tuple[int, int], float] = {}  # by person and room, the latest last

    def typing(
        self, person: Person, room: Room, but: Callable[[Session], bool] = lambda session: False
    ) -> None:
        """Somebody who may speak in a room is typing there; `but` says who knows it already."""
        now = self._chat.ticks()
        self._forget(now)
        key = (person.id, room.id)
        online, _ = self._chat.membership.audience(room)
        if online > MOST_ONLINE or key in self._told:
            return
        self._told[key] = now
        for session in self._chat.delivery.present_in(room):
            other = session.person
            # Only to one who is shown the room this moment; it is not worth a queue.
            if (
                session.state is State.LIVE
                and other is not person
                and person.id not in other.ignores
                and not but(session)
            ):
                session.receive(Typing(room.label(other), person.name))

    def _forget(self, now: float) -> None:
        while self._told:
            oldest = next(iter(self._told))
            if self._told[oldest] + PAUSE > now:
                return
            del self._told[oldest]
