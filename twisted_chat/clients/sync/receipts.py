"""Telling the server, and the disk, how far everything has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from .storage import Position

if TYPE_CHECKING:
    from .user import User

CONFIRM = 1.0  # seconds in which what is to be confirmed is gathered


class Confirming:
    """What of a user's conversations was received, and what was read."""

    def __init__(self, clock: IReactorTime, user: User) -> None:
        self._clock = clock
        self._user = user
        self._call: IDelayedCall | None = None
        self._kept: dict[str, int] = {}  # the positions on disk and at the server
        self._told: dict[str, int] = {}  # up to where the server knows what was read

    def begin(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """A sign-in says what the server knows."""
        self._kept = {}
        self._told = {label: room["read"] for label, room in rooms.items()}
        self.soon()

    def soon(self) -> None:
        """There is more than before."""
        if self._call is None and self._user.is_online:
            self._call = self._clock.callLater(CONFIRM, self._later)

    def _later(self) -> None:
        self._call = None
        self.now()

    def now(self) -> None:
        """Tell the server and the disk."""
        self._cancel()
        user = self._user
        moved = self._keep()
        if moved:
            user.ask("delivered", positions=moved).addErrback(lambda failure: None)
        known = user.conversations.all.values()
        read = {one.label: one.read for one in known if one.read > self._told.get(one.label, 0)}
        if read and not user.account.guest:
            self._told.update(read)
            user.ask("read", positions=read).addErrback(lambda failure: None)

    def offline(self) -> None:
        """The disk at least can be told."""
        if self._cancel():
            self._keep()

    def _cancel(self) -> bool:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
        return call is not None

    def _keep(self) -> dict[str, int]:
        """Keep the positions that have moved on disk."""
        user = self._user
        known = user.conversations.all
        moved = {
            label: done
            for label, one in known.items()
            if (done := user.watcher.done_with(one)) != self._kept.get(label)
        }
        self._kept.update(moved)
        if moved and user.account.storage is not None and not user.account.guest:
            places = {label: Position(known[label].id, seq) for label, seq in moved.items()}
            user.account.storage.move(places).addErrback(lambda failure: None)
        return moved
