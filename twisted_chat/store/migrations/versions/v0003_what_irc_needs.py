"""Rules of rooms, voices, what a message is tagged with, and until when somebody has read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, empty, and the table."""
    op.add_column("entry", _text("tags"))
    op.add_column("room", _text("rules"))
    op.add_column(
        "member", sa.Column("voice", sa.Boolean, nullable=False, server_default=sa.text("0"))
    )
    op.create_table(
        "read_marker",
        sa.Column("account", NUMBER, primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("time", NUMBER, nullable=False),
        sqlite_with_rowid=False,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")
