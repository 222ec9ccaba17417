"""What a start does without until the server listens, and what is read after that."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.support.server_process import PATIENCE, environment
from twisted_chat.server import startup

# Each takes long to import, and is for something that comes later or for another program.
NOT_TO_LISTEN = {
    *("alembic", "mako", "sqlalchemy.orm"),  # for a database that has to be migrated
    *("precis_i18n", "confusable_homoglyphs"),  # for names outside ASCII
    *("passlib", "argon2"),  # for passwords
    *("websockets", "tomllib"),
    *("twisted.web", "twisted.names", "twisted.conch"),
    *("prompt_toolkit", "vodozemac", "platformdirs", "tkinter"),  # the clients'
    *("twisted_chat.bot", "twisted_chat.clients", "twisted_chat.e2e"),
}
NOT_TO_HELP = NOT_TO_LISTEN | {"sqlalchemy", "cryptography", "twisted.internet.reactor", "sqlite3"}

START = """
import os, sys
from twisted_chat.server.service import ChatService
def listening(self):
    os.write(1, " ".join(sorted(sys.modules)).encode())  # print would go to the log
    os._exit(0)
ChatService._announce = listening
from twisted.scripts.twistd import run
sys.argv[1:] = ["-n", "chat", "--port", "0"]
run()
"""
HELP = """
import sys
from twisted_chat.tap import Options
try:
    Options().parseOptions(["--help"])
finally:
    print(*sorted(sys.modules))
"""


class StartingTests(SynchronousTestCase):
    """Programs that say what they have imported."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def imported_by(self, program: str) -> set[str]:
        """The modules that it has when it is done."""
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return set(done.stdout.splitlines()[-1].split())

    def test_the_first_start_and_the_next_import_only_what_listening_takes(self) -> None:
        for _ in ("first", "next"):
            modules = self.imported_by(START)
            self.assertIn("twisted_chat.server.assembly", modules)
            self.assertEqual(modules & NOT_TO_LISTEN, set())

    def test_a_help_page_does_not_wait_for_the_server_s_parts(self) -> None:
        modules = self.imported_by(HELP)
        self.assertIn("twisted_chat.settings", modules)
        self.assertEqual(modules & NOT_TO_HELP, set())

    def test_the_search_for_garbage_goes_on_after_the_start(self) -> None:
        with mock.patch.object(gc, "freeze") as frozen:
            startup.go_on_collecting()
            self.assertFalse(frozen.called)
            startup.put_off_collection()
            self.addCleanup(gc.enable)
            self.assertFalse(gc.isenabled())
            startup.go_on_collecting()
            self.assertTrue(gc.isenabled())
            self.assertTrue(frozen.called)

    def test_what_the_first_needs_it_does_not_wait_for(self) -> None:
        from twisted_chat.core import lookalikes, names

        names._judged_once.cache_clear()
        names._profile.cache_clear()
        lookalikes._prototypes.cache_clear()
        lookalikes._script_ranges.cache_clear()
        startup.read_ahead()
        for table, entries in (
            (names._profile, 2),
            (lookalikes._prototypes, 1),
            (lookalikes._script_ranges, 1),
        ):
            self.assertEqual(table.cache_info().currsize, entries)
            missed = table.cache_info().misses
            names.fold("Жанна")
            self.assertEqual(table.cache_info().misses, missed)
        self.assertIn("websockets.server", sys.modules)
