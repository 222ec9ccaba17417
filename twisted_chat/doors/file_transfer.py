"""Connections that carry one file each: after their first line there are only bytes."""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from ..chat.chat import Chat
from ..chat.files import Moving, Receiving, Serving
from ..connection import plaintext
from ..connection.detection import FETCH
from ..connection.interface import Connection
from ..connection.line_queue import BaseDoor
from ..console.render import LF
from ..core.addresses import bracketed
from ..core.attachments import size_in_words
from ..core.errors import ChatError
from ..core.events import Closed, Stored
from ..core.results import FileTicket
from ..core.text import shown
from .json.render import JSON

LOOK_EVERY = 1.0  # seconds between two looks at whether it may, and does, go on
MOST_STALL = 60.0  # seconds in which nothing moves,
LEAST_MOVED = 64 * 1024  # and bytes that move in as many
DRAIN_EVERY = 0.05  # seconds between two looks at whether the peer has the last bytes
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
SEALED = "(File {file} is encrypted: only a client that has the keys can open it)"

M = TypeVar("M", bound=Moving)


class Transfer(BaseDoor, Generic[M]):
    """A connection whose ticket was good: from here on there are bytes, one way."""

    def __init__(self, chat: Chat, connection: Connection, moving: M) -> None:
        super().__init__(chat, connection)
        self.dialect = JSON
        self.moving = moving
        moving.cut = self.cut
        self._moved_at = self._since = chat.ticks()
        self._moved_before = 0  # bytes that had moved then
        self._look: IDelayedCall | None = chat.clock.callLater(LOOK_EVERY, self._look_after)

    def begin(self) -> None:
        """The client has been answered."""
        raise AssertionError("each way begins with something else")

    def data(self, data: bytes) -> None:
        """Bytes came."""

    def feed(self, line: bytes) -> None:
        """What stood in one packet with the request."""

    def cut(self, reason: Closed) -> None:
        """It may not go on."""
        raise AssertionError("each way is cut in another manner")

    def moves(self) -> bool:
        """Whether something has moved that was not noted yet."""
        return False

    def moved(self) -> int:
        """How many bytes have moved since the beginning."""
        raise AssertionError("each way counts what moves there")

    def waits_for_peer(self) -> bool:
        """Whether it is the peer that keeps it from going on."""
        raise AssertionError("each way waits for something else")

    def follow(self, doing: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        """Do something for this file; when it fails, that is the end."""
        return Deferred.fromCoroutine(doing).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if self.closed or failure.check(CancelledError):
            return
        error = self.refusal_for(failure)
        self.cut(Closed(error.code, error.sentence))

    def _look_after(self) -> None:
        self._look = None
        try:
            self.moving.check()
        except ChatError as error:
            self.cut(Closed(error.code, error.sentence))
            return
        now = self.chat.ticks()
        if self.moves():
            self._moved_at = now
        if now - self._moved_at >= MOST_STALL:
            self.cut(Closed("timeout", f"Nothing came for {MOST_STALL:.0f} seconds: goodbye."))
        elif self._is_too_slow(now):
            text = f"Less than {LEAST_MOVED:,} bytes came in {MOST_STALL:.0f} seconds: goodbye."
            self.cut(Closed("timeout", text))
        else:
            self._look = self.chat.clock.callLater(LOOK_EVERY, self._look_after)

    def _is_too_slow(self, now: float) -> bool:
        """Whether the peer has let hardly anything move for a while."""
        if not self.waits_for_peer():
            self._since = min(now, self._since + LOOK_EVERY)
        if now - self._since < MOST_STALL:
            return False
        moved, before = self.moved(), self._moved_before
        self._since, self._moved_before = now, moved
        return moved - before < LEAST_MOVED

    def lost(self) -> None:
        super().lost()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        self.moving.end()


class Upload(Transfer[Receiving]):
    """Takes in as many bytes as were announced, and says whether they are the file."""

    _taken_in = 0  # bytes of the file, on this connection

    @property
    def awaited(self) -> bool:
        """Whether more is to come."""
        return bool(self.moving.left)

    def moved(self) -> int:
        return self._taken_in

    def waits_for_peer(self) -> bool:
        """The client is not to blame while the disk, or other clients, are waited for."""
        return not self.busy

    def begin(self) -> None:
        if not self.closed and not self.awaited:
            self._finish()

    def data(self, data: bytes) -> None:
        if len(data) > self.moving.left:
            self.follow(self.moving.refuse_more())
        else:
            self.store(data)

    def store(self, data: bytes) -> None:
        """Bytes of the file came."""
        self._moved_at = self.chat.ticks()
        self._taken_in += len(data)
        # One piece at a time: while the disk is busy with it, the next one waits at the sender.
        self.become_busy()
        self.connection.hold()
        self.follow(self.moving.take(data)).addCallback(self._taken)

    def _taken(self, _: object) -> None:
        if self.closed:
            return
        if self.awaited:
            self.chat.files.coming.ask(self._read_on)
        else:
            self._finish()

    def moves(self) -> bool:
        return not self.waits_for_peer()

    def _read_on(self) -> None:
        self.become_free()

    def _finish(self) -> None:
        self.become_busy()
        self.follow(self.moving.finish()).addCallback(self._finished)

    def _finished(self, _: object) -> None:
        if not self.closed:
            self.leave(JSON.event(Stored(self.moving.file)))

    def feed(self, line: bytes) -> None:
        self.cut(Closed("syntax", "The bytes of a file are sent after the answer, not before."))

    def cut(self, reason: Closed) -> None:
        if not self.closed:
            self.leave_reading_on(JSON.event(reason))

    def farewell(self, reason: Closed) -> bytes:
        return JSON.event(reason)


class Download(Transfer[Serving]):
    """Gives out a file, as fast as the peer takes it and others let it."""

    def __init__(self, chat: Chat, connection: Connection, serving: Serving) -> None:
        super().__init__(chat, connection, serving)
        self._paused = False  # until the peer reads again
        self._given_out = 0  # bytes of the file, of which some may not have arrived
        self._outstanding = connection.outstanding()
        self._drain_again: IDelayedCall | None = None

    def begin(self) -> None:
        self.chat.files.going.ask(self._read_next)

    def _read_next(self) -> None:
        if self.stuck:
            self._paused = True
        elif not self.closed:
            self.follow(self.moving.read()).addCallback(self._send)

    def _send(self, data: bytes | None) -> None:
        if self.closed:
            return
        if data:
            self._moved_at = self.chat.ticks()
            self._given_out += len(data)
            self.connection.write(data)
            self.begin()
        else:
            self._end_when_drained()

    def _end_when_drained(self) -> None:
        """A connection that is closed in time could take its last bytes with it."""
        self._drain_again = None
        if self.connection.flushed() is False:
            again = self._end_when_drained
            self._drain_again = self.chat.clock.callLater(DRAIN_EVERY, again)
        else:
            self.leave(b"")

    def peer_reads_again(self) -> None:
        super().peer_reads_again()
        if self._paused:
            self._paused = False
            self.begin()

    def moves(self) -> bool:
        before, self._outstanding = self._outstanding, self.connection.outstanding()
        return self._outstanding != before

    def moved(self) -> int:
        return self._given_out - (self.connection.outstanding() or 0)

    def waits_for_peer(self) -> bool:
        """The client is not to blame while the next piece waits for its turn."""
        return self._paused or self._drain_again is not None

    def end_of_input(self) -> None:
        """The client need not be able to say more."""

    def cut(self, reason: Closed) -> None:
        # Nothing but the file can be said here, so it must not look as if that were all of it.
        if not self.closed:
            self.connection.drop()

    def close(self, reason: Closed | None) -> None:
        if not self.closed:
            self.connection.drop()

    def lost(self) -> None:
        super().lost()
        if self._drain_again is not None:
            self._drain_again.cancel()
            self._drain_again = None


class FetchDoor(BaseDoor):
    """The door of a person with netcat whose first line is a ticket."""

    def __init__(self, chat: Chat, connection: Connection) -> None:
        super().__init__(chat, connection)
        self.dialect = LF

    def greet(self, on_new_line: bool = False) -> None:
        """Nothing is said before the file, unless others could read along."""
        if self.exposed:
            self.refuse(plaintext.refusal(self.tls))

    def take(self, line: bytes) -> bool:
        token = line.removeprefix(FETCH).strip().decode("ascii", "replace")
        self.occupied(lambda: Deferred.fromCoroutine(self._fetch(token)))
        return True

    async def _fetch(self, token: str) -> None:
        try:
            serving = await self.chat.files.serve(token, 0)
        except ChatError as error:
            if not self.closed:
                self.refuse(error)
            return
        if self.closed:
            serving.end()
        else:
            self.connection.hand_over(Download(self.chat, self.connection, serving))

    def refuse(self, error: ChatError) -> None:
        self.leave(LF.encoded(error.sentence))

    def farewell(self, reason: Closed) -> bytes:
        return LF.encoded(reason.text)


def shell_lines(
    ticket: FileTicket, destination: tuple[str, int] | None, tls: bool
) -> tuple[str, ...]:
    """What somebody runs in a shell to get a file, who has reached the server at that place."""
    if not ticket.name:
        return (SEALED.format(file=ticket.file),)
    host, port = destination or ("HOST", "PORT")
    if tls:
        way = f"openssl s_client -quiet -connect {bracketed(host)}:{port} 2>/dev/null"
    else:
        way = f"nc {host} {port}"
    what, name = f"{shown(ticket.name)}, {size_in_words(ticket.size)}", shell_name(ticket)
    return (
        f"(To have {what}, run this line in a shell; it works once, and for an hour)",
        # A second run would only get a sentence, and that is not to take the file's place.
        f"    test -e '{name}' || echo fetch-file {ticket.ticket} | {way} > '{name}'",
    )


def shell_name(ticket: FileTicket) -> str:
    """The file's own name where it means nothing to a shell, and one made of its number else."""
    return ticket.name if _SAFE.fullmatch(ticket.name) else f"file-{ticket.file}"
