"""The public keys of people's devices: who publishes them, who may have them, who is told.

In memory there is one short text for each account, which changes with its devices; the keys
themselves are read from the store for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import msgspec

from ..core.durations import spoken
from ..core.encryption import Published, check_devices, check_envelope, check_published, version_of
from ..core.entries import Form, Kind
from ..core.errors import ChatError
from ..core.events import Devices
from ..core.limits import SlidingWindow
from ..core.rooms import Person, Room, RoomBook
from ..settings import Settings
from ..store import Claimed, Ledger, device_keys
from .async_store import AsyncStore
from .session import Session, Sessions

SPAN = 3600.0  # seconds
CLAIMS = 10  # keys to begin with that one account may take of one device in that time,
CLAIMS_OF_ALL = 50_000  # and all of all
CHANGES = 30  # times that the devices of one account may change,
CHANGES_OF_ALL = 20_000
MOST_LISTS = 16  # conversations whose keys are kept for the next who asks


class PublicKeys(msgspec.Struct, frozen=True):
    """A device's keys, as others are told of them."""

    device: str
    ed25519: str
    curve25519: str
    signature: str


People = dict[str, list[PublicKeys]]


class DeviceKeys:
    """Publishes keys, gives them out, and knows the version of every conversation's devices."""

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        sessions: Sessions,
        rooms: RoomBook,
        ticks: Callable[[], float],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._rooms = rooms
        self._ticks = ticks
        limited = settings.flood_limit > 0
        self._claims = SlidingWindow(CLAIMS, CLAIMS_OF_ALL, SPAN) if limited else None
        self._changes = SlidingWindow(CHANGES, CHANGES_OF_ALL, SPAN) if limited else None
        self._lists: dict[int, tuple[str, People]] = {}  # by the room's id; the latest last

    def version(self, room: Room) -> str:
        """A text that changes whenever a conversation's people or their devices change."""
        if not room.devices:
            everybody = sorted(room.people(), key=lambda person: person.id)
            parts = (f"{person.id} {person.devices}" for person in everybody)
            room.devices = version_of([str(room.id), *parts])
        return room.devices

    async def publish(self, session: Session, published: Published) -> tuple[int, str]:
        """Store a device's keys; returns how many one-time keys wait, and the account's version."""
        check_published(published)
        person, now = session.person, self._ticks()
        wait = self._changes.wait(person.id, now) if self._changes is not None else 0.0

        def apply(ledger: Ledger) -> tuple[int, str]:
            # The session may have ended meanwhile; then its device must have no keys.
            if not ledger.accounts.has_token(person.id, session.token):
                raise ChatError(
                    "bad_token", "This session's token is good no more: log in, then publish."
                )
            if wait and not ledger.device_keys.has_device(
                person.id, session.device, published.device_keys
            ):
                raise ChatError(
                    "busy",
                    f"The keys of your devices change too often: wait {spoken(ceil(wait))}.",
                    retry_after=ceil(wait),
                )
            return ledger.device_keys.publish(person.id, session.device, published)

        waiting, version = await self._store.change(apply)
        if version != person.devices and self._changes is not None:
            self._changes.take(person.id, self._ticks())
        self.changed(person, version, session)
        return waiting, version

    def changed(self, person: Person, version: str, by: Session | None = None) -> None:
        """Note the new version of an account's devices, and tell those who encrypt for them.

        The session `by`, which has made the change, is not told.
        """
        if version == person.devices:
            return
        person.devices = version
        told = dict.fromkeys(self._sessions.of(person))
        for room in self._rooms.of(person):
            room.devices = ""
            if room.encrypted:
                for other in room.people():
                    told.update(dict.fromkeys(self._sessions.of(other)))
        if by is not None:
            told.pop(by, None)
        self._sessions.tell_these(told, Devices(person.name))

    async def of(self, room: Room) -> tuple[str, People, int]:
        """The version of a conversation's devices, these by the names of their people, and the
        number of its last entry, which tells with those before it how these people came there."""
        # The version is taken before the devices are read, so they are never older than it.
        version, seq = self.version(room), room.last_seq
        kept = self._lists.get(room.id)
        if kept is not None and kept[0] == version:
            return *kept, seq
        everybody = {person.id: person.name for person in room.people()}
        found = await self._store.read(lambda db: device_keys.devices(db, sorted(everybody)))
        people: People = {name: [] for name in everybody.values()}
        for account, *line in found:
            people[everybody[account]].append(PublicKeys(*line))
        self._lists.pop(room.id, None)
        self._lists[room.id] = version, people
        if len(self._lists) > MOST_LISTS:
            del self._lists[next(iter(self._lists))]
        return version, people, seq

    async def claim(self, session: Session, room: Room, asked: Sequence[str]) -> dict[str, Claimed]:
        """Take one-time keys of those of these devices that are in a conversation.

        Somebody who has taken many keys of one device gets its fallback key, so that nobody can
        use up the others.
        """
        wanted = check_devices(asked)
        person, now, claims = session.person, self._ticks(), self._claims
        owners = {other.id for other in room.people()}
        greedy = {
            device
            for device in wanted
            if claims is not None and claims.wait((person.id, device), now) > 0
        }

        def apply(ledger: Ledger) -> dict[str, Claimed]:
            found = {
                device: ledger.device_keys.claim(device, owners, device in greedy)
                for device in wanted
            }
            return {device: one for device, one in found.items() if one is not None}

        taken = await self._store.change(apply)
        if claims is not None:
            for device, one in taken.items():
                if not one.fallback:
                    claims.take((person.id, device), self._ticks())
        return taken

    async def share(self, session: Session, room: Room, sealed: str, cid: str) -> int:
        """Post what devices tell each other; returns the entry's number.

        Muted people may do this too, since they need it to read.
        """
        check_envelope(sealed)
        person = session.person
        entry = await self._store.change(
            lambda ledger: ledger.log.post(
                *(room.id, Kind.KEYS, person.id, person.name, sealed),
                cid=cid,
                form=Form.SEALED,
            )
        )
        return entry.seq
