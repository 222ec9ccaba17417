"""The plain client as a process, against a server of a few lines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from socket import SHUT_WR, create_server, socket
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.server_process import PATIENCE, environment
from twisted_chat.client import cleaned

Talk = Callable[[socket], None]


class ClientTest(SynchronousTestCase):
    def talk(self, talk: Talk, typed: bytes, *name: str) -> subprocess.CompletedProcess[bytes]:
        """Run the client with this input against a server that does this once."""
        listening = create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(PATIENCE)
                talk(connection)

        server = Thread(target=serve)
        server.start()
        done = self.run_client("127.0.0.1", str(listening.getsockname()[1]), *name, typed=typed)
        server.join(PATIENCE)
        return done

    def run_client(self, *words: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "twisted_chat.client", *words],
            input=typed,
            capture_output=True,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )

    def test_answers_still_come_after_the_end_of_input(self) -> None:
        heard: list[bytes] = []

        def talk(connection: socket) -> None:
            connection.sendall(b"Enter Password: ")
            while data := connection.recv(4096):
                heard.append(data)
            connection.sendall(b"stored\r\n")

        done = self.talk(talk, b"secret\nhello", "tesla")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, b"Enter Password: stored\n")
        self.assertEqual(b"".join(heard), b"tesla\nsecret\nhello")

    def test_input_from_a_file_and_from_nowhere(self) -> None:
        def talk(connection: socket) -> None:
            while data := connection.recv(4096):
                connection.sendall(data)

        self.assertEqual(self.talk(talk, b"").stdout, b"")
        large = b"a line of text\n" * 100_000
        self.assertEqual(self.talk(talk, large).stdout, large)

    def test_the_server_ends_it(self) -> None:
        def talk(connection: socket) -> None:
            connection.sendall("ta-ta ✓".encode())
            connection.shutdown(SHUT_WR)
            while connection.recv(4096):
                pass

        done = self.talk(talk, b"", "tesla")
        self.assertEqual((done.returncode, done.stdout), (0, "ta-ta ✓".encode()))

    def test_g1_control_characters_are_not_shown(self) -> None:
        def talk(connection: socket) -> None:
            connection.sendall(b"a\x1b]0;title\x07b\xc2\x9b2J\xe2\x80\xaec\r\n\xf0\x9f\x91")
            connection.recv(4096)

        done = self.talk(talk, b"\n")
        self.assertEqual(done.stdout.decode(), "a]0;titleb2Jc\n\N{REPLACEMENT CHARACTER}")

    def test_nobody_answers(self) -> None:
        with create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        done = self.run_client("127.0.0.1", port)
        sentence = f"There is no answer from 127.0.0.1 on port {port}: is the server running?\n"
        self.assertEqual((done.returncode, done.stderr.decode()), (1, sentence))
        self.assertEqual(done.stdout, b"")

    def test_wrong_arguments(self) -> None:
        for words in (("host", "port"), ("host", "1", "name", "more"), ("host", "-1")):
            done = self.run_client(*words)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(done.stderr.splitlines()), 1)


class CleanedTest(SynchronousTestCase):
    @given(st.text())
    def test_g1_nothing_moves_the_cursor(self, text: str) -> None:
        for character in cleaned(text):
            if character not in "\n\t":
                self.assertFalse(ord(character) < 32 or 127 <= ord(character) < 160)
                self.assertNotIn(character, "\u202a\u202e\u2066\u2069\u2028")

    def test_what_people_write_stays(self) -> None:
        for text in ("naïve ✓ 漢字", "می\u200cخواهم", "👩\u200d👧 ❤\ufe0f", "a\tb\n"):
            self.assertEqual(cleaned(text), text)
