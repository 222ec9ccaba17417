"""The first words at a terminal, and the last."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import until
from tests.support.tmux import Terminal
from tests.system.terminal.people import CLIENT, PASSWORD, People


def test_signing_up_without_an_echo(people: People) -> None:
    terminal = people.client()
    terminal.shows(f"127.0.0.1:{people.server.port} is new here; its key is SHA256:", "Username:")
    terminal.types("albert")
    terminal.shows(
        "Username: albert\nalbert is a new name here: choose a password for it.\nEnter Password:"
    )
    terminal.types("relativity", enter=False)
    terminal.pastes("and\nmore")
    terminal.shows("(An answer is one line: nothing of that was pasted.)\nEnter Password:\n")
    assert "relat" not in terminal.screen()
    terminal.presses("Enter")
    terminal.shows("Enter Password again:")
    terminal.types("relativity")
    terminal.shows("Login successful, Welcome to twisted-chat!", "1 online: albert")
    assert "relativity" not in terminal.screen(history=True)
    for file in terminal.home.rglob("*"):
        if file.is_file():
            assert b"relativity" not in file.read_bytes(), file


def test_a_wrong_password(people: People) -> None:
    terminal = people.client("tesla")
    terminal.shows("Username: tesla\nEnter user's password:")
    terminal.types("direct")
    terminal.shows("(Wrong username or password. You have 2 tries left.)")
    terminal.types(PASSWORD)
    terminal.shows("Login successful", "#lobby>")
    assert "direct" not in terminal.screen()


def test_who_was_there_before_needs_no_password(people: People) -> None:
    first = people.person("tesla")
    first.types("hello")
    first.shows("tesla: hello", "stored")
    people.leaves(first)
    with Terminal("/bin/sh", env={"HOME": str(first.home)}) as second:
        second.types(shlex.join([*CLIENT, "127.0.0.1", str(people.server.port)]))
        second.shows("tesla: hello", "#lobby>", "online")
        assert "Username" not in second.screen()
        second.presses("Up")
        second.shows("#lobby> hello")


def test_nobody_has_to_answer(people: People) -> None:
    for key in ("C-c", "C-d"):
        terminal = people.client()
        terminal.shows("Username:")
        terminal.presses(key)
        assert terminal.ended() == 0
        terminal.shows("(Interrupted: this client ends.)")


def test_no_server(people: People) -> None:
    people.server.kill()
    terminal = people.client()
    assert terminal.ended() == 1
    terminal.shows("There is no answer from 127.0.0.1", "is the server running?")


class Shells(People):
    def shell(self) -> Terminal:
        """A client that was started in a shell, where one can look at what it leaves behind."""
        terminal = Terminal("/bin/sh")
        self.after(terminal.close)
        terminal.shows("$")
        self.before = terminal.modes()
        command = shlex.join([*CLIENT, "127.0.0.1", str(self.server.port), "bell"])
        script = shlex.quote(f"echo $$ > pid; exec {command}")
        terminal.types(f"sh -c {script}; echo it ended with $?")
        terminal.shows("Enter user's password:")
        assert terminal.modes() != self.before
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "online")
        return terminal

    def left(self, terminal: Terminal) -> None:
        terminal.shows("it ended with 0\n$")
        terminal.hides("connected,")
        assert terminal.modes() == self.before
        terminal.types("echo in bra''ckets; cat -v")
        terminal.shows("in brackets\n")
        terminal.pastes("pasted\n")
        terminal.shows("\npasted\n")  # and no brackets around it


@pytest.fixture
def shells(tmp_path: Path) -> Iterator[Shells]:
    with Shells(tmp_path) as shells:
        yield shells


def test_keys_and_words_leave_the_terminal_as_it_was(shells: Shells) -> None:
    for way in ("C-c", "C-d"):
        terminal = shells.shell()
        terminal.types("half a line", enter=False)
        terminal.shows("half a line")
        terminal.presses("C-c")
        terminal.hides("half a line")
        terminal.presses(way)
        terminal.shows("(Interrupted: this client ends.)")
        shells.left(terminal)
    terminal = shells.shell()
    terminal.types("/quit")
    terminal.shows("Logging off")
    shells.left(terminal)


def test_signals_leave_the_terminal_as_it_was(shells: Shells) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        terminal = shells.shell()
        os.kill(client_in(terminal), number)
        shells.left(terminal)


def test_a_terminal_that_is_gone(shells: Shells) -> None:
    terminal = shells.shell()
    pid = client_in(terminal)
    other = shells.person("edison")
    terminal.close()
    other.shows("bell left the conversation")
    until(lambda: not os.path.exists(f"/proc/{pid}"), lambda: "it still runs")


def test_a_moment_in_the_background(shells: Shells) -> None:
    terminal = shells.shell()
    other = shells.person("edison")
    terminal.presses("C-z")
    terminal.shows("Stopped")
    other.types("are you there?")
    other.shows("edison: are you there?")
    terminal.types("fg")
    terminal.shows("edison: are you there?", "#lobby>")
    terminal.presses("C-c")
    terminal.shows("it ended with")


def client_in(terminal: Terminal) -> int:
    """The process of the client that a terminal's shell has started."""
    return int((terminal.home / "pid").read_text())
