"""A screen for tests: one program with windows on an X display of its own."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any
from unittest import SkipTest

from tests.support.keyboard import with_keys_for
from tests.support.onlooker import Seen
from tests.support.png import Area, png_of
from tests.support.programs import Shown, account, need, until
from tests.support.server_process import PATIENCE

ANY_DISPLAY = 0xFFFF  # Xauthority's FamilyWild


def require_display() -> None:
    """Skip the test where no window can be shown and used."""
    need("Xvfb", "xdotool", "xkbcomp")
    try:
        import tkinter  # noqa: F401
    except ImportError as error:
        raise SkipTest("this Python has no tkinter") from error


class Display(Shown):
    """A program on a screen: it is clicked at and typed to, what it shows can be looked at.

    There is no window manager: windows have no frames, and `focus` says which one is typed to.
    """

    def __init__(
        self,
        *command: str,
        size: tuple[int, int] = (1280, 800),
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        require_display()
        super().__init__()
        self._own = Path(tempfile.mkdtemp(prefix="display-"))
        self.home = self._own / "home"
        self._key = self._own / "key"
        self._key.write_bytes(_key())
        self._processes: list[subprocess.Popen[str]] = []
        self._keys: set[str] = set()
        try:
            self._env = account(
                self.home, DISPLAY=self._serve(size), XAUTHORITY=str(self._key), **(env or {})
            )
            self._onlooker = self._start(
                [sys.executable, "-m", "tests.support.onlooker"],
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._output = self._own / "output.txt"
            with self._output.open("wb") as output:
                self.program = self._start(
                    list(command),
                    cwd=folder or self.home,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def output(self) -> str:
        """What the program has written, errors too."""
        return self._output.read_text(errors="replace")

    def focus(self, title: str) -> None:
        """Wait until the window of this title is there; what is typed goes to it from now on."""
        self._must("xdotool", "windowfocus", "--sync", self._window(title))

    def types(self, text: str, enter: bool = True) -> None:
        """Type this, and Enter unless told otherwise."""
        self._make_keys(text)
        self._must("xdotool", "type", "--delay", "1", "--", text)
        if enter:
            self.presses("Return")

    def presses(self, *keys: str) -> None:
        """Press these keys, by X's names: Tab, Up, Page_Up, Escape, ctrl+v, alt+F4."""
        self._must("xdotool", "key", "--delay", "1", "--", *keys)

    def copies(self, text: str) -> None:
        """Copy this elsewhere, to be pasted with ctrl+v."""
        self._ask("copy", text)

    def clipboard(self) -> str | None:
        """What has been copied."""
        text: str | None = self._ask("clipboard")
        return text

    def clicks(self, text: str, button: int = 1) -> None:
        """Click on this text: one that reads so, or else the first that has it in it."""
        self.shows(text)
        there = [seen for seen in self.looks() if text in seen.text]
        place = next((seen for seen in there if seen.text == text), there[0])
        self.focus(place.window)
        self.clicks_at(place.x, place.y, button)

    def clicks_at(self, x: int, y: int, button: int = 1) -> None:
        """Click at this point of the screen."""
        self._must("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def resize(self, title: str, width: int, height: int) -> None:
        """Make a window another size."""
        self._must("xdotool", "windowsize", "--sync", self._window(title), str(width), str(height))

    def closes(self, title: str) -> None:
        """Close a window as its cross would."""
        self._window(title)
        self._ask("close", title)

    def looks(self) -> list[Seen]:
        """Every text that can be seen now, and where."""
        return [Seen(*seen) for seen in self._ask("look")]

    def text(self) -> str:
        """Every text that can be seen now, one a line."""
        return "\n".join(seen.text for seen in self.looks())

    def screenshot(self, path: Path, title: str | None = None) -> None:
        """Write a PNG of the screen, or of one window."""
        self.looks()  # so that all of it is drawn
        area: Area | None = None
        if title is not None:
            told = self._must("xdotool", "getwindowgeometry", "--shell", self._window(title))
            place = dict(line.split("=") for line in told.splitlines())
            x, y, width, height = (int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
            area = (x, y, width, height)
        path.write_bytes(png_of((self._own / "Xvfb_screen0").read_bytes(), area))

    def close(self) -> None:
        """End the program and the screen it was on."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        shutil.rmtree(self._own, ignore_errors=True)

    def _over(self) -> bool:
        return self.program.poll() is not None

    def _status(self) -> int:
        return self.program.wait()

    def _sight(self) -> str:
        return self.text()

    def _report(self) -> str:
        return f"{self.text()}\n{self.output}".strip()

    def _start(self, command: list[str], **how: Any) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = subprocess.Popen(command, **how)
        self._processes.append(process)
        return process

    def _serve(self, size: tuple[int, int]) -> str:
        """Start the X server; the name of its display."""
        reading, writing = os.pipe()
        width, height = size
        with open(reading, "rb") as told, (self._own / "xvfb.txt").open("wb") as errors:
            try:
                server = self._start(
                    [
                        *("Xvfb", "-displayfd", str(writing), "-nolisten", "tcp", "-noreset"),
                        *("-screen", "0", f"{width}x{height}x24", "-fbdir", str(self._own)),
                        *("-auth", str(self._key)),
                    ],
                    pass_fds=[writing],
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                )
            finally:
                os.close(writing)
            with _limit(server):
                number = told.readline().decode().strip()
        if not number:
            raise AssertionError(f"Xvfb: {(self._own / 'xvfb.txt').read_text()}")
        return f":{number}"

    def _window(self, title: str) -> str:
        """Wait until a window of this title is there; its number."""

        def there() -> str:
            named = f"^{re.escape(title)}$"
            found = self._run("xdotool", "search", "--onlyvisible", "--name", named)
            return found.stdout.split("\n")[0]

        return until(there, lambda: f"no window {title}\n{self.output}", self.patience)

    def _make_keys(self, text: str) -> None:
        """Give the characters that no key has a key each."""
        # xdotool would lend them one key in turn, and a slow program would read the wrong ones.
        new = [c for c in dict.fromkeys(text) if not c.isascii() and c not in self._keys]
        if not new:
            return
        name = self._env["DISPLAY"]
        keymap = with_keys_for(new, self._must("xkbcomp", name, "-"))
        self._must("xkbcomp", "-w", "0", "-", name, given=keymap)
        self._keys.update(new)

    def _must(self, *command: str, given: str = "") -> str:
        done = self._run(*command, given=given)
        if done.returncode:
            raise AssertionError(f"{' '.join(command[:2])}: {done.stderr}")
        return done.stdout

    def _run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self._env,
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def _ask(self, what: str, text: str = "") -> Any:
        """Ask the onlooker."""
        assert self._onlooker.stdin is not None and self._onlooker.stdout is not None
        # A program that no longer answers it holds it up.
        with _limit(self._onlooker):
            self._onlooker.stdin.write(json.dumps([what, text]) + "\n")
            self._onlooker.stdin.flush()
            line = self._onlooker.stdout.readline()
        if not line:
            raise AssertionError(f"the program does not answer:\n{self.output}")
        return json.loads(line)


@contextmanager
def _limit(process: subprocess.Popen[str]) -> Iterator[None]:
    """Whoever waits in here for a word of the process hears its end instead, if it takes long."""
    timer = Timer(PATIENCE, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _key() -> bytes:
    """A file of Xauthority, without which Tk's `send` does nothing."""
    fields = (b"", b"", b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16))
    packed = (len(field).to_bytes(2, "big") + field for field in fields)
    return ANY_DISPLAY.to_bytes(2, "big") + b"".join(packed)
