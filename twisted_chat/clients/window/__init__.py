"""The desktop window: Tk on Twisted's reactor."""

from __future__ import annotations

import os
import sys
import tkinter as tk
from typing import TYPE_CHECKING

from ..desk.command_line import NOT_POSSIBLE, Arguments

if TYPE_CHECKING:
    from twisted.python.failure import Failure

FRAME = 20  # milliseconds between two looks at what Tk has to do


def run(arguments: Arguments, look_wanted: str = "") -> int:
    """Show the window until it is closed; the exit code. The look is dark or light, or the
    desktop's."""
    try:
        root = tk.Tk(className="Twisted-chat")
    except tk.TclError as error:
        sys.stderr.write(
            f"No window can be shown here ({error}): python -m twisted_chat.client needs none.\n"
        )
        return NOT_POSSIBLE
    # Here, because these take time that nobody should spend who has no display.
    from twisted.internet import reactor, tksupport
    from twisted.internet.defer import Deferred, maybeDeferred

    from ..sync.assembly import leave_at_shutdown
    from .main import Window
    from .style import chosen_palette

    window = Window(root, reactor, arguments)
    codes: list[int] = []
    stopping = False

    def over(code: int) -> None:
        codes.append(code)
        if not stopping:
            reactor.stop()

    def leave() -> Deferred[int] | None:
        nonlocal stopping
        stopping = True
        return None if codes else window.leave()

    def begin() -> None:
        wanted = chosen_palette(look_wanted, os.environ)
        maybeDeferred(window.run, wanted).addErrback(faulty).addCallback(over)

    def faulty(failure: Failure) -> int:
        sys.stderr.write(f"This program has a fault: {failure.value!r}\n")
        return NOT_POSSIBLE

    tksupport.install(root, ms=FRAME)
    reactor.callWhenRunning(begin)
    leave_at_shutdown(reactor, leave)
    reactor.run()
    tksupport.uninstall()
    root.destroy()
    return codes[0] if codes else NOT_POSSIBLE
