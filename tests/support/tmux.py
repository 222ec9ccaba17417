"""A terminal for tests: one program in one window of a tmux server of their own."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import termios
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.support.programs import Shown, account, need, until
from tests.support.server_process import PATIENCE

# What older versions do not know (remain-on-exit-format) is left out without a word by -q.
SETTINGS = """\
set -g default-terminal screen-256color
set -g default-shell /bin/sh
set -g history-limit 20000
set -g remain-on-exit on
set -gq remain-on-exit-format ""
set -g status off
set -s set-clipboard off
"""
FLAGS = ("alternate_on", "cursor_flag", "insert_flag", "keypad_flag", "mouse_any_flag", "wrap_flag")


def require_tmux() -> None:
    """Skip the test where there is no tmux."""
    need("tmux")


class Terminal(Shown):
    """A program in a terminal: what is typed goes to it, what it shows can be looked at.

    Its home is a folder of its own, so that it finds no settings and leaves none.
    """

    def __init__(
        self,
        *command: str,
        size: tuple[int, int] = (100, 30),
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        require_tmux()
        super().__init__()
        # Not in the tests' own folder: the path of a socket may have only 107 bytes.
        self._own = Path(tempfile.mkdtemp(prefix="terminal-"))
        settings = self._own / "tmux.conf"
        settings.write_text(SETTINGS)
        self.home = self._own / "home"
        self._env = account(self.home, **(env or {}))
        self._program = 0
        self._tmux = ("tmux", "-u", "-S", str(self._own / "socket"), "-f", str(settings))
        self._server = subprocess.Popen(
            [*self._tmux, "-D"],
            cwd=self._own,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(self._started, lambda: "tmux did not start")
            columns, rows = (str(number) for number in size)
            where = ("-c", str(folder or self.home))
            self._do("new-session", "-d", "-x", columns, "-y", rows, *where, "--", *command)
            self._program = int(self._said("#{pane_pid}"))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def types(self, text: str, enter: bool = True) -> None:
        """Type this, and Enter unless told otherwise."""
        # To tmux, a semicolon that ends a word ends the command.
        words = text[:-1] + "\\;" if text.endswith(";") else text
        self._do("send-keys", "-l", "--", words, *((";", "send-keys", "Enter") if enter else ()))

    def presses(self, *keys: str) -> None:
        """Press these keys, by tmux's names: Tab, BTab, Up, PageUp, Escape, C-c, M-x, F1."""
        self._do("send-keys", "--", *keys)

    def pastes(self, text: str) -> None:
        """Paste this, in brackets if the program has asked for them."""
        self._do("load-buffer", "-", given=text)
        self._do("paste-buffer", "-d", "-p")

    def records(self, file: Path) -> None:
        """Write down from now on what the program sends to the terminal."""
        self._do("pipe-pane", f"cat > {shlex.quote(str(file))}")

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self._do("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, colors: bool = False, history: bool = False) -> str:
        """What it shows now: with escape sequences for the colors, with what has scrolled away.

        Without colors the spaces at the end of a line are left out.
        """
        options = (*(("-e", "-N") if colors else ()), *(("-S", "-") if history else ()))
        return self._do("capture-pane", "-p", *options)

    @property
    def title(self) -> str:
        """What the program has put into the title of the window."""
        return self._said("#{pane_title}")

    @property
    def rang(self) -> bool:
        """Whether the bell has rung."""
        return self._said("#{window_bell_flag}") == "1"

    def modes(self) -> dict[str, object]:
        """How the terminal is set: what a program must leave as it found it."""
        fields = self._said(" ".join(f"#{{{flag}}}" for flag in FLAGS)).split(" ")
        device = os.open(self._said("#{pane_tty}"), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            names = ("iflag", "oflag", "cflag", "lflag", "ispeed", "ospeed", "characters")
            line = dict(zip(names, termios.tcgetattr(device), strict=True))
        finally:
            os.close(device)
        return {**dict(zip(FLAGS, fields, strict=True)), **line}

    def close(self) -> None:
        """End the program and the tmux it ran in."""
        if self._server.poll() is None:
            if self._program and not self._over():
                # tmux would only hang up on it, which it may not care about.
                os.kill(self._program, signal.SIGKILL)
            self._server.terminate()
        try:
            self._server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._own, ignore_errors=True)

    def _started(self) -> bool:
        return self._run("start-server").returncode == 0

    def _over(self) -> bool:
        dead, status = self._said("#{pane_dead},#{pane_dead_status}#{pane_dead_signal}").split(",")
        if dead == "1" and not status:
            # tmux sometimes sleeps through the signal of the end; it looks again when it gets one.
            self._server.send_signal(signal.SIGCHLD)
        # Dead, all it has written is on the screen.
        return dead == "1" and status != ""

    def _status(self) -> int:
        status, number = self._said("#{pane_dead_status},#{pane_dead_signal}").split(",")
        return int(status) if status else -int(number)

    def _sight(self) -> str:
        return self.screen()

    def _said(self, form: str) -> str:
        return self._do("display-message", "-p", form).rstrip("\n")

    def _run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._tmux, "-N", *words],
            env=self._env,
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def _do(self, *words: str, given: str = "") -> str:
        done = self._run(*words, given=given)
        if done.returncode:
            raise AssertionError(f"tmux {words[0]}: {done.stderr}")
        return done.stdout
