"""What becomes of an account: another password, a ban from the server, its end."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ...core.entries import Kind
from ...core.errors import ChatError
from ...core.rooms import Role
from .proving import SCHEME, keep_verifier

if TYPE_CHECKING:
    from ...core.roster import Person
    from ...store import Ledger
    from ..chat import Chat
    from ..session import Session
    from .passwords import Passwords
    from .proving import Proving


class Accounts:
    """Changes accounts that there are; what a change ends is over with its commit."""

    def __init__(self, chat: Chat, passwords: Passwords, proving: Proving) -> None:
        self._chat = chat
        self._passwords = passwords
        self._proving = proving

    async def change_password(self, session: Session, old: str, new: str) -> None:
        """Set a new password, given the old one; ends every resume token and certificate.

        They go with the sessions that end: the keys of this one's device stay, and so does the
        certificate of its connection.
        """
        person, network = session.person, session.door.network
        check = self._chat.signin.check_new(person.named.folded)
        check(new)
        wrong = "That is not your password."
        _, kept = await self._proving.verify(person.name, person, old, network, wrong)
        stored = await self._passwords.kept(new, self._chat.settings.scram, network, check)
        await self._set_password(person, stored, kept, session.device, session.door.certificate)

    async def reset_password(self, person: Person) -> str:
        """Give an account a random password, and tell it."""
        settings = self._chat.settings
        new = secrets.token_urlsafe(max(9, settings.password_min))
        await self._set_password(person, await self._passwords.kept(new, settings.scram))
        return new

    async def _set_password(
        self,
        person: Person,
        stored: tuple[str, str | None],
        instead_of: str | None = None,
        device: str | None = None,
        certificate: str = "",
    ) -> None:
        secret, verifier = stored

        def apply(ledger: Ledger) -> str:
            if instead_of is None:
                ledger.set_credential(person.id, SCHEME, secret)
            elif not ledger.replace_credential(person.id, SCHEME, instead_of, secret):
                raise ChatError("conflict", "Your password was changed by somebody else meanwhile.")
            keep_verifier(ledger, person.id, verifier)
            ledger.drop_tokens(person.id)
            ledger.drop_certificates(person.id, keep=certificate)
            ledger.drop_devices(person.id, keep=device)
            return ledger.devices_version(person.id)

        # Once for those who have proved themselves by now, whose tokens may be stored later than
        # this, and once for those who begin before the old password is gone.
        person.secrets += 1
        version = await self._chat.store.change(apply)
        person.secrets += 1
        self._chat.devices.changed(person, version)

    async def suspend(self, person: Person, until: int | None, reason: str) -> None:
        """Keep an account out until then, or let it in again."""

        def apply(ledger: Ledger) -> str:
            ledger.set_account(person.id, suspended_until=until, suspended_reason=reason)
            if until is not None:
                ledger.drop_tokens(person.id)
                ledger.drop_devices(person.id)
            return ledger.devices_version(person.id)

        self._chat.devices.changed(person, await self._chat.store.change(apply))

    async def erase(self, person: Person) -> None:
        """Erase an account; its name stays taken for good."""
        chat = self._chat

        def apply(ledger: Ledger) -> None:
            for room, role in ledger.memberships(person.id).items():
                if role is Role.OWNER:
                    raise ChatError("not_allowed", "You have just come to own a room.")
                ledger.post(room, Kind.LEAVE, person.id, person.name)
            ledger.erase_account(person.id)

        person.erased = True  # at once, so that it gets in nowhere before the commit
        try:
            await chat.store.change(apply)
        except Exception:
            person.erased = False
            raise
        chat.devices.changed(person, "")
        chat.roster.erase(person)
        for joined in person.rooms:
            chat.membership.unseat(person, joined)
        for room in chat.rooms.rooms.values():
            room.forget(person)
