"""The log of every room, inside the writer's transaction.

New entries wait in memory and are inserted in bulk; the full-text index follows later. The end of
each room is remembered; what a rolled-back transaction touched is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from ..core.draft import Draft
from ..core.entries import UNREADABLE, Entry, Form, Kind, State
from ..core.errors import ChatError
from . import schema
from .changes import check_number
from .records import COLUMNS, checksum, entry_of
from .sqlite.connections import driver
from .sqlite.full_text import Index, searchable
from .sqlite.lock import last_commit_in

entry = schema.entry

# Written out, and given to the driver itself where every message passes: a batch of one takes
# SQLite some 75 µs, and Core would add 100 µs to its four statements.
_INSERT = f"INSERT INTO entry ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_SET_END = "UPDATE room SET last_seq = ? WHERE id = ?"
_RECALL = {
    many: f"SELECT {', '.join('e.' + name for name in COLUMNS.split(', '))} "
    f"FROM (VALUES {', '.join(['(?,?)'] * many)}) AS k "
    "CROSS JOIN entry AS e WHERE e.sender = k.column1 AND e.cid = k.column2"
    for many in (1, 8, 64, 256)  # a few statements, since each is prepared
}
_FIND_END = (
    "SELECT r.last_seq, (SELECT e.time FROM entry AS e WHERE e.room = r.id AND e.seq = r.last_seq)"
    " FROM room AS r WHERE r.id = ? AND r.deleted_at IS NULL"
)

# An enumeration's member is bound slower than the plain number that it stands for.
_NUMBERS = {kind: int(kind) for kind in Kind}
_FORMS = {form: int(form) for form in Form}
_AS_SAID = State.AS_SAID
_UNSEALED = {Form.SEALED: Form.WORDS, Form.SEALED_FILE: Form.FILE}


class End:
    """The last entry of a room: its number and its time."""

    __slots__ = ("seq", "time")

    def __init__(self, seq: int, time: int) -> None:
        self.seq = seq
        self.time = time


MOST_AHEAD = 24 * 60 * 60 * 1000
"""Milliseconds for which a room's time waits for a clock that was set back.

