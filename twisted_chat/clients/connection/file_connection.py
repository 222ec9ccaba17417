"""A connection that carries one file: a line to ask, a line that answers, and then its bytes."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from ...core.errors import ChatError
from .link import NO_CHAT, NONSENSE, DialedProtocol, Lost

STALL = 60.0  # seconds in which something has to move
LOOK = 5.0  # seconds between two looks at that
LONGEST_LINE = 64 * 1024
MOST_GATHERED = 256 * 1024  # bytes that have come and were not taken


@implementer(IPushProducer)
class _Pace:
    """Tells a connection whether the network takes more."""

    def __init__(self, connection: FileConnection) -> None:
        self._connection = connection

    def pauseProducing(self) -> None:
        self._connection.full = True

    def resumeProducing(self) -> None:
        self._connection.full = False
        self._connection.stir()

    def stopProducing(self) -> None:
        """The loss of the connection says so too."""


class FileConnection(DialedProtocol, LineReceiver):
    """The client's end of a connection for one file.

    Its user waits for one thing at a time, and gets Lost or a ChatError when there is nothing
    more to wait for.
    """

    delimiter = b"\n"
    MAX_LENGTH = LONGEST_LINE

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self.full = False  # what was sent last is not taken yet
        self._clock = clock
        self._waiting: Deferred[None] | None = None
        self._answer: dict[str, Any] | None = None
        self._stored = False
        self._raw = False  # what follows the answer is the file
        self._gathered: list[bytes] = []
        self._size = 0
        self._over: Lost | ChatError | None = None
        self._goodbye: Lost | ChatError = Lost("The connection was lost.")
        self._moved = 0.0
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    # --- the file ----------------------------------------------------------------------------

    async def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Ask for a file, or to take one; after the answer come, or go, its bytes."""
        self._raw = do == "download"
        self._moved = self._clock.seconds()
        if self._over is None:
            self._looking.start(LOOK, now=False)
            self.transport.write(json.dumps({"id": 1, "do": do, **arguments}).encode() + b"\n")
        while self._answer is None:
            await self._next()
        if do == "upload":
            self.transport.registerProducer(_Pace(self), True)
        return self._answer

    async def send(self, data: bytes) -> None:
        """Send some of the file, and wait until there is room for more."""
        if self._over is None:
            self.transport.write(data)
        while self.full or self._over is not None:
            await self._next()

    async def stored(self) -> None:
        """Wait until the server has all of it on its disk, and knows that it is right."""
        while not self._stored:
            await self._next()

    async def more(self) -> bytes:
        """Whatever has come of the file."""
        while not self._gathered:
            await self._next()
        data, self._gathered, self._size = b"".join(self._gathered), [], 0
        if self.paused and self._over is None:
            self._moved = self._clock.seconds()
            self.resumeProducing()
        return data

    def _next(self) -> Deferred[None]:
        """Fires when anything has happened; fails when nothing will any more."""
        waiting: Deferred[None] = Deferred()
        if self._over is not None:
            waiting.errback(self._over)
        else:
            self._waiting = waiting
        return waiting

    def stir(self) -> None:
        """Something has happened."""
        self._moved = self._clock.seconds()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def close(self) -> None:
        """There is nothing more to carry."""
        if self._over is None:
            self.transport.abortConnection()

    abort = close

    # --- the connection ----------------------------------------------------------------------

    def lineReceived(self, line: bytes) -> None:
        if not line.startswith(b"{"):
            return  # a prompt for clients that say nothing at first
        try:
            said = json.loads(line)
            self._said(said)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            self._ends(Lost(NONSENSE if self._answer else NO_CHAT))

    def _said(self, said: dict[str, Any]) -> None:
        if said.get("re") == 1 and self._answer is None:
            if "error" in said:
                error = said["error"]
                details = {k: v for k, v in error.items() if k not in ("code", "message")}
                self._ends(ChatError(str(error["code"]), str(error["message"]), **details))
                return
            self._answer = dict(said["ok"])
            if self._raw:
                self.setRawMode()
            self.stir()
        elif said.get("event") == "stored":
            self._stored = True
            self.stir()
        elif said.get("event") == "closed":
            self._ends(Lost(str(said.get("text", "")), str(said.get("code", ""))))

    def rawDataReceived(self, data: bytes) -> None:
        self._gathered.append(data)
        self._size += len(data)
        if self._size >= MOST_GATHERED:
            self.pauseProducing()
        self.stir()

    def lineLengthExceeded(self, line: bytes) -> None:
        self._ends(Lost(NO_CHAT))

    def _ends(self, goodbye: Lost | ChatError) -> None:
        self._goodbye = goodbye
        self.transport.abortConnection()

    def _look(self) -> None:
        if not self.paused and self._clock.seconds() - self._moved >= STALL:
            self._ends(Lost("The server does not answer any more.", "stalled"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._looking.running:
            self._looking.stop()
        self._over = self._goodbye
        self.not_reached(reason)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.errback(self._over)
