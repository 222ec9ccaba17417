"""Changes to rooms and to who may be in them."""

from __future__ import annotations

from typing import TypedDict, Unpack

import sqlalchemy as sa

from ..core.entries import Kind, State
from ..core.errors import ChatError
from ..core.rooms import Role, RoomKind
from ..core.rules import Rules, read
from . import schema
from .changes import Changes, check_number
from .cursors import CursorChanges
from .files import FileChanges
from .log import Log
from .sqlite.full_text import searchable

room_table = schema.room
member = schema.member
mute = schema.mute
ban = schema.ban
invite = schema.invite
entry = schema.entry
former_name = schema.former_name


class RoomFields(TypedDict, total=False):
    """What may be changed about a room."""

    name: str
    folded: str | None
    hidden: bool
    topic: str
    deleted_at: int | None
    encrypted: bool
    rules: str


class MemberFields(TypedDict, total=False):
    """What may be changed about a member."""

    role: int
    since: int
    voice: bool


class RoomChanges(Changes):
    """The part of the ledger that is about rooms.

    Where an account may be None, that is a guest, of whom nothing is kept.
    """

    def __init__(self, log: Log, cursors: CursorChanges, files: FileChanges) -> None:
        super().__init__(log.connection, log.now)
        self._log = log
        self._cursors = cursors
        self._files = files

    def add(self, name: str, folded: str, hidden: bool, owner: int | None) -> int:
        """Make a room and return its number; its owner is its first member.

        ChatError('room_taken') when a room has this name, or had it until it was deleted and
        can still be brought back.
        """
        self._check_free(name, folded)
        room = self._add(
            room_table,
            name=name,
            folded=folded,
            kind=int(RoomKind.GROUP),
            hidden=hidden,
            created=self.now(),
        )
        if owner is not None:
            self.put_member(room, owner, role=int(Role.OWNER))
        return room

    def pair(self, a: int, b: int) -> int:
        """The private conversation of two accounts, made when there is none yet."""
        first, second = sorted((a, b))
        found = self.connection.execute(
            sa.select(room_table.c.id).where(
                room_table.c.first == first, room_table.c.second == second
            )
        ).scalar()
        if found is not None:
            return int(found)
        return self._add(
            room_table,
            name="",
            kind=int(RoomKind.PAIR),
            hidden=True,
            created=self.now(),
            first=first,
            second=second,
        )

    def set(self, id: int, **columns: Unpack[RoomFields]) -> None:
        """Change a room; with `deleted_at` it takes no more entries until that is None again.

        ChatError('room_taken') when the new name belongs to another room.
        """
        folded = columns.get("folded")
        if folded is not None:
            self._check_free(columns.get("name", folded), folded, but=id)
        self._log.flush()
        self._log.forget_end(id)
        if columns:
            self.connection.execute(
                sa.update(room_table).where(room_table.c.id == id).values(**columns)
            )

    def rename(self, id: int, name: str, folded: str, until: int) -> None:
        """Call a room otherwise; until then its old name is nobody else's.

        ChatError('room_taken') when the new name belongs to another room, or did lately.
        """
        old = self.connection.execute(
            sa.select(room_table.c.name, room_table.c.folded).where(room_table.c.id == id)
        ).one()
        self.set(id, name=name, folded=folded)
        drop = sa.delete(former_name).where(former_name.c.folded.in_((folded, old.folded)))
        if old.folded != folded:
            self.connection.execute(drop)
            row = {"folded": old.folded, "name": old.name, "room": id, "until": until}
            self.connection.execute(sa.insert(former_name).values(**row))
            self._cursors.rename_markers(id, old.name, name)

    def drop_former_names(self, now: int) -> None:
        """Forget the names that rooms had and that are free again."""
        self.connection.execute(sa.delete(former_name).where(former_name.c.until <= now))

    def rules(self, id: int) -> Rules:
        """The rules of a room, with what this transaction has made of them."""
        row = self.connection.execute(
            sa.select(room_table.c.rules, room_table.c.hidden).where(room_table.c.id == id)
        ).one()
        return read(row.rules, row.hidden)

    def set_rules(self, id: int, rules: Rules) -> None:
        """Give a room other rules."""
        self.set(id, rules=rules.written(), hidden=rules.hidden)

    def open_room(self, folded: str) -> int | None:
        """The group room of that name, if it has no rules but those that every room begins with."""
        plain = (room_table.c.rules == "") & ~room_table.c.hidden & ~room_table.c.encrypted
        found = sa.select(room_table.c.id).where(
            room_table.c.folded == folded,
            room_table.c.kind == int(RoomKind.GROUP),
            room_table.c.deleted_at.is_(None),
            plain,
        )
        number = self.connection.execute(found).scalar()
        return None if number is None else int(number)

    def encrypted(self, id: int) -> bool:
        """Whether what is said in a room is sealed, for good."""
        found = sa.select(room_table.c.encrypted).where(room_table.c.id == id)
        return bool(self.connection.execute(found).scalar())

    def free_name(self, id: int) -> None:
        """Let another room have the name of one that `erase` is going to erase.

        Until that is done the row has a name of which no other is kept off, and so can be found.
        """
        self.set(id, folded=None, deleted_at=self.now())
        self.connection.execute(sa.delete(former_name).where(former_name.c.room == id))

    def close_unused(self, id: int, known: int) -> bool:
        """Free the name of a room in which nothing was ever said, for `erase` to follow.

        False, and nothing is changed, when something was, or has happened there since the entry
        of the number `known`.
        """
        if self._log.end(id) != known:
            return False
        said = sa.select(entry.c.id).where(entry.c.room == id, entry.c.kind == int(Kind.MESSAGE))
        if self.connection.execute(said.limit(1)).first():
            return False
        self.free_name(id)
        return True

    def erase(self, id: int, at_most: int = 1000) -> bool:
        """Erase what a deleted room held and free its name; only its number stays.

        One call erases at most so many entries, to keep the writer free for others: call again
        until it returns True.
        """
        self._log.flush()
        oldest = (
            sa.select(
                *(entry.c.id, entry.c.sender, entry.c.text, entry.c.kind, entry.c.state),
                entry.c.form,
            )
            .where(entry.c.room == id)
            .order_by(entry.c.seq)
            .limit(at_most)
        )
        gone = self.connection.execute(oldest).all()
        for row in gone:
            if row.kind == int(Kind.MESSAGE) and row.state != int(State.DELETED):
                self._log.index.replace(row.id, id, row.sender, searchable(row.text, row.form), "")
        if gone:
            self._log.index.leave_to_scrub()
            self.connection.execute(
                sa.delete(entry).where(entry.c.id == sa.bindparam("gone")),
                [{"gone": row.id} for row in gone],
            )
        if len(gone) == at_most:
            return False
        self._files.drop_of_room(id)
        kept = (member, mute, ban, invite, schema.room_metadata, former_name)
        for table in (*kept, schema.cursor, schema.read_cursor):
            self.connection.execute(sa.delete(table).where(table.c.room == id))
        self.set(id, name="", folded=None, topic="", rules="")
        return True

    def put_member(self, room: int, account: int | None, **columns: Unpack[MemberFields]) -> bool:
        """Make an account a member, or change one that is; True when it was not one before.

        A new member begins at the room's end: what was said before is not new to it, and `since`
        (unless given) keeps it from reading that in a hidden room.
        """
        if account is None:
            return True
        check_number(account)
        mine = (member.c.room == room) & (member.c.account == account)
        if self.connection.execute(sa.select(member.c.role).where(mine)).first():
            if columns:
                self.connection.execute(sa.update(member).where(mine).values(**columns))
            return False
        self._check_alive(account)
        fresh: MemberFields = {"role": int(Role.MEMBER), "since": self._log.end(room), **columns}
        self.connection.execute(sa.insert(member).values(room=room, account=account, **fresh))
        self._cursors.begin_at_end(account, room)
        return True

    def memberships(self, account: int) -> dict[int, Role]:
        """The rooms that an account is in, deleted ones left out, and what it is there."""
        found = self.connection.execute(
            sa.select(member.c.room, member.c.role)
            .join(room_table, room_table.c.id == member.c.room)
            .where(member.c.account == account, room_table.c.deleted_at.is_(None))
        )
        return {row.room: Role(row.role) for row in found}

    def drop_member(self, room: int, account: int | None) -> bool:
        """End a membership; False when there was none."""
        return self._drop(member, room, account)

    def put_mute(self, room: int, account: int | None, until: int) -> None:
        """Let an account only read in a room, member of it or not."""
        self._put(mute, room, account, until=until)

    def drop_mute(self, room: int, account: int | None) -> bool:
        """Let an account speak again; False when it was not muted."""
        return self._drop(mute, room, account)

    def put_ban(self, room: int, account: int | None, until: int | None) -> None:
        """Keep an account out of a room, for ever when `until` is None."""
        self._put(ban, room, account, until=until)

    def drop_ban(self, room: int, account: int | None) -> bool:
        """Let an account in again; False when it was not banned."""
        return self._drop(ban, room, account)

    def put_invite(self, room: int, account: int | None) -> None:
        """Let an account join a hidden room."""
        self._put(invite, room, account)

    def drop_invite(self, room: int, account: int | None) -> bool:
        """Take an invitation back or use it up; False when there was none."""
        return self._drop(invite, room, account)

    def _put(self, table: sa.Table, room: int, account: int | None, **columns: object) -> None:
        if account is not None:
            check_number(account)
            self._drop(table, room, account)
            row = {"room": room, "account": account, **columns}
            self.connection.execute(sa.insert(table).values(**row))

    def _drop(self, table: sa.Table, room: int, account: int | None) -> bool:
        done = self.connection.execute(
            sa.delete(table).where(table.c.room == room, table.c.account == account)
        )
        return done.rowcount == 1

    def _check_free(self, name: str, folded: str, but: int | None = None) -> None:
        others = sa.select(room_table.c.id).where(
            room_table.c.folded == folded, room_table.c.id.is_distinct_from(but)
        )
        held = sa.select(former_name.c.room).where(
            former_name.c.folded == folded,
            former_name.c.until > self.now(),
            former_name.c.room.is_distinct_from(but),
        )
        run = self.connection.execute
        if run(others).first() or run(held).first():
            raise ChatError("room_taken", f"There is a room called {name} already.")
