"""Whether a password is right, told to those who have tries left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from twisted.logger import Logger

from .core.durations import spoken
from .core.errors import ChatError
from .core.limits import SlidingWindow, Tries, Unlimited
from .core.names import fold
from .core.roster import Person
from .store import reading

if TYPE_CHECKING:
    from .chat import Chat
    from .passwords import Passwords
    from .store import Ledger

F = TypeVar("F")
SCHEME = "passlib"
SCRAM = "scram-sha-256"
WRONG = "Wrong username or password."
# A password is slow to compare, which bounds how many are tried; a proof takes no time at all.
PROOFS_PER_NETWORK = 200  # that are wrong, under whatever names
PROOFS = 20_000
PROOF_SPAN = 600.0  # seconds

Key = tuple[str, str]  # a name, as it is counted, and a network


class Proof(NamedTuple):
    """Somebody has proved who it is, by the secrets that were good then."""

    person: Person
    secrets: int


class Proving:
    """Compares passwords with what is stored, and counts those that are wrong."""

    log = Logger()

    def __init__(self, chat: Chat, passwords: Passwords) -> None:
        self._chat = chat
        self._passwords = passwords
        settings = chat.settings
        self._tries = Tries(settings.login_attempts or sys.maxsize, settings.block_time)
        self._wrong_proofs = SlidingWindow(PROOFS_PER_NETWORK, PROOFS, PROOF_SPAN)

    async def verify(
        self, name: str, person: Person | None, password: str, network: str, wrong: str
    ) -> tuple[Proof, str]:
        """Whose name and password these are, and what is stored of the password.

        A try counts from its beginning, or many at once would be more than are allowed.
        """
        key = (folded(name), network)
        self._begin(key)
        try:
            found = await self._compare(person, password, network)
        finally:
            self._over(key)
        if found is None:
            raise self._failed(key, wrong)
        self._tries.succeeded(key)
        return found

    def check(self, name: str, network: str) -> None:
        """Refuse somebody who has no tries left for that name, or for proofs of any."""
        if isinstance(network, Unlimited):
            return
        now = self._chat.ticks()
        blocked = self._tries.blocked((folded(name), network), now)
        if blocked > 0:
            raise self._blocked(blocked)
        wait = self._wrong_proofs.wait(network, now)
        if wait > 0:
            raise ChatError(
                "blocked",
                f"Too many wrong passwords from your network: wait {spoken(wait)}.",
                retry_after=ceil(wait),
            )

    def attempt(self, name: str, network: str, wrong: str, compare: Callable[[], F | None]) -> F:
        """What a comparison has found that takes no time; nothing found is a try that failed."""
        key = (folded(name), network)
        self.check(name, network)
        self._begin(key)
        try:
            found = compare()
        finally:
            self._over(key)
        if found is None:
            if not isinstance(network, Unlimited) and self._chat.settings.login_attempts:
                self._wrong_proofs.take(network, self._chat.ticks())
            raise self._failed(key, wrong)
        self._tries.succeeded(key)
        return found

    # --- tries ----------------------------------------------------------------------------

    def _begin(self, key: Key) -> None:
        """Take one of the tries that are left to a name from a network, or refuse it."""
        if isinstance(key[1], Unlimited):
            return
        now = self._chat.ticks()
        blocked = self._tries.blocked(key, now)
        if blocked > 0:
            raise self._blocked(blocked)
        if not self._tries.begin(key, now):
            raise ChatError(
                "busy",
                "Others from your network are logging in under this name: try again in a second.",
                retry_after=1,
            )

    def _over(self, key: Key) -> None:
        """A try has an end, whichever it is."""
        if not isinstance(key[1], Unlimited):
            self._tries.give_back(key)

    def _failed(self, key: Key, sentence: str) -> ChatError:
        """Count a try that has failed; the refusal."""
        if isinstance(key[1], Unlimited) or not self._chat.settings.login_attempts:
            return ChatError("wrong_password", sentence)
        now = self._chat.ticks()
        left = self._tries.failed(key, now)
        if not left:
            seconds = self._tries.blocked(key, now)
            # What nobody is called may be a password that was typed in the wrong place.
            known = self._chat.signin.find(key[0])
            self.log.warn(
                "Too many wrong passwords for {name} from {network}: blocked for {time}",
                name="a name that nobody has" if known is None else known.name,
                network=key[1],
                time=spoken(seconds),
            )
            return self._blocked(seconds)
        tries = "1 try" if left == 1 else f"{left} tries"
        return ChatError("wrong_password", f"{sentence} You have {tries} left.", tries=left)

    def _blocked(self, seconds: float) -> ChatError:
        return ChatError(
            "blocked",
            f"Too many wrong passwords: this name is blocked for you for {spoken(seconds)}.",
            retry_after=ceil(seconds),
        )

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
        stored = dict(await chat.read(lambda db: reading.credentials(db, number)))
        kept = stored.get(SCHEME)
        wanted = chat.settings.scram and not passwords.is_verifier(stored.get(SCRAM, ""))
        verdict = await passwords.verify(password, kept, network, wanted)
        if person is None or kept is None or not verdict.ok or person.erased:
            return None
        old, new = kept, verdict.new_hash
        if new is not None and await chat.change(
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
            await self._chat.change(apply)


def folded(name: str) -> str:
    """The name, known or not, the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def keep_verifier(ledger: Ledger, account: int, verifier: str | None) -> None:
    """Never one of another password than the one that is stored with it."""
    if verifier is None:
        ledger.drop_credential(account, SCRAM)
    else:
        ledger.set_credential(account, SCRAM, verifier)
