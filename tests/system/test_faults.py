"""Secrets and files of a real server."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.server_process import Server
from tests.system.peers import Program, run

CANARY = "canary-9b1f-password"
ANOTHER = "canary-77aa-another"


class FaultsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.server = Server(self.folder, "--flood-limit", "0", "--log-json", "log.json")
        self.addCleanup(self.server.kill)

    def exchange(self, text: str, until: str) -> str:
        """Type all this, and read until something comes."""
        came = b""
        with self.server.connect() as connection:
            connection.sendall(text.encode())
            while until.encode() not in came:
                data = connection.recv(4096)
                assert data, came
                came += data
        return came.decode()

    def test_b14_a_password_is_nowhere(self) -> None:
        self.exchange(f"tesla\n{CANARY}\n{CANARY}\nlogout\n", "Disconnected")
        self.exchange(f"tesla\n{ANOTHER}\n", "You have")  # a wrong one
        changes = f"tesla\n{CANARY}\npassword\n{CANARY}\n{ANOTHER}\n{ANOTHER}\nlogout\n"
        came = self.exchange(changes, "Disconnected")
        for request in (
            {"do": "register", "name": "cat", "password": CANARY},
            {"do": "register", "name": "server", "password": CANARY},
            {"do": "login", "name": "cat", "password": ANOTHER, "extra": 1},
            {"do": "resume", "token": CANARY},
        ):
            came += self.exchange(json.dumps(request) + "\n", '"re"')
        came += self.exchange(f'{{"do":"login","name":"cat","password":"{CANARY}"\n', "syntax")
        self.server.stop()
        came += "\n".join(self.server.lines) + self.server.errors
        self.assertNotIn("canary", came)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.assertIn(self.folder / "log.json", files)
        for path in files:
            self.assertNotIn(b"canary", path.read_bytes(), path)

    def test_d6_a_database_that_is_taken_away_takes_no_messages(self) -> None:
        ann = Program("ann")
        ann.connect(self.server)
        self.addCleanup(ann.hang_up)
        run([ann], lambda: ann.here)
        ann.send("#lobby", "c1", "before")
        run([ann], lambda: "c1" in ann.acknowledged)
        data = self.folder / "chat-data"
        os.rename(data / "chat.db", data / "elsewhere")
        self.server.line_with("was moved, removed or replaced")
        refused = self.exchange(
            '{"do":"login","name":"ann","password":"correct horse"}\n', '"error"'
        )
        self.assertIn("store_unavailable", refused)
        os.rename(data / "elsewhere", data / "chat.db")
        self.server.line_with("back in its place")
        ann.send("#lobby", "c2", "after")
        run([ann], lambda: "c2" in ann.acknowledged)

    def test_d6_without_its_database_it_says_goodbye_and_ends(self) -> None:
        with self.server.connect() as tesla:
            tesla.sendall(f"tesla\n{CANARY}\n{CANARY}\n".encode())
            heard = b""
            while b"Welcome" not in heard:
                heard += tesla.recv(4096)
            os.rename(self.folder / "chat-data", self.folder / "elsewhere")
            tesla.sendall(b"BM this is not answered\n")
            self.assertEqual(self.server.stop(), -signal.SIGTERM)
            while more := tesla.recv(4096):
                heard += more
        self.assertIn(b"The server is stopping", heard)
        self.assertNotIn(b"sent", heard)
