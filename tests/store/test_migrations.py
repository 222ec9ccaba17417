"""A schema is old or new, never between; and never newer than the program."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa
from twisted.trial.unittest import SynchronousTestCase

from tests.store import fresh
from twisted_chat.core.errors import StartError
from twisted_chat.store import migrations, open_store, schema
from twisted_chat.store.sqlite.connections import close, open_writer
from twisted_chat.testing import Hall

GOLDEN = Path(__file__).parent / "golden"
"""A database of every earlier revision, as its program left it."""

SECOND = '''
"""Something that comes later."""

from alembic import op

revision = "0999"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE TABLE more (it TEXT)")
    op.execute("INSERT INTO more VALUES ('x')")
    op.execute("ALTER TABLE account ADD COLUMN mood TEXT")
    op.execute("UPDATE account SET mood = 'good'")
    op.execute("DROP TABLE invite")
'''


def tables(path: Path) -> dict[str, str | None]:
    """Everything that a database consists of: {name: SQL}."""
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    finally:
        connection.close()


def described(path: Path) -> dict[str, Any]:
    """The schema of a database: tables with their columns, keys and indexes, and all else in SQL.

    The SQL of a table itself is left out: it differs where a column was added later.
    """
    with closing(sqlite3.connect(path)) as connection:

        def about(pragma: str, of: str) -> list[Any]:
            # The first column only counts.
            found = connection.execute(f"PRAGMA {pragma}({of})").fetchall()
            return sorted((row[1:] for row in found), key=repr)

        master = "SELECT type, name, sql FROM sqlite_master WHERE sql NOT LIKE 'CREATE TABLE%'"
        known: dict[str, Any] = {"": sorted(connection.execute(master))}
        for _, table, *kind in connection.execute("PRAGMA table_list").fetchall():
            indexes = about("index_list", table)
            known[table] = [
                *(kind, about("table_xinfo", table), about("foreign_key_list", table)),
                [(index, about("index_xinfo", index[0])) for index in indexes],
            ]
        return known


class MigrationTests(SynchronousTestCase):
    """Migrations that are cut off at every statement."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def upgrade(self, path: Path, kills: Path | None = None) -> None:
        """Migrate; before every statement put what a kill would leave into a folder."""
        connection = open_writer(path)
        if kills is not None:

            @sa.event.listens_for(connection, "before_cursor_execute")
            def copy(*_: object) -> None:
                place = kills / str(len(list(kills.iterdir())))
                place.mkdir()
                for kept in path.parent.glob(f"{path.name}*"):
                    if not kept.name.endswith("-shm"):
                        shutil.copy(kept, place)

        migrations.upgrade(connection, 0)
        close(connection)

    def assert_old_or_new(self, path: Path) -> int:
        """Migrate while being killed everywhere, and look at what is left; how often."""
        kills = self.folder / "kills"
        kills.mkdir()
        old = tables(path)
        self.upgrade(path, kills)
        new = tables(path)
        self.assertNotEqual(old, new)
        left = sorted(kills.iterdir())
        for place in left:
            self.assertIn(tables(place / path.name), (old, new))
            self.upgrade(place / path.name)
            self.assertEqual(tables(place / path.name), new)
        return len(left)

    def test_d12_the_first_migration_killed_at_every_statement(self) -> None:
        path = self.folder / "chat.db"
        empty = sqlite3.connect(path)
        empty.execute("PRAGMA journal_mode = WAL")
        empty.close()
        self.assertGreater(self.assert_old_or_new(path), 25)

    def with_a_second_revision(self, source: str) -> None:
        later = self.folder / "migrations"
        shutil.copytree(Path(migrations.__file__).parent, later)
        (later / "versions" / "v0999_more.py").write_text(source)
        patch = mock.patch.object(migrations, "_HERE", later)
        patch.start()
        self.addCleanup(patch.stop)

    def test_d12_a_later_migration_killed_at_every_statement(self) -> None:
        path = fresh.database(self.folder)
        self.with_a_second_revision(SECOND)
        self.assertGreater(self.assert_old_or_new(path), 6)

    def test_k11_an_older_database_is_brought_up_to_date(self) -> None:
        path = fresh.database(self.folder)
        store = open_store(str(path), lambda: 0)
        fresh.change(store, lambda ledger: ledger.accounts.add("a", "a", "a", None, None))
        store.close()
        self.with_a_second_revision(SECOND)
        open_store(str(path), lambda: 0).close()
        self.assertIn("more", tables(path))

    def golden(self, revision: str) -> Path:
        """The folder of a server whose data is that old."""
        folder = self.folder / revision
        folder.mkdir()
        kept = gzip.decompress((GOLDEN / f"{revision}.db.gz").read_bytes())
        (folder / "chat.db").write_bytes(kept)
        return folder

    def test_k11_there_is_a_golden_database_of_every_earlier_revision(self) -> None:
        kept = sorted(path.name.removesuffix(".db.gz") for path in GOLDEN.glob("*.db.gz"))
        self.assertEqual(kept, migrations.revisions()[:-1])

    def test_k11_the_first_release_s_data_works(self) -> None:
        with Hall(self.golden("0001")) as hall:
            edison = hall.connects()
            edison.types("edison", "correct horse")
            edison.hears("Your offline messages:", "tesla: you are away <private message>")
            edison.types("history #lobby")
            edison.hears("tesla: hello everybody", "edison: (deleted)")
            edison.types("search private word")
            edison.hears("[tesla/1 10:00 private] tesla: a private word")
            edison.types("BM and on it goes")
            edison.hears("(Message 4 sent")

    def test_k11_data_with_files_and_keys_works(self) -> None:
        with Hall(self.golden("0002")) as hall:
            edison = hall.connects()
            edison.types("edison", "correct horse")
            edison.hears("Your offline messages:", "tesla: you are away <private message>")
            edison.types("members #coil", "history #coil")
            edison.hears("tesla", "owner", "edison", "operator", "edison: wires")
            edison.types("topic #coil copper and iron")
            edison.hears("edison set the topic of #coil: copper and iron")

    def test_k11_data_with_rules_and_tags_works(self) -> None:
        with Hall(self.golden("0003")) as hall:
            edison = hall.connects()
            edison.types("edison", "correct horse")
            edison.hears("Your offline messages:", "tesla: you are away <private message>")
            edison.types("search wires")
            edison.hears("[#coil/4 10:00] #coil tesla: moderated wires")
            edison.types("say #coil and more wires", "search more wires")
            edison.hears("(Message #coil/", "#coil edison: and more wires")

    def test_k11_data_with_an_index_that_follows_works(self) -> None:
        with Hall(self.golden("0004")) as hall:
            edison = hall.connects()
            edison.types("edison", "correct horse")
            edison.hears("Your offline messages:", "tesla: you are away <private message>")
            edison.types("search wires")
            edison.hears("[#coil/3 10:00] #coil tesla: wires")

    def test_k11_data_without_checksums_works(self) -> None:
        with Hall(self.golden("0005")) as hall:
            edison = hall.connects()
            edison.types("edison", "correct horse")
            edison.hears("Your offline messages:", "tesla: you are away <private message>")
            edison.types("history #coils")
            edison.hears("tesla: wires", "tesla: copper wires")
            tesla = hall.connects()
            tesla.types("tesla", "correct horse", "edit #coils/3 iron wires", "history #coils")
            tesla.hears("tesla: iron wires", "tesla: copper wires")

    def test_d12_the_first_release_s_data_migrated_killed_at_every_statement(self) -> None:
        self.assertGreater(self.assert_old_or_new(self.golden("0001") / "chat.db"), 8)

    def test_d12_a_failing_migration_leaves_the_old_database(self) -> None:
        path = fresh.database(self.folder)
        before = path.read_bytes()
        self.with_a_second_revision(SECOND + '    op.execute("SELECT nonsense")\n')
        error = self.assertRaises(StartError, open_store, str(path), lambda: 0)
        self.assertIn("could not be brought up to date: no such column: nonsense", str(error))
        self.assertEqual(path.read_bytes(), before)

    def test_k10_a_newer_database_is_refused(self) -> None:
        path = fresh.database(self.folder)
        newer = sqlite3.connect(path)
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
        newer.close()
        before = path.read_bytes()
        error = self.assertRaises(StartError, open_store, str(path), lambda: 0)
        self.assertIn("was made by a newer version of this program", str(error))
        self.assertEqual(path.read_bytes(), before)

    def test_every_old_database_becomes_like_a_new_one(self) -> None:
        expected = described(fresh.database(self.folder))
        for revision in migrations.revisions()[:-1]:
            path = self.golden(revision) / "chat.db"
            self.assertNotEqual(described(path), expected)
            self.upgrade(path)
            self.assertEqual(described(path), expected, revision)

    def test_a_new_database_begins_as_the_migrations_begin_it(self) -> None:
        made = fresh.database(self.folder)
        migrated = self.folder / "migrated.db"
        migrated.touch()
        self.upgrade(migrated)
        self.assertEqual(described(migrated), described(made))
        for table in schema.metadata.tables:
            rows = [self.rows(path, f"SELECT * FROM {table}") for path in (made, migrated)]
            if table == "meta":  # each has an epoch of its own
                rows = [[row for row in one if row[0] != "epoch"] for one in rows]
            self.assertEqual(*rows)

    def rows(self, path: Path, question: str) -> list[Any]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(question).fetchall()

    def test_every_new_database_has_an_epoch_of_its_own(self) -> None:
        epochs = set()
        for name in ("first", "second"):
            store = open_store(str(self.folder / name), lambda: 0)
            epochs.add(store.epoch)
            store.close()
        self.assertEqual({len(epoch) for epoch in epochs}, {32})
        self.assertEqual(len(epochs), 2)

    def test_revisions_follow_each_other(self) -> None:
        self.assertEqual(migrations.revisions()[0], "0001")
