"""Alerts for a person who looks elsewhere: the title, the bell and a notification."""

from __future__ import annotations

import html
import os
import shutil
import tkinter as tk
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import ProcessProtocol

from ..desk.lines import Line
from . import icons
from .text import short

PROGRAM = "notify-send"
LONGEST_TITLE = 60
LONGEST_TEXT = 200


class Alerts:
    """Counts what was said to this person in particular, and says so outside of the window."""

    def __init__(self, root: tk.Tk, reactor: Any, quiet: bool, drawn: Callable[[str], str]) -> None:
        self._root = root
        self._reactor = reactor
        self._quiet = quiet
        self._drawn = drawn
        self._program = None if quiet else shutil.which(PROGRAM)
        self._notifying = False
        self._icons = {news: icons.program(root, news) for news in (False, True)}
        self._place = ""
        self._here = ""
        self._title = ""
        self.count = 0
        self._show()

    def look_at(self, label: str) -> None:
        """Which conversation the window shows."""
        self._here = label
        self._show()

    def call(self, line: Line) -> None:
        """Tell the person, who does not look at the window, that they are spoken to."""
        self.count += 1
        self._place = line.place
        self._show()
        if not self._quiet:
            self._root.bell()
            self._notify(line)

    def seen(self) -> None:
        """Somebody looks at the window."""
        if self.count:
            self.count = 0
            self._show()

    def _show(self) -> None:
        place = self._place if self.count else self._here
        count = f"({self.count:,}) " if self.count else ""
        title = f"{count}{short(place, LONGEST_TITLE)} - twisted-chat" if place else "twisted-chat"
        if title != self._title:
            self._title = title
            self._root.title(self._drawn(title))
            self._root.iconphoto(True, self._icons[bool(self.count)])

    def _notify(self, line: Line) -> None:
        """Have the desktop show it; one at a time, so that nobody can open hundreds."""
        if self._program is None or self._notifying:
            return
        self._notifying = True
        command = notification(self._program, line)
        self._reactor.spawnProcess(
            _Notifying(self._notified), command[0], command, dict(os.environ)
        )

    def _notified(self) -> None:
        self._notifying = False


def notification(program: str, line: Line) -> list[str]:
    """The command that shows a line; desktops read markup in its text."""
    rows = ("".join(part.text for part in row if part.style != "head") for row in line.rows)
    text = " ".join(rows)
    title = short(line.place, LONGEST_TITLE)
    shown = html.escape(short(text, LONGEST_TEXT))
    return [program, "--app-name=twisted-chat", "--", title, shown]


class _Notifying(ProcessProtocol):
    """The program that shows it, until it ends."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended

    def processEnded(self, reason: Any) -> None:
        self._ended()
