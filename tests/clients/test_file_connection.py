"""One connection for a file, and what may answer there."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.connection.file_connection import LONGEST_LINE, STALL, FileConnection
from twisted_chat.clients.connection.link import Lost
from twisted_chat.core.errors import ChatError

HELLO = b'{"event": "hello", "server": "twisted-chat"}\n'


class CarrierTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.connection = FileConnection(self.clock)
        self.transport = StringTransport()
        self.connection.makeConnection(self.transport)
        self.successResultOf(self.connection.ready)
        self.addCleanup(self.ends)

    def ends(self) -> None:
        """The connection is over."""
        if self.connection._over is None:
            self.connection.connectionLost(Failure(ConnectionDone()))

    def begun(self, work: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        return Deferred.fromCoroutine(work)

    def hears(self, data: bytes) -> None:
        self.connection.dataReceived(data)
        if self.transport.disconnected or self.transport.disconnecting:
            self.ends()

    def test_a_prompt_may_come_first_and_the_file_in_the_same_packet(self) -> None:
        asked = self.begun(self.connection.ask("download", ticket="abc", **{"from": 3}))
        self.assertEqual(
            self.transport.value(), b'{"id": 1, "do": "download", "ticket": "abc", "from": 3}\n'
        )
        self.hears(b"Username: \n" + HELLO + b'{"re": 1, "ok": {"file": 5}}\n{"a": "fi')
        self.assertEqual(self.successResultOf(asked), {"file": 5})
        self.hears(b'le"}\n\0')
        self.assertEqual(
            self.successResultOf(self.begun(self.connection.more())), b'{"a": "file"}\n\0'
        )

    def test_what_came_before_the_end_is_not_lost(self) -> None:
        self.begun(self.connection.ask("download", ticket="abc"))
        self.hears(b'{"re": 1, "ok": {}}\nthe end of it')
        self.ends()
        self.assertEqual(self.successResultOf(self.begun(self.connection.more())), b"the end of it")
        self.failureResultOf(self.begun(self.connection.more()), Lost)

    def test_the_network_sets_the_pace(self) -> None:
        asked = self.begun(self.connection.ask("upload", ticket="abc"))
        self.hears(b'{"re": 1, "ok": {"from": 0}}\n')
        self.successResultOf(asked)
        producer = self.transport.producer
        assert producer is not None and self.transport.streaming
        producer.pauseProducing()
        sending = self.begun(self.connection.send(b"some"))
        self.assertNoResult(sending)
        producer.resumeProducing()
        self.successResultOf(sending)
        producer.pauseProducing()
        sending = self.begun(self.connection.send(b"more"))
        self.ends()
        self.failureResultOf(sending, Lost)
        self.failureResultOf(self.begun(self.connection.send(b"more")), Lost)

    def test_a_refusal_has_its_code(self) -> None:
        asked = self.begun(self.connection.ask("upload", ticket="abc"))
        refusal = b'{"re": 1, "error": {"code": "busy", "message": "Not now.", "retry_after": 5}}\n'
        self.hears(HELLO + refusal)
        error = self.failureResultOf(asked, ChatError).value
        self.assertEqual((error.code, error.sentence), ("busy", "Not now."))
        self.assertEqual(error.details, {"retry_after": 5})

    def test_the_reason_of_the_end_is_told(self) -> None:
        self.begun(self.connection.ask("upload", ticket="abc"))
        self.hears(b'{"re": 1, "ok": {"from": 0}}\n')
        stored = self.begun(self.connection.stored())
        self.hears(b'{"event": "closed", "code": "damaged", "text": "It is another file."}\n')
        error = self.failureResultOf(stored, Lost).value
        self.assertEqual((str(error), error.code), ("It is another file.", "damaged"))

    def test_whatever_answers_does_no_harm(self) -> None:
        for said in (
            b"{\n",
            b'{"re": 1}\n',
            b'{"re": 1, "ok": 5}\n',
            b'{"re": 1, "error": "no"}\n',
            b'{"re": 1, "error": {}}\n',
            b"{" * 100_000,
            b'{"a": ' * 5_000 + b"\n",
            b"x" * (LONGEST_LINE + 1),
        ):
            self.setUp()
            asked = self.begun(self.connection.ask("download", ticket="abc"))
            self.hears(said)
            self.failureResultOf(asked, Lost)

    def test_a_connection_on_which_nothing_moves_is_given_up(self) -> None:
        asked = self.begun(self.connection.ask("download", ticket="abc"))
        self.clock.pump([1] * int(STALL - 5))
        self.hears(b'{"re": 1, "ok": {}}\nsome')
        self.successResultOf(asked)
        self.clock.pump([1] * int(STALL - 5))
        self.assertFalse(self.transport.disconnected)
        self.clock.pump([1] * 10)
        self.assertTrue(self.transport.disconnected)
        self.ends()
        self.begun(self.connection.more())
        self.failureResultOf(self.begun(self.connection.more()), Lost)
        self.assertEqual(self.clock.getDelayedCalls(), [])
