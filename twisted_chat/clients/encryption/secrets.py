"""End-to-end encryption of one user: its keys, and the devices in its conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ...core.errors import ChatError
from ..connection.link import Ask
from ..sync.conversations import Conversations
from ..sync.storage import Run
from .devices import Devices, told
from .key_store import AccountKeys, Tell

REPLENISH = 3600.0  # seconds after which one looks whether keys were used up


class Secrets(AccountKeys):
    """The keys of one account in the course of its connections."""

    def __init__(
        self,
        wall: Callable[[], float],
        run: Run[Any],
        ask: Ask,
        conversations: Conversations,
        tell: Tell,
        clock: IReactorTime,
    ) -> None:
        """`ask` is for the server, `tell` is told sentences on a conversation."""
        super().__init__(wall, run, ask, conversations, tell)
        self.devices = Devices(self, run, clock)
        self._published = 0.0

    def entered(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """Somebody has signed in: publish the keys, and see whose devices have changed."""
        self.devices.forget()
        if self._machine is None:
            return
        self.encrypted.entered(rooms)
        self.devices.entered(rooms)
        begun = Deferred.fromCoroutine(self._begin())
        begun.addErrback(self.not_now)

    async def _begin(self) -> None:
        try:
            await self.publish()
        except ChatError as error:
            self.say_why(error)
        await self.devices.look_around()

    def replenish(self) -> None:
        """Now and then see to it that others have enough keys to begin with."""
        if not 0 <= self.wall() - self._published <= REPLENISH and self._machine is not None:
            self._published = self.wall()
            Deferred.fromCoroutine(self.publish()).addErrback(self.not_now)

    async def publish(self) -> None:
        """Let others know this device, with enough keys to begin with."""
        self._published = self.wall()
        own = self.machine.own.keys
        keys = {
            "ed25519": own.ed25519,
            "curve25519": own.curve25519,
            "signature": own.signature,
        }
        waiting = told(await self.ask("publish", device_keys=keys), "one_time", int)
        bundle = await self.kept(self.machine.publish(waiting, self.wall()))
        if bundle is not None:
            import msgspec

            await self.ask("publish", **msgspec.to_builtins(bundle))
