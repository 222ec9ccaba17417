"""The network that tests use: it passes everything on, and fails as it is told to."""

from __future__ import annotations

import os
import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import Relay
from tests.support.server_process import PATIENCE

CANARY = b"correct-horse-battery"


class RelayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(PATIENCE)
        self.addCleanup(self.server.close)
        self.relay = Relay(self.server.getsockname()[1])
        self.addCleanup(self.relay.close)

    def client(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.relay.port), timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def both(self) -> tuple[socket.socket, socket.socket]:
        """The two ends of a connection."""
        client = self.client()
        server, _ = self.server.accept()
        server.settimeout(PATIENCE)
        self.addCleanup(server.close)
        return client, server

    def heard(self, end: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := end.recv(size - len(data))):
            data += piece
        return data

    def gone(self, end: socket.socket) -> bool:
        """Whether the connection ends with nothing more to read."""
        try:
            return end.recv(1) == b""
        except ConnectionError:
            return True

    def silent(self, end: socket.socket) -> bool:
        """Whether there is nothing to read, not even an end."""
        end.setblocking(False)
        try:
            end.recv(1)
        except BlockingIOError:
            return True
        finally:
            end.settimeout(PATIENCE)
        return False

    def test_everything_is_passed_on_and_recorded(self) -> None:
        client, server = self.both()
        data = os.urandom(1 << 20)
        sending = threading.Thread(target=client.sendall, args=(data,))
        sending.start()
        self.assertEqual(self.heard(server, len(data)), data)
        sending.join(PATIENCE)
        server.sendall(b"an answer")
        self.assertEqual(self.heard(client, 9), b"an answer")
        client.close()
        self.assertTrue(self.gone(server))
        self.assertEqual((self.relay.from_client, self.relay.from_server), (data, b"an answer"))
        self.assertEqual(self.relay.recorded, data + b"an answer")

    def test_a_secret_in_two_pieces_is_found(self) -> None:
        client, server = self.both()
        for piece, answer in ((b"correct-ho", b"ok"), (b"rse-battery", b"ok")):
            client.sendall(piece)
            self.heard(server, len(piece))
            server.sendall(answer)
            self.heard(client, 2)
        self.assertIn(CANARY, self.relay.recorded)

    def test_one_end_may_have_said_all_while_the_other_goes_on(self) -> None:
        client, server = self.both()
        client.shutdown(socket.SHUT_WR)
        self.assertTrue(self.gone(server))
        server.sendall(b"later")
        self.assertEqual(self.heard(client, 5), b"later")

    def test_cut(self) -> None:
        client, server = self.both()
        self.relay.cut()
        self.assertTrue(self.gone(client))
        self.assertTrue(self.gone(server))
        client, server = self.both()
        client.sendall(b"again")
        self.assertEqual(self.heard(server, 5), b"again")
        self.assertEqual(self.relay.connections, 2)

    def test_refuse(self) -> None:
        client, server = self.both()
        self.relay.refuse()
        with self.assertRaises(ConnectionRefusedError):
            self.client()
        client.sendall(b"still")
        self.assertEqual(self.heard(server, 5), b"still")
        self.relay.accept_again()
        self.both()

    def test_a_server_that_is_down(self) -> None:
        self.server.close()
        self.assertTrue(self.gone(self.client()))

    def test_what_was_held_is_passed_on(self) -> None:
        client, server = self.both()
        self.relay.stall()
        client.sendall(b"to the server")
        server.sendall(b"to the client")
        late = self.client()
        late.sendall(b"from one who comes late")
        self.assertTrue(self.silent(client) and self.silent(server) and self.silent(late))
        self.assertEqual(self.relay.recorded, b"")
        self.relay.resume()
        self.assertEqual(self.heard(server, 13), b"to the server")
        self.assertEqual(self.heard(client, 13), b"to the client")
        other, _ = self.server.accept()
        with other:
            other.settimeout(PATIENCE)
            self.assertEqual(self.heard(other, 23), b"from one who comes late")

    def test_an_end_that_gave_up_meanwhile(self) -> None:
        client, server = self.both()
        self.relay.stall()
        client.sendall(b"last words")
        client.close()
        self.assertTrue(self.silent(server))
        self.relay.resume()
        self.assertEqual(self.heard(server, 10), b"last words")
        self.assertTrue(self.gone(server))

    def test_what_was_held_is_lost_with_its_connection(self) -> None:
        client, server = self.both()
        self.relay.stall()
        client.sendall(b"lost")
        self.relay.cut()
        self.relay.resume()
        self.assertTrue(self.gone(server))
        self.relay.close()
        self.assertEqual(self.relay.recorded, b"")

    def test_nothing_is_left(self) -> None:
        before = threading.active_count()
        with Relay(self.server.getsockname()[1]) as relay:
            client = socket.create_connection(("127.0.0.1", relay.port), timeout=PATIENCE)
            self.addCleanup(client.close)
            self.server.accept()[0].close()
            relay.stall()
        self.assertEqual(threading.active_count(), before)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", relay.port), timeout=PATIENCE)
