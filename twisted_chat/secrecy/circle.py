"""One's own device and the people it knows: who may read what is said, and who is verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..core.errors import ChatError
from ..core.names import fold, room_name
from .acquaintances import Acquaintance, Acquaintances, News
from .device import OwnDevice
from .outcome import whole
from .rows import Rows
from .signed import Bundle
from .words import six_words

if TYPE_CHECKING:
    from .vault import Vault


class Recipients(NamedTuple):
    """Who in a conversation may be sent to now."""

    devices: tuple[Acquaintance, ...]
    withheld: tuple[Acquaintance, ...]  # until their owners are verified


class Compared(NamedTuple):
    """The keys that two people compare, or one person on two devices."""

    own_name: str
    own: frozenset[str]
    name: str
    keys: frozenset[str]

    def words(self) -> str:
        """The same in six words; this takes a while, and is work for a thread."""
        return six_words(*self)


class _Members(msgspec.Struct):
    names: list[str]


class Circle:
    """What a `Confidant` knows of people. `room` is a `#room` or the name of a person."""

    def __init__(self, vault: Vault, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """`rows` are all that were kept, but for the table TEXT."""
        self.rows = Rows(vault, rows)
        self.own = OwnDevice(self.rows)
        self.people = Acquaintances(self.rows, self.own.account, self.own.keys)

    def place(self, room: str) -> str:
        """What a conversation is called inside messages, the same on both sides."""
        if room.startswith("#"):
            return room_name(room).folded
        return " ".join(sorted([self.own.account, fold(room).folded]))

    @whole
    def publish(self, at_server: int, now: float) -> Bundle | None:
        """What to publish when the server has so many one-time keys left; None if nothing."""
        return self.own.bundle(at_server, now)

    @whole
    def learn(self, room: str, people: Mapping[str, Sequence[object]]) -> list[News]:
        """Take in the answer to `keys`; tell the person what is new before anything is sent."""
        told = {fold(name).folded: devices for name, devices in people.items()}
        names = self._names(room)
        if room.startswith("#"):
            names = sorted(told)
            self.rows.put("members", self.place(room), _Members(names))
        return [one for name in names for one in self.people.learn(name, told.get(name, ()))]

    def recipients(self, room: str) -> Recipients:
        """The devices that may read what is said now, and those that have to wait."""
        devices = [one for name in self._names(room) for one in self.people.devices(name)]
        return Recipients(
            tuple(one for one in devices if not one.waits),
            tuple(one for one in devices if one.waits),
        )

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified, and with every device that is in use now."""
        return self.people.is_verified(fold(name).folded)

    def devices_of(self, name: str) -> list[Acquaintance]:
        """The devices of somebody that are in use, other than this one."""
        return self.people.devices(fold(name).folded)

    def unlisted_of(self, name: str) -> list[Acquaintance]:
        """Devices that have written in that name, and that the server does not list."""
        return self.people.unlisted(fold(name).folded)

    def compared(self, name: str) -> Compared:
        """What the words to compare with somebody, or with one's own other devices, stand for."""
        other = fold(name).folded
        keys = frozenset(one.ed25519 for one in self.people.devices(other))
        if not keys:
            raise ChatError("no_keys", f"There are no keys of {name} to compare yet.")
        devices = self.people.devices(self.own.account)
        own = frozenset((*(one.ed25519 for one in devices), self.own.ed25519))
        return Compared(self.own.account, own, other, own if other == self.own.account else keys)

    @whole
    def verify(self, name: str, compared: Compared) -> None:
        """The words that were shown are the same on the other side."""
        if compared != self.compared(name):
            raise ChatError(
                "changed",
                f"The devices have changed since the words were shown: say /verify {name} again.",
            )
        # The words stand for one's own devices too, so another one in one's name waits as well.
        for one in {fold(name).folded, self.own.account}:
            self.people.verify(one)

    def _names(self, room: str) -> list[str]:
        if not room.startswith("#"):
            return self.place(room).split(" ")
        members = self.rows.find("members", self.place(room), _Members)
        return members.names if members is not None else []
