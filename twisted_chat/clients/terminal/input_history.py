"""The lines that were typed, for the next time: one file for each account."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from ...core.text import shown
from ...private_file import write_private
from ..desk.commands import may_tell_a_password
from ..sync.storage import account_folder, private_folder

MOST = 1000  # lines that are kept
FILE = "typed"

Run = Callable[[Callable[[], Any]], "Deferred[Any]"]


def is_kept(line: str) -> bool:
    """Whether a line may be kept: none that may have a password in it, and none of several."""
    return not may_tell_a_password(line) and line == shown(line)


class TypedLines:
    """The file of one account; `run` carries out what may block, one thing after another."""

    def __init__(self, server: str, name: str, run: Run) -> None:
        self._server = server
        self._name = name
        self._run = run
        self._path: Path | None = None
        self._left: list[str] = []
        self._busy = False

    def load(self) -> Deferred[list[str]]:
        """The lines of earlier times, oldest first; none if they cannot be read."""
        self._busy = True
        return self._run(self._load).addCallbacks(lambda found: found, _nothing).addBoth(self._done)

    def keep(self, line: str) -> None:
        """Add a line, at its time."""
        self._left.append(line)
        self._write()

    def _load(self) -> list[str]:
        self._path = private_folder(account_folder(self._server, self._name)) / FILE
        try:
            lines = self._path.read_text("utf-8", "replace").split("\n")[:-1]
        except FileNotFoundError:
            return []
        if len(lines) > MOST:
            lines = lines[-MOST:]
            write_private(self._path, "".join(f"{line}\n" for line in lines).encode())
        return lines

    def _done(self, outcome: Any) -> Any:
        self._busy = False
        self._write()
        return outcome

    def _write(self) -> None:
        if self._busy or not self._left or self._path is None:
            return
        self._busy = True
        path, text = self._path, "".join(f"{line}\n" for line in self._left)
        self._left = []
        self._run(lambda: _append(path, text)).addErrback(_nothing).addBoth(self._done)


def _append(path: Path, text: str) -> None:
    with open(
        os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
    ) as file:
        file.write(text)


def _nothing(failure: Any) -> list[str]:
    return []
