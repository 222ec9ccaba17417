"""The client at a terminal.

Lines go by above the line that is being typed, and stay in the terminal's own
scrollback; below are the questions, and a line of status.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from ..desk.command_line import NOT_POSSIBLE, stop

if TYPE_CHECKING:
    from ..desk.command_line import Arguments


def run(arguments: Arguments) -> int:
    """Talk until the person leaves; the exit code."""
    term = os.environ.get("TERM", "")
    if term.lower() in ("", "dumb", "unknown"):
        stop(
            f"This terminal (TERM={term}) cannot move its cursor: set TERM to its kind, such as"
            " xterm, or use a pipe: echo hello | twisted-chat (--help shows how).",
            NOT_POSSIBLE,
        )
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from .main import TerminalClient

    return TerminalClient(loop, arguments).run()
