"""A client that does not read costs the server little, and loses nothing."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests import often
from tests.support.server_process import PATIENCE, Server, environment
from tests.system.peers import PASSWORD, Person, Program, run
from tests.system.world import World

OPTIONS = ("--flood-limit", "0", "--connection-limit", "0")
MESSAGES = often(1500, 4000)
WORDS = "x" * 4000
MOST_GROWTH = 24 * 1024  # KiB; the messages for all who do not read would be several times that
UNREAD = 8  # sessions that do not read

# A program that prints that it is there, and whatever comes afterwards.
READER = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(sys.argv[2].encode() + b"\\n")
for line in connection.makefile("rb"):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""


class Readers(World):
    options: ClassVar[tuple[str, ...]] = OPTIONS

    def begin(self) -> None:
        super().begin()
        self.server = Server(self.folder, *self.options)
        self.after(self.server.kill)
        self.after(lambda: [peer.hang_up() for peer in self.peers])
        self.peers: list[Program | Person] = []

    def program(self, name: str, device: str = "bot") -> Program:
        program = Program(name, device)
        program.connect(self.server)
        self.peers.append(program)
        run([program], lambda: program.here)
        return program

    def memory(self) -> int:
        """What the server holds in memory, in KiB."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
        assert found is not None
        return int(found[1])

    def online(self, program: Program) -> set[str]:
        """Who is there, beside the one who asks."""
        program.answers.clear()
        program.ask("whoelse")
        run([program], lambda: bool(program.answers))
        return {face["name"] for face in program.answers[0]["people"]}

    def flood(self, talker: Program, listener: Program, count: int) -> None:
        """Say so much to everyone, and see that somebody who reads gets all of it."""
        first = talker.positions["#lobby"]
        sent = 0

        def done() -> bool:
            nonlocal sent
            while sent < count and len(talker.waiting) < 64:
                sent += 1
                talker.send("#lobby", f"c{first + sent}", f"{first + sent} {WORDS}")
            return listener.positions["#lobby"] == talker.positions["#lobby"] == first + count

        run([talker, listener], done)


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    with Readers(tmp_path) as readers:
        yield readers


def test_a16_a17_stopped_readers_in_a_busy_room(readers: Readers) -> None:
    talker, listener = readers.program("talker"), readers.program("listener")
    stopped = stopped_reader(readers)
    unread = [readers.program(f"stuck{n}") for n in range(UNREAD)]
    readers.flood(talker, listener, 100)
    before = readers.memory()
    readers.flood(talker, listener, MESSAGES)
    growth = readers.memory() - before
    assert growth < MOST_GROWTH
    # All of them go on where they were.
    for program in unread:
        catch_up(readers, program)
        assert program.logs["#lobby"] == listener.logs["#lobby"]
    stopped.send_signal(signal.SIGCONT)
    assert read_by(readers, stopped) == [seen.seq for seen in listener.logs["#lobby"]]


def catch_up(readers: Readers, program: Program) -> None:
    run([program], lambda: program.positions["#lobby"] == 100 + MESSAGES)


def stopped_reader(readers: Readers) -> subprocess.Popen[bytes]:
    """A process that has signed in, and then reads no more."""
    register = {"do": "register", "name": "asleep", "password": PASSWORD}
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(readers.server.port), json.dumps(register)],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    readers.after(reader.communicate, timeout=PATIENCE)
    readers.after(reader.kill)
    assert reader.stdout is not None
    while b'"token"' not in reader.stdout.readline():
        pass
    reader.send_signal(signal.SIGSTOP)
    return reader


def read_by(readers: Readers, reader: subprocess.Popen[bytes]) -> list[int]:
    """The numbers of the messages that the process is shown after all."""
    assert reader.stdout is not None
    seqs: list[int] = []
    while len(seqs) < 100 + MESSAGES:
        message = json.loads(reader.stdout.readline())
        if message.get("event") == "message":
            seqs.append(message["seq"])
    return seqs


def test_a15_what_a_vanished_reader_did_not_get_comes_at_the_next_login(readers: Readers) -> None:
    talker, listener = readers.program("talker"), readers.program("listener")
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", readers.server.port))
        reader.sendall(f"nora\n{PASSWORD}\n{PASSWORD}\n".encode())
        welcome = b""
        while b"Login successful" not in welcome:
            welcome += reader.recv(4096)
        readers.flood(talker, listener, 30)
    # Most of it was in the server's kernel, and is gone with the connection.
    while "nora" in readers.online(talker):
        pass
    nora = Person("nora")
    nora.known = True
    readers.peers.append(nora)
    nora.connect(readers.server)
    run([nora], lambda: nora.here)
    nora.says("back")
    run([nora], lambda: "back" in nora.acknowledged)
    assert "Your offline messages:" in nora.last_words
    assert sorted(nora.shown) == list(range(1, 31))


class Crowd(Readers):
    """Many who do not read, at a server that may keep little for them."""

    options = (*OPTIONS, "--guests", "--backlog", "8M")

    def guest(self, name: str) -> socket.socket:
        """Somebody who has come in, and who is not going to read what follows."""
        connection = socket.socket()
        self.after(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.server.port))
        connection.sendall(json.dumps({"do": "guest", "name": name}).encode() + b"\n")
        came = b""
        while b'"ok"' not in came:
            came += connection.recv(4096)
        return connection


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    with Crowd(tmp_path) as crowd:
        yield crowd


def test_a16_k5_answers_that_nobody_reads(crowd: Crowd) -> None:
    talker, listener = crowd.program("talker"), crowd.program("listener")
    crowd.flood(talker, listener, 40)
    silent = [crowd.guest(f"silent{n}") for n in range(200)]
    for one in silent:
        one.sendall(b'{"do": "history", "count": 500}\n' * 3)
    crowd.server.line_with("Too much waited for connections that do not read")
    left = crowd.online(talker) - {"listener"}
    assert len(left) < len(silent)
    assert len(left) > 20  # more than half of what may wait is used up still
    crowd.flood(talker, listener, 200)
    assert crowd.online(talker) >= {"listener"}
