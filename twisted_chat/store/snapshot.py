"""What is read at the start, and figures about everything that there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..core.rooms import RoomKind
from . import device_keys, files, schema
from .records import Account, Ban, FormerName, Member, Mute, Room, StoredFile


class Snapshot(NamedTuple):
    """Everything that a server keeps in memory."""

    accounts: list[Account]
    rooms: list[Room]
    members: list[Member]
    mutes: list[Mute]
    bans: list[Ban]
    invites: list[tuple[int, int]]
    """(room, account)"""
    ignored: list[tuple[int, int]]
    """(account, the account it ignores)"""
    former: list[FormerName]
    devices: dict[int, str]
    """The version of an account's devices that have keys."""
    files: list[StoredFile]
    """Those that no message names."""
    used: dict[int, int]
    """What the files of an account take, by its number."""


def load(connection: sa.Connection) -> Snapshot:
    """Everything that a server keeps in memory."""

    def all_of(table: sa.Table) -> Iterable[Any]:
        return connection.execute(sa.select(table))

    return Snapshot(
        accounts=[Account._make(row) for row in all_of(schema.account)],
        rooms=[Room._make(row) for row in all_of(schema.room)],
        members=[Member._make(row) for row in all_of(schema.member)],
        mutes=[Mute._make(row) for row in all_of(schema.mute)],
        bans=[Ban._make(row) for row in all_of(schema.ban)],
        invites=[(row[0], row[1]) for row in all_of(schema.invite)],
        ignored=[(row[0], row[1]) for row in all_of(schema.ignored)],
        former=[FormerName._make(row) for row in all_of(schema.former_name)],
        devices=device_keys.versions(connection),
        files=files.unnamed(connection),
        used=files.used(connection),
    )


def secret(connection: sa.Connection) -> str | None:
    """What this server alone knows; None if it has no secret yet."""
    found = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "secret"))
    return found.scalar_one_or_none()


class Counts(NamedTuple):
    """Figures for the statistics."""

    accounts: int
    rooms: int
    entries: int
    """Of all kinds, those of erased rooms included."""
    files: int
    file_bytes: int


def counts(connection: sa.Connection) -> Counts:
    """How much there is."""
    room, account, file = schema.room, schema.account, schema.file
    row = connection.execute(
        sa.select(
            _count(account).where(~account.c.erased).scalar_subquery(),
            _count(room)
            .where(room.c.kind != int(RoomKind.PAIR), room.c.deleted_at.is_(None))
            .scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(room.c.last_seq), 0)).scalar_subquery(),
            _count(file).where(file.c.complete).scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(file.c.size), 0))
            .where(file.c.complete)
            .scalar_subquery(),
        )
    ).one()
    return Counts(*row)


def _count(table: sa.Table) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(table)
