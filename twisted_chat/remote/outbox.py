"""What one says: kept on disk before it is sent, sent until it is acknowledged, stored once."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ..core.errors import ChatError
from .link import Link, Lost
from .shelf import Shelf, Unsent

if TYPE_CHECKING:
    from ..core.entries import Entry

AGAIN = frozenset({"busy", "store_full", "store_unavailable", "restart", "not_now", "plaintext"})
MOST_UNDER_WAY = 64  # messages sent and not yet answered
RETRY = 5.0  # seconds until what was refused for the moment is tried again
MOST_FAULTS = 2  # how often a message may meet with a fault of the server's


class Stage(Enum):
    """How far a message of one's own has come."""

    KEPT = "kept"  # on the way to the disk, or waiting for a connection
    SENT = "sent"
    STORED = "stored"  # it has a number, and is lost no more
    REFUSED = "refused"


class Outgoing:
    """One message on its way."""

    def __init__(self, unsent: Unsent) -> None:
        self.cid, self.room, self.text = unsent
        self.stage = Stage.KEPT
        self.seq = 0
        self.now = 0  # how many others have it
        self.later = 0  # how many others will get it
        self.again = False  # it was stored at an earlier attempt
        self.error: ChatError | None = None
        self.faults = 0
        self.on_disk = False
        self.done: Deferred[Outgoing] = Deferred()  # stored, or refused


class Outbox:
    """The messages of one user that are not acknowledged, in their order."""

    def __init__(
        self,
        clock: IReactorTime,
        shelf: Shelf | None,
        changed: Callable[[Outgoing], None],
    ) -> None:
        """Without a shelf (a guest has none) what is unsent at the end of a connection is lost."""
        self._clock = clock
        self._shelf = shelf
        self._changed = changed
        self._link: Link | None = None
        self._waiting: Any = None
        left = shelf.unsent() if shelf is not None else []
        self.messages: dict[str, Outgoing] = {one.cid: Outgoing(one) for one in left}
        for message in self.messages.values():
            message.on_disk = True

    def say(self, room: str, text: str, cid: str = "") -> Outgoing:
        """Send something as soon as that is possible."""
        unsent = Unsent(cid or token_hex(12), room, text)
        before = self.messages.get(unsent.cid)
        if before is not None and (before.room, before.text) == (room, text):
            return before
        if before is not None:
            raise ChatError("conflict", "Another message with this id is on its way already.")
        message = self.messages[unsent.cid] = Outgoing(unsent)
        if self._shelf is None:
            message.on_disk = True
            self._send()
        else:
            self._shelf.keep(unsent).addCallbacks(
                self._is_kept, self._is_not_kept, (message,), {}, (message,), {}
            )
        return message

    def _is_kept(self, _: None, message: Outgoing) -> None:
        message.on_disk = True
        self._send()

    def _is_not_kept(self, failure: Failure, message: Outgoing) -> None:
        sentence = (
            f"This was not sent: it cannot be kept on this computer's disk ({failure.value})."
        )
        self._finish(message, Stage.REFUSED, ChatError("disk", sentence))

    # --- the connection ----------------------------------------------------------------------

    def connected(self, link: Link) -> None:
        """Send everything that is not acknowledged, in its old order."""
        self._link = link
        self._send()

    def disconnected(self) -> None:
        """What was under way has to be sent again; the server knows it by its id."""
        self._link = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        for message in list(self.messages.values()):
            if message.stage is not Stage.SENT:
                continue
            if self._shelf is None:
                lost = ChatError("lost", "It is not known whether this arrived: look, and repeat.")
                self._finish(message, Stage.REFUSED, lost)
            else:
                message.stage = Stage.KEPT

    def _send(self) -> None:
        if self._link is None or self._waiting is not None:
            return
        under_way = sum(one.stage is Stage.SENT for one in self.messages.values())
        for message in list(self.messages.values()):
            if message.stage is Stage.SENT:
                continue
            if not message.on_disk or under_way >= MOST_UNDER_WAY:
                return  # nothing overtakes it
            under_way += 1
            message.stage = Stage.SENT
            asked = self._link.ask("send", room=message.room, text=message.text, cid=message.cid)
            asked.addCallbacks(
                self._answered, self._refused, (message,), {}, (message, self._link), {}
            )
            self._changed(message)

    # --- answers -----------------------------------------------------------------------------

    def _answered(self, answer: dict[str, Any], message: Outgoing) -> None:
        message.seq, message.again = answer["seq"], answer["again"]
        message.now, message.later = answer["now"], answer["later"]
        self._finish(message, Stage.STORED)

    def _refused(self, failure: Failure, message: Outgoing, link: Link) -> None:
        error = failure.value
        if isinstance(error, Lost) or link is not self._link or message.stage is not Stage.SENT:
            return  # `disconnected` sees to it
        if not isinstance(error, ChatError):
            error = ChatError("internal", "The server's answer to this cannot be understood.")
        message.faults += error.code == "internal"
        again = error.code in AGAIN or (error.code == "internal" and message.faults < MOST_FAULTS)
        if not again or self._shelf is None:
            self._finish(message, Stage.REFUSED, error)
            return
        message.stage = Stage.KEPT
        message.error = error
        if self._waiting is None:
            pause = error.details.get("retry_after", RETRY)
            seconds = float(pause) if isinstance(pause, int | float) else RETRY
            self._waiting = self._clock.callLater(max(seconds, 1.0), self._try_again)
        self._changed(message)

    def _try_again(self) -> None:
        self._waiting = None
        self._send()

    def _finish(self, message: Outgoing, stage: Stage, error: ChatError | None = None) -> None:
        message.stage = stage
        message.error = error
        if self.messages.pop(message.cid, None) is None:
            return
        if self._shelf is not None and message.on_disk:
            self._shelf.drop(message.cid).addErrback(lambda failure: None)
        self._changed(message)
        message.done.callback(message)
        self._send()

    def seen(self, entry: Entry) -> Outgoing | None:
        """One's own message has come back with its number; the answer follows."""
        message = self.messages.get(entry.cid or "")
        if message is not None:
            message.seq = entry.seq
        return message
