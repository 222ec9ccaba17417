"""Accounts and what lets them sign in: the changes, and the questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

import sqlalchemy as sa

from ..core.errors import ChatError
from . import schema
from .changes import Changes
from .cursors import CursorChanges
from .device_keys import KeyChanges
from .files import FileChanges
from .log import Log
from .records import LOBBY, Certificate, Token

account = schema.account
credential = schema.credential
ignored = schema.ignored
certificate = schema.certificate

MOST_TOKENS = 20  # of one account
MOST_CERTIFICATES = 10  # of one account
MOST_OWNERS = 100  # of one certificate, that are looked at


class AccountFields(TypedDict, total=False):
    """What may be changed about an account."""

    name: str
    folded: str
    skeleton: str
    intro: str
    suspended_until: int | None
    suspended_reason: str
    away: str
    last_seen: int


class AccountChanges(Changes):
    """The part of the ledger that is about accounts, and about what lets them sign in."""

    def __init__(
        self, log: Log, cursors: CursorChanges, keys: KeyChanges, files: FileChanges
    ) -> None:
        super().__init__(log.connection, log.now)
        self._index = log.index
        self._cursors = cursors
        self._keys = keys
        self._files = files

    def add(
        self,
        name: str,
        folded: str,
        skeleton: str,
        scheme: str | None,
        value: str | None,
    ) -> int:
        """Make an account and return its number; what was said before is not new to it.

        ChatError('name_taken') when the name was ever given away. Which names look too much alike
        is for the caller to know.
        """
        self._check_name(name, folded)
        now = self.now()
        number = self._add(
            account,
            name=name,
            folded=folded,
            skeleton=skeleton,
            last_seen=now,
            created=now,
        )
        if scheme is not None and value is not None:
            self.set_credential(number, scheme, value)
        self._cursors.begin_at_end(number, LOBBY)
        return number

    def set_credential(self, account: int, scheme: str, value: str) -> None:
        """Store what a password or key is checked against, instead of what was there."""
        self._check_alive(account)
        self.drop_credential(account, scheme)
        self.connection.execute(
            sa.insert(credential).values(account=account, scheme=scheme, value=value)
        )

    def replace_credential(self, account: int, scheme: str, old: str, new: str) -> bool:
        """The same, but only if `old` is still what is stored; False when it is not."""
        done = self.connection.execute(
            sa.update(credential)
            .where(
                credential.c.account == account,
                credential.c.scheme == scheme,
                credential.c.value == old,
            )
            .values(value=new)
        )
        return done.rowcount == 1

    def drop_credential(self, account: int, scheme: str) -> None:
        """Forget one way of signing in."""
        self.connection.execute(
            sa.delete(credential).where(
                credential.c.account == account, credential.c.scheme == scheme
            )
        )

    def drop_scheme(self, scheme: str) -> None:
        """Forget one way of signing in, for everybody."""
        self.connection.execute(sa.delete(credential).where(credential.c.scheme == scheme))

    def add_token(self, account: int, device: str, hash: str) -> int:
        """Let a device resume with the token of this hash; the number to revoke it by.

        An account has at most `MOST_TOKENS`: of those beyond, this device's own go first, and
        then those that were not used for longest. A device that has none left is forgotten.
        """
        self._check_alive(account)
        now = self.now()
        mine = schema.token.c.account == account
        kept = self.connection.execute(
            sa.select(schema.token.c.id, schema.token.c.device)
            .where(mine)
            .order_by(
                schema.token.c.device == device,
                schema.token.c.used.desc(),
                schema.token.c.id.desc(),
            )
        ).all()
        gone = kept[MOST_TOKENS - 1 :]
        for row in gone:
            self.connection.execute(sa.delete(schema.token).where(schema.token.c.id == row.id))
        left = {device, *(row.device for row in kept[: MOST_TOKENS - 1])}
        for lost in {row.device for row in gone} - left:
            self.forget_device(account, lost)
        return self._add(
            schema.token, account=account, device=device, hash=hash, created=now, used=now
        )

    def swap_token(self, old_hash: str, new_hash: str) -> bool:
        """Put a fresh token in the place of one that is used; False when it is not good any more.

        The used one stays good until the fresh one is used.
        """
        done = self.connection.execute(
            sa.update(schema.token)
            .where(sa.or_(schema.token.c.hash == old_hash, schema.token.c.former == old_hash))
            .values(hash=new_hash, former=old_hash, used=self.now())
        )
        return done.rowcount == 1

    def use_tokens(self, numbers: Sequence[int], before: int) -> None:
        """Note that these tokens are in use now, unless that was noted after a time."""
        self.connection.execute(
            sa.update(schema.token)
            .where(schema.token.c.id.in_(numbers), schema.token.c.used < before)
            .values(used=self.now())
        )

    def expire_tokens(self, numbers: Sequence[int], before: int) -> dict[int, str]:
        """Revoke those of these tokens that were last used before a time.

        Devices that have none left are forgotten; the versions of their accounts' devices.
        """
        old = schema.token.c.id.in_(numbers) & (schema.token.c.used < before)
        rows = self.connection.execute(
            sa.select(schema.token.c.account, schema.token.c.device).where(old)
        ).all()
        self.connection.execute(sa.delete(schema.token).where(old))
        for row in rows:
            if not self._has_token_of(row.account, row.device):
                self.forget_device(row.account, row.device)
        return {row.account: self._keys.devices_version(row.account) for row in rows}

    def forget_device(self, account: int, device: str) -> None:
        """Forget the keys of a device, and how far it was shown its rooms, if it has no token.

        What some device was shown remains known of the account.
        """
        self._keys.drop_device(account, device)
        if not self._has_token_of(account, device):
            self._cursors.forget_device(account, device)

    def _has_token_of(self, account: int, device: str) -> bool:
        theirs = (schema.token.c.account == account) & (schema.token.c.device == device)
        return (
            self.connection.execute(sa.select(schema.token.c.id).where(theirs)).first() is not None
        )

    def drop_token(self, account: int, number: int) -> bool:
        """Revoke one of an account's tokens; False when it has no such token."""
        done = self.connection.execute(
            sa.delete(schema.token).where(
                schema.token.c.account == account, schema.token.c.id == number
            )
        )
        return done.rowcount == 1

    def has_token(self, account: int, number: int) -> bool:
        """Whether one of an account's tokens is still good."""
        mine = (schema.token.c.account == account) & (schema.token.c.id == number)
        return self.connection.execute(sa.select(schema.token.c.id).where(mine)).first() is not None

    def drop_tokens(self, account: int, keep: int | None = None) -> None:
        """Revoke an account's tokens, all but the one with the number `keep`.

        Their devices may log in again and go on where they were. Those that had no token before
        have not done so, and are forgotten.
        """
        self._cursors.forget_devices_without_token(account)
        revoked = sa.delete(schema.token).where(schema.token.c.account == account)
        if keep is not None:
            revoked = revoked.where(schema.token.c.id != keep)
        self.connection.execute(revoked)

    def add_certificate(self, account: int, fingerprint: str, used: bool) -> bool:
        """Let an account log in with a certificate; False when it may already.

        `used` says that a connection had it, and not only its name. ChatError('too_many') when
        the account has `MOST_CERTIFICATES`.
        """
        self._check_alive(account)
        mine = certificate.c.account == account
        kept = self.connection.execute(sa.select(certificate.c.fingerprint).where(mine)).scalars()
        known = set(kept)
        if fingerprint in known:
            return False
        if len(known) >= MOST_CERTIFICATES:
            raise ChatError(
                "too_many",
                f"An account has at most {MOST_CERTIFICATES} certificates: remove one first.",
            )
        now = self.now()
        row = {"account": account, "fingerprint": fingerprint, "added": now}
        self.connection.execute(sa.insert(certificate).values(**row, used=now if used else None))
        return True

    def use_certificate(self, account: int, fingerprint: str) -> None:
        """Note that a connection has logged in with a certificate."""
        self.connection.execute(
            sa.update(certificate)
            .where(certificate.c.account == account, certificate.c.fingerprint == fingerprint)
            .values(used=self.now())
        )

    def drop_certificate(self, account: int, fingerprint: str) -> bool:
        """Let an account log in with a certificate no more; False when it could not."""
        done = self.connection.execute(
            sa.delete(certificate).where(
                certificate.c.account == account, certificate.c.fingerprint == fingerprint
            )
        )
        return done.rowcount == 1

    def drop_certificates(self, account: int, keep: str = "") -> int:
        """Forget an account's certificates, all but one; how many there were."""
        done = self.connection.execute(
            sa.delete(certificate).where(
                certificate.c.account == account, certificate.c.fingerprint != keep
            )
        )
        return int(done.rowcount)

    def set(self, id: int, **columns: Unpack[AccountFields]) -> None:
        """Change an account; ChatError('name_taken') when the new name belongs to another."""
        if "folded" in columns:
            folded = columns["folded"]
            self._check_name(columns.get("name", folded), folded, but=id)
        if columns:
            self.connection.execute(sa.update(account).where(account.c.id == id).values(**columns))

    def erase(self, id: int) -> None:
        """Forget a person. The name stays taken, and what was said and sent in rooms stays."""
        self.connection.execute(
            sa.update(account)
            .where(account.c.id == id)
            .values(
                erased=True,
                intro="",
                away="",
                suspended_until=None,
                suspended_reason="",
                last_seen=0,
            )
        )
        for table in (
            credential,
            schema.token,
            certificate,
            schema.account_metadata,
            schema.cursor,
            schema.read_cursor,
            schema.read_marker,
            schema.member,
            schema.mute,
            schema.ban,
            schema.invite,
            ignored,
        ):
            self.connection.execute(sa.delete(table).where(table.c.account == id))
        self.connection.execute(sa.delete(ignored).where(ignored.c.other == id))
        self._keys.drop_devices(id)
        self._files.drop_own(id)
        self._index.leave_to_scrub()

    def put_ignored(self, account: int, other: int) -> None:
        """Let an account ignore another one."""
        self.drop_ignored(account, other)
        self.connection.execute(sa.insert(ignored).values(account=account, other=other))

    def drop_ignored(self, account: int, other: int) -> bool:
        """Stop ignoring; False when it was not ignored."""
        done = self.connection.execute(
            sa.delete(ignored).where(ignored.c.account == account, ignored.c.other == other)
        )
        return done.rowcount == 1

    def _check_name(self, name: str, folded: str, but: int | None = None) -> None:
        others = sa.select(account.c.id).where(
            account.c.folded == folded, account.c.id.is_distinct_from(but)
        )
        if self.connection.execute(others).first():
            raise ChatError("name_taken", f"The name {name} is taken.")


