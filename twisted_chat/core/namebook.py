"""Who has which name, and what names it keeps others from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from .errors import ChatError
from .lookalikes import plainest
from .names import Name, fold, room_name

Owner = TypeVar("Owner")


class _Entry(Struct, Generic[Owner], frozen=True):
    name: Name
    owner: Owner
    protected: bool


class NameBook(Generic[Owner]):
    """Who has which name; finding and comparing take the same time however many there are.

    Names come folded, so that loading ten thousand from the store computes nothing.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[Owner]] = {}
        self._looks: Counter[str] = Counter()
        self._foreign_looks: Counter[str] = Counter()  # of the names outside ASCII
        self._protected_looks: Counter[str] = Counter()  # of the administrators, at their plainest

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, name: Name, owner: Owner, *, protected: bool = False) -> None:
        """Enter a name, or change its owner or whether it is protected (an administrator's).

        Protection is against names to come; those already there stay.
        """
        self.forget(name)
        self._entries[name.folded] = _Entry(name, owner, protected)
        keys = name.skeleton.split()
        self._looks.update(keys)
        if not name.folded.isascii():
            self._foreign_looks.update(keys)
        if protected:
            self._protected_looks.update(map(plainest, keys))

    def forget(self, name: Name) -> None:
        """Strike a name out; nothing happens if it is not there."""
        entry = self._entries.pop(name.folded, None)
        if entry is None:
            return
        keys = entry.name.skeleton.split()
        _take_away(self._looks, keys)
        if not name.folded.isascii():
            _take_away(self._foreign_looks, keys)
        if entry.protected:
            _take_away(self._protected_looks, map(plainest, keys))

    def find(self, name: Name | str) -> Owner | None:
        """Whose name this is, however it is written; None if nobody's."""
        if isinstance(name, Name):
            folded = name.folded
        elif name.isascii():
            folded = name.lower()
        else:
            try:
                folded = room_name(name).folded if name.startswith("#") else fold(name).folded
            except ChatError:
                return None
        entry = self._entries.get(folded)
        return None if entry is None else entry.owner

    def collides(self, name: Name) -> bool:
        """Whether somebody has this name already, or one that could be taken for it."""
        if name.folded in self._entries:
            return True
        keys = name.skeleton.split()
        alike = self._foreign_looks if name.folded.isascii() else self._looks
        if any(key in alike for key in keys):
            return True
        if not self._protected_looks:
            return False
        return any(plainest(key) in self._protected_looks for key in keys)


def _take_away(counts: Counter[str], keys: Iterable[str]) -> None:
    for key in keys:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
