"""What was answered outlives a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.store import fresh
from twisted_chat.core.entries import Entry
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


class KillTests(SynchronousTestCase):
    """A server that is killed while it stores messages."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.path = fresh.database(self.folder)

    def talk_and_be_killed(self, name: str, after: int) -> list[str]:
        """What a server had answered before it was killed."""
        server = subprocess.Popen(
            [sys.executable, "-c", TALK, str(self.path), name],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
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

    def test_d1_every_answered_message_is_there_once_and_in_order(self) -> None:
        answered: list[str] = []
        for number in range(ROUNDS):
            answered += self.talk_and_be_killed(str(number), 1 + number * 13 % 50)
            entries = self.stored()
            self.assertEqual([entry.seq for entry in entries], [*range(1, len(entries) + 1)])
            texts = [entry.text for entry in entries]
            self.assertEqual(len(set(texts)), len(texts))
            found = {f"{entry.seq}:{entry.text}" for entry in entries}
            self.assertEqual([one for one in answered if one not in found], [])
