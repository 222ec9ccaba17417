"""What is looked at every few seconds, for all sessions at once and without timers of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .core.durations import spoken
from .core.errors import ChatError
from .core.events import Closed
from .core.rooms import Room
from .session import Session, State

if TYPE_CHECKING:
    from .chat import Chat

EVERY = 5.0  # seconds between two looks at what peers have received
MOST_LAG = 10_000  # messages a peer that does not read may fall behind
MOST_PAUSE = 60.0  # seconds it may read nothing at all
ROOM_KEPT = 7 * 24 * 3600 * 1000  # milliseconds between a room's deletion and its erasure
ERASE_EVERY = 3600.0


class Housekeeping:
    """Ends idle and stuck sessions, notes what was shown, erases what is due."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._next_look = 0.0
        self._next_erasure = 0.0

    def sweep(self, now: float) -> None:
        """Do what is due."""
        idle_limit = self._chat.settings.idle_timeout
        if idle_limit:
            for session in tuple(self._chat.sessions):
                if now - session.asked_at > idle_limit:
                    text = f"You did nothing for {spoken(idle_limit)}: you are logged out."
                    session.close(Closed("idle", text))
        if now >= self._next_look:
            self._next_look = now + EVERY
            self._close_stuck(now)
            self._note_shown()
            self._chat.store.flush_cursors()
        if now >= self._next_erasure:
            self._next_erasure = now + ERASE_EVERY
            self._erase_deleted_rooms()

    def _close_stuck(self, now: float) -> None:
        for session in tuple(self._chat.sessions):
            if session.state is not State.PAUSED:
                continue
            stuck = now - session.paused_at
            if stuck > MOST_PAUSE or (stuck > EVERY and session.lag() > MOST_LAG):
                text = "You read too slowly; what you missed is kept for your next login."
                session.close(Closed("too_slow", text))

    def _note_shown(self) -> None:
        """Where something was delivered lately, note who has received it."""
        delivery = self._chat.delivery
        active, delivery.active = delivery.active, set()
        received: dict[Session, bool] = {}
        for room in active:
            for session in delivery.present_in(room):
                if session.person.guest or not session.door.dialect.plain:
                    continue
                if session not in received:
                    received[session] = session.door.flushed() is True
                if received[session]:
                    self._chat.note_shown(session, room, session.position(room))
                else:
                    delivery.active.add(room)

    def _erase_deleted_rooms(self) -> None:
        due = self._chat.wall() - ROOM_KEPT
        for room in tuple(self._chat.rooms.rooms.values()):
            if room.deleted_at is not None and room.deleted_at <= due:
                self._chat.rooms.forget(room)
                self._erase(room)
        self._scrub()

    def _erase(self, room: Room) -> None:
        """Erase a room step by step, so that the writer is free in between."""

        def go_on(done: bool) -> None:
            if not done:
                self._erase(room)

        chat = self._chat
        try:
            step = chat.change(lambda ledger: ledger.erase_room(room.id))
        except ChatError:
            return  # taken up again at the next start
        step.addCallbacks(go_on, lambda failure: chat.log.failure("A room was not erased", failure))

    def _scrub(self) -> None:
        """Make what was deleted unrecoverable, a step at a time."""

        def go_on(done: bool | Exception) -> None:
            if done is False:
                self._chat.clock.callLater(1.0, self._scrub)

        if self._chat.refusing is None:
            with suppress(ChatError):
                self._chat.store.scrub(go_on)
