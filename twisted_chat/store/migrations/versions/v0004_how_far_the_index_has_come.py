"""The full-text index follows the log: how far it has come is kept, and so far that was all."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Note the last entry; each was put into the index when it was stored."""
    op.execute("INSERT INTO meta SELECT 'indexed', coalesce(max(id), 0) FROM entry")
