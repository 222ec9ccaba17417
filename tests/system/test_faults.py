"""Secrets and files of a real server."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server_process import Server
from tests.system.peers import Program, run
from tests.system.world import World

CANARY = "canary-9b1f-password"
ANOTHER = "canary-77aa-another"


class Logged(World):
    def begin(self) -> None:
        super().begin()
        self.server = Server(self.folder, "--flood-limit", "0", "--log-json", "log.json")
        self.after(self.server.kill)

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


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    with Logged(tmp_path) as logged:
        yield logged


def test_b14_a_password_is_nowhere(logged: Logged) -> None:
    logged.exchange(f"tesla\n{CANARY}\n{CANARY}\nlogout\n", "Disconnected")
    logged.exchange(f"tesla\n{ANOTHER}\n", "You have")  # a wrong one
    changes = f"tesla\n{CANARY}\npassword\n{CANARY}\n{ANOTHER}\n{ANOTHER}\nlogout\n"
    came = logged.exchange(changes, "Disconnected")
    for request in (
        {"do": "register", "name": "cat", "password": CANARY},
        {"do": "register", "name": "server", "password": CANARY},
        {"do": "login", "name": "cat", "password": ANOTHER, "extra": 1},
        {"do": "resume", "token": CANARY},
    ):
        came += logged.exchange(json.dumps(request) + "\n", '"re"')
    came += logged.exchange(f'{{"do":"login","name":"cat","password":"{CANARY}"\n', "syntax")
    logged.server.stop()
    came += "\n".join(logged.server.lines) + logged.server.errors
    assert "canary" not in came
    files = [path for path in logged.folder.rglob("*") if path.is_file()]
    assert logged.folder / "log.json" in files
    for path in files:
        assert b"canary" not in path.read_bytes(), path


def test_d6_a_database_that_is_taken_away_takes_no_messages(logged: Logged) -> None:
    ann = Program("ann")
    ann.connect(logged.server)
    logged.after(ann.hang_up)
    run([ann], lambda: ann.here)
    ann.send("#lobby", "c1", "before")
    run([ann], lambda: "c1" in ann.acknowledged)
    data = logged.folder / "chat-data"
    os.rename(data / "chat.db", data / "elsewhere")
    logged.server.line_with("was moved, removed or replaced")
    refused = logged.exchange('{"do":"login","name":"ann","password":"correct horse"}\n', '"error"')
    assert "store_unavailable" in refused
    os.rename(data / "elsewhere", data / "chat.db")
    logged.server.line_with("back in its place")
    ann.send("#lobby", "c2", "after")
    run([ann], lambda: "c2" in ann.acknowledged)


def test_d6_without_its_database_it_says_goodbye_and_ends(logged: Logged) -> None:
    with logged.server.connect() as tesla:
        tesla.sendall(f"tesla\n{CANARY}\n{CANARY}\n".encode())
        heard = b""
        while b"Welcome" not in heard:
            heard += tesla.recv(4096)
        os.rename(logged.folder / "chat-data", logged.folder / "elsewhere")
        tesla.sendall(b"BM this is not answered\n")
        assert logged.server.stop() == -signal.SIGTERM
        while more := tesla.recv(4096):
            heard += more
    assert b"The server is stopping" in heard
    assert b"sent" not in heard


def test_c2_a_reset_connection_leaves_nobody_behind(world: World) -> None:
    with Server(world.folder, "--guests") as server, server.connect() as other:
        other.sendall(b"other\n")
        with server.connect() as gone:
            gone.sendall(b"gone\n")
            server.line_with("[ gone ]")
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.line_with("offline  [ gone ]")
        other.sendall(b"whoelse\nEX\n")
        heard = b"".join(iter(lambda: other.recv(65536), b""))
        assert b"are:\n(Not" in heard.replace(b"Nobody else", b"(Not")
        assert server.stop() == -signal.SIGTERM
        assert "Traceback" not in "\n".join(server.lines) + server.errors