Beyond that the last entry was dated by a clock that was wrong, so its time is not kept to.
"""


class Log:
    """Appends to the rooms' logs and changes what they show.

    `entries` are those of the present transaction, in order. `last_id` is the number of the last
    entry there has ever been.
    """

    def __init__(self, connection: sa.Connection, now: Callable[[], int]) -> None:
        self.connection = connection
        self.now = now
        self.entries: list[Entry] = []
        self._inserted = 0
        self._rows: list[tuple[object, ...]] = []
        self._ends: dict[int, End] = {}
        self._recalled: dict[tuple[int, str], Entry | None] = {}
        self._driver = driver(connection)
        self.last_id = last_commit_in(self._driver.execute).entry
        self.index = Index(connection, self.last_id)

    def end(self, room: int) -> int:
        """The number of the room's last entry."""
        return (self._ends.get(room) or self._find_end(room)).seq

    def said(self, sender: int, cid: str) -> Entry | None:
        """The entry that this sender has stored under this id of its own, if any."""
        key = (sender, cid)
        if key not in self._recalled:
            self.recall([key])
        return self._recalled[key]

    def say(self, room: int, sender: int | None, author: str, draft: Draft) -> Entry:
        """Append a message, as `post` does anything."""
        text, cid, form, tags = draft.text, draft.cid, draft.form, draft.tags
        return self.post(room, Kind.MESSAGE, sender, author, text, None, "", cid, form, tags)

    def post(
        self,
        room: int,
        kind: Kind,
        sender: int | None,
        author: str,
        text: str = "",
        target: int | None = None,
        subject: str = "",
        cid: str | None = None,
        form: Form = Form.WORDS,
        tags: str = "",
    ) -> Entry:
        """Append an entry to a room's log.

        With a `cid` that this sender has used before, the entry of that time is returned when it
        is the same, and ChatError('conflict') is raised when it is another.
        """
        if sender is not None:
            check_number(sender)
            if cid is not None and (old := self.said(sender, cid)) is not None:
                return _same(old, room, kind, text, target, form)
        end = self._ends.get(room)
        if end is None:
            end = self._ends[room] = self._find_end(room)
        seq = end.seq = end.seq + 1
        time, latest = self.now(), end.time
        if time < latest <= time + MOST_AHEAD:
            time = latest
        end.time = time
        number = self.last_id = self.last_id + 1
        new = Entry(
            number,
            room,
            seq,
            kind,
            time,
            sender,
            author,
            text,
            target,
            subject,
            cid,
            _AS_SAID,
            form,
            tags,
        )
        self.entries.append(new)
        k, f = _NUMBERS[kind], _FORMS[form]
        row = (number, room, seq, k, time, sender, author, text, target, subject, cid, 0, f, tags)
        self._rows.append((*row, checksum(row)))
        if sender is not None and cid is not None:
            self._recalled[sender, cid] = new
        return new

    def rewrite(
        self, room: int, seq: int, text: str, state: State, form: Form = Form.WORDS
    ) -> None:
        """Change what a message shows from now on, in history and in searches.

        For State.DELETED the text goes, and with it the texts of all its edits.
        """
        self.flush()
        place = (entry.c.room == room) & (entry.c.seq == seq)
        old = self.connection.execute(
            sa.select(entry).where(
                place, entry.c.kind == int(Kind.MESSAGE), entry.c.state != int(State.DELETED)
            )
        ).one_or_none()
        if old is None:
            raise ChatError("no_such_message", f"There is no message {seq} here.")
        tags = old.tags
        if state is State.DELETED:
            text, form, tags = "", Form.WORDS, ""
            self._blank_edits(room, seq)
        changed = {"text": text, "state": int(state), "form": int(form), "tags": tags}
        *columns, _ = {**old._mapping, **changed}.values()
        self.connection.execute(
            sa.update(entry)
            .where(entry.c.id == old.id)
            .values(**changed, checksum=_checksum_of_any(columns))
        )
        before, now = searchable(old.text, old.form), searchable(text, form)
        self.index.replace(old.id, room, old.sender, before, now)
        self.index.leave_to_scrub()

    def recall(self, keys: Iterable[tuple[int, str]]) -> None:
        """Look up with one query what these senders have stored under these ids."""
        wanted = [key for key in keys if key not in self._recalled]
        self._recalled.update(dict.fromkeys(wanted))
        while wanted:
            many = next((it for it in _RECALL if it >= len(wanted)), max(_RECALL))
            values: list[object] = [value for key in wanted[:many] for value in key]
            values += [None] * (2 * many - len(values))
            del wanted[:many]
            for row in self._driver.execute(_RECALL[many], values):
                found = entry_of(row)
                self._recalled[found.sender, found.cid] = found  # type: ignore[index]

    def fall_back(self, entries: int, last_id: int) -> None:
        """Forget what came after so many entries; the database has been told to already."""
        for undone in self.entries[entries:]:
            self._ends.pop(undone.room, None)
            if undone.sender is not None and undone.cid is not None:
                self._recalled[undone.sender, undone.cid] = None
        del self.entries[entries:]
        self._rows.clear()
        self._inserted = len(self.entries)
        self.last_id = last_id

    def flush(self) -> None:
        """Insert the entries that wait, so that SQL sees them."""
        if self._rows:
            self._driver.executemany(_INSERT, self._rows)
            rooms = {new.room for new in self.entries[self._inserted :]}
            ends = [(self._ends[room].seq, room) for room in rooms]
            self._driver.executemany(_SET_END, ends)
            self._rows.clear()
            self._inserted = len(self.entries)

    def forget(self) -> list[Entry]:
        """Begin anew after a commit; the entries of the finished transaction."""
        entries, self.entries = self.entries, []
        self._inserted = 0
        self._rows.clear()
        self._recalled.clear()
        return entries

    def behind(self) -> int:
        """About how many entries the full-text index does not know yet."""
        return self.last_id - self.index.upto

    def follow_with_index(self) -> None:
        """Take some more entries into the index, in a transaction of its own."""
        self.index.follow(self.last_id)

    def forget_end(self, room: int) -> None:
        """Look a room's end up again: it was closed or opened."""
        self._ends.pop(room, None)

    def _find_end(self, room: int) -> End:
        row = self.connection.exec_driver_sql(_FIND_END, (room,)).one_or_none()
        if row is None:
            raise ChatError("no_such_room", "There is no such room.")
        return End(row[0], row[1] or 0)

    def _blank_edits(self, room: int, seq: int) -> None:
        self.connection.execute(
            sa.update(entry)
            .where(entry.c.room == room, entry.c.target == seq, entry.c.kind == int(Kind.EDIT))
            .values(text="", state=int(State.DELETED), form=int(Form.WORDS), checksum=None)
        )


def _checksum_of_any(columns: Sequence[Any]) -> int | None:
    """None for a row in which there is what cannot be, so that it can be deleted all the same."""
    try:
        return checksum(columns)
    except TypeError:
        return None


def _same(old: Entry, room: int, kind: Kind, text: str, target: int | None, form: Form) -> Entry:
    # What an edited or deleted message said at first is not known any more.
    # Nor is it known what is in an envelope: it may have been sealed anew, or said in words first.
    sealed = form in UNREADABLE and old.form in (form, _UNSEALED[form])
    as_said = sealed or (old.text, old.form) == (text, form) or old.state is not State.AS_SAID
    if as_said and (old.room, old.kind, old.target) == (room, kind, target):
        return old
    raise ChatError("conflict", "You have used this id for another message already.")
