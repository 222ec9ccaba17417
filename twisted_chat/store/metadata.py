"""What people and rooms say of themselves by keys: changing it, and asking for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from ..core.errors import ChatError
from . import schema
from .changes import Changes
from .sqlite.sql import LIST

MOST_KEYS = 25  # of one account or room

_OF_ACCOUNTS = (
    f"SELECT m.account, m.key, m.value FROM ({LIST}) AS a CROSS JOIN account_metadata AS m "
    f"WHERE m.account = a.value AND m.key IN ({LIST}) LIMIT ?"
)


class MetadataChanges(Changes):
    """The part of the ledger that is about metadata."""

    def set_of_account(self, account: int, key: str, value: str | None) -> bool:
        """Set a key of an account, or remove it; whether that changes anything."""
        self._check_alive(account)
        return self._set_key(schema.account_metadata, account, key, value)

    def set_of_room(self, room: int, key: str, value: str | None) -> bool:
        """Set a key of a room, or remove it; whether that changes anything."""
        return self._set_key(schema.room_metadata, room, key, value)

    def _set_key(self, table: sa.Table, owner: int, key: str, value: str | None) -> bool:
        kept = dict(_of(self.connection, table, owner))
        if kept.get(key) == value:
            return False
        if key not in kept and len(kept) >= MOST_KEYS:
            raise ChatError(
                "list_full", f"There are {MOST_KEYS} keys already: remove one first.", max=MOST_KEYS
            )
        owned, mine = table.c[0], (table.c[0] == owner) & (table.c.key == key)
        self.connection.execute(sa.delete(table).where(mine))
        if value is not None:
            row = {owned.name: owner, "key": key, "value": value}
            self.connection.execute(sa.insert(table).values(**row))
        return True

    def clear_of_account(self, account: int) -> list[str]:
        """Remove all keys of an account; which there were."""
        return self._clear(schema.account_metadata, account)

    def clear_of_room(self, room: int) -> list[str]:
        """Remove all keys of a room; which there were."""
        return self._clear(schema.room_metadata, room)

    def _clear(self, table: sa.Table, owner: int) -> list[str]:
        kept = [key for key, _ in _of(self.connection, table, owner)]
        self.connection.execute(sa.delete(table).where(table.c[0] == owner))
        return kept


def _of(connection: sa.Connection, table: sa.Table, owner: int) -> list[tuple[str, str]]:
    found = sa.select(table.c.key, table.c.value).where(table.c[0] == owner)
    return [(row.key, row.value) for row in connection.execute(found.order_by(table.c.key))]


def of_account(connection: sa.Connection, account: int) -> dict[str, str]:
    """All metadata of an account."""
    return dict(_of(connection, schema.account_metadata, account))


def of_room(connection: sa.Connection, room: int) -> dict[str, str]:
    """All metadata of a room."""
    return dict(_of(connection, schema.room_metadata, room))


def of_accounts(
    connection: sa.Connection, accounts: Sequence[int], keys: Iterable[str], limit: int
) -> list[tuple[int, str, str]]:
    """(account, key, value): these keys of these accounts, at most so many."""
    asked = (json.dumps(accounts), json.dumps(sorted(keys)), limit)
    found = connection.exec_driver_sql(_OF_ACCOUNTS, asked)
    return [(row[0], row[1], row[2]) for row in found]
