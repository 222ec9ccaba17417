"""What a pipe confirms, and when it takes in no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.pipe.test_typist import Stream
from twisted_chat.clients.pipe.desk import PipeDesk, PipeFront
from twisted_chat.clients.pipe.streams import MOST_WAITING, Errors, Output
from twisted_chat.clients.sync.conversations import Conversation


class Link:
    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class PipeDeskTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.stream = Stream()
        self.output = Output(lambda: self.desk.written())
        self.output.begin(self.stream)
        errors = Errors()
        pages = PipeFront(self.output, errors, lambda: None, programs=True)
        self.desk = PipeDesk(pages, Clock(), self.output, errors, programs=True)
        self.link = Link()
        self.lobby = Conversation("#lobby", 1, 6)
        self.confirmed: list[int] = []
        user: Any = SimpleNamespace(
            life=SimpleNamespace(link=self.link),
            confirm_soon=lambda: self.confirmed.append(self.desk.done_with(self.lobby)),
        )
        self.desk.user = user

    def happens(self, text: str = "x") -> None:
        self.lobby.position += 1
        seq = self.lobby.position
        self.desk.event({"event": "message", "room": "#lobby", "seq": seq, "text": text})

    def is_written(self) -> None:
        self.stream.producer.resumeProducing()

    def test_only_what_is_written_is_done_with(self) -> None:
        self.assertEqual(self.desk.done_with(self.lobby), 6)
        self.happens()
        self.assertEqual(self.desk.done_with(self.lobby), 6)
        self.happens()
        self.is_written()  # the first
        self.assertEqual(self.desk.done_with(self.lobby), 6)
        self.is_written()
        self.assertEqual(self.desk.done_with(self.lobby), 8)
        self.assertEqual(self.confirmed, [8])

    def test_c13_a_room_that_is_renamed_meanwhile_is_confirmed_when_it_is_written(self) -> None:
        self.happens()
        self.happens()
        self.lobby.label = "#wires"
        self.desk.renamed("#lobby", "#wires")
        self.assertEqual(self.desk.done_with(self.lobby), 6)
        self.is_written()
        self.is_written()
        self.assertEqual(self.desk.done_with(self.lobby), 8)
        self.assertEqual(self.desk.here, "#wires")

    def test_c13_one_that_is_renamed_while_one_leaves_too(self) -> None:
        self.desk._final = {"#lobby": 6}
        self.lobby.label = "#wires"
        self.desk.renamed("#lobby", "#wires")
        self.assertEqual(self.desk.done_with(self.lobby), 6)

    def test_a16_nothing_is_taken_in_that_nobody_reads(self) -> None:
        self.happens()
        self.happens("x" * (MOST_WAITING // 2))
        self.assertFalse(self.link.paused)
        self.happens("x" * (MOST_WAITING // 2))
        self.assertTrue(self.link.paused)
        self.is_written()
        self.is_written()
        self.assertFalse(self.link.paused)
