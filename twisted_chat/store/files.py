"""The rows of files: their changes, inside the writer's transaction, and questions about them.

What happens to a message happens to its file in the same transaction. The content of a file whose
row is dropped is named in `gone`, and removed after the commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from ..core import attachments
from ..core.attachments import Attachment
from ..core.draft import Draft
from ..core.entries import Entry, Form, State
from ..core.errors import ChatError
from . import schema
from .changes import Changes
from .log import Log
from .records import Gone, Scope, StoredFile
from .sqlite.sql import PAIRS

file = schema.file
entry = schema.entry

LEAST = 4096
"""What a file counts for at least, in bytes: an empty one takes its place on the disk too."""

_LISTED = f"""
SELECT f.id, f.name, f.size, f.room, f.seq, e.sender, e.author, e.time
FROM file AS f CROSS JOIN entry AS e JOIN ({PAIRS}) AS part
  ON f.room = part.room AND f.seq > part.since
WHERE e.room = f.room AND e.seq = f.seq AND f.seq IS NOT NULL AND f.id < ?
ORDER BY f.id DESC LIMIT ?
"""
_NO_END = 2**63 - 1

NOWHERE = 0
"""Stands for the room of a file that its owner keeps for a link, in no message."""


def counted(size: int) -> int:
    """What a file of that size counts for."""
    return max(size, LEAST)


class FileChanges(Changes):
    """The part of the ledger that is about files.

    `gone` are those that the present transaction drops.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(log.connection, log.now)
        self.gone: list[Gone] = []
        self._log = log

    def add(
        self, blob: str, owner: int, room: int, name: str, size: int, sha256: str
    ) -> StoredFile:
        """Note a file whose content is yet to come."""
        now = self.now()
        number = self._add(
            file,
            blob=blob,
            owner=owner,
            room=room,
            name=name,
            size=size,
            sha256=sha256,
            created=now,
        )
        return StoredFile(number, blob, owner, room, None, name, size, sha256, False, now)

    def complete(self, id: int) -> None:
        """Note that all of a file's content is on the disk."""
        done = self.connection.execute(
            sa.update(file).where(file.c.id == id, ~file.c.complete).values(complete=True)
        )
        if not done.rowcount:
            raise no_such_file(id)

    def keep(self, id: int, size: int, sha256: str) -> None:
        """Note that all of a file that is for a link is on the disk; it is kept from here on."""
        done = self.connection.execute(
            sa.update(file)
            .where(file.c.id == id, file.c.room == NOWHERE, ~file.c.complete)
            .values(complete=True, seq=id, size=size, sha256=sha256)
        )
        if not done.rowcount:
            raise no_such_file(id)

    def say(self, room: int, sender: int, author: str, draft: Draft) -> tuple[Entry, bool]:
        """Say something that is a file; the entry, and whether it was stored before.

        The file must be the sender's, complete, meant for this room and in no message yet.
        """
        id, sealed = draft.file, draft.text if draft.sealed else ""
        assert id is not None
        old = None if draft.cid is None else self._log.said(sender, draft.cid)
        if old is not None:
            # What became of the file meanwhile does not matter to one who asks again.
            text, form = (old.text, old.form) if _names(old, draft) else ("", Form.WORDS)
            return self._log.say(room, sender, author, replace(draft, text=text, form=form)), True
        row = self.connection.execute(sa.select(file).where(file.c.id == id)).one_or_none()
        if (
            row is None
            or (row.owner, row.room, row.seq, row.complete) != (sender, room, None, True)
            or bool(row.name) == bool(sealed)
        ):
            raise no_such_file(id, " of yours that is to be sent there and has been uploaded")
        attachment = Attachment(row.id, row.size, row.sha256, row.name, sealed)
        text = attachments.written(attachment)
        said = self._log.say(room, sender, author, replace(draft, text=text))
        self.connection.execute(sa.update(file).where(file.c.id == id).values(seq=said.seq))
        return said, False

    def drop_unnamed(self, id: int) -> None:
        """Forget a file, if there is no message that names it."""
        self._drop((file.c.id == id) & file.c.seq.is_(None))

    def drop_kept(self, id: int) -> None:
        """Forget a file that is for a link, whether all of it has come or not."""
        self._drop((file.c.id == id) & (file.c.room == NOWHERE))

    def drop_own(self, owner: int) -> None:
        """Forget what an account has uploaded that is in no message."""
        self._drop((file.c.owner == owner) & (file.c.seq.is_(None) | (file.c.room == NOWHERE)))

    def drop_of_message(self, room: int, seq: int) -> None:
        """Forget the file of a message that is deleted."""
        self._drop((file.c.room == room) & (file.c.seq == seq))

    def drop_of_room(self, room: int) -> None:
        """Forget the files of a room that is erased."""
        self._drop(file.c.room == room)

    def _drop(self, which: sa.ColumnElement[bool]) -> None:
        found = self.connection.execute(
            sa.select(file.c.id, file.c.blob, file.c.owner, file.c.size, file.c.complete).where(
                which
            )
        ).all()
        if found:
            self.connection.execute(sa.delete(file).where(which))
            self.gone += map(Gone._make, found)


