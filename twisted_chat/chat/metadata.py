"""Metadata: what accounts, guests and rooms say of themselves, value by key.

That of accounts and rooms is stored and read when somebody asks for it; that of guests is in memory
while they are here. Everybody who may know of somebody or of a room may read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from math import ceil

from sqlalchemy import Connection

from ..core.errors import ChatError
from ..core.limits import SlidingWindow
from ..core.rooms import Person, Role, Room
from ..core.text import shown
from ..settings import Settings
from ..store import Ledger, metadata
from ..store.metadata import MOST_KEYS
from .async_store import AsyncStore

__all__ = [
    "LONGEST_KEY",
    "LONGEST_VALUE",
    "MOST_AT_ONCE",
    "MOST_KEYS",
    "Found",
    "Metadata",
    "Target",
    "is_key",
    "is_value",
]

LONGEST_KEY = 48  # bytes
LONGEST_VALUE = 300
MOST_AT_ONCE = 2000  # values of one answer
CHANGES_OF_ONE = 30  # keys that one person may change,
CHANGES = 3000  # and all together,
SPAN = 60.0  # in so many seconds: each change is told to everybody who wants to know

_KEY = re.compile("[a-z0-9_./-]+")

Target = Person | Room
Found = tuple[Target, str, str]
"""Whose key it is, the key and its value."""


def is_key(text: str) -> bool:
    """Whether a text is a valid key."""
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Whether a text is a valid value."""
    return 0 < len(text.encode()) <= LONGEST_VALUE and shown(text) == text


class Metadata:
    """Reads and changes the metadata of people and rooms."""

    def __init__(self, settings: Settings, store: AsyncStore, ticks: Callable[[], float]) -> None:
        self._store = store
        self._ticks = ticks
        self._guests: dict[Person, dict[str, str]] = {}
        limited = settings.flood_limit > 0
        self._changes = SlidingWindow(CHANGES_OF_ONE, CHANGES, SPAN) if limited else None

    def may_change(self, person: Person, target: Target) -> bool:
        """Whether somebody may change the metadata of a person or a room."""
        if isinstance(target, Room):
            return target.role_of(person) >= Role.OPERATOR and target.has(person)
        return target is person

    # --- reading --------------------------------------------------------------------------

    async def of(self, target: Target) -> dict[str, str]:
        """All metadata of a person or a room."""
        number = target.id
        if isinstance(target, Room):
            return await self._store.read(lambda db: metadata.of_room(db, number))
        if target.guest:
            return dict(self._guests.get(target, {}))
        return await self._store.read(lambda db: metadata.of_account(db, number))

    async def of_many(
        self, rooms: Sequence[Room], people: Sequence[Person], keys: Collection[str]
    ) -> list[Found]:
        """The values of these keys of these rooms and people, at most `MOST_AT_ONCE`."""
        accounts = {person.id: person for person in people if not person.guest}
        numbers = {room.id: room for room in rooms}

        def ask(db: Connection) -> list[Found]:
            found: list[Found] = []
            for number, room in numbers.items():
                values = metadata.of_room(db, number)
                found += [(room, key, value) for key, value in values.items() if key in keys]
            rows = metadata.of_accounts(db, list(accounts), keys, MOST_AT_ONCE)
            return found + [(accounts[number], key, value) for number, key, value in rows]

        found = await self._store.read(ask) if keys else []
        for person in people:
            values = self._guests.get(person, {})
            found += [(person, key, value) for key, value in values.items() if key in keys]
        return found[:MOST_AT_ONCE]

    # --- changing -------------------------------------------------------------------------

    async def put(self, by: Person, target: Target, key: str, value: str | None) -> bool:
        """Set a key, or remove it with None; returns whether that changes anything.

        ChatError('list_full') when there are too many keys, ('too_fast') when too much changes.
        """
        self._charge(by)
        number = target.id
        if isinstance(target, Person) and target.guest:
            return self._put_guest(target, key, value)

        def apply(ledger: Ledger) -> bool:
            if isinstance(target, Room):
                return ledger.metadata.set_of_room(number, key, value)
            return ledger.metadata.set_of_account(number, key, value)

        return await self._store.change(apply)

    def _put_guest(self, guest: Person, key: str, value: str | None) -> bool:
        kept = self._guests.setdefault(guest, {})
        if kept.get(key) == value:
            return False
        if value is None:
            del kept[key]
        elif key not in kept and len(kept) >= MOST_KEYS:
            raise ChatError("list_full", f"There are {MOST_KEYS} keys already: remove one first.")
        else:
            kept[key] = value
        return True

    async def clear(self, by: Person, target: Target) -> list[str]:
        """Remove all keys, and return which there were."""
        self._charge(by)
        number = target.id
        if isinstance(target, Person) and target.guest:
            return sorted(self._guests.pop(target, {}))

        def apply(ledger: Ledger) -> list[str]:
            if isinstance(target, Room):
                return ledger.metadata.clear_of_room(number)
            return ledger.metadata.clear_of_account(number)

        return await self._store.change(apply)

    def _charge(self, by: Person) -> None:
        if self._changes is None:
            return
        wait = self._changes.take(by.id, self._ticks())
        if wait > 0:
            raise ChatError(
                "too_fast", "You change too much at once: wait a moment.", retry_after=ceil(wait)
            )

    def forget(self, guest: Person) -> dict[str, str]:
        """Forget the metadata of a guest who goes or becomes an account, and return it."""
        return self._guests.pop(guest, {})
