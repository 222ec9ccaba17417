"""Whether everything has arrived, asked of a connection with TLS."""

from __future__ import annotations

from twisted_chat.sending import flushed

from .case import TransportTestCase


class FlushedTests(TransportTestCase):
    def test_c3_what_waits_for_the_handshake_has_not_arrived(self) -> None:
        hall = self.hall()
        client = self.secure(hall)
        client._pending, rest = client._pending[:40], client._pending[40:]
        hall.settle()
        self.assertIsNone(flushed(client.protocol.transport))  # there is no socket beneath
        client.protocol.write(b"hello\n")
        self.assertIs(flushed(client.protocol.transport), False)
        client._pending = rest
        hall.settle()
        client.hears("hello\n")
        self.assertIsNone(flushed(client.protocol.transport))
