"""The keys of one account on this computer, and what opens them: a key file, or a passphrase.

All slots of an account have the same master key. It lies in `vault.json`, wrapped by what is in
`vault.key` beside it, or by a passphrase that is nowhere. The methods of `KeyStore`
block.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.encryption import RowChange
from ...core.errors import ChatError, reason_of
from ...private_file import write_private
from ..connection.link import FOR_NOW, Ask, Lost
from ..sync.conversations import Conversations
from ..sync.storage import Run, Storage
from .encrypted_rooms import EncryptedRooms

if TYPE_CHECKING:  # loaded when somebody has signed in
    from ...e2e.machine import OlmMachine
    from ...e2e.rows import Outcome
    from ...e2e.vault import Vault

Tell = Callable[[str, str], None]
MOST_PASSPHRASES = 3  # that are tried one after another
# No server of today, or none at the moment; a new token comes with the next sign-in; and a
# conversation that is not encrypted, as the server says, was warned of.
NOTHING_TO_SAY = ("unknown_command", "offline", "bad_token", "not_encrypted")


WRAPPED, KEY, LOCK = "vault.json", "vault.key", "vault.lock"
KEY_SIZE = 32  # bytes
MOST = 64 * 1024  # bytes of a file that is read here


class KeyStore:
    """The files of one account; ChatError says what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def asks_for_passphrase(self) -> bool:
        """Return whether only a passphrase opens the keys."""
        from ...e2e.vault import is_by_passphrase

        with self._naming_damage(), self._locked():
            wrapped = self._read(WRAPPED)
            return wrapped is not None and is_by_passphrase(wrapped)

    def open(self, passphrase: str = "") -> Vault:
        """The vault; it is made, with a key file, if there is none yet."""
        with self._naming_damage():
            return self._opened(passphrase)

    def _opened(self, passphrase: str) -> Vault:
        from ...e2e.vault import Vault, is_by_passphrase

        with self._locked():
            wrapped = self._read(WRAPPED)
            if wrapped is None:
                vault = Vault.new()
                self._protect(vault, "")
                return vault
            if is_by_passphrase(wrapped):
                return Vault.unlock(wrapped, passphrase)
            key = self._read(KEY)
        if key is None or len(key) < KEY_SIZE:
            wrong = "gone" if key is None else "cut short"
            raise ChatError("vault", self._way_out(f"The key file {self._folder / KEY} is {wrong}"))
        return Vault.unlock(wrapped, key)

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """The vault does not know where it is kept."""
        try:
            yield
        except ChatError as error:
            if error.code != "damaged":
                raise
            file = self._folder / WRAPPED
            raise ChatError("damaged", self._way_out(f"The keys in {file} are damaged")) from None

    def _way_out(self, problem: str) -> str:
        return (
            f"{problem}: put it back from a backup, or move {self._folder} away to begin without"
            " what was kept there."
        )

    def protect(self, vault: Vault, passphrase: str) -> None:
        """From now on this passphrase opens it, or a key file again if it is empty.

        The vault has another master key then; what was encrypted before is to be `settle`d.
        """
        with self._naming_damage(), self._locked():
            wrapped = self._read(WRAPPED)
            if wrapped is not None and not vault.is_of(wrapped):
                raise ChatError(
                    "vault",
                    "Another client of yours has changed the passphrase since this one began:"
                    " nothing was changed. Start this client anew first.",
                )
            renewed = vault.renewed()
            self._protect(renewed, passphrase)
            vault.become(renewed)

    def settle(self, vault: Vault) -> None:
        """Everything is encrypted under the master key of today: forget those of before."""
        with self._naming_damage(), self._locked():
            wrapped = self._read(WRAPPED)
            if wrapped is not None and vault.is_of(wrapped):
                write_private(self._folder / WRAPPED, vault.settled(wrapped))

    def _protect(self, vault: Vault, passphrase: str) -> None:
        # What is wrapped goes by its own word on what opens it, so a cut between the two
        # writes leaves a file too many, and never one too few.
        if passphrase:
            write_private(self._folder / WRAPPED, vault.wrap(passphrase))
            (self._folder / KEY).unlink(missing_ok=True)
        else:
            key = self._read(KEY) or os.urandom(KEY_SIZE)
            write_private(self._folder / KEY, key)
            write_private(self._folder / WRAPPED, vault.wrap(key))

    def _read(self, name: str) -> bytes | None:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return file.read(MOST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ChatError("vault", f"{path} cannot be read: {reason_of(error)}.") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two clients that start for the first time at once have one key all the same."""
        lock = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


class AccountKeys:
    """The keys of one account on this computer, and the encryption that they open.

    `e2e.machine.OlmMachine` decides everything. It is given what the server says and what is on
    disk, and what it changes is on disk before anything of it is sent.
    """

    log = Logger()

    def __init__(
        self,
        wall: Callable[[], float],
        run: Run[Any],
        ask: Ask,
        conversations: Conversations,
        tell: Tell,
    ) -> None:
        """`ask` is for the server, `tell` is told sentences on a conversation."""
        self.wall = wall  # seconds since 1970
        self.ask = ask
        self.tell = tell
        self._run = run
        self.conversations = conversations
        self.encrypted = EncryptedRooms(conversations, tell)
        self._store: KeyStore | None = None
        self._vault: Vault | None = None
        self._machine: OlmMachine | None = None
        self._storage: Storage | None = None

    # --- opening -----------------------------------------------------------------------------

    async def open(
        self, folder: Path, storage: Storage, name: str, ask: Callable[[str], Awaitable[str]]
    ) -> None:
        """Take up what is kept in storage; `ask` asks for the passphrase, told what was wrong."""
        if self._storage is storage:
            return
        self._store = KeyStore(folder)
        vault = await self._unlocked(self._store, ask)
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
        """Forget the keys: a guest has none."""
        self._store = self._vault = self._machine = self._storage = None
        self.encrypted.begin(None)

    async def _unlocked(self, store: KeyStore, ask: Callable[[str], Awaitable[str]]) -> Vault:
        if not await self._run(store.asks_for_passphrase):
            opened: Vault = await self._run(store.open)
            return opened
        refusal = ""
        for _ in range(MOST_PASSPHRASES):
            try:
                opened = await self._run(partial(store.open, await ask(refusal)))
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
        if self._store is None or self._vault is None:
            raise ChatError("guest", "A guest has no keys to protect.")
        store, vault = self._store, self._vault
        await self._run(lambda: store.protect(vault, passphrase))
        return await self._settle()

    async def _settle(self) -> bool:
        """Encrypt everything that is kept under the master key of today."""
        store, vault = self._store, self._vault
        assert store is not None and vault is not None
        whole = await self.storage.encrypt_anew(vault.again)
        if whole:
            await self._run(lambda: store.settle(vault))
        return whole

    # --- what others of this package need ------------------------------------------------------

    @property
    def machine(self) -> OlmMachine:
        """The encryption of this device; ChatError for a guest."""
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

    def write(self, changes: Iterable[RowChange]) -> Deferred[None]:
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