# Questions


def credentials(connection: sa.Connection, account: int) -> dict[str, str]:
    """What an account's sign-in is checked against: {scheme: value}."""
    found = connection.execute(
        sa.select(credential.c.scheme, credential.c.value).where(credential.c.account == account)
    )
    return {row.scheme: row.value for row in found}


def token(connection: sa.Connection, hash: str) -> Token | None:
    """The token of this hash, or the one that came for it and was not used yet."""
    good = sa.or_(schema.token.c.hash == hash, schema.token.c.former == hash)
    found = connection.execute(sa.select(schema.token).where(good)).first()
    return None if found is None else Token._make(found)


def unused_tokens(connection: sa.Connection, before: int, limit: int) -> list[int]:
    """The numbers of tokens that were last used before a time."""
    found = connection.execute(
        sa.select(schema.token.c.id).where(schema.token.c.used < before).limit(limit)
    )
    return list(found.scalars())


def tokens(connection: sa.Connection, account: int) -> list[Token]:
    """The tokens of an account, the last used first."""
    found = connection.execute(
        sa.select(schema.token)
        .where(schema.token.c.account == account)
        .order_by(schema.token.c.used.desc())
    )
    return [Token._make(row) for row in found]


def certificates(connection: sa.Connection, account: int) -> list[Certificate]:
    """The certificates that an account may log in with, the oldest first."""
    found = connection.execute(
        sa.select(certificate).where(certificate.c.account == account).order_by(certificate.c.added)
    )
    return [Certificate._make(row) for row in found]


def certificate_owners(
    connection: sa.Connection, fingerprint: str, named: Iterable[int]
) -> list[Certificate]:
    """The accounts that a certificate is of: those of these, and any at which it was used."""
    among = certificate.c.account.in_(tuple(named)) | certificate.c.used.is_not(None)
    wanted = sa.select(certificate).where(certificate.c.fingerprint == fingerprint, among)
    found = connection.execute(wanted.limit(MOST_OWNERS))
    return [Certificate._make(row) for row in found]
