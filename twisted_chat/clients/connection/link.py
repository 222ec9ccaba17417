"""One connection to a server: requests and their answers, events, and signs of life.

`DialedProtocol` is what this connection and the one for a file have in common.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from ...core.errors import ChatError


@implementer(IHandshakeListener)
class DialedProtocol:
    """The part of a client's protocol that tells the dialer when the connection is ready."""

    transport: Any

    def __init__(self) -> None:
        self.ready: Deferred[Any] = Deferred()  # connected, and if over TLS, shaken hands
        self.tls = False

    def connectionMade(self) -> None:
        if not self.tls:
            self.ready.callback(self)

    def handshakeCompleted(self) -> None:
        """TLS is up; nothing was sent before that."""
        if not self.ready.called:
            self.ready.callback(self)

    def not_reached(self, reason: Failure) -> None:
        """The connection is gone, perhaps before it was ready."""
        if not self.ready.called:
            self.ready.errback(reason)

    def abort(self) -> None:
        """Hang up without waiting for anything."""
        raise AssertionError("each kind of connection hangs up in its own way")


LOOK = 5.0  # seconds between two looks at how long nothing was heard
SILENCE = 30.0  # seconds of silence after which the server is asked whether it is there
PATIENCE = 20.0  # seconds it has to answer that
AFTER_SLEEP = 5.0  # the same, when this computer seems to have slept
CLOSE_WITHIN = 1.0  # seconds a connection may take to close
LONGEST_LINE = 4 * 1024 * 1024
MOST_STRAY = 64 * 1024  # bytes before the first line that is JSON
NO_CHAT = "What answers there is no chat server."
NONSENSE = "What the server says cannot be understood."
# Codes of refusals that say nothing about what was asked, only about the moment.
FOR_NOW = frozenset({"busy", "store_full", "store_unavailable", "restart", "internal"})

Event = dict[str, Any]
Ask = Callable[..., Deferred[Any]]


class Lost(Exception):
    """The connection is gone; the text says why, in a sentence, and the code to programs."""

    def __init__(self, sentence: str, code: str = "lost") -> None:
        super().__init__(sentence)
        self.code = code


class Link(DialedProtocol, LineOnlyReceiver):
    """The client's end of a connection that speaks JSON."""

    log = Logger()
    delimiter = b"\n"
    MAX_LENGTH = LONGEST_LINE
    transport: Any

    def __init__(self, clock: IReactorTime, wall: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.clock = clock
        self._wall = wall
        self.on_event: Callable[[Event], None] = lambda event: None
        self.on_lost: Callable[[Lost], None] = lambda lost: None
        self._number = 0
        self._asked: dict[int, Deferred[Any]] = {}
        self._lost: Lost | None = None
        self._stray = 0
        self._goodbye = Lost("The connection was lost.")  # unless there is a better reason
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._heard = 0.0
        self._looked = 0.0
        self._closing: IDelayedCall | None = None
        self._paused = False
        self._patience: float | None = None  # until when an answer to a ping has to come

    # --- the connection ------------------------------------------------------------------

    def begin(self) -> Deferred[Event]:
        """Speak first, which makes the server speak JSON; its greeting."""
        greeted: Deferred[Event] = Deferred()
        if self._lost is not None:
            greeted.errback(self._lost)
            return greeted
        self._heard = self._looked = self._wall()
        self._looking.start(LOOK, now=False)
        self._asked[0] = greeted
        self.ask("ping").addErrback(lambda failure: None)
        return greeted

    def close(self) -> None:
        """Hang up, at the latest in a moment."""
        if self._lost is None and self._closing is None:
            self._closing = self.clock.callLater(CLOSE_WITHIN, self.abort)
            self.transport.loseConnection()

    def pause(self) -> None:
        """Take nothing in until `resume`: nobody can deal with more."""
        self._paused = True
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Take in what has come meanwhile."""
        if self._paused:
            self._paused = False
            self._heard = self._looked = self._wall()
            self.transport.resumeProducing()

    def abort(self) -> None:
        """Hang up without waiting for anything."""
        if self._lost is None:
            self.transport.abortConnection()

    @property
    def is_lost(self) -> bool:
        return self._lost is not None

    def confused(self) -> None:
        """What has come cannot be understood: hang up, since nothing after it can be trusted."""
        self._goodbye = Lost(NONSENSE)
        self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._looking.running:
            self._looking.stop()
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        lost = self._lost = self._goodbye
        asked, self._asked = self._asked, {}
        for waiting in asked.values():
            waiting.errback(lost)
        self.not_reached(reason)
        self.on_lost(lost)

    # --- asking --------------------------------------------------------------------------

    def ask(self, do: str, **arguments: Any) -> Deferred[Any]:
        """Ask for something: its answer, or a ChatError, or Lost."""
        answer: Deferred[Any] = Deferred()
        if self._lost is not None:
            answer.errback(self._lost)
            return answer
        self._number += 1
        self._asked[self._number] = answer
        request = {"id": self._number, "do": do, **arguments}
        self.transport.write(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        return answer

    # --- hearing -------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        self._heard = self._wall()
        self._patience = None
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not line.startswith(b"{"):
            self._skip(line)
            return
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            self._goodbye = Lost(NO_CHAT)
            self.abort()
            return
        try:
            self._said(said)
        except Exception:
            # Whatever a server sends, this program does not stumble over it.
            self.log.failure("The server's line could not be dealt with")
            self.confused()

    def _said(self, said: Event) -> None:
        if "re" in said:
            self._answered(said)
        elif said.get("event") == "hello":
            greeted = self._asked.pop(0, None)
            if greeted is not None:
                greeted.callback(said)
        elif "event" in said:
            if said["event"] == "closed":
                self._goodbye = Lost(str(said.get("text", "")), str(said.get("code", "")))
            self.on_event(said)

    def _skip(self, line: bytes) -> None:
        """What is no JSON: a prompt before the first line, or a server that is full."""
        text = line.decode("utf-8", "replace").strip()
        if text.startswith(("HTTP/", "<")):  # a web server's
            self._goodbye = Lost(NO_CHAT)
            self.abort()
            return
        if 0 in self._asked and text and not text.endswith(":"):
            self._goodbye = Lost(text, "full")
        self._stray += len(line) + 1
        if self._stray > MOST_STRAY:
            self._goodbye = Lost(NO_CHAT)
            self.abort()

    def _answered(self, said: Event) -> None:
        number = said["re"]
        waiting = self._asked.pop(number, None) if isinstance(number, int) else None
        if waiting is None:
            return
        error = said.get("error")
        if error is None:
            waiting.callback(said.get("ok", {}))
            return
        details = {k: v for k, v in error.items() if k not in ("code", "message")}
        waiting.errback(ChatError(str(error.get("code")), str(error.get("message", "")), **details))

    def lineLengthExceeded(self, line: bytes) -> None:
        self._goodbye = Lost(NO_CHAT)
        self.abort()

    # --- whether anybody is there --------------------------------------------------------

    def _look(self) -> None:
        """Ask for a sign of life after a silence, and at once after a sleep of this computer."""
        if self._paused:
            return  # silence is of one's own making
        now = self._wall()
        slept = not 0 <= now - self._looked < 3 * LOOK
        self._looked = now
        if self._patience is not None and not slept:
            if now >= self._patience:
                self._goodbye = Lost("The server does not answer any more.")
                self.abort()
        elif slept or now - self._heard >= SILENCE:
            self._patience = now + (AFTER_SLEEP if slept else PATIENCE)
            self.ask("ping").addErrback(lambda failure: None)
