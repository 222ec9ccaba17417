"""A real `twistd chat` for tests of the whole: it starts, is talked to, and leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer
from types import TracebackType

import twisted_chat

ROOT = Path(twisted_chat.__file__).parents[1]
TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()  # twistd")
PATIENCE = 60  # seconds; only a test that fails waits so long
LIFE = 180  # seconds after which a server's test hangs, even on a slow machine
WAITING = re.compile(r"\[INFO\] Waiting for connection on (?:port ([0-9]+)|(.+))\.\.\.")


def environment(**more: str) -> dict[str, str]:
    """The tests' own environment, with this tree's program in it."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run_twistd(
    folder: Path, *words: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `twistd` to its end."""
    return subprocess.run(
        [*TWISTD, *words],
        cwd=folder,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Server:
    """A chat in a folder of its own, on a free port unless told otherwise."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        files: int | None = None,
        program: Sequence[str] = (*TWISTD, "-n", "chat"),
    ) -> None:
        """`files` is how many it may have open."""
        self.folder = folder
        alone = bool(options) and options[0].isdecimal()
        if not alone and not any(option.startswith("--port") for option in options):
            options = ("--port", "0", *options)
        command = [*program, *options]
        if files is not None:
            command = ["/bin/sh", "-c", f'ulimit -n {files}; exec "$0" "$@"', *command]
        with (folder / "stderr.txt").open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        # Whoever waits for something that never comes hears the end of the server instead.
        self._limit = Timer(LIFE, self.process.kill)
        self._limit.daemon = True
        self._limit.start()
        self.lines: list[str] = []
        found = WAITING.fullmatch(self.line_with("Waiting for connection"))
        assert found is not None, self.lines
        self.port = int(found[1] or 0)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        return (self.folder / "stderr.txt").read_text()

    def line_with(self, part: str) -> str:
        """The next line of its log that has this in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if part in line:
                return self.lines[-1]
        self.process.wait(PATIENCE)
        raise AssertionError(f"no {part!r} in {self.lines}, {self.errors!r}")

    def connect(self, host: str = "127.0.0.1") -> socket.socket:
        """A connection to it."""
        return socket.create_connection((host, self.port), timeout=PATIENCE)

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout.read().splitlines())
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it without its help."""
        self._limit.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
