"""One run of the client at a terminal, from the first prompt to the terminal as it was."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
from zope.interface import implementer

from ..desk.command_line import Arguments, make_user
from ..desk.desk import Desk
from ..desk.lines import plain
from .screen import Screen
from .tty import Keyboard, standard_output

INTERRUPTED = "(Interrupted: this client ends.)"
GOODBYE_WITHIN = 3.0  # seconds until a server that does not answer is left without a word


class TerminalClient:
    """Puts screen, desk and reactor together, and takes them apart in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, arguments: Arguments) -> None:
        self._loop = loop
        self._arguments = arguments
        self._reactor: Any = installed
        self._leaving: IDelayedCall | None = None
        self._code: int | None = None
        self.output = standard_output(arguments.color)
        keyboard = Keyboard(sys.stdin)
        self.screen = Screen(self._reactor, keyboard, self.output, arguments.bell, self.leave)
        self.screen.desk = self.desk = Desk(self.screen, self._reactor)
        self.desk.attach(make_user(self._reactor, arguments, self.desk))
        self.screen.app.after_render += self._drawn

    def run(self) -> int:
        """Talk until it is over; the exit code."""
        globalLogBeginner.beginLoggingTo(
            [Faults(self)], discardBuffer=True, redirectStandardIO=False
        )
        self._loop.set_exception_handler(self._failed)
        self._reactor.callWhenRunning(self._begin)
        self._reactor.run(installSignalHandlers=False)
        return self._code or 0

    def _begin(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.add_signal_handler(number, self.leave)
        running = self.screen.app.run_async(set_exception_handler=False, handle_sigint=False)
        self._loop.create_task(running).add_done_callback(self._undrawn)

    def _drawn(self, app: Any) -> None:
        """The screen is there: now for what takes longer."""
        app.after_render -= self._drawn
        self.output.attend(True)
        self.screen.scrollback.hold(False)
        self._reactor.callLater(0, self._connect)

    def _connect(self) -> None:
        self.desk.run(self._arguments.name, self._arguments.room).addCallback(self._over)

    def leave(self) -> None:
        """Say goodbye, or, the second time, go without."""
        life = self.desk.user.life
        if self._leaving is not None:
            life.stop()
        else:
            self._leaving = self._reactor.callLater(GOODBYE_WITHIN, life.stop)
            self.desk.tell(INTERRUPTED)
            self.desk.leave()

    def _over(self, code: int) -> None:
        """Everything was said: give the terminal back."""
        self._code = code
        if code == 0 and self._leaving is None and not self.desk.user.life.been_in:
            self.desk.tell(INTERRUPTED)  # instead of an answer
        unsent = self.desk.owed()
        if unsent:
            what = "1 message is" if unsent == 1 else f"{unsent:,} messages are"
            self.desk.tell(f"({what} not sent yet, and will be when you are here again.)", "error")
        self.screen.scrollback.flush()
        self.output.attend(False)
        if self.screen.app.is_running:
            self.screen.app.exit()
        else:
            self._reactor.stop()

    def _undrawn(self, drawing: asyncio.Task[None]) -> None:
        """The screen is gone: at the end, or because the terminal is."""
        error = drawing.exception()
        if self._code is not None:
            self._reactor.stop()
            return
        self.screen.scrollback.hold(False)
        if not isinstance(error, EOFError):
            self.desk.tell(f"This program has a fault: {error!r}", "error")
        self.leave()

    # --- faults ------------------------------------------------------------------------------

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.fault(context.get("exception") or context["message"])

    def fault(self, error: object) -> None:
        self.screen.show(plain(f"This program has a fault: {error!r}", "error"))


@implementer(ILogObserver)
class Faults:
    """Shows what went wrong where nobody expected it, and was not shown by the desk."""

    def __init__(self, client: TerminalClient) -> None:
        self._client = client

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None and not isinstance(event.get("log_source"), Desk):
            self._client.fault(failure.value)
