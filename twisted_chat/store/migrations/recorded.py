"""A new database without Alembic, which takes longer to import than to use.

`recorded.sql` is what SQLite was told when the migrations made an empty database. It is written by
`python -m tests.store.recorded --write`, never by hand, and a test makes sure that it is what they
say now. So they are the only place where the schema is changed.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa

from . import revisions, upgrade

FILE = Path(__file__).with_name("recorded.sql")
BETWEEN = ";\n"  # statements; none has it inside


def make(connection: sa.Connection, now: int) -> None:
    """Fill an empty database; what the record does not know yet, the migrations add."""
    # What is another in every database.
    of_its_own = {"epoch": secrets.token_hex(16), "now": now}
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        for statement in FILE.read_text("utf-8").split(BETWEEN):
            connection.exec_driver_sql(statement, of_its_own)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    if revision != revisions()[-1]:
        upgrade(connection, now)
