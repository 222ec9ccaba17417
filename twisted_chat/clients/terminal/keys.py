"""What the keys do."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from .device import LOOKED_AT, LOOKED_AWAY

if TYPE_CHECKING:
    from .screen import Screen

NEXT = ("c-n",), ("escape", "right"), ("c-pagedown",)
PREVIOUS = ("c-p",), ("escape", "left"), ("c-pageup",)
NEXT_UNREAD = ("escape", "a"), ("f2",)


def keys(screen: Screen) -> KeyBindings:
    """The keys of a screen."""
    found = KeyBindings()
    _of_lines(screen, found)
    _of_conversations(screen, found)
    return found


def _of_lines(screen: Screen, found: KeyBindings) -> None:
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


def _of_conversations(screen: Screen, found: KeyBindings) -> None:
    talking = Condition(lambda: not screen.is_asking)

    def next_one(event: KeyPressEvent) -> None:
        screen.step(1)

    def previous(event: KeyPressEvent) -> None:
        screen.step(-1)

    def unread(event: KeyPressEvent) -> None:
        screen.desk.enter("/next")

    for what, sequences in ((next_one, NEXT), (previous, PREVIOUS), (unread, NEXT_UNREAD)):
        for sequence in sequences:
            found.add(*sequence, filter=talking)(what)

    @found.add(LOOKED_AT)
    def _(event: KeyPressEvent) -> None:
        screen.looked(True)

    @found.add(LOOKED_AWAY)
    def _(event: KeyPressEvent) -> None:
        screen.looked(False)


def suspend(screen: Screen) -> None:
    """Let the shell have the terminal until it brings this program back."""

    def stop() -> None:
        screen.output.report_looks(False)
        os.kill(0, signal.SIGTSTP)
        screen.output.report_looks(True)

    screen.scrollback.hold(True)
    stopped = asyncio.ensure_future(run_in_terminal(stop))
    stopped.add_done_callback(lambda _: screen.scrollback.hold(False))
