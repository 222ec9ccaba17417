"""Client certificates: what an account may log in with instead of its password.

A certificate is known by the SHA-256 of the whole of it, and by nothing that is written in it:
TLS has proved that the client has its key. Who signed it and until when it is good means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from ...core.errors import ChatError
from ...core.rooms import Person
from ...core.roster import Roster
from ...store import Certificate, Ledger, accounts
from ..async_store import AsyncStore
from .sign_in import Proof, SignIn

A_DAY = 24 * 3600 * 1000  # milliseconds: how exactly it is kept when a certificate was used
UNKNOWN = "That certificate is no account's here."

_FINGERPRINT = re.compile("[0-9a-f]{64}")


def fingerprint(text: str) -> str:
    """The fingerprint that somebody has written, with colons or without."""
    found = text.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(found):
        raise ChatError("args", "A fingerprint is the SHA-256 of a certificate: 64 hex digits.")
    return found


class ClientCertificates:
    """Knows which certificates belong to which accounts."""

    def __init__(
        self, store: AsyncStore, roster: Roster, signin: SignIn, wall: Callable[[], int]
    ) -> None:
        self._store = store
        self._roster = roster
        self._signin = signin
        self._wall = wall

    async def log_in(self, presented: str, wanted: str, nick: str) -> Proof:
        """The account of the certificate that a connection has.

        Several accounts may have the same: it is the one that is `wanted`, else the one of that
        nick. Without either, only an account counts at which the certificate itself was there
        before: whoever names somebody else's fingerprint does not draw them into their account.
        """
        find = self._signin.find
        named = [person.id for name in (wanted, nick) if name and (person := find(name))]
        owners = {
            row.account: row
            for row in await self._store.read(
                lambda db: accounts.certificate_owners(db, presented, named)
            )
        }
        mine = [owners[number] for number in named if number in owners]
        if wanted:
            person = find(wanted)
            mine = [row for row in mine if person is not None and row.account == person.id]
        elif not mine:
            mine = [row for row in owners.values() if row.used is not None]
            if len(mine) > 1:
                raise ChatError(
                    "sasl", "That certificate is of several accounts: say which one you are."
                )
        person = self._roster.people.get(mine[0].account) if mine else None
        if person is None:
            raise ChatError("wrong_password", UNKNOWN)
        proof = Proof(person, person.secrets)
        # Checked again, since the certificate may have been removed before `secrets` was read.
        found = [row for row in await self.of(person) if row.fingerprint == presented]
        if not found:
            raise ChatError("wrong_password", UNKNOWN)
        if found[0].used is None or self._wall() - found[0].used > A_DAY:
            with suppress(ChatError):  # it counts on a full disk too
                await self._store.change(
                    lambda ledger: ledger.accounts.use_certificate(person.id, presented)
                )
        await self._signin.recall(person)
        self._signin.admit(proof)
        return proof

    async def of(self, person: Person) -> list[Certificate]:
        """The certificates of an account, the oldest first."""
        return await self._store.read(lambda db: accounts.certificates(db, person.id))

    async def add(self, person: Person, added: str, present: bool) -> bool:
        """Let an account log in with a certificate; False when it may already."""
        return await self._store.change(
            lambda ledger: ledger.accounts.add_certificate(person.id, added, present)
        )

    async def remove(self, person: Person, removed: str) -> None:
        """Take a certificate from an account; logins with it that are under way fail."""

        def apply(ledger: Ledger) -> None:
            if not ledger.accounts.drop_certificate(person.id, removed):
                raise ChatError("args", "Your account has no such certificate.")

        await self._store.change(apply)
        person.secrets += 1
