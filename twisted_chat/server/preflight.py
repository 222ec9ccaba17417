"""Looks whether the service could start, and changes nothing."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ..chat.motd import message_of_the_day
from ..connection import tls
from ..core.errors import StartError, reason_of
from ..settings import Settings
from ..store import migrations
from ..store.blobs import contents_of
from ..store.sqlite import integrity
from ..store.sqlite.connections import close, open_raw, open_reader
from ..store.sqlite.database import locate
from ..store.sqlite.lock import noted
from .import_users import open_users
from .ports import check_place, wanted

DATABASE = "chat.db"  # its name in the data folder


def database_of(settings: Settings) -> str:
    """The path or address of the database."""
    return settings.database or str(settings.data / DATABASE)


def check(settings: Settings) -> str:
    """Return what was found, in a sentence.

    Raises StartError when the service could not start.
    """
    for port in wanted(settings):
        check_place(port.place, port.option)
    tls.check_certificate(settings.tls, settings.data)
    if settings.users is not None:
        open_users(settings.users).close()
    message_of_the_day(settings)
    path = locate(database_of(settings))
    _check_contents(contents_of(path))
    if not path.exists():
        _check_place(path)
        return f"The settings are in order; the database {path} will be made at the first start."
    if not _check_database(path):
        return (
            f"The settings are in order; a change of the database {path} was cut off, which the "
            "next start will undo before it looks at the database."
        )
    return f"The settings and the database {path} are in order."


def _check_place(path: Path) -> None:
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"The database {path} cannot be made: {folder} cannot be written to.")


def _check_contents(folder: Path) -> None:
    """The folder of what people send as files, if it is there already."""
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise StartError(f"The folder {folder} cannot be used: it cannot be written to.")


def _check_database(path: Path) -> bool:
    """Whether it could be looked at without changing it."""
    try:
        integrity.check_names(path)
        integrity.check_writable(path)
        if integrity.is_interrupted(path):
            return False
        integrity.check_header(path)
        epoch, last = noted(path)
        raw = open_raw(path, "ro")
        raw.text_factory = bytes  # text that is no UTF-8 is nothing to stop for
        try:
            version = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            if version is None or version[0].decode() not in migrations.revisions():
                raise StartError(f"The database {path} was made by a newer version of the program.")
            integrity.check_log(path, raw)
            integrity.check_last_commit(path, raw, integrity.check_newest(path, raw), epoch, last)
        finally:
            raw.close()
        reader = open_reader(path)
        try:
            damage = integrity.quick_check(reader)
        finally:
            close(reader)
    except OSError as error:
        raise StartError(f"The database {path} cannot be read: {reason_of(error)}.") from None
    except sqlite3.DatabaseError as error:
        raise integrity.damaged(path, str(error)) from None
    if damage is not None:
        raise integrity.damaged(path, damage)
    return True
