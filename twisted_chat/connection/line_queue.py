"""Taking a client's lines one after another, whatever its dialect: what every door begins with.

Lines are answered in the order in which they came. Messages may be under way
several at a time, since the store keeps their order; any other command waits until
they are answered, and lets nothing overtake it. What cannot be taken yet waits
here, a bounded number of lines, and behind them the connection is not read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from secrets import token_hex
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..chat.chat import Chat
from ..chat.session import Session
from ..core.addresses import Network
from ..core.errors import ChatError
from ..core.events import Closed, Event
from ..core.limits import Bucket, Share
from ..doors.interface import Dialect
from .interface import Connection

SHORTEST_LIMIT = 8 * 1024  # bytes of a line
MOST_WAITING = 64  # lines taken in advance
MOST_UNDER_WAY = 256  # messages of one client in the writer's queue
MOST_DEBT = 10.0  # seconds somebody may go on sending faster than allowed
EMPTY_LINE = 0.2  # what an empty line costs of a command's right
MOST_MISTAKES = 5  # lines that mean nothing, before somebody has signed in


class Life(Enum):
    """How far the connection has come."""

    OPEN = "the client may send more"
    ENDING = "the client has sent its last line, and leaves when everything is answered"
    CLOSED = "the connection is gone, or is about to be"


class Turn(Enum):
    """What the next line waits for.

    Taking a line leads from NOTHING to one of the others, and each of these leads back there, so
    that no two are ever waited for at once. A dialogue goes back to NOTHING while it asks for a
    line, and to COMMAND with the answer.
    """

    NOTHING = "it may be taken"
    COMMAND = "until what was begun is done"
    MESSAGES = "until the messages under way are answered, since it may not overtake them"
    REST = "until the flood limit lets the client go on"


# Looking a member up in its class takes longer, and these are looked at for every line.
OPEN, ENDING, CLOSED = Life
NOTHING, COMMAND, MESSAGES, REST = Turn


class BaseDoor:
    """The door of one client, as far as it is the same in every dialect; these fill in `take`.

    A door has its state here, and its subclasses change it by methods. `Life` only goes on. `Turn`
    says what the next line waits for. Beside these, the client may not read, which holds up
    everything, and a number of messages may be under way.
    """

    dialect: Dialect
    patience: float | None = None  # seconds in which it has to be done
    frame: int | None = None  # how many bytes it takes at once where there are no lines

    log = Logger()

    def __init__(self, chat: Chat, connection: Connection) -> None:
        self.chat = chat
        self.connection = connection
        self.session: Session | None = None
        self.longest_line = max(SHORTEST_LIMIT, chat.settings.max_message + 1024)  # in bytes
        self._life: Life = OPEN
        self._turn: Turn = NOTHING
        self._next: bytes | ChatError | None = None  # the line whose turn it is, charged for
        self._waiting: deque[bytes | ChatError] = deque()  # an error stands for a refused line
        self._under_way = 0  # messages
        self._draining = False  # lines are being taken, further up in the stack
        self._stuck = False  # the client does not read, so it is not answered either
        self._resting: IDelayedCall | None = None  # the end of REST
        rate = chat.settings.flood_limit
        self._bucket = Bucket(rate, 2 * rate, chat.ticks()) if rate else None
        self._shared: Share | None = None  # of what the account's sessions may do together

    # --- the door of a session ------------------------------------------------------------

    @property
    def address(self) -> str:
        return self.connection.address

    @property
    def host(self) -> str:
        return self.connection.host

    @property
    def secure(self) -> bool:
        return self.connection.secure

    @property
    def network(self) -> Network:
        return self.connection.network

    @property
    def certificate(self) -> str:
        return self.connection.certificate

    @property
    def local(self) -> bool:
        """Whether this is somebody on the server's own machine, as far as that can be told."""
        return self.connection.local

    @property
    def exposed(self) -> bool:
        """Whether others could read along where they must not."""
        line, rule = self.connection, self.chat.settings.plaintext
        return not (line.secure or rule == "always" or (rule == "loopback" and line.local))

    @property
    def tls(self) -> bool:
        """Whether one could have come over TLS."""
        return self.chat.settings.tls != "off"

    def write(self, data: bytes) -> None:
        """Send what was delivered."""
        self.connection.write(data)

    def write_straight(self, straight: bool) -> None:
        """Whether what is delivered is sent as it is, as long as `write` has nothing to mind."""
        if self.session is not None:
            self.session.write = self.connection.write if straight else self.write

    def receive(self, event: Event) -> None:
        """Show an event."""
        self.write(self.dialect.event(event))

    def flushed(self) -> bool | None:
        return self.connection.flushed()

    def acknowledged(self) -> int | None:
        return None

    def seat(self, session: Session) -> None:
        """Somebody has signed in here."""
        self.session = session
        self._shared = self.chat.limits.shared_flood_limit(session)
        if self._stuck:
            session.pause(self.chat.ticks())
        self.connection.signed_in()

    def peer_stopped_reading(self) -> None:
        """More is queued than may be: deliver nothing, and begin nothing either."""
        self._stuck = True
        if self.session is not None:
            self.session.pause(self.chat.ticks())

    def peer_reads_again(self) -> None:
        """Go on where it was."""
        self._stuck = False
        if self.session is not None:
            self.session.resume()
        self._drain()

    # --- for the dialects -----------------------------------------------------------------

    def greet(self, on_new_line: bool = False) -> None:
        """Begin; `on_new_line` when something stands on the client's line already."""
        raise AssertionError("each dialect greets in its own way")

    def abandon(self) -> bool:
        """Another dialect takes over; whether something stands on the client's line."""
        self.lost()
        return False

    def use_crlf(self) -> None:
        """The client ends its lines with CR and LF."""

    def data(self, data: bytes) -> None:
        """Take bytes where there are no lines."""
        raise AssertionError("this door takes lines only")

    def take(self, line: bytes) -> bool:
        """Begin what a line asks for; False if it must wait for what is under way."""
        raise AssertionError("each dialect takes lines in its own way")

    def refuse(self, error: ChatError) -> None:
        """Say what was wrong with something that is no answer to a line."""
        raise AssertionError("each dialect refuses in its own words")

    def farewell(self, reason: Closed) -> bytes:
        """The last words before a connection is closed."""
        raise AssertionError("each dialect has last words of its own")

    def too_long(self, most: int) -> None:
        """A line was longer than any line may be; it is answered when its turn comes."""
        self.queue(ChatError("too_long", f"A line may have at most {most} bytes.", max=most))

    def refusal_for(self, failure: Failure) -> ChatError:
        """What to refuse with after a failure.

        Anything but a ChatError is a fault of the server: it is logged under a number, which the
        client is told.
        """
        if isinstance(failure.value, ChatError):
            return failure.value
        number = token_hex(4)
        self.log.failure("Internal error {number}", failure, number=number)
        sentence = f"Something went wrong here; its number is {number}."
        return ChatError("internal", sentence, number=number)

    # --- lines in order -------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the connection is gone, or is about to be."""
        return self._life is CLOSED

    @property
    def busy(self) -> bool:
        """Whether something is under way that the next line waits for."""
        return self._turn is COMMAND

    @property
    def stuck(self) -> bool:
        """Whether the client does not read."""
        return self._stuck

    @property
    def followed(self) -> bool:
        """Whether lines wait behind the one that was taken last."""
        return bool(self._waiting) or self._next is not None

    def feed(self, line: bytes) -> None:
        """Take a line now or when its turn comes."""
        if self._waiting or self._next is not None or self._draining or not self._ready():
            self.queue(line)
        elif not self._afford(line):
            self._keep_next(line)
        elif not self.take(line):
            self._keep_next(line)
            self._turn = MESSAGES

    def queue(self, line: bytes | ChatError) -> None:
        """Take a line, or refuse it, when its turn comes."""
        self._waiting.append(line)
        if isinstance(line, bytes):
            self.connection.kept(len(line))
        self._drain()
        if len(self._waiting) >= MOST_WAITING:
            self.connection.hold()

    def held(self) -> int:
        """How many bytes of the client wait to be taken."""
        waiting = sum([len(line) for line in self._waiting if isinstance(line, bytes)])
        return waiting + (len(self._next) if isinstance(self._next, bytes) else 0)

    def end_of_input(self) -> None:
        """The client has sent its last line; leave when everything is answered."""
        if self._life is OPEN:
            self._life = ENDING
        self._leave_if_done()

    def _keep_next(self, line: bytes) -> None:
        self._next = line
        self.connection.kept(len(line))

    def _ready(self) -> bool:
        return (
            self._turn is NOTHING
            and self._life is not CLOSED
            and not self._stuck
            and self._under_way < MOST_UNDER_WAY
        )

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        try:
            self._take_what_is_ready()
        finally:
            self._draining = False
        held_up = self._turn is REST or self._life is CLOSED
        if len(self._waiting) < MOST_WAITING // 2 and not held_up:
            self.connection.go_on()
        self._leave_if_done()

    def _take_what_is_ready(self) -> None:
        while (self._waiting or self._next is not None) and self._ready():
            line, self._next = self._next, None
            if line is None:
                line = self._waiting.popleft()
                if not self._afford(line):
                    self._next = line
                    return
            if not self._take_turn(line):
                self._next = line
                self._turn = MESSAGES

    def _take_turn(self, line: bytes | ChatError) -> bool:
        if isinstance(line, bytes):
            return self.take(line)
        if self.sending:
            return False
        self.refuse(line)
        return True

    def _afford(self, line: bytes | ChatError) -> bool:
        """Charge for a line; False when the client has to rest before it is taken."""
        if self._bucket is None or not self.network.limited:
            return True
        now, cost = self.chat.ticks(), 1.0 if line else EMPTY_LINE
        rest = self._bucket.take(now, cost)
        if self._shared is not None:
            rest = max(rest, self._shared.take(now, cost))
        if rest <= 0:
            return True
        if self._bucket.debt(now) > MOST_DEBT:
            self.close(Closed("flood", "You are sending too fast for too long: goodbye."))
        else:
            self.connection.hold()
            self._turn = REST
            self._resting = self.chat.clock.callLater(rest, self._rested)
        return False

    def charge(self, things: float) -> None:
        """Charge for what a line asks for beyond one thing: the next line waits for that long."""
        if things > 0 and self._bucket is not None and self.network.limited:
            now = self.chat.ticks()
            self._bucket.charge(now, things)
            if self._shared is not None:
                self._shared.charge(now, things)

    def _rested(self) -> None:
        self._resting = None
        self._turn = NOTHING
        self._drain()

    # --- what is under way ----------------------------------------------------------------

    def occupied(self, begin: Callable[[], Deferred[Any]]) -> None:
        """Begin something, and take no further line until it is done."""
        self._turn = COMMAND
        try:
            done = begin()
        except BaseException:
            self._turn = NOTHING
            raise
        done.addBoth(self._done)

    def _done(self, outcome: object) -> None:
        if isinstance(outcome, Failure) and not outcome.check(CancelledError):
            self.log.failure("A command failed", outcome)
        self.become_free()

    def become_busy(self) -> None:
        """Something is under way from now on, and the next line waits for it."""
        self._turn = COMMAND

    def become_free(self) -> None:
        """It is done: take the next line."""
        if self._turn is COMMAND:
            self._turn = NOTHING
        self._drain()

    def wait_for_line(self) -> None:
        """What is going on needs the next line before it can go on, and is busy again then."""
        self._turn = NOTHING
        if self.followed or self._life is ENDING:
            self.chat.clock.callLater(0, self._drain)

    @property
    def sending(self) -> bool:
        """Whether messages are under way."""
        return self._under_way > 0

    @property
    def sending_more(self) -> bool:
        """Whether others are under way beside the message that is being taken."""
        return self._under_way > 1

    def under_way(self, answered: Deferred[None]) -> None:
        """Count a message until it is answered."""
        self.begin_message()
        answered.addBoth(self._was_answered)

    def _was_answered(self, outcome: object) -> None:
        if isinstance(outcome, Failure):
            self.log.failure("A message could not be answered", outcome)
        self.end_message()

    def begin_message(self) -> None:
        """A message is under way from now on."""
        self._under_way += 1

    def end_message(self) -> None:
        """A message is answered."""
        self._under_way -= 1
        if not self._under_way and self._turn is MESSAGES:
            self._turn = NOTHING
        if self._waiting or self._next is not None or self._life is ENDING:
            self._drain()

    # --- the end --------------------------------------------------------------------------

    def _leave_if_done(self) -> None:
        if self._life is ENDING and not (self.followed or self.busy or self._under_way):
            self.leave(b"")

    def close(self, reason: Closed | None) -> None:
        """End the connection from the server's side, saying why."""
        if self.closed:
            return
        if self.session is not None and reason is not None and not self.session.parting:
            self.session.parting = reason.text
        self.leave(b"" if reason is None else self.farewell(reason))

    def leave(self, farewell: bytes) -> None:
        """Free what is held for the client, and end the connection."""
        self.lost()
        self.connection.end(farewell)

    def leave_reading_on(self, farewell: bytes) -> None:
        """The same with a client that is still sending, whose bytes are read and forgotten."""
        self.lost()
        self.connection.end_reading_on(farewell)

    def reset(self) -> None:
        """The connection was cut off at the other end, maybe before everything was read."""

    def lost(self) -> None:
        """The connection is gone, or is about to be."""
        self._life = CLOSED
        self._next = None
        self._waiting.clear()
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if self.session is not None:
            self.chat.depart(self.session)
