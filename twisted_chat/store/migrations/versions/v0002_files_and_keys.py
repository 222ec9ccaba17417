"""Files, and what encrypting from end to end needs of a server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and say what the texts are that are there already."""
    op.add_column("entry", _flag("form", sa.Integer))
    op.add_column("room", _flag("encrypted", sa.Boolean))
    op.create_table(
        "file",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("blob", sa.Text, nullable=False, unique=True),
        sa.Column("owner", NUMBER, nullable=False),
        sa.Column("room", NUMBER, nullable=False),
        sa.Column("seq", NUMBER),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        _flag("complete", sa.Boolean),
        sa.Column("created", NUMBER, nullable=False),
    )
    op.create_index("ix_file_owner", "file", ["owner"])
    attached = sa.text("seq IS NOT NULL")
    op.create_index("file_place", "file", ["room", "seq"], unique=True, sqlite_where=attached)
    op.create_table(
        "device_key",
        sa.Column("account", NUMBER, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("ed25519", sa.Text, nullable=False),
        sa.Column("curve25519", sa.Text, nullable=False, unique=True),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("published", NUMBER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "one_time_key",
        sa.Column("curve25519", sa.Text, primary_key=True),
        sa.Column("fallback", sa.Boolean, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _flag(name: str, kind: type[sa.Integer | sa.Boolean]) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False, server_default=sa.text("0"))
