"""Checksums of entries: a bit that the disk has flipped is noticed before it is served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Entries that are there have none until they are changed, for there may be very many."""
    op.add_column("entry", sa.Column("checksum", sa.Integer))