def no_such_file(id: int, which: str = " that you can have") -> ChatError:
    """The refusal for a file that is not there, or not there for whoever asks."""
    return ChatError("no_such_file", f"There is no file {id}{which}.")


def _names(old: Entry, draft: Draft) -> bool:
    """Whether a message, as far as it is still known, is one of that file."""
    if old.state is not State.AS_SAID:
        return True
    attachment = attachments.read(old.text) if old.form in (Form.FILE, Form.SEALED_FILE) else None
    # It may have been sealed anew after a refusal.
    there = None if attachment is None else (attachment.file, bool(attachment.sealed))
    return there == (draft.file, draft.sealed)


# Questions


class Listed(NamedTuple):
    """A file as lists show it, and the message that names it."""

    file: int
    name: str
    size: int
    room: int
    seq: int
    sender: int | None
    author: str
    time: int


def unnamed(connection: sa.Connection) -> list[StoredFile]:
    """The files that no message names."""
    found = connection.execute(sa.select(file).where(file.c.seq.is_(None)))
    return [StoredFile._make(row) for row in found]


def used(connection: sa.Connection) -> dict[int, int]:
    """What the complete files of each account take, by its number."""
    size = sa.case((file.c.size < LEAST, LEAST), else_=file.c.size)
    found = connection.execute(
        sa.select(file.c.owner, sa.func.sum(size)).where(file.c.complete).group_by(file.c.owner)
    )
    return {row[0]: row[1] for row in found}


def named(connection: sa.Connection, id: int) -> StoredFile | None:
    """A file that some message names, or that is kept for a link."""
    found = connection.execute(
        sa.select(file).where(file.c.id == id, file.c.seq.is_not(None))
    ).one_or_none()
    return None if found is None else StoredFile._make(found)


def contents(connection: sa.Connection) -> dict[str, tuple[int, int, bool]]:
    """The names of all contents, with the file's number, its size, and whether it is complete."""
    found = connection.execute(sa.select(file.c.blob, file.c.id, file.c.size, file.c.complete))
    return {row[0]: (row[1], row[2], row[3]) for row in found}


def listed(
    connection: sa.Connection, scopes: Iterable[Scope], limit: int, before: int | None = None
) -> list[Listed]:
    """The newest files over several rooms (before a file's number), oldest first."""
    parts = json.dumps([[scope.room, scope.since] for scope in scopes])
    end = _NO_END if before is None else before
    found = connection.exec_driver_sql(_LISTED, (parts, end, limit)).all()
    return [Listed._make(row) for row in reversed(found)]


def kept(
    connection: sa.Connection, owner: int, limit: int, before: int | None = None
) -> list[StoredFile]:
    """The newest files that an account keeps for links (before a file's number), oldest first."""
    found = connection.execute(
        sa.select(file)
        .where(
            file.c.owner == owner,
            file.c.room == NOWHERE,
            file.c.seq.is_not(None),
            file.c.id < (_NO_END if before is None else before),
        )
        .order_by(file.c.id.desc())
        .limit(limit)
    ).all()
    return [StoredFile._make(row) for row in reversed(found)]
