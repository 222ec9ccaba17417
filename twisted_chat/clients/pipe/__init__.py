"""The client without a terminal: lines in and lines out, for shells, cron and other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..desk.command_line import Arguments


def run(arguments: Arguments) -> int:
    """Type the standard input at a server, write what comes of it; the exit code."""
    from twisted.internet import reactor

    from .main import run_with

    return run_with(reactor, arguments)
