"""Whether a password is right, told to those who have tries left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ...core.errors import ChatError
from ...core.roster import Person
from ...store import queries

if TYPE_CHECKING:
    from ...store import Ledger
    from ..chat import Chat
    from .login_attempts import LoginAttempts
    from .passwords import Passwords

F = TypeVar("F")
SCHEME = "passlib"
SCRAM = "scram-sha-256"
WRONG = "Wrong username or password."


class Proof(NamedTuple):
    """Somebody has proved who it is, by the secrets that were good then."""

    person: Person
    secrets: int


class Proving:
    """Compares passwords with what is stored, for those who have tries left."""

    def __init__(self, chat: Chat, passwords: Passwords, attempts: LoginAttempts) -> None:
        self._chat = chat
        self._passwords = passwords
        self.attempts = attempts

    async def verify(
        self, name: str, person: Person | None, password: str, network: str, wrong: str
    ) -> tuple[Proof, str]:
        """Whose name and password these are, and what is stored of the password."""
        with self.attempts.attempt(name, network):
            found = await self._compare(person, password, network)
        return self._settled(name, network, wrong, found)

    def attempt(self, name: str, network: str, wrong: str, compare: Callable[[], F | None]) -> F:
        """What a comparison has found that takes no time; nothing found is a try that failed."""
        with self.attempts.attempt(name, network):
            found = compare()
        return self._settled(name, network, wrong, found)

    def _settled(self, name: str, network: str, wrong: str, found: F | None) -> F:
        if found is None:
            raise self.attempts.failed(name, network, wrong)
        self.attempts.succeeded(name, network)
        return found

    # --- passwords ------------------------------------------------------------------------

    async def _compare(
        self, person: Person | None, password: str, network: str
    ) -> tuple[Proof, str] | None:
        """What a password proves and what is stored of it; None if it is wrong."""
        chat, passwords = self._chat, self._passwords
        passwords.check(network)  # before there is work for anybody
        secrets = 0 if person is None else person.secrets
        # An unknown name takes the same way as a known one, so that time tells nothing.
        number = 0 if person is None else person.id
        stored = dict(await chat.store.read(lambda db: queries.credentials(db, number)))
        kept = stored.get(SCHEME)
        wanted = chat.settings.scram and not passwords.is_verifier(stored.get(SCRAM, ""))
        verdict = await passwords.verify(password, kept, network, wanted)
        if person is None or kept is None or not verdict.ok or person.erased:
            return None
        old, new = kept, verdict.new_hash
        if new is not None:
            # Where nothing can be stored, the old one does until the next login.
            with suppress(ChatError):
                if await chat.store.change(
                    lambda ledger: ledger.replace_credential(person.id, SCHEME, old, new)
                ):
                    kept = new
        if verdict.verifier is not None:
            await self._keep_verifier(person, verdict.verifier, kept)
        return Proof(person, secrets), kept

    async def _keep_verifier(self, person: Person, verifier: str, kept: str) -> None:
        """Keep what the password with that hash can be proved with, if it is the account's."""

        def apply(ledger: Ledger) -> None:
            if ledger.replace_credential(person.id, SCHEME, kept, kept):
                ledger.set_credential(person.id, SCRAM, verifier)

        with suppress(ChatError):
            await self._chat.store.change(apply)


def keep_verifier(ledger: Ledger, account: int, verifier: str | None) -> None:
    """Never one of another password than the one that is stored with it."""
    if verifier is None:
        ledger.drop_credential(account, SCRAM)
    else:
        ledger.set_credential(account, SCRAM, verifier)
