"""The terminal itself: keys come in, one piece of output goes out at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from .formatting import cleaned

LOOKED_AT, LOOKED_AWAY = Keys.F23, Keys.F24  # no keyboard has these
# That pastes are marked as such, and that it is said when somebody looks at the terminal.
_ATTEND, _DO_NOT_ATTEND = "\x1b[?2004h\x1b[?1004h", "\x1b[?1004l\x1b[?2004l"

ANSI_SEQUENCES["\x1b[I"] = LOOKED_AT
ANSI_SEQUENCES["\x1b[O"] = LOOKED_AWAY


class Keyboard(Vt100Input):
    """Standard input; it ends when its terminal does."""

    def read_keys(self) -> list[KeyPress]:
        keys = super().read_keys()
        if not keys and not self.closed and not os.isatty(self.fileno()):
            # A terminal that has hung up would be ready to read for ever.
            self.stdin_reader.closed = True
        return keys


class Output(Vt100_Output):
    """Standard output. Whatever is written as text is text: nothing in it can be a control."""

    def __init__(
        self,
        stdout: TextIO,
        size: Callable[[], Size],
        color: bool = True,
        term: str | None = None,
    ) -> None:
        depth = None if color else ColorDepth.DEPTH_1_BIT
        # Without questions about the cursor, no answer can reach the shell after the end.
        super().__init__(stdout, size, term, default_color_depth=depth, enable_cpr=False)
        self.gone = False
        self._together = 0

    def write(self, data: str) -> None:
        super().write(data if data.isprintable() else cleaned(data, "\r\n"))

    def flush(self) -> None:
        if self._together:
            return
        try:
            super().flush()
        except OSError:
            self.gone = True  # the end of the input says so too

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written meanwhile appears at once, so that nothing flickers."""
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            self.flush()

    def attend(self, on: bool) -> None:
        """Whether the terminal marks pastes and reports looks; some can, some ignore this."""
        self.write_raw(_ATTEND if on else _DO_NOT_ATTEND)
        self.flush()

    # prompt_toolkit would do both with every line that it prints above the prompt. A paste that
    # came in between would be taken for typing, and each of its lines would be sent.

    def enable_bracketed_paste(self) -> None:
        """Nothing: `attend` has done it."""

    def disable_bracketed_paste(self) -> None:
        """Nothing: `attend` does it."""


def standard_output(color: bool) -> Output:
    """The terminal that this program was started in."""
    return Output(sys.stdout, _size, color, os.environ.get("TERM"))


def _size() -> Size:
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        columns = rows = 0
    return Size(rows=rows or 24, columns=columns or 80)
