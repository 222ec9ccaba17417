"""Standard input, output and errors, none of which may hold up the others or pile up."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IPullProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure
from zope.interface import implementer

from ...core.text import shown

MOST_WAITING = 256 * 1024  # bytes of input or output that are kept here
LONGEST = 1024 * 1024  # bytes of one line; a server takes far less


class TooLong(Exception):
    """A line of the input is longer than anything that could be said."""


@implementer(IPullProducer)
class Output:
    """What is to be written, at the pace of the reader."""

    def __init__(self, written: Callable[[], None]) -> None:
        """`written` is called when everything there was has left this program."""
        self._written = written
        self._transport: Any = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._flushed: list[Deferred[None]] = []
        self.busy = False  # something is not written yet
        self.closed = False  # nobody reads it any more

    def begin(self, transport: Any) -> None:
        self._transport = transport
        transport.registerProducer(self, False)

    def write(self, text: str) -> None:
        """Write text; in UTF-8, whatever the locale says."""
        if self.closed:
            return
        data = text.encode("utf-8", "replace")
        self._waiting.append(data)
        self._size += len(data)
        if not self.busy:
            self.busy = True
            self._hand_over()

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing should be added."""
        return self._size > MOST_WAITING

    def flush(self) -> Deferred[None]:
        """Fires when everything is written, or nobody reads it."""
        flushed: Deferred[None] = Deferred()
        if self.busy:
            self._flushed.append(flushed)
        else:
            flushed.callback(None)
        return flushed

    def _hand_over(self) -> None:
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._transport.write(data)

    def resumeProducing(self) -> None:
        """What was handed over is written."""
        if self._waiting:
            self._hand_over()
        elif self.busy:
            self._end()

    def stopProducing(self) -> None:
        """Nobody reads it any more."""
        self.closed = True
        self._waiting, self._size = [], 0
        self._end()

    def _end(self) -> None:
        self.busy = False
        self._written()
        flushed, self._flushed = self._flushed, []
        for done in flushed:
            done.callback(None)


@implementer(IHalfCloseableProtocol)
class Input(Protocol):
    """Lines, one by one, read no faster than they are asked for."""

    transport: Any

    def __init__(self, output: Output, ended: Callable[[], None]) -> None:
        """`ended` is called when there will not be more input."""
        self._output = output
        self._on_end = ended
        self._lines: deque[bytes | None] = deque()  # None is a line that was too long
        self._size = 0
        self._rest = b""
        self._skipping = False
        self._asked: Deferred[bytes | None] | None = None
        self.ended = False
        self.cut = False  # it was ended before its end

    def begin(self, reactor: Any) -> None:
        """Take up standard input and output."""
        StandardIO(self, reactor=reactor)

    def connectionMade(self) -> None:
        self._output.begin(self.transport)

    def next(self) -> Deferred[bytes | None]:
        """The next line, or None at the end; TooLong for one that cannot be meant to be said."""
        asked: Deferred[bytes | None] = Deferred(self._forget)
        self._asked = asked
        self._give()
        return asked

    def left(self) -> list[bytes]:
        """What was read and never asked for."""
        lines, self._lines = self._lines, deque()
        return [line for line in lines if line is not None]

    def stop(self) -> None:
        """Read no more; what was read already can still be asked for."""
        if not self.ended:
            self.cut = True
            self.transport.pauseProducing()
            self._end()

    def forget(self) -> None:
        """Wait no longer for a line."""
        if self._asked is not None:
            self._asked.cancel()

    def _forget(self, asked: Deferred[bytes | None]) -> None:
        self._asked = None

    def _give(self) -> None:
        if self._asked is None or not (self._lines or self.ended):
            return
        asked, self._asked = self._asked, None
        if not self._lines:
            asked.callback(None)
            return
        line = self._lines.popleft()
        self._size -= len(line or b"")
        if not self._lines and not self.ended:
            self.transport.resumeProducing()
        if line is None:
            asked.errback(TooLong())
        else:
            asked.callback(line)

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > LONGEST:
            self._skipping, self._rest = True, b""
        if self._size > MOST_WAITING:
            self.transport.pauseProducing()
        self._give()

    def _take(self, line: bytes) -> None:
        if self._skipping or len(line) > LONGEST:
            self._skipping = False
            self._lines.append(None)
        else:
            self._lines.append(line.removesuffix(b"\r"))
            self._size += len(line)

    def readConnectionLost(self) -> None:
        self._end()

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        if self._rest or self._skipping:
            self._take(self._rest)
        self._rest = b""
        self._give()
        self._on_end()

    def writeConnectionLost(self) -> None:
        self._output.stopProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.writeConnectionLost()
        self._end()


class Errors:
    """Sentences on standard error, which may be the same pipe as standard output."""

    def __init__(self) -> None:
        self._left = b""

    def say(self, sentence: str) -> None:
        self._left += shown(sentence).encode("utf-8", "replace") + b"\n"
        self._write()

    def _write(self) -> None:
        try:
            while self._left:
                self._left = self._left[os.write(2, self._left) :]
        except BlockingIOError:
            return  # the rest follows
        except OSError:
            self._left = b""  # nobody reads it

    def finish(self) -> None:
        """Write what is left; the reactor is not needed any more."""
        for number in (0, 1, 2):
            # It may be somebody else's terminal too.
            with suppress(OSError):
                os.set_blocking(number, True)
        self._write()
