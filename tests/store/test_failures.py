"""What becomes of messages when the disk does not do what it should."""

from __future__ import annotations

import os
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from tests.store import fresh
from tests.store.fresh import StoreCase, settle
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Kind
from twisted_chat.core.errors import ChatError
from twisted_chat.store import LOBBY, Batch, Ledger, Post, Store, cursors, history, open_store
from twisted_chat.store.work import Upkeep


def codes(posts: list[Post]) -> list[str | None]:
    """The refusals of posts."""
    return [post.error.code if isinstance(post.error, ChatError) else None for post in posts]


class FullDiskTests(StoreCase):
    """The disk is full, and later it is not."""

    def fill(self) -> None:
        pages = self.store.writer._committer._connection.exec_driver_sql("PRAGMA page_count")
        self.limit(pages.scalar_one() + 4)

    def limit(self, pages: int) -> None:
        run = self.store.writer._committer._connection.exec_driver_sql
        run(f"PRAGMA max_page_count = {pages}")

    def test_d3_a_full_disk_refuses_the_whole_batch_and_recovers(self) -> None:
        self.say("before", 1, "0")
        self.fill()
        self.store.move_cursor(1, "phone", LOBBY, 1)
        results: list[object] = []
        posts = [self.ask_to_say("x" * 20_000, 1, str(n)) for n in range(1, 4)]
        self.store.change(lambda ledger: ledger.log.end(LOBBY), results.append)
        with self.assertLogs("twisted_chat.store.writer") as told:
            settle(self.store)
            for number in range(4, 7):
                self.ask_to_say("x" * 20_000, 1, str(number))
            settle(self.store)
        self.assertEqual(
            [record.getMessage() for record in told.records],
            ["Messages could not be stored, and were refused: database or disk is full"],
        )
        self.assertEqual(codes(posts), ["store_full"] * 3)
        self.assertEqual([post.entry for post in posts], [None] * 3)
        [error] = results
        assert isinstance(error, ChatError)
        self.assertEqual((error.code, error.details), ("store_full", {"retry_after": 30}))
        found = self.read(lambda connection: history.entries(connection, LOBBY, 0, None, 9))
        self.assertEqual([entry.text for entry in found], ["before"])
        self.limit(1_000_000)
        self.assertEqual(self.say("x" * 20_000, 1, "1").seq, 2)
        self.assertEqual(self.read(lambda it: cursors.delivered(it, 1)), {LOBBY: 1})

    def test_d3_e11_a_batch_that_is_rolled_back_drops_no_file(self) -> None:
        gone: list[str] = []

        def deliver(batch: Batch) -> None:
            gone.extend(one.blob for one in batch.gone)
            batch.answer()

        ann = self.account("ann")
        file = self.change(lambda it: it.files.add("blob", ann, LOBBY, "x", 1, "hash"))
        self.store.deliver = deliver
        self.fill()
        self.store.change(lambda it: it.files.drop_unnamed(file.id), lambda _: None)
        posts = [self.ask_to_say("x" * 20_000, 1, str(n)) for n in range(1, 4)]
        settle(self.store)
        self.assertEqual((codes(posts), gone), (["store_full"] * 3, []))
        self.limit(1_000_000)
        self.say("small")
        self.assertEqual(gone, [])
        self.change(lambda it: it.files.drop_unnamed(file.id))
        self.assertEqual(gone, ["blob"])

    def test_d3_a_change_that_fills_the_disk_fails_its_batch(self) -> None:
        self.fill()
        post = self.ask_to_say("small")
        results: list[object] = []
        self.store.change(
            lambda ledger: ledger.accounts.set_credential(1, "x", "y" * 100_000), results.append
        )
        settle(self.store)
        self.assertEqual(codes([post]), ["store_full"])
        self.limit(1_000_000)
        self.assertEqual(self.say("small").seq, 1)

    def test_d3_with_a_full_disk_erasing_waits(self) -> None:
        def fill(_: object) -> bool:
            raise OperationalError("", None, _error(sqlite3.SQLITE_FULL))

        results: list[object] = []
        self.store.writer.submit(Upkeep(fill, results.append))
        settle(self.store)
        self.assertIsInstance(results[0], ChatError)

    def test_d8_a_lock_of_another_program_is_busy(self) -> None:
        self.store.writer._committer._connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(self.folder / "chat.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        post = self.ask_to_say("x")
        settle(self.store)
        self.assertEqual(codes([post]), ["busy"])
        other.execute("ROLLBACK")
        self.assertEqual(self.say("x").seq, 1)


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("the disk said so")
    error.sqlite_errorcode = code
    return error


class UnknownTests(StoreCase):
    """Nobody is answered when it is not known what was stored."""

    def make_store(self) -> Store:
        """A store whose death is noted."""
        self.deaths = 0
        path = fresh.database(self.folder)
        return open_store(str(path), lambda: self.time, die=self.die)

    def die(self) -> None:
        self.deaths += 1

    def break_down(self, when: str, error: Callable[[], Exception]) -> None:
        committer = self.store.writer._committer
        run: Callable[..., object] = committer._run

        def failing(sql: str, *parameters: object) -> object:
            if sql == when:
                raise error()
            return run(sql, *parameters)

        committer._run = failing  # type: ignore[assignment]

    def assert_dies(self) -> None:
        reports: list[Batch] = []
        self.store.deliver = reports.append
        self.ask_to_say("x")
        self.store.change(lambda ledger: None, lambda result: reports.append(Batch([], [])))
        with self.assertLogs("twisted_chat.store", "CRITICAL"):
            settle(self.store)
        self.assertEqual((self.deaths, reports), (1, []))
        error = self.assertRaises(ChatError, self.ask_to_say, "too late")
        self.assertEqual(error.code, "busy")
        self.assertFalse(self.store.run_once())

    def test_d4_a_failed_sync_ends_the_process(self) -> None:
        broken = sqlite3.SQLITE_IOERR | 4 << 8
        self.break_down("COMMIT", lambda: OperationalError("", None, _error(broken)))
        self.assert_dies()

    def test_d4_an_unknown_error_ends_the_process(self) -> None:
        self.break_down("COMMIT", lambda: RuntimeError("what?"))
        self.assert_dies()

    def test_b14_no_error_quotes_what_somebody_said(self) -> None:
        said = "between you and me"

        connection = self.store.writer._committer._connection
        driver = self.store.writer._committer._driver
        failures = [
            self.assertRaises(DBAPIError, connection.exec_driver_sql, sql, (said,))
            for sql in ("SELECT nothing FROM nowhere WHERE text = ?", "SELECT ? FROM words MATCH")
        ]
        driver.execute("CREATE TEMP TABLE once (text UNIQUE)")
        driver.execute("INSERT INTO once VALUES (?)", (said,))
        insert = "INSERT INTO temp.once VALUES (?)"
        failures.append(
            self.assertRaises(IntegrityError, connection.exec_driver_sql, insert, (said,))
        )
        for failure in failures:
            self.assertNotIn(said, str(failure))
            self.assertNotIn(said, "".join(traceback.format_exception(failure)))

    def test_d4_a_failed_rollback_ends_the_process(self) -> None:
        self.break_down("COMMIT", lambda: OperationalError("", None, _error(sqlite3.SQLITE_FULL)))
        failing: Callable[..., object] = self.store.writer._committer._run

        def run(sql: str, *parameters: object) -> object:
            if sql == "ROLLBACK":
                raise OperationalError("", None, _error(sqlite3.SQLITE_IOERR))
            return failing(sql, *parameters)

        self.store.writer._committer._run = run  # type: ignore[assignment]
        self.assert_dies()

    def test_d4_an_unknown_error_while_erasing_ends_the_process(self) -> None:
        def fail(_: object) -> bool:
            raise OperationalError("", None, _error(sqlite3.SQLITE_IOERR))

        results: list[object] = []
        self.store.writer.submit(Upkeep(fail, results.append))
        with self.assertLogs("twisted_chat.store", "CRITICAL"):
            settle(self.store)
        self.assertEqual((self.deaths, results), (1, []))

    def test_d11_a_report_that_cannot_be_handed_over_ends_the_process(self) -> None:
        def fail(batch: Batch) -> None:
            raise RuntimeError("nobody is there")

        self.store.deliver = fail
        self.ask_to_say("x")
        with self.assertLogs("twisted_chat.store", "CRITICAL"):
            settle(self.store)
        self.assertEqual(self.deaths, 1)

    def test_d11_the_heartbeat_tells_since_when_a_batch_is_being_written(self) -> None:
        beats: list[float | None] = []

        def look(ledger: Ledger) -> None:
            beats.append(self.store.writer.heartbeat)

        self.assertIsNone(self.store.writer.heartbeat)
        self.change(look)
        self.assertIsNotNone(beats[0])
        self.assertIsNone(self.store.writer.heartbeat)

    def test_an_answer_that_fails_keeps_nobody_waiting(self) -> None:
        def fail(result: object) -> None:
            raise RuntimeError("not for me")

        answers: list[object] = []
        self.store.change(lambda ledger: None, fail)
        self.store.change(lambda ledger: 7, answers.append)
        with self.assertLogs("twisted_chat.store", "ERROR"):
            settle(self.store)
        self.assertEqual((answers, self.deaths), ([7], 0))


class TakenAwayTests(StoreCase):
    """The database's files are moved, removed or replaced while the server runs."""

    def setUp(self) -> None:
        super().setUp()
        self.batches: list[Batch] = []
        self.store.deliver = self.batches.append

    def answered(self) -> list[str]:
        """What was said and told of since this was last asked."""
        batches = self.batches[:]
        self.batches.clear()
        return [entry.text for batch in batches for entry in batch.entries]

    def assert_withheld(self, *texts: str) -> None:
        for text in texts:
            self.ask_to_say(text)
        settle(self.store)
        self.assertEqual(self.answered(), [])

    def say_and_wait(self, text: str) -> None:
        self.ask_to_say(text)
        settle(self.store)
        self.assertEqual(self.answered(), [text])

    def test_d6_nothing_is_acknowledged_before_the_files_are_back(self) -> None:
        away = self.folder / "away"
        for name in ("chat.db", "chat.db-wal"):
            for quiet in (False, True):
                if quiet:
                    os.utime(self.folder, (0, 0))
                self.say_and_wait("here")
                (self.folder / name).rename(away)
                self.assert_withheld("not known", "not known either")
                (self.folder / name).write_bytes(b"another")
                self.assert_withheld("nor this")
                away.rename(self.folder / name)
                settle(self.store)
                self.assertEqual(self.answered(), ["not known", "not known either", "nor this"])

    def test_d6_nor_is_anything_when_the_server_stops_meanwhile(self) -> None:
        (self.folder / "chat.db").rename(self.folder / "away")
        self.assert_withheld("unknown")
        self.store.close()
        self.assertEqual(self.answered(), [])
        (self.folder / "away").rename(self.folder / "chat.db")
        self.store = self.reopened()

    def test_d6_what_changes_nothing_is_answered(self) -> None:
        (self.folder / "chat.db").unlink()
        self.store.change(lambda ledger: None, lambda result: None)
        settle(self.store)
        self.assertEqual(len(self.batches), 1)


class ConstraintTests(StoreCase):
    """Something in a batch contradicts what is stored."""

    def setUp(self) -> None:
        super().setUp()
        with closing(sqlite3.connect(self.folder / "chat.db")) as db:
            db.execute(
                "CREATE TRIGGER picky BEFORE INSERT ON entry WHEN new.text = 'bad'"
                " BEGIN SELECT raise(ABORT, 'not this one'); END"
            )

    def test_d18_a_message_that_breaks_a_constraint_fails_alone(self) -> None:
        ann = self.account("ann")
        self.store.move_cursor(ann, "phone", LOBBY, 1)
        results: list[object] = []
        posts = [self.ask_to_say("good", ann, "1"), self.ask_to_say("bad", ann, "2")]
        self.store.change(lambda ledger: ledger.log.end(LOBBY), results.append)
        self.store.change(
            lambda it: it.accounts.add("bob", "bob", "bob", None, None), results.append
        )
        posts += [self.ask_to_say("better", ann, "3"), self.ask_to_say("good", ann, "1")]
        settle(self.store)
        self.assertEqual(codes(posts), [None, "conflict", None, None])
        self.assertEqual([post.entry and post.entry.seq for post in posts], [1, None, 2, 1])
        self.assertEqual([post.again for post in posts], [False, False, False, True])
        self.assertEqual(results, [1, ann + 1])
        found = self.read(lambda connection: history.entries(connection, LOBBY, 0, None, 9))
        self.assertEqual([(it.seq, it.text) for it in found], [(1, "good"), (2, "better")])
        self.assertEqual(self.read(lambda it: cursors.delivered(it, ann)), {LOBBY: 1})
        self.assertEqual(self.say("and on", ann).seq, 3)

    def test_d18_a_change_that_breaks_one_fails_alone(self) -> None:
        results: list[object] = []
        self.store.change(
            lambda it: it.log.post(LOBBY, Kind.MESSAGE, None, "x", "bad"), results.append
        )
        post = self.ask_to_say("good")
        settle(self.store)
        [error] = results
        assert isinstance(error, ChatError) and post.entry is not None
        self.assertEqual((error.code, post.entry.seq), ("conflict", 1))


class BoundsTests(StoreCase):
    """Queues and batches have an end."""

    def test_d10_a_full_queue_refuses_and_stores_nothing(self) -> None:
        self.store.writer._max_works = 3
        for text in "abc":
            self.ask_to_say(text)
        error = self.assertRaises(ChatError, self.ask_to_say, "d")
        self.assertEqual((error.code, error.details), ("busy", {"retry_after": 1}))
        settle(self.store)
        self.assertEqual(self.say("e").seq, 4)

    def test_d10_who_is_refused_comes_behind_what_was_taken(self) -> None:
        answers: list[object] = []

        class Refused(Post):
            def answer(answered) -> None:
                self.store.change(lambda ledger: ledger.log.end(LOBBY), answers.append)

        self.store.writer._max_bytes = 400
        refused = Refused(LOBBY, None, "x", Draft("é" * 250))
        self.store.post([refused, Post(LOBBY, None, "x", Draft("1"))])
        settle(self.store)
        self.assertEqual(answers, [1])

    def test_d10_the_bytes_that_wait_are_bounded_too(self) -> None:
        self.store.writer._max_bytes = 100
        self.assertRaises(ChatError, self.ask_to_say, "é" * 50)
        self.ask_to_say("e" * 50)
        self.assertEqual(self.store.writer.waiting, 1)

    def test_a_batch_is_bounded(self) -> None:
        sizes: list[int] = []

        def deliver(batch: Batch) -> None:
            sizes.append(len(batch.works))
            batch.answer()

        self.store.deliver = deliver
        for _ in range(600):
            self.ask_to_say("x")
        for _ in range(5):
            self.ask_to_say("x" * 100_000)
        settle(self.store)
        self.assertEqual(sizes, [512, 91, 2])

    def test_cursors_are_written_in_portions(self) -> None:
        for account in range(5000):
            self.store.move_cursor(account, "x", LOBBY, 1)
        self.assertEqual([self.store.run_once() for _ in range(4)], [True, True, True, False])
