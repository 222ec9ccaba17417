"""SIGHUP tells a service that its files have changed, and a program that its terminal goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

MOMENT = 0.5  # seconds: the system sends the signal before it has taken the terminal away


def take_hangups(reactor: Any, files_changed: Callable[[], None], stop: Callable[[], None]) -> None:
    """From now on SIGHUP asks to look at the files; with the terminal, the service ends."""
    # Whoever starts it so that it does not hear of its terminal wants it to go on without.
    in_terminal = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    stopping = False

    def look() -> None:
        files_changed()
        if in_terminal:
            reactor.callLater(MOMENT, stop_without_terminal)

    def stop_without_terminal() -> None:
        nonlocal stopping
        if not stopping and not _has_terminal():
            stopping = True
            stop()

    # It may come in the middle of anything: all of it is for the reactor's next turn.
    signal.signal(signal.SIGHUP, lambda number, frame: reactor.callFromThread(look))


def _has_terminal() -> bool:
    """Whether this process can be reached from a terminal."""
    try:
        os.tcgetpgrp(0)
    except OSError:
        return False
    return True
