"""The state of a device's encryption, as rows of (table, key, bytes) that only the vault can read.

Every operation reads rows, and puts or deletes rows. `atomic` returns what it changed as one
list, to be written in one transaction before anything is sent or acknowledged. If it cannot be
written, start again from the rows on disk: nothing is kept anywhere else. The keys of rows are
not encrypted: anybody who can read the disk sees names of people and rooms, and public keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec

from ..core.encryption import RowChange
from .vault import Vault

Record = TypeVar("Record", bound=msgspec.Struct)

# Rows of this table are one to a message: they are written here, and read by
# `OlmMachine.recall`.
TEXT = "text"


class Rows:
    """The rows as they are, and on top of them what the present operation changes."""

    def __init__(self, vault: Vault, rows: Iterable[tuple[str, str, bytes]]) -> None:
        self.vault = vault
        self._written = {(table, key): value for table, key, value in rows if table != TEXT}
        self._changed: dict[tuple[str, str], bytes | None] = {}

    def find(self, table: str, key: str, kind: type[Record]) -> Record | None:
        """The record in a row, or None if there is no such row."""
        place = (table, key)
        if place in self._changed:
            plain = self._changed[place]
        else:
            sealed = self._written.get(place)
            plain = None if sealed is None else self.vault.open(table, key, sealed)
        return None if plain is None else msgspec.json.decode(plain, type=kind)

    def keys(self, table: str) -> list[str]:
        """The keys of the rows that are written in a table."""
        return [key for other, key in self._written if other == table]

    def put(self, table: str, key: str, record: msgspec.Struct) -> None:
        """Change a row; one that stays as it was is not written again."""
        plain = msgspec.json.encode(record)
        before = self._written.get((table, key))
        if before is not None and self.vault.open(table, key, before) == plain:
            self._changed.pop((table, key), None)
        else:
            self._changed[table, key] = plain

    def delete(self, table: str, key: str) -> None:
        """Delete a row."""
        self._changed[table, key] = None

    def take(self) -> tuple[RowChange, ...]:
        """End the operation, and return what it changed, encrypted."""
        changes: list[RowChange] = []
        for (table, key), plain in self._changed.items():
            if plain is None:
                self._written.pop((table, key), None)
                changes.append(RowChange(table, key, None))
                continue
            sealed = self.vault.seal(table, key, plain)
            if table != TEXT:
                self._written[table, key] = sealed
            changes.append(RowChange(table, key, sealed))
        self._changed.clear()
        return tuple(changes)

    def forget(self) -> None:
        """Undo the operation: it has changed nothing."""
        self._changed.clear()


class _WithRows(Protocol):
    rows: Rows


P = ParamSpec("P")
Value = TypeVar("Value")
Whose = TypeVar("Whose", bound=_WithRows)


class Outcome(NamedTuple, Generic[Value]):
    """The value of an operation, and what has to be written before that value is used."""

    value: Value
    changes: tuple[RowChange, ...]


def atomic(
    operation: Callable[Concatenate[Whose, P], Value],
) -> Callable[Concatenate[Whose, P], Outcome[Value]]:
    """Return the changes of an operation along with its value; one that raises changes nothing."""

    @wraps(operation)
    def run(self: Whose, /, *args: P.args, **named: P.kwargs) -> Outcome[Value]:
        try:
            value = operation(self, *args, **named)
        except BaseException:
            self.rows.forget()
            raise
        return Outcome(value, self.rows.take())

    return run
