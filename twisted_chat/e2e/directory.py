"""One's own device and the people it knows: who may read what is said, and who is verified.

The server lists the devices of a room's people, but it does not decide who they are. The first
list is believed, as is the first one after this person has left the room and come back, and
everybody on it is announced by name. From then on people are members if an entry of the room that
was shown says that they joined, and none says that they left. Anybody else whom the server lists is
announced and gets no key, until the person at the client admits them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ..core.errors import ChatError
from ..core.names import fold, room_name
from .device import Bundle, OwnDevice
from .known_devices import DeviceNews, KnownDevice, KnownDevices, NewsKind, Trust
from .rows import Rows, atomic
from .vault import Vault
from .verification import Comparison

MEMBERS = "members"


class Recipients(NamedTuple):
    """Who in a conversation may be sent to now."""

    devices: tuple[KnownDevice, ...]
    withheld: tuple[KnownDevice, ...]  # until their owners are verified


class Reader(NamedTuple):
    """Somebody whom the server lists in a room."""

    name: str
    own: bool  # this device's own account
    seen: bool  # to be a member; otherwise nothing is encrypted for them
    reads: tuple[KnownDevice, ...]  # devices that may read what is said now
    waits: tuple[KnownDevice, ...]  # and those that may not


class Listed(NamedTuple):
    """What came of a list of people and their devices."""

    news: list[DeviceNews]  # to tell before anything is sent
    first: bool = False  # of a room: who can read there is to be told by name
    newcomers: tuple[str, ...] = ()  # who was not there when the person was last


class _Members(msgspec.Struct, omit_defaults=True):
    """What is kept of a room's people; all names are folded."""

    names: list[str] = []  # those that the server has listed last
    seen: list[str] | None = None  # those that were seen; None until there is a first list
    before: list[str] | None = None  # those that were seen when the person left
    told: list[str] = []  # those of whom it was told that nobody has seen them
    only_verified: bool = False


