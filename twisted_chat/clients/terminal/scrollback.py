"""What was said, above the line that is typed: it goes where the terminal keeps what it showed."""

from __future__ import annotations

import time
from collections.abc import Callable

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.renderer import print_formatted_text
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..desk.desk import Desk
from ..desk.lines import Line, day_of, plain
from .formatting import STYLE, Fragments, fragments, wrapped
from .tty import Output

FRAME = 0.015  # seconds in which what comes is gathered, so that a flood is drawn seldom


class Scrollback:
    """Prints lines above what is drawn at the bottom, many at a time."""

    def __init__(self, clock: IReactorTime, output: Output, app: Application[None]) -> None:
        self._clock = clock
        self._output = output
        self._app = app
        self._lines: list[Line] = []
        self._bell = False
        self._soon: IDelayedCall | None = None
        self._day = day_of(int(time.time() * 1000))
        self.held = True  # until the screen is there, and while it is away

    def put(self, line: Line) -> None:
        """Show a line, and the day before it if it is another one."""
        day = day_of(line.time) if line.time else self._day
        if day != self._day:
            self._day = day
            self._lines.append(plain(f"— {day} —", "day"))
        self._lines.append(line)
        self._wake()

    def ring(self) -> None:
        """Ring the bell, once for all that comes together."""
        self._bell = True
        self._wake()

    def hold(self, held: bool) -> None:
        """Whether lines have to wait."""
        self.held = held
        if not held:
            self.flush()

    def _wake(self) -> None:
        if self._soon is None and not self.held:
            self._soon = self._clock.callLater(FRAME, self.flush)

    def flush(self) -> None:
        """Print what has come."""
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        self._soon = None
        if self.held or not (self._lines or self._bell):
            return
        lines, self._lines = self._lines, []
        with self._output.together():
            if lines:
                columns = self._output.get_size().columns
                broken = (wrapped(fragments(line), columns) for line in lines)
                self._print([piece for line in broken for piece in line])
            if self._bell:
                self._bell = False
                self._output.bell()

    def _print(self, found: Fragments) -> None:
        # prompt_toolkit's own way gives the terminal back for the time, with an echo for
        # whatever is typed just then, be it a password.
        app = self._app
        drawn = app.is_running and not app.is_done
        if drawn:
            app.renderer.erase()
        print_formatted_text(self._output, found, STYLE, color_depth=app.color_depth)
        if drawn:
            with set_app(app):
                app.renderer.render(app, app.layout)


LEAST = 10  # lines that are shown of what was said before


class Backfill:
    """Knows what this run has shown, and shows what is missing to understand it."""

    def __init__(self, show: Callable[[Line], None]) -> None:
        self._show = show
        self._first: dict[str, int] = {}  # the oldest entry that was shown
        self._shown: dict[str, int] = {}  # how many were
        self._looked: set[str] = set()

    def note(self, line: Line) -> None:
        """A line was shown."""
        if line.is_entry:
            self._first[line.place] = min(line.seq, self._first.get(line.place, line.seq))
            self._shown[line.place] = self._shown.get(line.place, 0) + 1

    def begin(self, label: str) -> None:
        """The conversation that is looked at first has its context already."""
        self._looked.add(label)

    def look(self, desk: Desk, label: str, unread: int) -> None:
        """Somebody begins to look at a conversation in which so much was unread."""
        conversation = desk.user.conversations.get(label)
        shown = self._shown.get(label, 0)
        wanted = max(unread - shown, 0 if label in self._looked else LEAST - shown)
        before = self._first.get(label, conversation.position + 1 if conversation else 1)
        if wanted <= 0 or before <= 1:
            return

        def found(lines: list[Line]) -> None:
            self._looked.add(label)
            for line in lines[-wanted:]:
                self._show(line)

        # Without a connection there is nothing to show now, and perhaps the next time.
        desk.earlier(label, before).addCallbacks(found, lambda failure: None)
