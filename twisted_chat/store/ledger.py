"""The one place that changes the database.

A `Ledger` is used by the writer only, inside its transaction: a change is given it, does what
it has to and returns; the writer commits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from ..core.entries import Entry, Form, State
from .accounts import AccountChanges
from .cursors import CursorChanges
from .device_keys import KeyChanges
from .files import FileChanges
from .log import Log
from .metadata import MetadataChanges
from .records import Gone
from .rooms import RoomChanges


class Mark(NamedTuple):
    """How far a transaction has come, to fall back to."""

    entries: int
    last_id: int
    gone: int


class Ledger:
    """Everything that a change can do, each subject in a part of its own."""

    def __init__(self, connection: sa.Connection, now: Callable[[], int]) -> None:
        self.connection = connection
        self.log = Log(connection, now)
        self.cursors = CursorChanges(self.log)
        self.device_keys = KeyChanges(connection, now)
        self.files = FileChanges(self.log)
        self.accounts = AccountChanges(self.log, self.cursors, self.device_keys, self.files)
        self.rooms = RoomChanges(self.log, self.cursors, self.files)
        self.metadata = MetadataChanges(connection, now)

    def rewrite(
        self, room: int, seq: int, text: str, state: State, form: Form = Form.WORDS
    ) -> None:
        """Change what a message shows from now on, in history and in searches.

        For State.DELETED the text goes, and with it the texts of all its edits and its file.
        """
        self.log.rewrite(room, seq, text, state, form)
        if state is State.DELETED:
            self.files.drop_of_message(room, seq)

    def secret(self, fresh: str) -> str:
        """What this server alone knows; `fresh` from now on, if it had none."""
        run = self.connection.exec_driver_sql
        run("INSERT INTO meta VALUES ('secret', ?) ON CONFLICT DO NOTHING", (fresh,))
        return str(run("SELECT value FROM meta WHERE key = 'secret'").scalar_one())

    # For the writer

    def mark(self) -> Mark:
        """Where the transaction stands; everything before is flushed."""
        self.log.flush()
        return Mark(len(self.log.entries), self.log.last_id, len(self.files.gone))

    def fall_back(self, mark: Mark) -> None:
        """Forget what came after the mark; the database has been told to already."""
        self.log.fall_back(mark.entries, mark.last_id)
        del self.files.gone[mark.gone :]

    def forget(self) -> tuple[list[Entry], list[Gone]]:
        """Begin anew after a commit; its entries, and the files that it has dropped."""
        gone, self.files.gone = self.files.gone, []
        return self.log.forget(), gone
