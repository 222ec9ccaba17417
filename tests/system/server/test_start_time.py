"""What is not imported before it is needed, since a start waits for it."""

from __future__ import annotations

import subprocess
import sys

from tests.store import fresh
from tests.support.server_process import PATIENCE, environment
from tests.system.world import World

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


# Programs that say what they have imported.
# A server of plain names, or of stored ones, starts without the tables for others.
PLAIN_NAMES = """
import sys
from twisted_chat.core.names import NameBook
from twisted_chat.core.names import Name, Names
Names(["help"]).check("kevin")
book = NameBook()
book.register(Name("Жук", "жук", "жук"), 1)
book.collides(Name("Жук", "жук", "жук"))
print(*sorted(sys.modules))
"""
PREPARE = """
import sys
from twisted_chat.chat.accounts.passwords import Passwords, prepare
prepare("secret")
modules = sorted(sys.modules)
from twisted.internet.defer import maybeDeferred
kept = Passwords(None, run=maybeDeferred).kept("secret", False).result[0]
assert kept.startswith("$argon2id$v="), kept
print(*modules)
"""
OPEN = """
import sys
from twisted_chat.store import open_store
open_store("chat.db", lambda: 0).close()
print(*sorted(sys.modules))
"""


def imported_by(world: World, program: str, *options: str) -> set[str]:
    """The modules that it has when it is done."""
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        cwd=world.folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.splitlines()[-1].split())


def test_the_first_start_and_the_next_import_only_what_listening_takes(world: World) -> None:
    for _ in ("first", "next"):
        modules = imported_by(world, START)
        assert "twisted_chat.server.assembly" in modules
        assert modules & NOT_TO_LISTEN == set()


def test_a_help_page_does_not_wait_for_the_server_s_parts(world: World) -> None:
    modules = imported_by(world, HELP)
    assert "twisted_chat.settings" in modules
    assert modules & NOT_TO_HELP == set()


def test_starting_needs_no_tables(world: World) -> None:
    assert imported_by(world, PLAIN_NAMES) & {"precis_i18n", "confusable_homoglyphs"} == set()


def test_nothing_is_loaded_or_warned_about_at_start(world: World) -> None:
    modules = imported_by(world, PREPARE, "-W", "error")
    assert modules & {"passlib", "argon2", "precis_i18n", "twisted.internet.reactor"} == set()


def test_an_open_without_anything_to_migrate_does_without_alembic(world: World) -> None:
    fresh.database(world.folder)
    assert "alembic" not in imported_by(world, OPEN)
