"""The public keys of devices: changing them, and asking for them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

from ..core.encryption import MOST_ONE_TIME, DeviceKeys, Published, version_of
from ..core.errors import ChatError
from . import schema
from .changes import Changes
from .sqlite.sql import LIST

device_key = schema.device_key
one_time_key = schema.one_time_key

MOST_DEVICES = 20  # of one account that have keys; the one published longest ago makes room

_OF_ACCOUNTS = (
    "SELECT k.account, k.device, k.ed25519, k.curve25519, k.signature "
    f"FROM ({LIST}) AS a CROSS JOIN device_key AS k WHERE k.account = a.value "
    "ORDER BY k.account, k.device"
)
# What is gone is taken from the front, so the newest stay for whoever asks next.
_TAKE = (
    "DELETE FROM one_time_key WHERE (curve25519, fallback, id) = "
    "(SELECT curve25519, fallback, id FROM one_time_key"
    " WHERE curve25519 = ? AND NOT fallback ORDER BY id LIMIT 1) "
    "RETURNING id, key, signature"
)
_PUT = (
    "INSERT INTO one_time_key (curve25519, fallback, id, key, signature) VALUES (?,?,?,?,?) "
    "ON CONFLICT (curve25519, fallback, id) "
    "DO UPDATE SET key = excluded.key, signature = excluded.signature"
)


class Device(NamedTuple):
    """A device that has keys."""

    account: int
    device: str
    ed25519: str
    curve25519: str
    signature: str


class Claimed(NamedTuple):
    """A key to begin with; a fallback key may have been given to others too."""

    id: str
    key: str
    signature: str
    fallback: bool


class KeyChanges(Changes):
    """The part of the ledger that is about the keys of devices."""

    def publish(self, account: int, device: str, published: Published) -> tuple[int, str]:
        """Put a device's keys in the place of those it had, and add keys to begin with.

        How many of these are waiting then, and the version of the account's devices. With other
        keys of its own, a device loses those to begin with that it had.
        """
        keys = published.device_keys
        self._put_device(account, device, keys)
        self._put_one_time(keys.curve25519, published)
        if self._waiting(keys.curve25519) > MOST_ONE_TIME:
            raise ChatError(
                "too_many", f"No more than {MOST_ONE_TIME} one-time keys of a device may wait."
            )
        return self._waiting(keys.curve25519), self.devices_version(account)

    def has_device(self, account: int, device: str, keys: DeviceKeys) -> bool:
        """Whether these are the keys that a device has."""
        return any(
            (one.device, *one[2:]) == (device, keys.ed25519, keys.curve25519, keys.signature)
            for one in devices(self.connection, [account])
        )

    def claim(
        self, device: str, owners: Collection[int], fallback_only: bool = False
    ) -> Claimed | None:
        """Take a key to begin with from a device of one of these accounts, if it has one."""
        run = self.connection.exec_driver_sql
        owner = run("SELECT account FROM device_key WHERE curve25519 = ?", (device,)).scalar()
        if owner not in owners:
            return None
        taken = None if fallback_only else run(_TAKE, (device,)).one_or_none()
        if taken is not None:
            return Claimed(taken.id, taken.key, taken.signature, False)
        last = self.connection.execute(
            sa.select(one_time_key.c.id, one_time_key.c.key, one_time_key.c.signature).where(
                one_time_key.c.curve25519 == device, one_time_key.c.fallback
            )
        ).first()
        return None if last is None else Claimed(last.id, last.key, last.signature, True)

    def drop_device(self, account: int, device: str) -> None:
        """Forget the keys of one device."""
        self._drop_devices((device_key.c.account == account) & (device_key.c.device == device))

    def drop_devices(self, account: int, keep: str | None = None) -> None:
        """Forget the keys of all an account's devices, or of all but one."""
        mine = device_key.c.account == account
        self._drop_devices(mine if keep is None else mine & (device_key.c.device != keep))

    def devices_version(self, account: int) -> str:
        """What is another one whenever an account's devices or their keys are."""
        return _version(devices(self.connection, [account]))

    def _put_device(self, account: int, device: str, keys: DeviceKeys) -> None:
        same_key = device_key.c.curve25519 == keys.curve25519
        if self.has_device(account, device, keys):
            self.connection.execute(
                sa.update(device_key).where(same_key).values(published=self.now())
            )
            return
        taken = sa.select(device_key.c.device).where(same_key, device_key.c.account != account)
        if self.connection.execute(taken).first():
            raise ChatError("conflict", "Somebody else has published that key: make a new one.")
        self.drop_device(account, device)
        self._drop_devices(same_key)  # the same under a former name
        self._make_room(account)
        self.connection.execute(
            sa.insert(device_key).values(
                account=account,
                device=device,
                ed25519=keys.ed25519,
                curve25519=keys.curve25519,
                signature=keys.signature,
                published=self.now(),
            )
        )

    def _make_room(self, account: int) -> None:
        mine = device_key.c.account == account
        newest = device_key.c.published.desc(), device_key.c.device
        rest = sa.select(device_key.c.device).where(mine).order_by(*newest).offset(MOST_DEVICES - 1)
        self._drop_devices(mine & device_key.c.device.in_(rest))

    def _put_one_time(self, curve25519: str, published: Published) -> None:
        if published.fallback:
            self.connection.execute(
                sa.delete(one_time_key).where(
                    one_time_key.c.curve25519 == curve25519, one_time_key.c.fallback
                )
            )
        rows = [
            (curve25519, fallback, id, one.key, one.signature)
            for fallback, several in ((0, published.one_time), (1, published.fallback))
            for id, one in several.items()
        ]
        if rows:
            self.connection.exec_driver_sql(_PUT, rows)

    def _waiting(self, curve25519: str) -> int:
        return self.connection.execute(
            sa.select(sa.func.count()).where(
                one_time_key.c.curve25519 == curve25519, ~one_time_key.c.fallback
            )
        ).scalar_one()

    def _drop_devices(self, which: sa.ColumnElement[bool]) -> None:
        theirs = sa.select(device_key.c.curve25519).where(which)
        self.connection.execute(
            sa.delete(one_time_key).where(one_time_key.c.curve25519.in_(theirs))
        )
        self.connection.execute(sa.delete(device_key).where(which))


def devices(connection: sa.Connection, accounts: Sequence[int]) -> list[Device]:
    """The devices of these accounts that have keys, those of each by their names."""
    found = connection.exec_driver_sql(_OF_ACCOUNTS, (json.dumps(accounts),))
    return [Device._make(row) for row in found]


def versions(connection: sa.Connection) -> dict[int, str]:
    """The version of the devices of every account that has some."""
    table = device_key.c
    rows = connection.execute(
        sa.select(
            table.account, table.device, table.ed25519, table.curve25519, table.signature
        ).order_by(table.account, table.device)
    )
    every = groupby((Device._make(row) for row in rows), key=lambda device: device.account)
    return {account: _version(some) for account, some in every}


def _version(some: Iterable[Device]) -> str:
    """Empty for an account without devices."""
    parts = [part for device in some for part in device[1:]]
    return version_of(parts) if parts else ""
