"""Types the lines of the input, one after another where that matters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ...core.errors import ChatError
from ...core.text import decode_line
from .streams import Input, Output, TooLong

MOST_UNDER_WAY = 500  # messages that are not acknowledged
PATIENCE = 60.0  # seconds without progress after the end of the input


class Keyboard(Protocol):
    """What lines are typed into."""

    def only_says(self, line: str) -> bool:
        """Whether the next line need not wait for what comes of this one."""

    def enter(self, line: str) -> Deferred[None]:
        """Type it; fires when it is dealt with, well or badly."""

    def refuse(self, error: ChatError) -> None:
        """Say what is wrong with a line that cannot be typed at all."""

    def online(self) -> bool:
        """Whether there is a connection."""

    def caught_up(self) -> bool:
        """Whether everything was shown that had been said before."""


def _cancelled(failure: Failure) -> None:
    failure.trap(CancelledError)


class Typist:
    """Gets everything typed and acknowledged, or gives up."""

    def __init__(
        self,
        clock: IReactorTime,
        keyboard: Keyboard,
        source: Input,
        output: Output,
        give_up: Callable[[str], None],
    ) -> None:
        """`give_up` is told which line, if any, was not typed when patience was at its end."""
        self._clock = clock
        self._keyboard = keyboard
        self._source = source
        self._output = output
        self._give_up = give_up
        self._under_way: set[Deferred[Any]] = set()
        self._waiting: Deferred[None] | None = None  # for something to be dealt with
        self._patience: IDelayedCall | None = None
        self._current = ""
        self._stopped = False

    def start(self, first: Callable[[], Awaitable[bool]]) -> Deferred[None]:
        """Type everything; `first` is done before, and says whether to go on."""
        return Deferred.fromCoroutine(self._type(first)).addErrback(_cancelled)

    async def answer(self) -> str | None:
        """The next line, whatever it is; None at the end."""
        try:
            line = await self._source.next()
        except TooLong:
            raise ChatError("too_long", "A line is far too long: nothing was done.") from None
        return None if line is None else decode_line(line)

    async def _line(self) -> str | None:
        """The next line that is text; None at the end."""
        while True:
            try:
                return await self.answer()
            except ChatError as error:
                self._keyboard.refuse(error)

    def watch(self, done: Deferred[Any]) -> None:
        """Wait for this too before the end."""
        self._under_way.add(done)
        done.addBoth(self._over, done)

    def progress(self) -> None:
        """Something has gone on."""
        waiting, self._waiting = self._waiting, None
        if self._patience is not None:
            self._patience.reset(PATIENCE)
        if waiting is not None:
            waiting.callback(None)

    def input_ended(self) -> None:
        """There will be no more lines; from now on patience is limited."""
        if self._patience is None and not self._stopped:
            self._patience = self._clock.callLater(PATIENCE, self._no_progress)

    def stop(self) -> None:
        """Type no more."""
        patience, self._patience = self._patience, None
        if patience is not None and patience.active():
            patience.cancel()
        self._stopped = True
        self._source.forget()
        self.progress()

    async def _type(self, first: Callable[[], Awaitable[bool]]) -> None:
        if not await first():
            return
        while not self._stopped and (line := await self._line()) is not None:
            if not line.strip():
                continue
            self._current = line
            if self._keyboard.only_says(line):
                await self._until(lambda: len(self._under_way) < MOST_UNDER_WAY)
                self.watch(self._keyboard.enter(line))
            else:
                await self._until(lambda: not self._under_way and self._keyboard.online())
                self.watch(self._keyboard.enter(line))
                await self._until(lambda: not self._under_way)
            self._current = ""
        await self._until(lambda: not self._under_way and self._keyboard.caught_up())

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._waiting = Deferred()
            await self._waiting
            if self._stopped:
                raise CancelledError

    def _over(self, outcome: Any, done: Deferred[Any]) -> Any:
        self._under_way.discard(done)
        self.progress()
        return outcome

    def _no_progress(self) -> None:
        if self._output.busy:  # the reader sets the pace
            self._patience = self._clock.callLater(PATIENCE, self._no_progress)
            return
        self._patience = None
        self._give_up(self._hand_in())

    def _hand_in(self) -> str:
        """Say what is left to say, so that it is kept; the first line that asks for more."""
        current, self._current = self._current, ""
        left = [current.encode(), *self._source.left()] if current else self._source.left()
        for data in left:
            try:
                line = decode_line(data)
            except ChatError as error:
                self._keyboard.refuse(error)
                continue
            if line.strip() and not self._keyboard.only_says(line):
                return line
            self.watch(self._keyboard.enter(line))
        return ""
