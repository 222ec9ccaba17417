"""One connection: signs of life, and servers that are none."""

from __future__ import annotations

from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.connection.link import NO_CHAT, Link, Lost
from twisted_chat.core.errors import ChatError

HELLO = b'{"event": "hello", "server": "s"}\n'
PONG = b'{"re": 1, "ok": {}}\n'


class LinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.slept = 0.0
        self.link = Link(self.clock, lambda: self.clock.seconds() + self.slept)
        self.transport = StringTransport()
        self.transport.abortConnection = self.broken  # type: ignore[method-assign]
        self.lost: list[str] = []
        self.link.on_lost = lambda lost: self.lost.append(str(lost))
        self.link.makeConnection(self.transport)
        self.greeting = self.link.begin()

    def broken(self) -> None:
        self.link.connectionLost(Failure(ConnectionLost()))

    def waits(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)

    def sent(self) -> int:
        """How many requests were sent since one last looked."""
        lines = self.transport.value().count(b"\n")
        self.transport.clear()
        return int(lines)

    def test_prompts_before_the_greeting_are_skipped(self) -> None:
        self.link.dataReceived(b"Username: \n" + HELLO + PONG)
        self.assertEqual(self.successResultOf(self.greeting)["server"], "s")

    def test_a_server_that_is_full_says_so(self) -> None:
        self.link.dataReceived(b"The server is full: try again later.\n")
        self.broken()
        failure = self.failureResultOf(self.greeting, Lost)
        self.assertEqual(str(failure.value), "The server is full: try again later.")

    def test_what_is_no_chat_is_left(self) -> None:
        self.link.dataReceived(b"x" * 70_000 + b"\n")
        self.assertEqual(str(self.failureResultOf(self.greeting, Lost).value), NO_CHAT)

    def test_a_web_server_is_left_at_once(self) -> None:
        for line in (b"<!DOCTYPE HTML>\n<html>\n</html>\n", b"HTTP/1.1 400 Bad Request\r\n"):
            self.setUp()
            self.link.dataReceived(line)
            self.assertEqual(str(self.failureResultOf(self.greeting, Lost).value), NO_CHAT)

    def test_json_that_is_none(self) -> None:
        self.link.dataReceived(HELLO + b"{nonsense\n")
        self.assertEqual(self.lost, [NO_CHAT])

    def test_silence_is_asked_about_and_a_dead_connection_is_noticed(self) -> None:
        self.link.dataReceived(HELLO + PONG)
        self.sent()
        self.waits(29)
        self.assertEqual(self.sent(), 0)
        self.waits(6)
        self.assertEqual(self.sent(), 1)
        self.link.dataReceived(b'{"re": 2, "ok": {}}\n')
        self.waits(40)
        self.assertEqual((self.sent(), self.lost), (1, []))
        self.waits(21)
        self.assertEqual(self.lost, ["The server does not answer any more."])

    def test_after_a_sleep_of_the_computer_it_is_asked_at_once(self) -> None:
        self.link.dataReceived(HELLO + PONG)
        self.sent()
        self.slept = 3600.0
        self.waits(5)
        self.assertEqual(self.sent(), 1)
        self.waits(10)
        self.assertEqual(self.lost, ["The server does not answer any more."])

    def test_answers_refusals_and_what_is_still_asked_at_the_end(self) -> None:
        fine, bad, late = (self.link.ask("a"), self.link.ask("b"), self.link.ask("c"))
        self.link.dataReceived(
            HELLO + b'{"re": 2, "ok": {"x": 1}}\n'
            b'{"re": 3, "error": {"code": "busy", "message": "Later.", "retry_after": 2}}\n'
            b'{"event": "closed", "code": "restart", "text": "Stopping."}\n'
        )
        self.broken()
        self.assertEqual(self.successResultOf(fine), {"x": 1})
        refused = self.failureResultOf(bad, ChatError).value
        self.assertEqual((refused.code, refused.details), ("busy", {"retry_after": 2}))
        lost = self.failureResultOf(late, Lost).value
        self.assertEqual((str(lost), lost.code), ("Stopping.", "restart"))
        self.failureResultOf(self.link.ask("d"), Lost)
