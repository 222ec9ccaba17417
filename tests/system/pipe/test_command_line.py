"""What the command line makes of a client, as a process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import account
from tests.support.server_process import PATIENCE
from tests.system.pipe.pipes import CLIENT
from tests.system.world import World
from twisted_chat import __version__
from twisted_chat.clients.connection.trust import KnownServers


class CommandLine(World):
    def begin(self) -> None:
        super().begin()
        self.home = self.folder / "home"

    def run_client(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLIENT, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=account(self.home, **env),
            timeout=PATIENCE,
            check=False,
            encoding="utf-8",
        )


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    with CommandLine(tmp_path) as command_line:
        yield command_line


def test_wrong_usage_is_one_sentence(command_line: CommandLine) -> None:
    done = command_line.run_client("localhost", "--color")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "--color is not an option: did you mean --no-color?"
        " (--help shows how this program is called)\n"
    )


def test_help_and_version(command_line: CommandLine) -> None:
    done = command_line.run_client("-h", "more", "and", "even", "more")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(command_line.home / ".config" / "twisted-chat") in done.stdout
    done = command_line.run_client("--version")
    assert (done.returncode, done.stdout) == (0, f"twisted-chat {__version__}\n")


def test_nobody_was_there_before(command_line: CommandLine) -> None:
    done = command_line.run_client("localhost", "1")
    assert (done.returncode, done.stdout) == (1, "")


def test_there_is_nowhere_to_keep_anything(command_line: CommandLine) -> None:
    file = command_line.folder / "file"
    file.touch()
    for words in (("localhost",), ("localhost", "1", "tesla")):
        done = command_line.run_client(*words, HOME=str(file))
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done
        assert "set HOME to a folder of yours" in done.stderr


def test_the_list_of_servers_is_broken(command_line: CommandLine) -> None:
    folder = command_line.home / ".config" / "twisted-chat"
    folder.mkdir(parents=True)
    (folder / "servers.json").write_text("{")
    done = command_line.run_client("localhost")
    assert done.returncode == 1
    assert "cannot be read: repair it, or remove it." in done.stderr


def test_the_last_name_is_taken(command_line: CommandLine) -> None:
    folder = command_line.home / ".config" / "twisted-chat"
    folder.mkdir(parents=True)
    KnownServers(folder / "servers.json").remember("localhost:1", name="tesla")
    script = (
        "import sys; from twisted_chat.clients.desk.command_line import read_arguments as read;"
        "print(read('chat', sys.argv[1:]).name)"
    )
    for words, name in (("-p 1", "tesla"), ("-p 2", ""), ("-p 1 -u bell", "bell")):
        done = subprocess.run(
            [CLIENT[0], "-c", script, *words.split()],
            env=account(command_line.home),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{name}\n"
