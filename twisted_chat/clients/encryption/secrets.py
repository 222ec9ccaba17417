"""End-to-end encryption of one user: its device, what opens it, and what is kept of it.

`secrecy.machine` decides everything. Here it is given what the server says and what is on the
disk, and what it changes is on disk before anything of it is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.errors import ChatError
from ..connection.link import FOR_NOW, Ask, Lost
from .devices import Devices, told
from .encrypted_rooms import Encrypted
from .key_store import Safe

if TYPE_CHECKING:
    from ...e2e.machine import OlmMachine
    from ...e2e.rows import Outcome
    from ...e2e.vault import Vault
    from ..sync.conversations import Conversations
    from ..sync.storage import Change, Run, Storage

Tell = Callable[[str, str], None]
MOST_PASSPHRASES = 3  # that are tried one after another
REPLENISH = 3600.0  # seconds after which one looks whether keys were used up
# No server of today, or none at the moment; a new token comes with the next sign-in; and a
# conversation that is not encrypted, as the server says, was warned of.
NOTHING_TO_SAY = ("unknown_command", "offline", "bad_token", "not_encrypted")


class Secrets:
    """The secrets of one account."""

    log = Logger()

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
        self.wall = wall  # seconds since 1970
        self.ask = ask
        self.tell = tell
        self._run = run
        self.conversations = conversations
        self.encrypted = Encrypted(conversations, tell)
        self.devices = Devices(self, run, clock)
        self._safe: Safe | None = None
        self._vault: Vault | None = None
        self._machine: OlmMachine | None = None
        self._storage: Storage | None = None
        self._published = 0.0

    # --- opening -----------------------------------------------------------------------------

    async def open(
        self, folder: Path, storage: Storage, name: str, ask: Callable[[str], Awaitable[str]]
    ) -> None:
        """Take up what is kept in storage; `ask` asks for the passphrase, told what was wrong."""
        if self._storage is storage:
            return
        self._safe = Safe(folder)
        vault = await self._unlocked(self._safe, ask)
        from ...e2e.machine import OlmMachine

        if storage.secrets:
            self._machine = OlmMachine(vault, storage.secrets)
        else:
            made = OlmMachine.new(vault, name, storage.facts["device"])
            await storage.change(made.changes)
            self._machine = made.value
        self._storage, self._vault = storage, vault
        self.encrypted.begin(storage)
        if not vault.is_settled:
            Deferred.fromCoroutine(self._settle()).addErrback(
                lambda failure: self.log.failure("The keys could not be renewed", failure)
            )

    def close(self) -> None:
        """Whoever comes in without an account has none."""
        self._safe = self._vault = self._machine = self._storage = None
        self.encrypted.begin(None)

    async def _unlocked(self, safe: Safe, ask: Callable[[str], Awaitable[str]]) -> Vault:
        if not await self._run(safe.asks_for_passphrase):
            opened: Vault = await self._run(safe.open)
            return opened
        refusal = ""
        for _ in range(MOST_PASSPHRASES):
            try:
                opened = await self._run(partial(safe.open, await ask(refusal)))
                return opened
            except ChatError as error:
                if error.code != "bad_passphrase":
                    raise
                refusal = error.sentence
        raise ChatError("bad_passphrase", refusal)

    async def protect(self, passphrase: str) -> bool:
        """Let this passphrase open what is kept here, or a key file again if it is empty.

        The keys are others from then on; whether nothing is left under those of before.
        """
        if self._safe is None or self._vault is None:
            raise ChatError("guest", "A guest has no keys to protect.")
        safe, vault = self._safe, self._vault
        await self._run(lambda: safe.protect(vault, passphrase))
        return await self._settle()

    async def _settle(self) -> bool:
        """Encrypt everything that is kept under the master key of today."""
        safe, vault = self._safe, self._vault
        assert safe is not None and vault is not None
        whole = await self.storage.encrypt_anew(vault.again)
        if whole:
            await self._run(lambda: safe.settle(vault))
        return whole

    # --- what others of this package need ------------------------------------------------------

    @property
    def machine(self) -> OlmMachine:
        """The one who encrypts and decrypts."""
        if self._machine is None:
            raise ChatError("guest", "Guests cannot encrypt anything: make the name an account.")
        return self._machine

    @property
    def storage(self) -> Storage:
        """Where everything of it is kept."""
        assert self._storage is not None
        return self._storage

    @property
    def is_open(self) -> bool:
        """Whether there is anything to encrypt with."""
        return self._machine is not None

    async def kept(self, outcome: Outcome[Any]) -> Any:
        """The value of an operation, as soon as what it changes is on disk."""
        await self.write(outcome.changes)
        return outcome.value

    def write(self, changes: Iterable[Change]) -> Deferred[None]:
        """Write what has changed."""
        changes = tuple(changes)
        if changes:
            return self.storage.change(changes).addErrback(self._not_written)
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def _not_written(self, failure: Failure) -> None:
        raise not_kept(failure)

    def forgotten(self, kept: Deferred[None]) -> None:
        """Nobody waits for this."""
        kept.addErrback(lambda failure: self.log.failure("A fact was not kept", failure))

    # --- the course of a connection ------------------------------------------------------------

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

    def not_now(self, failure: Failure) -> None:
        """What was begun by itself did not succeed."""
        if failure.check(Lost):
            return
        if isinstance(failure.value, ChatError):
            self.say_why(failure.value)
        else:
            self.log.failure("The keys could not be seen to", failure)

    def say_why(self, error: ChatError) -> None:
        """Say it, if it is anything to the person."""
        if error.code not in FOR_NOW and error.code not in NOTHING_TO_SAY:
            self.tell("", error.sentence)

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

    async def share(self, label: str, sealed: str) -> None:
        """Give devices what they need to read what comes; the same thing twice is stored once."""
        cid = "keys-" + sha256(sealed.encode()).hexdigest()[:40]
        await self.ask("share", room=label, sealed=sealed, cid=cid)


def not_kept(failure: Failure) -> ChatError:
    """Why something that has to be on disk first was not done."""
    return ChatError(
        "disk",
        f"This was not done: it cannot be kept on this computer's disk ({failure.value}).",
    )
