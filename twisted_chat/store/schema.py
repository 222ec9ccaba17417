"""The tables of the database, and the rows that a new one begins with.

A new database is made from these tables. The migrations bring an older one to the same schema,
and a test compares the two. Times are milliseconds since 1970.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from ..core.rooms import RoomKind
from .records import LOBBY

metadata = sa.MetaData()

# As Alembic makes it: the revision of the schema.
alembic_version = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# SQLite hands out row numbers only for the exact type INTEGER.
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, nullable=False, unique=True),
    sa.Column("skeleton", sa.Text, nullable=False),
    sa.Column("intro", sa.Text, nullable=False, server_default=""),
    # Written by earlier versions and not heeded any more: the settings say who is one.
    sa.Column("admin", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sa.Column("suspended_until", Number),
    sa.Column("suspended_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("away", sa.Text, nullable=False, server_default=""),
    sa.Column("last_seen", Number, nullable=False),
    sa.Column("created", Number, nullable=False),
    sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.text("0")),
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("scheme", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("account", Number, nullable=False, index=True),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    # The one it came for: good until this one is used, since the answer may have been lost.
    sa.Column("former", sa.Text, index=True),
    sa.Column("created", Number, nullable=False),
    sa.Column("used", Number, nullable=False),
)

room = sa.Table(
    "room",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, unique=True),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sa.Column("topic", sa.Text, nullable=False, server_default=""),
    sa.Column("last_seq", Number, nullable=False, server_default=sa.text("0")),
    sa.Column("created", Number, nullable=False),
    sa.Column("deleted_at", Number),
    sa.Column("first", Number),
    sa.Column("second", Number),
    sa.Column("encrypted", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sa.Column("rules", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("first", "second"),
)

member = sa.Table(
    "member",
    metadata,
    sa.Column("room", Number, primary_key=True),
    sa.Column("account", Number, primary_key=True, index=True),
    sa.Column("role", sa.Integer, nullable=False),
    sa.Column("since", Number, nullable=False),
    sa.Column("voice", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sqlite_with_rowid=False,
)

# Apart from the members, since a mute outlasts leaving and coming back.
mute = sa.Table(
    "mute",
    metadata,
    sa.Column("room", Number, primary_key=True),
    sa.Column("account", Number, primary_key=True, index=True),
    sa.Column("until", Number, nullable=False),
    sqlite_with_rowid=False,
)

ban = sa.Table(
    "ban",
    metadata,
    sa.Column("room", Number, primary_key=True),
    sa.Column("account", Number, primary_key=True, index=True),
    sa.Column("until", Number),
    sqlite_with_rowid=False,
)

invite = sa.Table(
    "invite",
    metadata,
    sa.Column("room", Number, primary_key=True),
    sa.Column("account", Number, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

ignored = sa.Table(
    "ignored",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("other", Number, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("room", Number, nullable=False),
    sa.Column("seq", Number, nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("time", Number, nullable=False),
    sa.Column("sender", Number),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("target", Number),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("cid", sa.Text),
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("form", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("tags", sa.Text, nullable=False, server_default=""),
    # Of all the others; none in rows that are older than it (`rows.checksum`).
    sa.Column("checksum", sa.Integer),
)

sa.Index("entry_place", entry.c.room, entry.c.seq, unique=True)
sa.Index(
    "entry_cid",
    entry.c.sender,
    entry.c.cid,
    unique=True,
    sqlite_where=sa.text("cid IS NOT NULL"),
)
# Messages as history shows them. With the sender and the state (and with what the condition says
# once more) finding and counting them is a walk in the index alone.
sa.Index(
    "entry_shown",
    entry.c.room,
    entry.c.id,
    entry.c.sender,
    entry.c.kind,
    entry.c.state,
    sqlite_where=sa.text("kind = 1"),
)
sa.Index(
    "entry_target",
    entry.c.room,
    entry.c.target,
    sqlite_where=sa.text("target IS NOT NULL"),
)

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("room", Number, primary_key=True, index=True),
    sa.Column("seq", Number, nullable=False),
    sqlite_with_rowid=False,
)

read_cursor = sa.Table(
    "read_cursor",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("room", Number, primary_key=True, index=True),
    sa.Column("seq", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Until when an account has read what it calls by that name, exactly as its client said it.
read_marker = sa.Table(
    "read_marker",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("time", Number, nullable=False),
    sqlite_with_rowid=False,
)

# A file is somebody's own until a message (room, seq) names it. One that is kept without a message,
# for the link that leads to it, has 0 for the room, which no room has, and its own number for seq.
# Its content is not in the database, but in a file of the name `blob`, which is made before this
# row is, or completed.
file = sa.Table(
    "file",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("blob", sa.Text, nullable=False, unique=True),
    sa.Column("owner", Number, nullable=False, index=True),
    sa.Column("room", Number, nullable=False),
    sa.Column("seq", Number),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", Number, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.text("0")),
    sa.Column("created", Number, nullable=False),
)
sa.Index(
    "file_place", file.c.room, file.c.seq, unique=True, sqlite_where=sa.text("seq IS NOT NULL")
)

# The public keys of a device, which others encrypt for.
device_key = sa.Table(
    "device_key",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("ed25519", sa.Text, nullable=False),
    sa.Column("curve25519", sa.Text, nullable=False, unique=True),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("published", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Each is given out once, but for the one that is there when all others are gone.
one_time_key = sa.Table(
    "one_time_key",
    metadata,
    sa.Column("curve25519", sa.Text, primary_key=True),
    sa.Column("fallback", sa.Boolean, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What an account may log in with instead of its password, by the SHA-256 of the certificate.
# `used` is when a connection last had it; one that was only named is unused so far.
certificate = sa.Table(
    "certificate",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True, index=True),
    sa.Column("added", Number, nullable=False),
    sa.Column("used", Number),
    sqlite_with_rowid=False,
)

account_metadata = sa.Table(
    "account_metadata",
    metadata,
    sa.Column("account", Number, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

room_metadata = sa.Table(
    "room_metadata",
    metadata,
    sa.Column("room", Number, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# A name that a room had, which leads to it until then and is nobody else's.
former_name = sa.Table(
    "former_name",
    metadata,
    sa.Column("folded", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("room", Number, nullable=False, index=True),
    sa.Column("until", Number, nullable=False),
    sqlite_with_rowid=False,
)


def create(connection: sa.Connection, revision: str, now: int) -> None:
    """Make all tables of a new database, and fill in what every database begins with.

    The caller commits. What is an engine's own, such as a full-text index, is not made here.
    """
    # The first start waits for this, and `create_all` takes twice as long to do the same.
    cursor = connection.connection.cursor()
    for table in metadata.tables.values():
        cursor.execute(str(CreateTable(table).compile(dialect=connection.dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            cursor.execute(str(CreateIndex(index).compile(dialect=connection.dialect)))
    lobby = (LOBBY, "#lobby", "#lobby", int(RoomKind.LOBBY), now)
    for statement, row in (
        ("INSERT INTO alembic_version VALUES (?)", (revision,)),
        # Another one in every database.
        ("INSERT INTO meta VALUES ('epoch', ?)", (secrets.token_hex(16),)),
        ("INSERT INTO room (id, name, folded, kind, created) VALUES (?,?,?,?,?)", lobby),
    ):
        connection.exec_driver_sql(statement, row)
