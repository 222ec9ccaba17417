"""What is done every few seconds for all sessions together, without a timer for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.durations import spoken
from ..core.errors import ChatError
from ..core.events import Closed
from ..core.rooms import Room, RoomBook
from ..core.roster import Roster
from ..settings import Settings
from ..store import Ledger, accounts
from .accounts.sign_in import A_DAY, SignIn
from .async_store import AsyncStore
from .cursors import Cursors
from .delivery import Delivery
from .device_keys import DeviceKeys
from .files.cleanup import Cleanup
from .session import Session, Sessions, State

EVERY = 5.0  # seconds between two looks at what peers have received
MOST_LAG = 10_000  # messages a peer that does not read may fall behind
MOST_PAUSE = 60.0  # seconds it may read nothing at all
MEMORY = 60.0  # seconds a silent room's newest entries stay in memory,
MOST_RECENT = 32 * 1024 * 1024  # and about so many characters of all rooms together
ROOM_KEPT = 7 * 24 * 3600 * 1000  # milliseconds between a room's deletion and its erasure
ERASE_EVERY = 3600.0
TOKENS_AT_ONCE = 200  # so that messages need not wait for it


class Housekeeping:
    """Ends idle and stuck sessions, notes what was shown, erases what is due."""

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        sessions: Sessions,
        roster: Roster,
        rooms: RoomBook,
        delivery: Delivery,
        cursors: Cursors,
        cleanup: Cleanup,
        signin: SignIn,
        devices: DeviceKeys,
        clock: IReactorTime,
        wall: Callable[[], int],
    ) -> None:
        self._idle_timeout = settings.idle_timeout
        self._store = store
        self._sessions = sessions
        self._roster = roster
        self._rooms = rooms
        self._delivery = delivery
        self._cursors = cursors
        self._cleanup = cleanup
        self._signin = signin
        self._devices = devices
        self._clock = clock
        self._wall = wall
        self._next_look = 0.0
        self._next_erasure = 0.0
        self._erasing = False
        # Rooms with entries in memory: the last one, and since when it has been that.
        self._warm: dict[Room, tuple[int, float]] = {}

    def sweep(self, now: float) -> None:
        """Do what is due."""
        idle_limit = self._idle_timeout
        if idle_limit:
            for session in tuple(self._sessions):
                if now - session.asked_at > idle_limit:
                    text = f"You did nothing for {spoken(idle_limit)}: you are logged out."
                    session.close(Closed("idle", text))
        if now >= self._next_look:
            self._next_look = now + EVERY
            self._close_stuck(now)
            self._let_cool(now, self._delivery.active)
            self._note_shown()
            self._store.flush_cursors()
        self._cleanup.sweep(now)
        if now >= self._next_erasure:
            self._next_erasure = now + ERASE_EVERY
            self._erase_what_is_due()

    def _close_stuck(self, now: float) -> None:
        for session in tuple(self._sessions):
            if session.state is not State.PAUSED:
                continue
            stuck = now - session.paused_at
            if stuck > MOST_PAUSE or (stuck > EVERY and session.lag() > MOST_LAG):
                text = "You read too slowly; what you missed is kept for your next login."
                session.close(Closed("too_slow", text))

    def _note_shown(self) -> None:
        """Note who has received what was delivered lately."""
        delivery = self._delivery
        active, delivery.active = delivery.active, set()
        received: dict[Session, bool] = {}
        for room in active:
            for session in delivery.present_in(room):
                if session.person.guest or not session.door.dialect.plain:
                    continue
                if session not in received:
                    received[session] = session.door.flushed() is True
                if received[session]:
                    self._cursors.note_shown(session, room, session.position(room))
                else:
                    delivery.active.add(room)

    def _let_cool(self, now: float, active: Iterable[Room]) -> None:
        """Drop the newest entries from memory of rooms in which nothing is said any more."""
        for room in active:
            if room not in self._warm or self._warm[room][0] != room.last_seq:
                self._warm[room] = room.last_seq, now
        excess = sum([room.recent_size for room in self._warm]) - MOST_RECENT
        for room, (_, since) in sorted(self._warm.items(), key=lambda one: one[1][1]):
            if now - since <= MEMORY and excess <= 0:
                break
            excess -= room.recent_size
            del self._warm[room]
            room.forget_recent()

    def _erase_what_is_due(self) -> None:
        if self._erasing or self._store.refusing is not None:
            return
        self._erasing = True
        done = Deferred.fromCoroutine(self._erase())
        done.addErrback(self._not_erased)
        done.addBoth(self._erased)

    def _erased(self, _: object) -> None:
        self._erasing = False

    def _not_erased(self, failure: Failure) -> None:
        if failure.check(ChatError):  # such as a full disk
            reason = failure.getErrorMessage()
            self.log.warn("What is due is erased later: {reason}", reason=reason)
        else:
            self.log.failure("Something was not erased", failure)

    async def _erase(self) -> None:
        """Erase tokens and rooms that are due, and all traces of what was deleted, step by step."""
        if self._rooms.expire(self._wall()):
            await self._store.change(lambda ledger: ledger.rooms.drop_former_names(self._wall()))
        await self._expire_tokens()
        due = self._wall() - ROOM_KEPT
        for room in tuple(self._rooms.rooms.values()):
            if room.deleted_at is not None and room.deleted_at <= due:
                self._rooms.forget(room)
                while not await self._store.change(partial(_erase_step, room.id)):
                    pass
        while not await self._store.scrub():
            await deferLater(self._clock, 1.0)

    async def _expire_tokens(self) -> None:
        """Revoke the tokens that nobody has used for long, and forget the devices they were of."""
        here = sorted({session.token for session in self._sessions if session.token})
        for start in range(0, len(here), TOKENS_AT_ONCE):
            part = here[start : start + TOKENS_AT_ONCE]
            await self._store.change(partial(_use_tokens, part, self._wall() - A_DAY))
        before = self._signin.tokens_expire_before()
        while old := await self._store.read(
            lambda db: accounts.unused_tokens(db, before, TOKENS_AT_ONCE)
        ):
            versions = await self._store.change(partial(_expire_tokens, old, before))
            for number, version in versions.items():
                self._devices.changed(self._roster.people[number], version)


def _erase_step(room: int, ledger: Ledger) -> bool:
    return ledger.rooms.erase(room)


def _use_tokens(numbers: Sequence[int], before: int, ledger: Ledger) -> None:
    ledger.accounts.use_tokens(numbers, before)


def _expire_tokens(numbers: Sequence[int], before: int, ledger: Ledger) -> dict[int, str]:
    return ledger.accounts.expire_tokens(numbers, before)
