"""The contract of every backend, kept by SQLite."""

from __future__ import annotations

from tests.store import (
    contract,
    contract_files,
    contract_keys,
    contract_pages,
    contract_people,
    contract_reading,
)


class SQLiteLogTests(contract.LogContract):
    """The log in SQLite."""

    def reopen(self) -> None:
        """Close the store and open it again."""
        self.store.close()
        self.store = self.reopened()


class SQLiteOnceTests(contract.OnceContract):
    """Each message once in SQLite."""


class SQLiteEditingTests(contract.EditingContract):
    """Edits and deletions in SQLite."""


class SQLitePeopleTests(contract_people.PeopleContract):
    """People in SQLite."""


class SQLiteRoomTests(contract_people.RoomContract):
    """Rooms in SQLite."""


class SQLiteHistoryTests(contract_reading.HistoryContract):
    """History in SQLite."""


class SQLiteUnseenTests(contract_reading.UnseenContract):
    """What was missed, in SQLite."""


class SQLiteCursorTests(contract_reading.CursorContract):
    """Cursors in SQLite."""


class SQLitePagesTests(contract_pages.PagesContract):
    """Pages in SQLite."""


class SQLiteKeysTests(contract_keys.KeysContract):
    """Keys of devices in SQLite."""


class SQLiteFileTests(contract_files.FileContract):
    """The rows of files in SQLite."""
