"""What the system's signals ask of the service.

SIGINT ends it: at once while it starts, in order when it runs. SIGHUP tells it that its files have
changed, or that its terminal is gone; SIGUSR1, that its logs have been renamed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

MOMENT = 0.5  # seconds: the system sends the signal before it has taken the terminal away


def interrupt_at_once() -> None:
    """While the service starts, SIGINT ends the process; Python would show where it was."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt_in_order(reactor: Any) -> None:
    """From now on SIGINT stops the reactor, as it does where nobody has changed it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, reactor.sigInt)


def take_hangups(reactor: Any, files_changed: Callable[[], None], stop: Callable[[], None]) -> None:
    """From now on SIGHUP asks to look at the files; with the terminal, the service ends."""
    # Started so that it does not hear of its terminal, it is meant to go on without one.
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


def take_log_rotation(reactor: Any, reopen: Callable[[], None]) -> None:
    """From now on SIGUSR1, which would end the process, asks to open the log files anew."""
    signal.signal(signal.SIGUSR1, lambda number, frame: reactor.callFromThread(reopen))


def _has_terminal() -> bool:
    """Whether this process can be reached from a terminal."""
    try:
        os.tcgetpgrp(0)
    except OSError:
        return False
    return True
