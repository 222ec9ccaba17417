"""Reading stays quick however much there is, and goes on past what is spoilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import groupby
from unittest import mock

import sqlalchemy as sa

from tests.store.fresh import StoreCase, index_all
from twisted_chat.core.entries import Entry, Kind, State
from twisted_chat.store import LOBBY, Query, Scope, accounts, cursors, history, records, search
from twisted_chat.store.records import DAMAGED


class PlanTests(StoreCase):
    """D15: no question walks through the whole log."""

    def plans(self, question: Callable[[sa.Connection], object]) -> list[str]:
        """How SQLite goes about each statement of a question."""
        connection = self.store._database.reader()
        statements: list[tuple[str, object]] = []

        @sa.event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: object, *rest: object) -> None:
            if statement.startswith(("SELECT", "\nSELECT")):
                statements.append((statement, parameters))

        question(connection)
        raw = sqlite3.connect(self.folder / "chat.db")
        found = []
        for statement, parameters in statements:
            explained = raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            found += [row[3] for row in explained]
        raw.close()
        connection.close()
        connection.engine.dispose()
        return found

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.account("ann")
        for text in "abc":
            self.say(text, cid=text)

    def assert_quick(self, question: Callable[[sa.Connection], object], *using: str) -> None:
        plans = self.plans(question)
        self.assertTrue(plans)
        for plan in plans:
            self.assertNotIn("SCAN entry", plan)
            self.assertNotIn("SCAN e", plan)
            self.assertNotIn("TEMP B-TREE", plan)
        for index in using:
            self.assertTrue([plan for plan in plans if index in plan], (index, plans))

    def test_d15_history(self) -> None:
        scopes = [Scope(LOBBY, 1), Scope(2)]
        shown = "COVERING INDEX entry_shown (room=? AND id>? AND id<?)"
        self.assert_quick(lambda it: history.messages(it, scopes, 2), shown, "entry_place")
        self.assert_quick(lambda it: history.messages(it, scopes, 2, 3), shown)
        self.assert_quick(lambda it: history.messages_of(it, Scope(LOBBY), 2, 3), shown)
        self.assert_quick(lambda it: history.unseen(it, self.ann, [(LOBBY, 1, 3)], 1), shown)

    def test_d15_pages(self) -> None:
        shown = "INDEX entry_shown (room=? AND id>? AND id<?)"
        messages = history.View(LOBBY, 0, 3, (self.ann,))
        events = messages._replace(kinds=(1, 2, 3, 4))
        for view, index in (
            (messages, shown),
            (events, "entry_place (room=? AND seq>? AND seq<?)"),
        ):
            for place in (history.At(2), history.At(time=5)):
                for ask in (history.before, history.after, history.latest, history.around):
                    self.assert_quick(partial(ask, view=view, place=place, limit=2), index)
        self.assert_quick(
            lambda it: history.last_times(it, [Scope(LOBBY, 1)], (self.ann,)),
            "INDEX entry_shown (room=? AND id>?)",
        )

    def test_d15_entries(self) -> None:
        self.assert_quick(
            lambda it: history.entries(it, LOBBY, 1, 3, 9),
            "entry_place (room=? AND seq>? AND seq<?)",
        )
        self.assert_quick(lambda it: history.entries(it, LOBBY, 1, None, 9), "entry_place")
        self.assert_quick(lambda it: history.entry(it, LOBBY, 1), "entry_place (room=? AND seq=?)")

    def test_d15_search(self) -> None:
        query = Query("a", (Scope(LOBBY, 1),), self.ann, after_time=5, before_time=2**50)
        self.assert_quick(lambda it: search(it, query), "INTEGER PRIMARY KEY (rowid=?)")

    def test_d15_what_belongs_to_one_account(self) -> None:
        def ask(connection: sa.Connection) -> None:
            accounts.credentials(connection, self.ann)
            cursors.delivered(connection, self.ann)
            cursors.delivered_to(connection, self.ann, "phone")
            cursors.read(connection, self.ann)
            cursors.read_times(connection, self.ann)
            cursors.markers(connection, self.ann)
            accounts.token(connection, "x")

        for plan in self.plans(ask):
            self.assertNotIn("SCAN", plan)

    def test_d15_the_writers_statements(self) -> None:
        raw = sqlite3.connect(self.folder / "chat.db")
        self.addCleanup(raw.close)
        seen: list[str] = []
        connection = self.store.writer._committer._connection

        @sa.event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, *rest: object) -> None:
            seen.append(statement)

        self.say("d", self.ann, "d")
        self.rewrite(1, "", State.DELETED)
        self.change(lambda ledger: ledger.rooms.erase(7))
        for statement in seen:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                count = statement.count("?")
                for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", ["[]"] * count):
                    self.assertNotIn("SCAN e", row[3], statement)
                    self.assertNotIn("SCAN room", row[3], statement)

    def test_statements_of_a_batch(self) -> None:
        seen: list[str] = []
        driver = self.store.writer._committer._driver
        driver.set_trace_callback(lambda statement: seen.append(statement.split()[0]))
        self.store.move_cursor(self.ann, "phone", LOBBY, 1)
        for number in range(20):
            self.ask_to_say(f"x {number}", self.ann, str(number))
        self.store.run_once()
        # A statement that is carried out for many rows is told of for each.
        told = [statement for statement, _ in groupby(seen)]
        self.assertEqual(told, ["BEGIN", "INSERT", "SELECT", "INSERT", "UPDATE", "COMMIT"])


class FlippedBitTests(StoreCase):
    """A bit of a stored message is another one, in a page that SQLite finds in order."""

    def flip(self, change: str) -> None:
        run = self.store.writer._committer._connection.exec_driver_sql
        run(f"UPDATE entry SET {change} WHERE id = 1")

    def texts(self) -> list[str]:
        found = self.read(lambda it: history.entries(it, LOBBY, 0, None, 9))
        return [entry.text for entry in found]

    def test_d5_it_is_noticed_before_it_is_served(self) -> None:
        ann = self.account("ann")
        self.say("pay 100 to ann", ann, "1")
        index_all(self.store)
        for there, back in (
            ("text = 'pay 900 to ann'", "text = 'pay 100 to ann'"),
            ("author = 'bnn'", f"author = 'author {ann}'"),
            ("time = time + 65536", "time = time - 65536"),
            ("time = time + (1 << 40)", "time = time - (1 << 40)"),
            ("sender = sender + 2", "sender = sender - 2"),
            ("target = 0 + 1", "target = NULL"),
            ("cid = '3'", "cid = '1'"),
            ("tags = '+a'", "tags = ''"),
            ("state = 2", "state = 0"),
            ("form = 8", "form = 0"),
            ("checksum = checksum + 1", "checksum = checksum - 1"),
        ):
            self.assertEqual(self.texts(), ["pay 100 to ann"])
            self.flip(there)
            self.assertEqual(self.texts(), [DAMAGED], there)
            self.flip(back)

    def test_d5_the_operator_is_told_but_not_again_and_again(self) -> None:
        self.say("pay 100 to ann")
        self.flip("text = 'pay 900 to ann'")
        with (
            mock.patch.object(records, "_complained", [-records.COMPLAIN_EVERY]),
            self.assertLogs("twisted_chat.store.records") as told,
        ):
            self.assertEqual(self.texts() + self.texts(), [DAMAGED] * 2)
        self.assertEqual(
            [record.getMessage() for record in told.records],
            ["Entry 1 of room 1 is damaged on the disk, and is not shown; a backup may have it"],
        )

    def test_d5_what_is_changed_on_purpose_is_served(self) -> None:
        self.say("one")
        self.say("two")
        self.rewrite(1, "ten", State.EDITED)
        self.rewrite(2, "", State.DELETED)
        self.assertEqual(self.texts(), ["ten", ""])
        self.flip("text = 'tea'")
        self.assertEqual(self.texts(), [DAMAGED, ""])

    def test_d5_what_is_older_than_the_checksums_is_served(self) -> None:
        self.say("one")
        self.flip("checksum = NULL")
        self.assertEqual(self.texts(), ["one"])

    def test_c10_what_is_spoilt_can_be_deleted(self) -> None:
        self.say("one")
        self.flip("author = x'07'")
        self.rewrite(1, "", State.DELETED)
        self.assertEqual(self.texts(), [DAMAGED])


class SpoiltRowTests(StoreCase):
    """C10: one bad row never stops a page."""

    def setUp(self) -> None:
        super().setUp()
        for text in "abc":
            self.say(f"word {text}")
        index_all(self.store)

    def spoil(self, change: str) -> None:
        run = self.store.writer._committer._connection.exec_driver_sql
        run(f"UPDATE entry SET {change}, checksum = NULL WHERE seq = 2")

    def pages(self) -> list[list[Entry]]:
        scope = Scope(LOBBY)
        return [
            self.read(lambda it: history.entries(it, LOBBY, 0, None, 9)),
            self.read(lambda it: history.messages(it, [scope], 9)).entries,
            self.read(lambda it: history.unseen(it, 1, [(LOBBY, 0, 3)], 9))[0],
            self.read(lambda it: search(it, Query("word", (scope,)))).entries,
        ]

    def test_c10_text_that_is_no_utf8(self) -> None:
        self.spoil("text = CAST(x'ff68' AS TEXT)")
        for page in self.pages():
            self.assertEqual([entry.text for entry in page], ["word a", DAMAGED, "word c"])

    def test_c10_values_of_another_type(self) -> None:
        for change in (
            "text = x'00'",
            "author = x'07'",
            "subject = x'07'",
            "time = 'noon'",
            "sender = 'ann'",
            "cid = x'ff'",
            "target = 'it'",
            "state = 77",
        ):
            self.spoil(change)
            for page in self.pages():
                self.assertEqual([entry.text for entry in page], ["word a", DAMAGED, "word c"])
                self.assertEqual([entry.seq for entry in page], [1, 2, 3])
            self.spoil(
                "text = 'word b', author = 'x', subject = '', time = 5, sender = NULL, cid = NULL,"
                " target = NULL, state = 0"
            )

    def test_c10_an_unknown_kind(self) -> None:
        self.spoil("kind = 99")
        page = self.pages()[0]
        self.assertEqual((page[1].text, page[1].kind), (DAMAGED, Kind.MESSAGE))

    def test_c10_an_account_with_a_spoilt_name_does_not_stop_the_start(self) -> None:
        self.account("ann")
        run = self.store.writer._committer._connection.exec_driver_sql
        run("UPDATE account SET intro = CAST(x'ff' AS TEXT)")
        self.assertEqual(self.store.load().accounts[0].intro, DAMAGED)

    def test_c10_the_writer_reads_on_too(self) -> None:
        self.account("ann")
        self.say("twice", 1, "1")
        run = self.store.writer._committer._connection.exec_driver_sql
        run("UPDATE entry SET text = CAST(x'ff' AS TEXT) WHERE seq = 4")
        post = self.ask_to_say("twice", 1, "1")
        self.store.run_once()
        self.assertIsNotNone(post.error)
        self.assertEqual(self.say("next").seq, 5)
