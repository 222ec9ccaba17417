"""The store as the chat uses it: answers come as Deferreds, on the reactor's thread."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ..core.errors import ChatError
from ..store import Batch, Ledger, Post, Snapshot, Store, snapshot
from .session import Session

T = TypeVar("T")
RETRY = 5.0  # seconds until what the store was too busy for is tried again


class Outcome(Generic[T]):
    """Called by the store with a result or an exception; fires the Deferred `known` with it."""

    __slots__ = ("known", "origin")

    def __init__(self, origin: Session | None = None) -> None:
        self.known: Deferred[T] = Deferred()
        self.origin = origin

    def __call__(self, outcome: T | Exception) -> None:
        if isinstance(outcome, Exception):
            self.known.errback(Failure(outcome))
        else:
            self.known.callback(outcome)


class AsyncStore:
    """Takes changes and questions, and keeps changes and messages in their order.

    While `refusing` is set, nothing is taken, and everybody who asks gets that ChatError.
    """

    def __init__(self, store: Store, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._outgoing: list[Post] = []
        self._secret = b""
        self.refusing: ChatError | None = None
        self.blobs = store.blobs

    def start(self, deliver: Callable[[Batch], object]) -> Snapshot:
        """Return everything that a server keeps in memory; for the start, since it blocks.

        From here on `deliver` is called with every commit, and must answer the batch.
        """
        self._store.deliver = deliver
        return self._store.load()

    def check(self) -> None:
        """Raise a ChatError if nothing is taken at the moment."""
        if self.refusing is not None:
            raise ChatError(self.refusing.code, self.refusing.sentence)

    def post(self, post: Post) -> None:
        """Store a message, in one batch with all that is said in this turn of the reactor.

        The writer begins with whatever it finds. If it found the first message of a packet
        alone, the whole room would be written to for that one message.
        """
        if not self._outgoing:
            self._clock.callLater(0, self._hand_over)
        self._outgoing.append(post)

    def _hand_over(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if outgoing:
            self._store.post(outgoing)

    def change(self, apply: Callable[[Ledger], T], origin: Session | None = None) -> Deferred[T]:
        """Carry out a durable change in the writer; fires when it is committed.

        `origin` is the session that says the messages which `apply` returns.
        """
        self.check()
        self._hand_over()  # what was said before it is stored before it
        outcome = Outcome[T](origin)
        self._store.change(apply, outcome)
        return outcome.known

    async def insist(self, change: Callable[[], Callable[[Ledger], T]]) -> T:
        """Carry out a durable change that nobody can be refused, as soon as the store takes it.

        `change` is asked for it at every attempt, since much may have happened in between.
        """
        while True:
            try:
                return await self.change(change())
            except ChatError:  # the store is too busy, or the server is stopping
                await deferLater(self._clock, RETRY)

    def change_if_possible(self, apply: Callable[[Ledger], object]) -> None:
        """Carry out a durable change, or leave it out if the store is too busy."""
        with suppress(ChatError):
            self.change(apply).addErrback(lambda failure: failure.trap(ChatError))

    def all_said(self) -> Deferred[None]:
        """Return what fires when everything that was said before is stored and shown."""
        return self.change(lambda ledger: None)

    def read(self, question: Callable[[Connection], T]) -> Deferred[T]:
        """Ask the store on a reading thread; fires with the answer."""
        outcome = Outcome[T]()
        try:
            self.check()
            self._store.read(question, outcome)
        except ChatError as error:
            outcome.known.errback(error)  # who reads for others can try again
        return outcome.known

    async def secret(self) -> bytes:
        """What this server alone knows; made when it is first needed."""
        if not self._secret:
            kept = await self.read(snapshot.secret)
            if kept is None:
                kept = await self.change(lambda ledger: ledger.secret(secrets.token_hex(32)))
            self._secret = bytes.fromhex(kept)
        return self._secret

    async def index_all(self) -> None:
        """Let the full-text index take in what was stored by now.

        Where the disk is full it stays as it is, and the newest messages are not found.
        """
        for _ in range(self._store.steps_behind):  # and not for ever, while others talk on
            indexed = Outcome[bool]()
            self._store.index(indexed)
            try:
                await indexed.known
            except ChatError as error:
                if error.code != "store_full":
                    raise
                break

    def scrub(self) -> Deferred[bool]:
        """Do one step of making erased text unrecoverable; True when nothing is left."""
        outcome = Outcome[bool]()
        self._store.scrub(outcome)
        return outcome.known

    # --- cursors, which are written with the next commit ----------------------------------

    def move_cursor(self, account: int, device: str, room: int, seq: int) -> None:
        """Note what was delivered."""
        self._store.move_cursor(account, device, room, seq)

    def forget_moves(self, account: int, device: str, rooms: Iterable[int]) -> None:
        """Write nothing of where a device was in these rooms, which is going to be set back."""
        self._store.forget_moves(account, device, rooms)

    def move_read_cursor(self, account: int, room: int, seq: int) -> None:
        """Note what was read."""
        self._store.move_read_cursor(account, room, seq)

    def flush_cursors(self) -> None:
        """Write the cursors that have moved, even if nobody says anything."""
        self._store.flush_cursors()
