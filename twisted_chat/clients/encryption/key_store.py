"""The key that opens what the clients of one account keep here: a file, or a passphrase.

All slots of an account have the same master key. It lies in `vault.json`, wrapped by what is in
`vault.key` beside it, or by a passphrase that is nowhere. Everything here may block.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ChatError, reason_of
from ...private_file import write_private

if TYPE_CHECKING:
    from ...e2e.vault import Vault

WRAPPED, KEY, LOCK = "vault.json", "vault.key", "vault.lock"
KEY_SIZE = 32  # bytes
MOST = 64 * 1024  # bytes of a file that is read here


class Safe:
    """The files of one account; ChatError says what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def asks_for_passphrase(self) -> bool:
        """Whether only a passphrase opens it."""
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
