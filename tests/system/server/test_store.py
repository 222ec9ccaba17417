"""A database in two processes, and one that is killed: what was answered outlives it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import often
from tests.store import fresh
from tests.support.server_process import environment
from tests.system.world import World
from twisted_chat.core.entries import Entry
from twisted_chat.core.errors import StartError
from twisted_chat.store import open_store

ROUNDS = often(6, 200)

TALK = """
import itertools, sys
from twisted_chat.store import LOBBY, Post, open_store

class Said(Post):
    def answer(self):
        answered.append(self)

store = open_store(sys.argv[1], lambda: 0)
answered = []
for number in itertools.count():
    for part in range(number % 7 + 1):
        text = f"{sys.argv[2]}-{number}-{part}"
        store.post([Said(LOBBY, 1, "ann", text, text)])
    store.run_once()
    print(*(f"{post.entry.seq}:{post.entry.text}" for post in answered), flush=True)
    answered.clear()
"""

HOLD = """
import sys
from twisted_chat.store import open_store
store = open_store(sys.argv[1], lambda: 0)
print("open", flush=True)
sys.stdin.read()
"""


class Database(World):
    """A server that is killed while it stores messages."""

    def begin(self) -> None:
        super().begin()
        self.path = fresh.database(self.folder)

    def talk_and_be_killed(self, name: str, after: int) -> list[str]:
        """What a server had answered before it was killed."""
        server = subprocess.Popen(
            [sys.executable, "-c", TALK, str(self.path), name],
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )
        assert server.stdout is not None
        with server.stdout as said:
            lines = [said.readline() for _ in range(after)]
            server.kill()
            rest = said.read()
        server.wait()
        whole = "".join(lines) + rest[: rest.rfind("\n") + 1]
        return whole.split()

    def stored(self) -> list[Entry]:
        store = open_store(str(self.path), lambda: 0)
        try:
            return fresh.everything(store)
        finally:
            store.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path) as database:
        yield database


def test_d1_every_answered_message_is_there_once_and_in_order(database: Database) -> None:
    answered: list[str] = []
    for number in range(ROUNDS):
        answered += database.talk_and_be_killed(str(number), 1 + number * 13 % 50)
        entries = database.stored()
        assert [entry.seq for entry in entries] == [*range(1, len(entries) + 1)]
        texts = [entry.text for entry in entries]
        assert len(set(texts)) == len(texts)
        found = {f"{entry.seq}:{entry.text}" for entry in entries}
        assert [one for one in answered if one not in found] == []


def test_d7_a_second_server_is_refused_and_a_killed_one_blocks_nobody(database: Database) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as first:
        assert first.stdout is not None
        try:
            assert first.stdout.readline() == b"open\n"
            with pytest.raises(StartError) as refused:
                open_store(str(database.path), lambda: 0)
        finally:
            first.kill()
    expected = f"Another server (process {first.pid}) is using {database.path}"
    assert expected in str(refused.value)
    open_store(str(database.path), lambda: 0).close()
