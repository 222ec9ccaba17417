"""Records what the migrations tell SQLite, for a server that has no database yet.

After a new migration: python -m tests.store.recorded --write
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from unittest import mock

from twisted_chat.store import migrations
from twisted_chat.store.connections import close, driver, open_writer
from twisted_chat.store.migrations.recorded import BETWEEN, FILE

NOW = 1234567890123  # stands for the time, and is found in nothing else
EPOCH = "the epoch of a new database"
NOT_RECORDED = ("--", "PRAGMA", "BEGIN", "COMMIT")  # what others do; the first are SQLite's own


def record() -> str:
    """The text of recorded.sql, as the migrations are now."""
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="recorded-") as folder:
        path = Path(folder) / "chat.db"
        path.touch()
        connection = open_writer(path)
        driver(connection).set_trace_callback(said.append)
        with mock.patch("secrets.token_hex", side_effect=[EPOCH]):
            migrations.upgrade(connection, NOW)
        close(connection)
    return BETWEEN.join(_as_kept(it) for it in said if not it.startswith(NOT_RECORDED)) + "\n"


def _as_kept(statement: str) -> str:
    # White space stays as it is: SQLite keeps the words that made a table.
    kept = statement.replace(f"'{EPOCH}'", ":epoch").replace(str(NOW), ":now")
    assert BETWEEN not in kept
    return kept


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    FILE.write_text(record(), "utf-8")
