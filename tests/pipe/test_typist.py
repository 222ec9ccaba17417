"""The order and the patience of the pipe, without a process."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.pipe.streams import MOST_WAITING, Input, Output
from twisted_chat.clients.pipe.typist import MOST_UNDER_WAY, PATIENCE, Typist
from twisted_chat.core.errors import ChatError


class Stream:
    """Standard input and output, as far as a test needs them."""

    def __init__(self) -> None:
        self.reading = True
        self.written = b""
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        self.producer = producer
        producer.resumeProducing()

    def write(self, data: bytes) -> None:
        self.written += data

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True


class Desk:
    """Lines that begin with / are commands."""

    def __init__(self) -> None:
        self.typed: list[str] = []
        self.refused: list[str] = []
        self.under_way: dict[str, Deferred[None]] = {}
        self.is_online = True
        self.is_caught_up = True

    def only_says(self, line: str) -> bool:
        return not line.startswith("/")

    def enter(self, line: str) -> Deferred[None]:
        self.typed.append(line)
        done = self.under_way[line] = Deferred()
        return done

    def refuse(self, error: ChatError) -> None:
        self.refused.append(error.code)

    def online(self) -> bool:
        return self.is_online

    def caught_up(self) -> bool:
        return self.is_caught_up

    def answers(self, *lines: str) -> None:
        for line in lines or list(self.under_way):
            self.under_way.pop(line).callback(None)


async def at_once() -> bool:
    return True


class TypistTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = Stream()
        self.output = Output(lambda: None)
        self.source = Input(self.output, lambda: self.typist.input_ended())
        self.desk = Desk()
        self.gave_up: list[str] = []
        self.typist = Typist(self.clock, self.desk, self.source, self.output, self.gave_up.append)
        self.source.makeConnection(self.stream)
        self.over = self.typist.start(at_once)

    def types(self, *lines: str) -> None:
        for line in lines:
            self.source.dataReceived(f"{line}\n".encode())

    def test_what_is_said_does_not_wait(self) -> None:
        self.types("one", "", "two", "three")
        self.assertEqual(self.desk.typed, ["one", "two", "three"])

    def test_a_command_waits_for_what_was_said_and_is_waited_for(self) -> None:
        self.types("one", "/two", "three")
        self.assertEqual(self.desk.typed, ["one"])
        self.desk.answers("one")
        self.assertEqual(self.desk.typed, ["one", "/two"])
        self.desk.answers("/two")
        self.assertEqual(self.desk.typed, ["one", "/two", "three"])

    def test_a_command_waits_for_a_connection(self) -> None:
        self.desk.is_online = False
        self.types("one", "/two")
        self.desk.answers("one")
        self.assertEqual(self.desk.typed, ["one"])
        self.desk.is_online = True
        self.typist.progress()
        self.assertEqual(self.desk.typed, ["one", "/two"])

    def test_so_many_and_no_more_are_under_way(self) -> None:
        lines = [str(number) for number in range(MOST_UNDER_WAY + 2)]
        self.types(*lines)
        self.assertEqual(self.desk.typed, lines[:MOST_UNDER_WAY])
        self.desk.answers("0")
        self.assertEqual(self.desk.typed, lines[: MOST_UNDER_WAY + 1])

    def test_no_more_is_read_than_can_be_typed(self) -> None:
        self.types(*(f"{number} {'x' * 1000}" for number in range(MOST_UNDER_WAY)))
        self.assertTrue(self.stream.reading)
        for _ in range(2 * MOST_WAITING // 1000):
            if not self.stream.reading:
                break
            self.types("y" * 1000)
        self.assertFalse(self.stream.reading)
        self.desk.under_way.clear()
        for done in list(self.typist._under_way):
            done.callback(None)
        self.assertTrue(self.stream.reading)

    def test_the_end_comes_when_everything_is_answered_and_shown(self) -> None:
        self.desk.is_caught_up = False
        self.types("one")
        self.source.dataReceived(b"two")
        self.source.readConnectionLost()
        self.assertEqual(self.desk.typed, ["one", "two"])
        self.desk.answers()
        self.assertNoResult(self.over)
        self.desk.is_caught_up = True
        self.typist.progress()
        self.successResultOf(self.over)

    def test_patience_has_an_end_when_the_input_has(self) -> None:
        self.types("one", "/two", "three")
        self.clock.advance(10 * PATIENCE)
        self.assertEqual(self.gave_up, [])
        self.source.readConnectionLost()
        self.clock.advance(PATIENCE - 1)
        self.desk.answers("one")  # which is progress
        self.clock.advance(PATIENCE - 1)
        self.assertEqual(self.gave_up, [])
        self.clock.advance(1)
        self.assertEqual(self.gave_up, ["/two"])
        self.assertEqual(self.desk.typed, ["one", "/two"])

    def test_what_can_be_kept_is_kept_in_the_end(self) -> None:
        lines = [str(number) for number in range(MOST_UNDER_WAY + 10)]
        self.types(*lines)
        self.source.dataReceived(b"\xff\n")
        self.source.readConnectionLost()
        self.clock.advance(PATIENCE)
        self.assertEqual((self.gave_up, self.desk.refused), ([""], ["bad_utf8"]))
        self.assertEqual(self.desk.typed, lines)

    def test_who_reads_slowly_is_waited_for(self) -> None:
        self.types("one")
        self.output.write("something")
        self.source.readConnectionLost()
        self.clock.advance(PATIENCE)
        self.assertEqual(self.gave_up, [])
        self.stream.producer.resumeProducing()
        self.clock.advance(PATIENCE)
        self.assertEqual(self.gave_up, [""])

    def test_after_a_stop_nothing_is_typed(self) -> None:
        self.typist.stop()
        self.types("one", "/two")
        self.source.readConnectionLost()
        self.assertEqual(self.desk.typed, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.successResultOf(self.over)

    def test_a1_a_line_that_never_ends(self) -> None:
        for _ in range(100):
            self.source.dataReceived(b"x" * 65536)
        self.assertLess(len(self.source._rest), 2_000_000)
        self.types("", "after it")
        self.assertEqual((self.desk.refused, self.desk.typed), (["too_long"], ["after it"]))


class OutputTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.count = 0
        self.stream = Stream()
        self.output = Output(self.written)
        self.output.begin(self.stream)

    def written(self) -> None:
        self.count += 1

    def test_it_is_busy_until_everything_has_left(self) -> None:
        flushed = self.output.flush()
        self.successResultOf(flushed)
        self.output.write("one ✓\n")
        self.output.write("two\n")
        flushed = self.output.flush()
        self.assertEqual(self.stream.written, "one ✓\n".encode())
        self.stream.producer.resumeProducing()
        self.assertEqual(self.stream.written, "one ✓\ntwo\n".encode())
        self.assertNoResult(flushed)
        self.assertTrue(self.output.busy)
        self.stream.producer.resumeProducing()
        self.successResultOf(flushed)
        self.assertEqual((self.output.busy, self.count), (False, 1))

    def test_it_says_when_it_has_enough(self) -> None:
        self.output.write("the first is on its way")
        self.output.write("x" * MOST_WAITING)
        self.assertFalse(self.output.full)
        self.output.write("y")
        self.assertTrue(self.output.full)
        self.stream.producer.resumeProducing()
        self.assertFalse(self.output.full)

    def test_nobody_reads_it(self) -> None:
        self.output.write("one")
        flushed = self.output.flush()
        self.output.stopProducing()
        self.successResultOf(flushed)
        self.output.write("two")
        self.assertEqual((self.output.busy, self.output.closed), (False, True))
        self.assertEqual(self.stream.written, b"one")
