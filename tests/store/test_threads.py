"""The store with its threads, as a server uses it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any, NoReturn
from unittest import mock

import sqlalchemy as sa
from twisted.trial.unittest import SynchronousTestCase

from tests.store import fresh
from twisted_chat.core.draft import Draft
from twisted_chat.core.errors import ChatError
from twisted_chat.store import (
    LOBBY,
    Batch,
    Ledger,
    Post,
    Store,
    cursors,
    open_store,
    snapshot,
    writer,
)
from twisted_chat.store.readers import ThreadReaders

PATIENCE = 60
MOST_UNTAKEN = 4  # answers of two threads


class Said(Post):
    """A message that notes when it is answered."""

    def __init__(self, answered: list[Any], *what: Any) -> None:
        super().__init__(*what)
        self.answered = answered

    def answer(self) -> None:
        self.answered.append(self)


class ThreadTests(SynchronousTestCase):
    """The test's thread stands for the reactor's; the calls that it is sent are in a queue."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.path = fresh.database(folder)
        self.calls: Queue[Callable[[], object]] = Queue()
        self.deaths: Queue[str] = Queue()
        self.store = self.open()
        self.addCleanup(lambda: self.store.close())

    def open(self) -> Store:
        return open_store(
            str(self.path), lambda: 0, self.calls.put, lambda: self.deaths.put("died")
        )

    def run_until(self, done: Callable[[], object]) -> None:
        """Run what the store's threads send here."""
        while not done():
            self.calls.get(timeout=PATIENCE)()

    def test_d1_every_message_is_answered_once_and_in_order(self) -> None:
        answered: list[Post] = []
        for number in range(1000):
            self.store.post([Said(answered, LOBBY, 1, "ann", Draft(str(number), str(number)))])
        self.run_until(lambda: len(answered) == 1000)
        self.assertEqual([post.entry.seq for post in answered if post.entry], [*range(1, 1001)])

    def test_d1_closing_finishes_what_is_queued(self) -> None:
        held = threading.Event()
        results: list[object] = []
        self.store.change(lambda ledger: held.wait(PATIENCE), results.append)
        for number in range(100):
            self.store.post([Said(results, LOBBY, None, "x", Draft(str(number)))])
        self.store.move_cursor(1, "phone", LOBBY, 9)
        self.store.read(snapshot.counts, results.append)
        held.set()
        self.store.close()
        self.run_until(lambda: len(results) == 102)
        self.store = self.open()
        found: list[object] = []
        self.store.read(lambda connection: cursors.delivered(connection, 1), found.append)
        self.run_until(lambda: found)
        self.assertEqual(found, [{LOBBY: 9}])
        self.assertEqual(self.store.load().rooms[0].last_seq, 100)

    def test_k5_answers_that_are_not_taken_keep_the_next_ones_waiting(self) -> None:
        """Else many answers would lie about at once, and be taken all in one turn."""
        asked, results = list[int](), list[object]()

        def question(connection: sa.Connection) -> int:
            asked.append(len(asked))
            return len(asked)

        for _ in range(50):
            self.store.read(question, results.append)
        while self.calls.qsize() < MOST_UNTAKEN:
            pass
        self.assertEqual((len(asked), results), (MOST_UNTAKEN, []))
        self.run_until(lambda: len(results) == 50)

    def test_d6_what_was_withheld_is_told_of_when_the_database_is_back(self) -> None:
        patch = mock.patch.object(writer, "AWAY", 0.001)
        patch.start()
        self.addCleanup(patch.stop)
        away, answered, gone = self.path.with_name("away"), list[Post](), threading.Event()

        def take_away(ledger: Ledger) -> None:
            ledger.accounts.set_credential(1, "scheme", "value")
            self.path.rename(away)
            gone.set()

        self.store.change(take_away, lambda result: None)
        self.store.post([Said(answered, LOBBY, 1, "ann", Draft("x"))])
        gone.wait(PATIENCE)
        self.assertEqual((answered, self.calls.qsize()), ([], 0))
        away.rename(self.path)
        self.run_until(lambda: answered)

    def test_whatever_waits_is_one_batch(self) -> None:
        held, begun = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            begun.set()
            held.wait(PATIENCE)

        batches: list[Batch] = []
        self.store.deliver = batches.append
        self.store.change(hold, lambda result: None)
        begun.wait(PATIENCE)
        for number in range(50):
            self.store.post([Post(LOBBY, None, "x", Draft(str(number)))])
        held.set()
        self.run_until(lambda: len(batches) == 2)
        self.assertEqual([len(batch.entries) for batch in batches], [0, 50])

    def test_answers_to_questions_come_through_the_reactor(self) -> None:
        answers: list[object] = []
        self.store.read(lambda connection: threading.current_thread().name, answers.append)
        self.store.read(lambda connection: 1 // 0, answers.append)
        self.store.check(answers.append)
        self.assertEqual(answers, [])
        self.run_until(lambda: len(answers) == 3)
        self.assertIn(None, answers)
        self.assertTrue([it for it in answers if isinstance(it, ZeroDivisionError)])

    def test_k4_a_check_that_cannot_begin_says_so(self) -> None:
        def fail() -> NoReturn:
            raise OSError("too many open files")

        readers = ThreadReaders(fail, self.calls.put, threads=0)
        answers: list[object] = []
        readers.ask_apart(lambda connection: None, answers.append)
        self.run_until(lambda: answers)
        self.assertIsInstance(answers[0], OSError)

    def test_too_many_questions_are_refused(self) -> None:
        held = threading.Event()
        answers: list[object] = []
        with self.assertRaises(ChatError) as caught:
            for _ in range(600):
                self.store.read(lambda connection: held.wait(PATIENCE), answers.append)
        self.assertEqual(caught.exception.code, "busy")
        held.set()

    def test_d11_a_writer_that_fails_ends_the_process(self) -> None:
        def fail(*_: object) -> None:
            raise MemoryError

        self.store.writer._gather = fail  # type: ignore[method-assign, assignment]
        with self.assertLogs("twisted_chat.store", "CRITICAL"):
            # It may wait in the true one already, so it is woken twice.
            self.store.writer.wake()
            self.store.writer.wake()
            self.assertEqual(self.deaths.get(timeout=PATIENCE), "died")
        late = Post(LOBBY, None, "x", Draft("too late"))
        self.store.post([late])
        self.assertIsInstance(late.error, ChatError)
