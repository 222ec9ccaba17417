"""The first tables, and the lobby."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make everything."""
    _make_people()
    _make_rooms()
    _make_log()
    _make_cursors()
    op.execute(
        "CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, "
        "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* M* Co So Sk'\")"
    )
    _fill()


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=nullable)


def _text(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text("0"))


def _make_people() -> None:
    op.create_table(
        "account",
        sa.Column("id", NUMBER, primary_key=True),
        _text("name"),
        sa.Column("folded", sa.Text, nullable=False, unique=True),
        _text("skeleton"),
        _text("intro", default=""),
        _flag("admin"),
        _number("suspended_until", nullable=True),
        _text("suspended_reason", default=""),
        _text("away", default=""),
        _number("last_seen"),
        _number("created"),
        _flag("erased"),
    )
    op.create_table(
        "credential",
        sa.Column("account", NUMBER, primary_key=True),
        sa.Column("scheme", sa.Text, primary_key=True),
        _text("value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token",
        sa.Column("id", NUMBER, primary_key=True),
        _number("account"),
        _text("device"),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        _text("former", nullable=True),
        _number("created"),
        _number("used"),
    )
    op.create_index("ix_token_account", "token", ["account"])
    op.create_index("ix_token_former", "token", ["former"])
    _make_pairs("ignored", "account", "other")


def _make_rooms() -> None:
    op.create_table(
        "room",
        sa.Column("id", NUMBER, primary_key=True),
        _text("name"),
        sa.Column("folded", sa.Text, unique=True),
        sa.Column("kind", sa.Integer, nullable=False),
        _flag("hidden"),
        _text("topic", default=""),
        sa.Column("last_seq", NUMBER, nullable=False, server_default=sa.text("0")),
        _number("created"),
        _number("deleted_at", nullable=True),
        _number("first", nullable=True),
        _number("second", nullable=True),
        sa.UniqueConstraint("first", "second"),
    )
    _make_pairs(
        "member",
        "room",
        "account",
        sa.Column("role", sa.Integer, nullable=False),
        _number("since"),
    )
    _make_pairs("mute", "room", "account", _number("until"))
    _make_pairs("ban", "room", "account", _number("until", nullable=True))
    _make_pairs("invite", "room", "account")


def _make_pairs(table: str, first: str, second: str, *more: sa.Column[int]) -> None:
    op.create_table(
        table,
        sa.Column(first, NUMBER, primary_key=True),
        sa.Column(second, NUMBER, primary_key=True),
        *more,
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{table}_{second}", table, [second])


def _make_log() -> None:
    op.create_table(
        "entry",
        sa.Column("id", NUMBER, primary_key=True),
        _number("room"),
        _number("seq"),
        sa.Column("kind", sa.Integer, nullable=False),
        _number("time"),
        _number("sender", nullable=True),
        _text("author"),
        _text("text"),
        _number("target", nullable=True),
        _text("subject"),
        _text("cid", nullable=True),
        sa.Column("state", sa.Integer, nullable=False),
    )
    op.create_index("entry_place", "entry", ["room", "seq"], unique=True)
    _make_part_index("entry_cid", ["sender", "cid"], "cid IS NOT NULL", unique=True)
    shown = ["room", "id", "sender", "kind", "state"]
    _make_part_index("entry_shown", shown, "kind = 1")
    _make_part_index("entry_target", ["room", "target"], "target IS NOT NULL")


def _make_part_index(name: str, columns: list[str], where: str, unique: bool = False) -> None:
    part = sa.text(where)
    op.create_index(name, "entry", columns, unique=unique, sqlite_where=part)


def _make_cursors() -> None:
    op.create_table(
        "cursor",
        sa.Column("account", NUMBER, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("room", NUMBER, primary_key=True),
        _number("seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cursor_room", "cursor", ["room"])
    _make_pairs("read_cursor", "account", "room", _number("seq"))


def _fill() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        _text("value"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(meta, [{"key": "epoch", "value": secrets.token_hex(16)}])
    room = sa.table(
        "room", *(sa.column(name) for name in ("id", "name", "folded", "kind", "created"))
    )
    lobby = {"id": 1, "name": "#lobby", "folded": "#lobby", "kind": 1}
    op.bulk_insert(room, [{**lobby, "created": context.config.attributes["now"]}])
