"""Client certificates of accounts, metadata of people and rooms, and names that rooms had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "certificate",
        sa.Column("account", NUMBER, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("added", NUMBER, nullable=False),
        sa.Column("used", NUMBER),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_certificate_fingerprint", "certificate", ["fingerprint"])
    for owner in ("account", "room"):
        op.create_table(
            f"{owner}_metadata",
            sa.Column(owner, NUMBER, primary_key=True),
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("value", sa.Text, nullable=False),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "former_name",
        sa.Column("folded", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("room", NUMBER, nullable=False, index=True),
        sa.Column("until", NUMBER, nullable=False),
        sqlite_with_rowid=False,
    )
