"""What the keys do, and what is made of a paste."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from ..desk.paths import dropped
from .scrollback import Scrollback
from .tty import LOOKED_AT, LOOKED_AWAY, Output

NEXT = ("c-n",), ("escape", "right"), ("c-pagedown",)
PREVIOUS = ("c-p",), ("escape", "left"), ("c-pageup",)
NEXT_UNREAD = ("escape", "a"), ("f2",)


class Actions(Protocol):
    """What the keys do on a screen."""

    app: Application[None]
    line: Buffer
    output: Output
    scrollback: Scrollback

    @property
    def is_asking(self) -> bool: ...
    def enter(self) -> None: ...
    def paste(self, text: str) -> None: ...
    def give_up(self) -> None: ...
    def step(self, by: int) -> None: ...
    def go_to_unread(self) -> None: ...
    def looked(self, looking: bool) -> None: ...


def keys(screen: Actions) -> KeyBindings:
    """The keys of a screen."""
    found = KeyBindings()
    _of_lines(screen, found)
    _of_conversations(screen, found)
    return found


def _of_lines(screen: Actions, found: KeyBindings) -> None:
    empty = Condition(lambda: not screen.app.current_buffer.text)

    @found.add("enter")
    def _(event: KeyPressEvent) -> None:
        screen.enter()

    @found.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        screen.paste(event.data)

    @found.add("tab")
    def _(event: KeyPressEvent) -> None:
        complete(event.current_buffer)

    @found.add("c-c")
    def _(event: KeyPressEvent) -> None:
        if screen.is_asking or not screen.line.text:
            screen.give_up()
        else:
            screen.line.reset()

    @found.add("c-d", filter=empty)
    def _(event: KeyPressEvent) -> None:
        screen.give_up()

    @found.add("c-z")
    def _(event: KeyPressEvent) -> None:
        suspend(screen)


def complete(buffer: Buffer) -> None:
    """Go on as far as there is one way to; then show the ways.

    At once, and not in its own time as prompt_toolkit's key does: who types on behind
    Tab would undo it.
    """
    if buffer.complete_state is not None:
        buffer.complete_next()
        return
    ways = list(buffer.completer.get_completions(buffer.document, CompleteEvent()))
    if len(ways) == 1:
        buffer.apply_completion(ways[0])
    elif ways:
        buffer.insert_text(get_common_complete_suffix(buffer.document, ways))
        buffer.start_completion()


def _of_conversations(screen: Actions, found: KeyBindings) -> None:
    talking = Condition(lambda: not screen.is_asking)

    def next_one(event: KeyPressEvent) -> None:
        screen.step(1)

    def previous(event: KeyPressEvent) -> None:
        screen.step(-1)

    def unread(event: KeyPressEvent) -> None:
        screen.go_to_unread()

    for what, sequences in ((next_one, NEXT), (previous, PREVIOUS), (unread, NEXT_UNREAD)):
        for sequence in sequences:
            found.add(*sequence, filter=talking)(what)

    @found.add(LOOKED_AT)
    def _(event: KeyPressEvent) -> None:
        screen.looked(True)

    @found.add(LOOKED_AWAY)
    def _(event: KeyPressEvent) -> None:
        screen.looked(False)


def suspend(screen: Actions) -> None:
    """Let the shell have the terminal until it brings this program back."""

    def stop() -> None:
        screen.output.attend(False)
        os.kill(0, signal.SIGTSTP)
        screen.output.attend(True)

    screen.scrollback.hold(True)
    stopped = asyncio.ensure_future(run_in_terminal(stop))
    stopped.add_done_callback(lambda _: screen.scrollback.hold(False))


MOST_UNASKED = 10  # lines that are sent without a question
MOST_LINES = 1000  # that are sent at all
LONGEST = 20_000  # characters of a line that can still be edited

_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


class Pasted(NamedTuple):
    """What to do with a paste."""

    typed: str = ""  # goes into the line
    lines: tuple[str, ...] = ()  # to be sent
    question: str = ""  # to be asked before that
    refusal: str = ""


def read_drop(
    text: str, line: str, here: str, is_file: Callable[[Path], bool] = os.path.isfile
) -> str:
    """What a file that is dragged in becomes in a line: the command that sends it, unless that
    stands there; nothing if no file was."""
    begun = re.fullmatch(r"/?send\s+\S+\s+", line, re.IGNORECASE)
    path = dropped(text, is_file) if begun or not line else None
    if path is None:
        return ""
    return str(path) if begun else f"/send {here} {path}"


def read_paste(text: str, before: str, after: str, here: str) -> Pasted:
    """What a paste means between what stands before and after the cursor."""
    # A line without anything in it cannot be said.
    lines = [line for line in _ENDS.split(text) if line.strip()]
    if len(lines) <= 1:
        return _one("".join(lines) or _ENDS.sub("", text), before, after)
    if len(lines) > MOST_LINES:
        return Pasted(
            refusal=f"These are {len(lines):,} lines, and {MOST_LINES:,} at once is the most:"
            " nothing of it was sent."
        )
    lines[0], lines[-1] = before + lines[0], lines[-1] + after
    asked = len(lines) > MOST_UNASKED
    question = f"Send these {len(lines):,} lines to {here}? [y/N] " if asked else ""
    return Pasted(lines=tuple(lines), question=question)


def _one(line: str, before: str, after: str) -> Pasted:
    length = len(before) + len(line) + len(after)
    if length > LONGEST:
        return Pasted(
            refusal=f"This makes a line of {length:,} characters, and {LONGEST:,} is the most:"
            " nothing of it was pasted."
        )
    return Pasted(typed=line)
