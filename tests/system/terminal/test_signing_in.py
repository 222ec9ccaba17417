"""The first words at a terminal, and the last."""

from __future__ import annotations

import os
import shlex
import signal

from tests.support.programs import until
from tests.support.tmux import Terminal
from tests.system.terminal.case import CLIENT, PASSWORD, TerminalCase


class SignInTests(TerminalCase):
    def test_signing_up_without_an_echo(self) -> None:
        terminal = self.client()
        terminal.shows(f"127.0.0.1:{self.server.port} is new here; its key is SHA256:", "Username:")
        terminal.types("albert")
        terminal.shows(
            "Username: albert\n"
            "albert is a new name here: choose a password for it.\n"
            "Enter Password:"
        )
        terminal.types("relativity", enter=False)
        terminal.pastes("and\nmore")
        terminal.shows("(An answer is one line: nothing of that was pasted.)\nEnter Password:\n")
        self.assertNotIn("relat", terminal.screen())
        terminal.presses("Enter")
        terminal.shows("Enter Password again:")
        terminal.types("relativity")
        terminal.shows("Login successful, Welcome to twisted-chat!", "1 online: albert")
        self.assertNotIn("relativity", terminal.screen(history=True))
        for file in terminal.home.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"relativity", file.read_bytes(), file)

    def test_a_wrong_password(self) -> None:
        terminal = self.client("tesla")
        terminal.shows("Username: tesla\nEnter user's password:")
        terminal.types("direct")
        terminal.shows("(Wrong username or password. You have 2 tries left.)")
        terminal.types(PASSWORD)
        terminal.shows("Login successful", "#lobby>")
        self.assertNotIn("direct", terminal.screen())

    def test_who_was_there_before_needs_no_password(self) -> None:
        first = self.person("tesla")
        first.types("hello")
        first.shows("tesla: hello", "stored")
        self.leaves(first)
        with Terminal("/bin/sh", env={"HOME": str(first.home)}) as second:
            second.types(shlex.join([*CLIENT, "127.0.0.1", str(self.server.port)]))
            second.shows("tesla: hello", "#lobby>", "online")
            self.assertNotIn("Username", second.screen())
            second.presses("Up")
            second.shows("#lobby> hello")

    def test_nobody_has_to_answer(self) -> None:
        for key in ("C-c", "C-d"):
            terminal = self.client()
            terminal.shows("Username:")
            terminal.presses(key)
            self.assertEqual(terminal.ended(), 0)
            terminal.shows("(Interrupted: this client ends.)")

    def test_no_server(self) -> None:
        self.server.kill()
        terminal = self.client()
        self.assertEqual(terminal.ended(), 1)
        terminal.shows("There is no answer from 127.0.0.1", "is the server running?")


class LeavingTests(TerminalCase):
    def shell(self) -> Terminal:
        """A client that was started in a shell, where one can look at what it leaves behind."""
        terminal = Terminal("/bin/sh")
        self.addCleanup(terminal.close)
        terminal.shows("$")
        self.before = terminal.modes()
        command = shlex.join([*CLIENT, "127.0.0.1", str(self.server.port), "bell"])
        script = shlex.quote(f"echo $$ > pid; exec {command}")
        terminal.types(f"sh -c {script}; echo it ended with $?")
        terminal.shows("Enter user's password:")
        self.assertNotEqual(terminal.modes(), self.before)
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "online")
        return terminal

    def left(self, terminal: Terminal) -> None:
        terminal.shows("it ended with 0\n$")
        terminal.hides("connected,")
        self.assertEqual(terminal.modes(), self.before)
        terminal.types("echo in bra''ckets; cat -v")
        terminal.shows("in brackets\n")
        terminal.pastes("pasted\n")
        terminal.shows("\npasted\n")  # and no brackets around it

    def test_keys_and_words_leave_the_terminal_as_it_was(self) -> None:
        for way in ("C-c", "C-d"):
            terminal = self.shell()
            terminal.types("half a line", enter=False)
            terminal.shows("half a line")
            terminal.presses("C-c")
            terminal.hides("half a line")
            terminal.presses(way)
            terminal.shows("(Interrupted: this client ends.)")
            self.left(terminal)
        terminal = self.shell()
        terminal.types("/quit")
        terminal.shows("Logging off")
        self.left(terminal)

    def test_signals_leave_the_terminal_as_it_was(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            terminal = self.shell()
            os.kill(client_in(terminal), number)
            self.left(terminal)

    def test_a_terminal_that_is_gone(self) -> None:
        terminal = self.shell()
        pid = client_in(terminal)
        other = self.person("edison")
        terminal.close()
        other.shows("bell left the conversation")
        until(lambda: not os.path.exists(f"/proc/{pid}"), lambda: "it still runs")

    def test_a_moment_in_the_background(self) -> None:
        terminal = self.shell()
        other = self.person("edison")
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
