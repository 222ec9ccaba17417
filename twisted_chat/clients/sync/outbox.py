"""What one says: kept on disk before it is sent, sent until it is acknowledged, stored once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ...core.entries import Entry
from ...core.errors import ChatError
from ...core.limits import Bucket
from ..connection.backoff import Backoff
from ..connection.link import FOR_NOW, Link, Lost
from ..encryption.outgoing import STALE, Encryptor, is_in_clear, only_words
from .messages import Outgoing, Stage
from .storage import Storage, Unsent

if TYPE_CHECKING:
    from ...e2e.envelopes import SealedFile

MOST_UNDER_WAY = 64  # messages sent and not yet answered
MOST_FAULTS = 2  # how often a message may meet with a fault of the server's
LEFT_TO_OTHERS = 0.8  # how much of what a server allows is used for messages
ORDINARY_LIMIT = 10  # requests a second, where a server does not say


class Outbox:
    """The messages of one user that are not acknowledged, in their order."""

    def __init__(
        self,
        clock: IReactorTime,
        storage: Storage | None,
        encryptor: Encryptor,
        changed: Callable[[Outgoing], None],
    ) -> None:
        """Without storage (a guest has none) what is unsent at the end of a connection is lost."""
        self._clock = clock
        self._storage = storage
        self._encryptor = encryptor
        self._being_sealed: object | None = None  # another one at each attempt
        self._changed = changed
        self._link: Link | None = None
        self._waiting: IDelayedCall | None = None
        self._under_way = 0
        self._one_by_one = False  # after a refusal, until something is stored again
        self._backoff = Backoff()
        self._pace: Bucket | None = None
        self._paid = False  # the next message has been charged for
        left = storage.unsent if storage is not None else []
        self.messages: dict[str, Outgoing] = {one.cid: Outgoing(one) for one in left}
        for message in self.messages.values():
            message.on_disk = True
            encryptor.recall(message)

    def say(
        self,
        room: str,
        text: str,
        cid: str = "",
        file: int = 0,
        secret: SealedFile | None = None,
        manner: str = "",
    ) -> Outgoing:
        """Send something as soon as that is possible: words, or a file of this number and name.

        What is secret of a file is for conversations that are encrypted.
        """
        unsent = Unsent(cid or token_hex(12), room, text, file, manner=manner)
        before = self.messages.get(unsent.cid)
        if before is not None and before.is_of(unsent):
            return before
        if before is not None:
            raise ChatError("conflict", "Another message with this id is on its way already.")
        message = self.messages[unsent.cid] = Outgoing(unsent)
        message.secret = secret
        if self._storage is None:
            message.on_disk = True
            self._send()
        else:
            draft = self._encryptor.draft(message)
            if draft:
                unsent = unsent._replace(text="")  # what is to be encrypted lies nowhere in clear
            self._storage.keep(unsent, draft).addCallbacks(
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

    def connected(self, link: Link, limit: object) -> None:
        """Send everything that is not acknowledged, in its old order.

        `limit` is how many requests a second the server takes from one client; 0 is any number.
        """
        rate = limit if isinstance(limit, int | float) and limit >= 0 else ORDINARY_LIMIT
        now = self._clock.seconds()
        self._pace = Bucket(rate * LEFT_TO_OTHERS, max(rate, 1.0), now) if rate else None
        self._paid = False
        self._link = link
        self._send()

    def disconnected(self) -> None:
        """What was under way has to be sent again; the server knows it by its id."""
        self._link = None
        self._under_way = 0
        self._being_sealed = None
        self._rest_no_more()
        for message in list(self.messages.values()):
            if message.stage is not Stage.SENT:
                continue
            if self._storage is None:
                lost = ChatError("lost", "It is not known whether this arrived: look, and repeat.")
                self._finish(message, Stage.REFUSED, lost)
            else:
                message.stage = Stage.KEPT

    def _send(self) -> None:
        if self._link is None or self._waiting is not None:
            return
        most = 1 if self._one_by_one else MOST_UNDER_WAY
        # What is under way stands before everything else.
        for message in list(islice(self.messages.values(), 2 * MOST_UNDER_WAY)):
            if message.stage is Stage.SENT:
                continue
            if not message.on_disk or self._under_way >= most:
                return  # nothing overtakes it
            if self._encryptor.wants(message):
                self._seal(message)
                return
            if not self._may_send():
                return
            self._under_way += 1
            message.stage = Stage.SENT
            asked = self._link.ask("send", room=message.room, cid=message.cid, **_body(message))
            asked.addCallbacks(
                self._answered, self._refused, (message, self._link), {}, (message, self._link), {}
            )
            self._changed(message)

    def _seal(self, message: Outgoing) -> None:
        """Encrypt what comes next; everything after it waits."""
        if self._being_sealed is None:
            attempt = self._being_sealed = object()
            encryptor = self._encryptor.seal(message, lambda: self._being_sealed is attempt)
            sealed = Deferred.fromCoroutine(encryptor)
            sealed.addCallbacks(
                self._is_sealed, self._is_not_sealed, (attempt,), {}, (message, attempt)
            )

    def _is_sealed(self, _: None, attempt: object) -> None:
        if self._being_sealed is attempt:
            self._being_sealed = None
            self._send()

    def _is_not_sealed(self, failure: Failure, message: Outgoing, attempt: object) -> None:
        if self._being_sealed is not attempt or failure.check(Lost):
            return  # the next connection tries again
        self._being_sealed = None
        error = failure.value
        if not isinstance(error, ChatError):
            error = ChatError("internal", f"This could not be encrypted: {failure.value!r}")
        if error.code in FOR_NOW:
            self._wait_for(message, error)
        else:
            self._finish(message, Stage.REFUSED, error)

    def _may_send(self) -> bool:
        """Whether the server takes one more at this moment; else it is sent in its time."""
        if self._pace is None or self._paid:
            self._paid = False
            return True
        rest = self._pace.take(self._clock.seconds())
        if rest > 0:
            self._paid = True
            self._rest(rest)
        return rest <= 0

    def _rest(self, seconds: float) -> None:
        if self._waiting is None:
            self._waiting = self._clock.callLater(seconds, self._rested)

    def _rested(self) -> None:
        self._waiting = None
        self._send()

    def _rest_no_more(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    # --- answers -----------------------------------------------------------------------------

    def _answered(self, answer: dict[str, Any], message: Outgoing, link: Link) -> None:
        if link is not self._link or message.stage is not Stage.SENT:
            return
        told = "seq" not in answer
        try:
            message.now = int(answer["now"])
            if not told:
                message.seq, message.again = int(answer["seq"]), bool(answer["again"])
                message.later = int(answer["later"])
        except (KeyError, TypeError, ValueError):
            link.confused()
            return
        self._under_way -= 1
        self._one_by_one = False
        self._backoff.forget()
        if message.again:
            self._encryptor.stored(message)
        self._finish(message, Stage.TOLD if told else Stage.STORED)

    def _refused(self, failure: Failure, message: Outgoing, link: Link) -> None:
        error = failure.value
        if link is not self._link or message.stage is not Stage.SENT:
            return  # `disconnected` has seen to it
        if not isinstance(error, ChatError):
            return  # the connection is gone, and `disconnected` follows
        self._under_way -= 1
        if error.code in STALE and is_in_clear(message):
            sentence = (
                "This conversation was encrypted while the file was on its way: send it again."
            )
            error = ChatError("encrypted", sentence)
        elif error.code in STALE and message.manner:
            error = only_words()
        elif error.code in STALE and self._storage is not None and self._encryptor.again(message):
            message.stage = Stage.KEPT
            self._send()
            return
        message.faults += error.code == "internal"
        if error.code not in FOR_NOW or message.faults >= MOST_FAULTS or self._storage is None:
            self._finish(message, Stage.REFUSED, error)
            return
        self._wait_for(message, error)

    def _wait_for(self, message: Outgoing, error: ChatError) -> None:
        """A refusal that says nothing of the message: try again in a while."""
        message.stage = Stage.KEPT
        message.error = error
        self._one_by_one = True
        self._rest_no_more()
        self._rest(self._backoff.next(error.details.get("retry_after")))
        self._changed(message)

    def _finish(self, message: Outgoing, stage: Stage, error: ChatError | None = None) -> None:
        message.stage = stage
        message.error = error
        if self.messages.pop(message.cid, None) is None:
            return
        if self._storage is not None:
            self._storage.drop(message.cid).addErrback(lambda failure: None)
            if stage is not Stage.STORED:
                self._encryptor.drop(message)
        self._changed(message)
        message.done.callback(message)
        self._send()

    def seen(self, entry: Entry) -> Outgoing | None:
        """One's own message has come back with its number; the answer follows."""
        message = self.messages.get(entry.cid or "")
        if message is not None:
            message.seq = entry.seq
        return message


def _body(message: Outgoing) -> dict[str, Any]:
    """What a message consists of, as the server is told."""
    body: dict[str, Any] = {"text": message.text}
    if message.file:
        body = {"text": "", "file": message.file}
    if message.manner:
        body["manner"] = message.manner
    if message.sealed is not None:
        body.update(text="", sealed=message.sealed.message, version=message.sealed.version)
    return body
