"""Bringing a database to the present schema, in one transaction.

Revisions are `versions/vNNNN_what.py`, and their numbers are read from the file names:
Alembic takes time to import, and a start that has nothing to migrate does without it.
A new database is made from the tables in `schema`, so a migration that changes the schema has to
change them too.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from ..sqlite.sql import BEGIN_TO_WRITE

_HERE = Path(__file__).parent


def revisions() -> list[str]:
    """Every revision that this program knows, oldest first."""
    names = os.listdir(_HERE / "versions")
    return sorted(name[1:5] for name in names if name.startswith("v") and name.endswith(".py"))


def upgrade(connection: sa.Connection, now: int) -> None:
    """Bring the database to the newest revision; it is either old or new, never between.

    The connection's driver must be in autocommit: left to itself it would commit before DDL.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, now=now)
    connection.exec_driver_sql(BEGIN_TO_WRITE)
    try:
        command.upgrade(config, "head")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
