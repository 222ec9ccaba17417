"""Asking for a file with Tk's own dialog, in a process of its own.

The dialog waits until it is answered, and in the window nothing may wait: it talks to the server.
"""

from __future__ import annotations

import os
import sys
import tkinter as tk
from pathlib import Path
from threading import Thread
from tkinter import filedialog, ttk
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import ProcessProtocol

from ...core.errors import ChatError
from .style import LIGHT, Fonts, Palette, apply

MODULE = "twisted_chat.clients.window.file_dialog"
ROOT = Path(__file__).parents[2]
MOST = 100_000  # bytes of what it writes


class FileDialog:
    """Asks for a file, with one dialog at a time."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._open: _DialogProcess | None = None
        self._folder = ""  # where a file was chosen the last time

    def ask(self, title: str) -> Deferred[str]:
        """The path that somebody chooses; empty if that was cancelled, or is being done already."""
        if self._open is not None:
            return succeed("")
        answer: Deferred[str] = Deferred()
        self._open = _DialogProcess(answer)
        command = [sys.executable, "-m", MODULE, title, self._folder]
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        try:
            self._reactor.spawnProcess(self._open, sys.executable, command, environment)
        except OSError as error:
            self._open.fails(str(error))
        return answer.addBoth(self._answered)

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        if self._open is not None:
            self._open.close()

    def _answered(self, outcome: Any) -> Any:
        self._open = None
        if isinstance(outcome, str) and outcome:
            self._folder = os.path.dirname(outcome)
        return outcome


class _DialogProcess(ProcessProtocol):
    """The process that asks: what it has written when it ends is the answer."""

    def __init__(self, answer: Deferred[str]) -> None:
        self._answer = answer
        self._written = b""
        self._errors = b""

    def close(self) -> None:
        if self.transport is not None:
            self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self._written = (self._written + data)[:MOST]

    def errReceived(self, data: bytes) -> None:
        self._errors = (self._errors + data)[-MOST:]

    def processEnded(self, reason: Any) -> None:
        if reason.value.exitCode:
            last = self._errors.decode(errors="replace").strip().splitlines()[-1:]
            self.fails(last[0] if last else f"exit code {reason.value.exitCode}")
        else:
            self._answer.callback(os.fsdecode(self._written))

    def fails(self, why: str) -> None:
        self._answer.errback(
            ChatError(
                "no_dialog",
                f"The dialog that asks for a file did not open ({why}): type /send, a name or"
                " a room, and the path.",
            )
        )


def main(title: str, folder: str) -> None:
    """Ask, and write the path that was chosen."""
    Thread(target=_end_with_the_window, daemon=True).start()
    root = tk.Tk(className="Twisted-chat")
    root.withdraw()
    _tune(root, LIGHT)
    chosen = filedialog.askopenfilename(
        parent=root, title=title, initialdir=folder or os.path.expanduser("~")
    )
    sys.stdout.buffer.write(os.fsencode(chosen or ""))
    sys.stdout.buffer.flush()


def _tune(root: tk.Tk, palette: Palette) -> None:
    """Where the dialog is Tk's own and not the desktop's: its colors, and no hidden files."""
    apply(root, palette, Fonts(root))  # never a dark one: the list of files is always white
    style = ttk.Style(root)
    for name in ("TLabel", "TMenubutton", "TCheckbutton"):
        style.map(name, background=[("active", palette.raised), ("disabled", palette.panel)])
    style.configure("TMenubutton", background=palette.raised)
    try:
        root.tk.call("tk_getOpenFile", "-no-such-option")
    except tk.TclError:  # but now it is loaded
        for name, shown in (("showHiddenBtn", 1), ("showHiddenVar", 0)):
            root.tk.call("set", f"::tk::dialog::file::{name}", shown)


def _end_with_the_window() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
