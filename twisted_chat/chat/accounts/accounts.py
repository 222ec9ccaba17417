"""Changes of accounts: their passwords, bans from the server, and their end."""

from __future__ import annotations

import secrets

from ...core.entries import Kind
from ...core.errors import ChatError
from ...core.rooms import Person, Role, RoomBook
from ...core.roster import Roster
from ...settings import Settings
from ...store import Ledger
from ..async_store import AsyncStore
from ..device_keys import DeviceKeys
from ..rooms import Membership
from ..session import Session
from .sign_in import SCHEME, SignIn, keep_verifier


class Accounts:
    """Changes accounts; rights that a change ends are gone when it is committed."""

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        roster: Roster,
        rooms: RoomBook,
        membership: Membership,
        devices: DeviceKeys,
        signin: SignIn,
    ) -> None:
        self._settings = settings
        self._store = store
        self._roster = roster
        self._rooms = rooms
        self._membership = membership
        self._devices = devices
        self._signin = signin
        self._passwords = signin.passwords

    async def change_password(self, session: Session, old: str, new: str) -> None:
        """Set a new password, given the old one; ends every resume token and certificate.

        They go with the sessions that end: the keys of this one's device stay, and so does the
        certificate of its connection.
        """
        person, network = session.person, session.door.network
        check = self._signin.check_new(person.named.folded)
        check(new)
        wrong = "That is not your password."
        _, kept = await self._signin.verify(person.name, person, old, network, wrong)
        stored = await self._passwords.kept(new, self._settings.scram, network, check)
        await self._set_password(person, stored, kept, session.device, session.door.certificate)

    async def reset_password(self, person: Person) -> str:
        """Give an account a random password, and return it."""
        settings = self._settings
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
                ledger.accounts.set_credential(person.id, SCHEME, secret)
            elif not ledger.accounts.replace_credential(person.id, SCHEME, instead_of, secret):
                raise ChatError("conflict", "Your password was changed by somebody else meanwhile.")
            keep_verifier(ledger, person.id, verifier)
            ledger.accounts.drop_tokens(person.id)
            ledger.accounts.drop_certificates(person.id, keep=certificate)
            ledger.device_keys.drop_devices(person.id, keep=device)
            return ledger.device_keys.devices_version(person.id)

        # Once for logins that were proved before now and whose tokens may be stored later than
        # this, and once for those that begin before the old password is gone.
        person.secrets += 1
        version = await self._store.change(apply)
        person.secrets += 1
        self._devices.changed(person, version)

    def keep_last_seen(self, *people: Person) -> None:
        """Store when people were last here, unless the store is too busy."""
        seen = [(person.id, person.last_seen) for person in people]

        def apply(ledger: Ledger) -> None:
            for number, time in seen:
                ledger.accounts.set(number, last_seen=time)

        self._store.change_if_possible(apply)

    async def suspend(self, person: Person, until: int | None, reason: str) -> None:
        """Ban an account from the server until that time, or with None no longer."""

        def apply(ledger: Ledger) -> str:
            ledger.accounts.set(person.id, suspended_until=until, suspended_reason=reason)
            if until is not None:
                ledger.accounts.drop_tokens(person.id)
                ledger.device_keys.drop_devices(person.id)
            return ledger.device_keys.devices_version(person.id)

        self._devices.changed(person, await self._store.change(apply))

    async def erase(self, person: Person) -> None:
        """Erase an account; its name stays taken for good."""

        def apply(ledger: Ledger) -> None:
            for room, role in ledger.rooms.memberships(person.id).items():
                if role is Role.OWNER:
                    raise ChatError("not_allowed", "You have just come to own a room.")
                ledger.log.post(room, Kind.LEAVE, person.id, person.name)
            ledger.accounts.erase(person.id)

        person.erased = True  # at once, so that they join nothing before the commit
        try:
            await self._store.change(apply)
        except Exception:
            person.erased = False
            raise
        self._devices.changed(person, "")
        self._roster.erase(person)
        for joined in person.rooms:
            self._membership.unseat(person, joined)
        for room in self._rooms.rooms.values():
            room.forget(person)
