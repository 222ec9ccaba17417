"""What the parts of the ledger have in common, and what they check first."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from ..core.errors import ChatError
from .schema import account


class Changes:
    """Changes of one subject, made inside the writer's transaction.

    `now` is the time in milliseconds.
    """

    def __init__(self, connection: sa.Connection, now: Callable[[], int]) -> None:
        self.connection = connection
        self.now = now

    def _add(self, table: sa.Table, **values: object) -> int:
        """Insert a row, and return the number that it was given."""
        key = self.connection.execute(sa.insert(table).values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _check_alive(self, id: int) -> None:
        """Raise ChatError('no_such_user') for an account that was erased."""
        erased = sa.select(account.c.id).where(account.c.id == id, account.c.erased)
        if self.connection.execute(erased).first():
            raise ChatError("no_such_user", "That account is erased.")


def check_number(account: int) -> None:
    """Raise ValueError for a guest's number: it is negative, and stands in no row."""
    if account < 0:
        raise ValueError("A guest leaves nothing in the database.")
