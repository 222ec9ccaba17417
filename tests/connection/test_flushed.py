"""Whether everything has arrived, and how much: asked of connections."""

from __future__ import annotations

import socket

from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection

from twisted_chat.connection.transport import acknowledged, flushed

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

    def test_a15_how_much_has_arrived_at_the_other_system(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as port:
            other = socket.create_connection(port.getsockname())
            mine, _ = port.accept()
        self.addCleanup(other.close)
        self.addCleanup(mine.close)
        connection = Connection(mine, Protocol())
        before = acknowledged(connection)
        if before is None:
            return  # this system does not tell
        mine.sendall(b"x" * 1000)
        self.assertEqual(acknowledged(connection), before + 1000)  # though nobody has read it
        mine.close()
        self.assertIsNone(acknowledged(connection))
