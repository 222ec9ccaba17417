"""Confirming to the server, and on disk, up to where entries were received and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..connection.link import Ask
from ..connection.sign_in import Account
from .conversations import Conversation, Conversations
from .storage import Position

CONFIRM = 1.0  # seconds in which what is to be confirmed is gathered


class Receipts:
    """Confirms what of a user's conversations was received, and what was read."""

    def __init__(
        self,
        clock: IReactorTime,
        is_online: Callable[[], bool],
        ask: Ask,
        conversations: Conversations,
        account: Account,
        done_with: Callable[[Conversation], int],
    ) -> None:
        """`done_with` says up to which number everything in a conversation is dealt with."""
        self._clock = clock
        self._is_online = is_online
        self._ask = ask
        self._conversations = conversations
        self._account = account
        self._done_with = done_with
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
        if self._call is None and self._is_online():
            self._call = self._clock.callLater(CONFIRM, self._later)

    def _later(self) -> None:
        self._call = None
        self.now()

    def now(self) -> None:
        """Tell the server and the disk."""
        self._cancel()
        moved = self._keep()
        if moved:
            self._ask("delivered", positions=moved).addErrback(lambda failure: None)
        known = self._conversations.all.values()
        read = {one.label: one.read for one in known if one.read > self._told.get(one.label, 0)}
        if read and not self._account.guest:
            self._told.update(read)
            self._ask("read", positions=read).addErrback(lambda failure: None)

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
        account, known = self._account, self._conversations.all
        moved = {
            label: done
            for label, one in known.items()
            if (done := self._done_with(one)) != self._kept.get(label)
        }
        self._kept.update(moved)
        if moved and account.storage is not None and not account.guest:
            places = {label: Position(known[label].id, seq) for label, seq in moved.items()}
            account.storage.move(places).addErrback(lambda failure: None)
        return moved