class Directory:
    """What an `OlmMachine` knows of people. `room` is a `#room` or the name of a person."""

    def __init__(self, vault: Vault, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """`rows` are all that were kept, but for the table TEXT."""
        self.rows = Rows(vault, rows)
        self.own = OwnDevice(self.rows)
        self.people = KnownDevices(self.rows, self.own.account, self.own.keys)

    def place(self, room: str) -> str:
        """What a conversation is called inside messages, the same on both sides."""
        if room.startswith("#"):
            return room_name(room).folded
        return " ".join(sorted([self.own.account, fold(room).folded]))

    @atomic
    def publish(self, at_server: int, now: float) -> Bundle | None:
        """What to publish when the server has so many one-time keys left; None if nothing."""
        return self.own.bundle(at_server, now)

    @atomic
    def learn(self, room: str, people: Mapping[str, Sequence[object]]) -> Listed:
        """Take in the answer to `keys`; tell the person what is new before anything is sent."""
        told = {fold(name).folded: devices for name, devices in people.items()}
        if not room.startswith("#"):
            names = self.place(room).split(" ")
            return Listed([one for name in names for one in self._learn(name, told)])
        members = self._members(room)
        members.names = sorted(told)
        first, before = members.seen is None, members.before
        alike = self._look_alikes({*members.names, *(members.seen or ())})
        if members.seen is None:
            members.seen = [one for one in members.names if one not in alike]
            members.before = None
        news = [
            DeviceNews(
                NewsKind.ALIKE if name in alike else NewsKind.UNSEEN,
                name,
                alike.get(name, ""),
                reason=room,
            )
            for name in members.names
            if told[name] and name not in members.told and not self._is_member(members, name)
        ]
        members.told = [name for name in members.told if name in told]
        members.told += [one.name for one in news]
        self._keep_members(room, members)
        for name in self._names(room):
            news += self._learn(name, told)
        if members.only_verified:
            news = [self._awaited(one) for one in news]
        newcomers = set(members.names) - set(members.names if before is None else before)
        return Listed(news, first, tuple(sorted(newcomers - {self.own.account})))

    def _look_alikes(self, names: set[str]) -> dict[str, str]:
        """The names among these that a reader could take for another one, and for which.

        As for the server, two names in ASCII are told apart by those who read them.
        """
        names = names | {self.own.account}
        foreign = {one: fold(one).skeleton.split() for one in names if not one.isascii()}
        wanted = {look for looks in foreign.values() for look in looks}
        by_look: dict[str, set[str]] = {}
        for one in names if foreign else ():
            for look in wanted.intersection(fold(one).skeleton.split()):
                by_look.setdefault(look, set()).add(one)
        several = (sorted(found) for found in by_look.values() if len(found) > 1)
        return {
            one: next(other for other in found if other != one)
            for found in several
            for one in found
        }

    def _learn(self, name: str, told: Mapping[str, Sequence[object]]) -> list[DeviceNews]:
        return self.people.learn(name, told.get(name, ()))

    def _awaited(self, one: DeviceNews) -> DeviceNews:
        """News of a device in a room for verified ones only."""
        found = self.people.find(one.name, one.curve25519)
        waits = found is not None and found.in_use and found.standing is not Trust.VERIFIED
        return one._replace(waits=True) if waits else one

    def knows(self, room: str) -> bool:
        """Whether it is known who is in a conversation."""
        return not room.startswith("#") or self._members(room).seen is not None

    def rooms_known(self) -> list[str]:
        """The rooms, by their folded names, of which it is known who is in them."""
        return [room for room in self.rows.keys(MEMBERS) if self._members(room).seen is not None]

    @atomic
    def came(self, room: str, name: str) -> None:
        """The person was shown that somebody has come into a room."""
        members, name = self._members(room), fold(name).folded
        if members.seen is not None and name not in members.seen:
            if name in self._look_alikes({name, *members.seen}):
                return  # people may have taken that line for another person's
            members.seen.append(name)
            members.told = [one for one in members.told if one != name]
            self._keep_members(room, members)

    @atomic
    def went(self, room: str, name: str) -> None:
        """Somebody has left a room or was put out; they are told of should they be listed again."""
        members, name = self._members(room), fold(name).folded
        if members.seen is not None:
            members.seen = [one for one in members.seen if one != name]
            members.told = [one for one in members.told if one != name]
            self._keep_members(room, members)

    @atomic
    def left(self, room: str) -> None:
        """One is not in a room any more: who is there is told anew when one comes back."""
        members = self._members(room)
        if members.seen is not None:
            gone = _Members(before=members.seen, only_verified=members.only_verified)
            self._keep_members(room, gone)

    @atomic
    def admit(self, room: str, name: str) -> None:
        """The person says that somebody whom the server lists belongs in a room."""
        members, folded = self._members(room), fold(name).folded
        if members.seen is None or folded not in members.names:
            raise ChatError("args", f"The server does not list {name} in {room}.")
        if folded not in members.seen:
            members.seen.append(folded)
            self._keep_members(room, members)

    @atomic
    def restrict(self, room: str, only_verified: bool) -> None:
        """Encrypt in a room for verified devices only, or for every device of its members."""
        members = self._members(room)
        members.only_verified = only_verified
        self._keep_members(room, members)

    def is_restricted(self, room: str) -> bool:
        """Whether this device encrypts there for verified devices only."""
        return room.startswith("#") and self._members(room).only_verified

    def readers(self, room: str) -> list[Reader]:
        """Everybody whom the server lists in a room, oneself included."""
        members, may_read = self._members(room), set(self.recipients(room).devices)
        found = []
        for name in members.names:
            devices = self.people.devices(name)
            reads = tuple(one for one in devices if one in may_read)
            waits = tuple(one for one in devices if one not in may_read)
            seen = self._is_member(members, name)
            found.append(Reader(name, name == self.own.account, seen, reads, waits))
        return found

    def recipients(self, room: str) -> Recipients:
        """The devices that may read what is said now, and those that have to wait."""
        devices = [one for name in self._names(room) for one in self.people.devices(name)]
        strict = self.is_restricted(room)
        ready: list[KnownDevice] = []
        withheld: list[KnownDevice] = []
        for one in devices:
            waits = one.waits or (strict and one.standing is not Trust.VERIFIED)
            (withheld if waits else ready).append(one)
        return Recipients(tuple(ready), tuple(withheld))

    def doubt(self, room: str, author: str, device: str, standing: Trust) -> str:
        """What is to be said of something that came from this device of somebody's in a room."""
        if not room.startswith("#"):
            return ""
        members = self._members(room)
        if members.seen is not None and not self._is_member(members, author):
            return f"{author} was not seen joining {room}"
        if members.only_verified and standing is Trust.SEEN:
            return f"this is from the device {device!r}, which is not verified"
        return ""

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified, and with every device that is in use now."""
        return self.people.is_verified(fold(name).folded)

    def devices_of(self, name: str) -> list[KnownDevice]:
        """The devices of somebody that are in use, other than this one."""
        return self.people.devices(fold(name).folded)

    def unlisted_of(self, name: str) -> list[KnownDevice]:
        """Devices that have written in that name, and that the server does not list."""
        return self.people.unlisted(fold(name).folded)

    def comparison(self, name: str) -> Comparison:
        """What the words to compare with somebody, or with one's own other devices, stand for."""
        other = fold(name).folded
        keys = frozenset(one.ed25519 for one in self.people.devices(other))
        if not keys:
            raise ChatError("no_keys", f"There are no keys of {name} to compare yet.")
        devices = self.people.devices(self.own.account)
        own = frozenset((*(one.ed25519 for one in devices), self.own.ed25519))
        return Comparison(self.own.account, own, other, own if other == self.own.account else keys)

    @atomic
    def verify(self, name: str, comparison: Comparison) -> None:
        """The words that were shown are the same on the other side."""
        if comparison != self.comparison(name):
            raise ChatError(
                "changed",
                f"The devices have changed since the words were shown: say /verify {name} again.",
            )
        # The words stand for one's own devices too, so another one in one's name waits as well.
        for one in {fold(name).folded, self.own.account}:
            self.people.verify(one)

    def _names(self, room: str) -> list[str]:
        """Whose devices may read in a conversation: listed, and seen to be there."""
        if not room.startswith("#"):
            return self.place(room).split(" ")
        members = self._members(room)
        return [name for name in members.names if self._is_member(members, name)]

    def _is_member(self, members: _Members, name: str) -> bool:
        return name == self.own.account or name in (members.seen or ())

    def _members(self, room: str) -> _Members:
        return self.rows.find(MEMBERS, self.place(room), _Members) or _Members()

    def _keep_members(self, room: str, members: _Members) -> None:
        self.rows.put(MEMBERS, self.place(room), members)
