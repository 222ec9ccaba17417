"""The full-text index, which follows the log at some distance.

Putting a message's words into the index takes longer than storing the message, and many at a
time take less. So messages are stored without, and the index is brought up to date when the
writer has nothing else to do, and before a search. `meta` says how far it has come, in the
same transaction: up to that entry all is in the index as it reads now, beyond it nothing is.
"""

from __future__ import annotations

import sqlalchemy as sa

from ..core import attachments
from ..core.entries import IN_WORDS, Form, Kind, State
from ..core.formatting import unformatted
from .tokenizer import indexed

STEP = 512
"""How many entries one transaction takes in: so long do new messages wait at most."""

INDEXED = "indexed"
"""The key in `meta` of the last entry that is in the index."""

UNSCRUBBED = "unscrubbed"
"""The key in `meta` that says that erased words may still be in the index's older parts."""

_CREATE = (
    "CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* M* Co So Sk'\")"
)
# The hidden column `words` takes the index's own commands; NULL there is a plain insert.
_CHANGE = "INSERT INTO words (words, rowid, text, tags) VALUES (?,?,?,?)"
_NOTE = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_NEXT = (
    "SELECT id, room, sender, text, form FROM entry "
    f"WHERE id > ? AND kind = {int(Kind.MESSAGE)} AND state <> {int(State.DELETED)} "
    "ORDER BY id LIMIT ?"
)


def create(connection: sa.Connection) -> None:
    """Make the index of a new database, inside the caller's transaction."""
    connection.exec_driver_sql(_CREATE)
    connection.exec_driver_sql(_NOTE, (INDEXED, "0"))


class Index:
    """The index on the writer's connection. `upto` is the last entry that it knows."""

    def __init__(self, connection: sa.Connection, last_id: int) -> None:
        self._run = connection.exec_driver_sql
        kept = self._run("SELECT value FROM meta WHERE key = ?", (INDEXED,)).scalar()
        self.upto = int(kept or 0)
        if self.upto > last_id:
            # The numbers of entries that were erased at the end of the log are given out again.
            self.upto = last_id
            self._run(_NOTE, (INDEXED, str(last_id)))

    def replace(self, number: int, room: int, sender: int | None, old: str, new: str) -> None:
        """An entry reads otherwise from now on; within the present transaction."""
        if number > self.upto:
            return
        tags = _tags(room, sender)
        if old:
            self._run(_CHANGE, ("delete", number, indexed(old), tags))
        if new:
            self._run(_CHANGE, (None, number, indexed(new), tags))

    def leave_to_scrub(self) -> None:
        """A word was dropped: it is only marked, and goes when the index's parts are merged."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, 'begin')", (UNSCRUBBED,))

    def follow(self, last_id: int) -> None:
        """Take in some more of the log, in a transaction of its own; the last entry is given."""
        rows = self._run(_NEXT, (self.upto, STEP)).all()
        upto = rows[-1].id if len(rows) == STEP else last_id
        fresh = [
            (None, row.id, indexed(words), _tags(row.room, row.sender))
            for row in rows
            if isinstance(row.text, str) and (words := searchable(row.text, row.form))
        ]
        self._run("BEGIN IMMEDIATE")
        if fresh:
            self._run(_CHANGE, fresh)
        self._run(_NOTE, (INDEXED, str(upto)))
        self._run("COMMIT")
        self.upto = upto


def searchable(text: str, form: int) -> str:
    """What of a text can be searched for."""
    if form in IN_WORDS:
        return unformatted(text)
    attachment = attachments.read(text) if form == Form.FILE else None
    return attachment.name if attachment is not None else ""


def _tags(room: int, sender: int | None) -> str:
    return f"r{room}" if sender is None else f"r{room} a{sender}"
