"""Whose devices one has seen, and which of them may be sent to.

A device is trusted at first sight and remembered. What comes later is announced, and some of
it has to wait until its owner is verified:

- another device of somebody who is not verified is announced, and sent to from then on;
- another device of somebody who is verified is announced, and sent nothing;
- a device that has other keys than its name had before is announced, and sent nothing.

Verifying somebody trusts the devices that are in use then, and no others: a device that had only
written by then, and that the server lists later, is a new one, and so is one that was taken out
of use and comes back. A device that is not in use any more is remembered, so that its name does
not come back with other keys unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from .device import BadKeys, DeviceKeys, checked_device
from .rows import Rows

MOST_DEVICES = 20  # of one person at a time, as many as a server keeps
MOST_REMEMBERED = 200  # of one person, those included that are gone
TABLE = "people"


class Trust(Enum):
    """What is thought of a device."""

    SEEN = "seen"  # trusted at first sight
    VERIFIED = "verified"
    NEW = "new"  # it came, or came back, after its owner was verified
    CHANGED = "changed"  # its name had other keys before


WAITING = (Trust.NEW, Trust.CHANGED)


class NewsKind(Enum):
    """What there is to tell of a device."""

    FIRST = "first"  # of somebody whose devices were not known at all
    NEW = "new"
    CHANGED = "changed"
    BACK = "back"
    GONE = "gone"
    REFUSED = "refused"
    UNSEEN = "unseen"  # the server lists somebody in a room who was not seen joining it
    ALIKE = "alike"  # or whose name can be taken for that of a member


class DeviceNews(NamedTuple):
    """Something to tell the person before anything is sent to this device."""

    what: NewsKind
    name: str
    device: str
    curve25519: str = ""
    waits: bool = False  # it gets nothing until its owner is verified
    reason: str = ""  # why it was refused; or the room that somebody gets no keys of

    @property
    def sentence(self) -> str:
        """The same, for people."""
        whose = (
            f"{self.name}'s device {self.device!r}" if self.device else f"A device of {self.name}"
        )
        until = f": it gets nothing until you say /verify {self.name}" if self.waits else ""
        match self.what:
            case NewsKind.FIRST:
                return f"{whose} is known from now on{until}."
            case NewsKind.NEW:
                return f"{self.name} has a new device, {self.device!r}{until}."
            case NewsKind.CHANGED:
                return f"THE KEYS OF {whose} HAVE CHANGED{until}. Somebody may be between you."
            case NewsKind.BACK:
                return f"{whose} is back{until}."
            case NewsKind.GONE:
                return f"{whose} is no longer in use."
            case NewsKind.REFUSED:
                return f"{whose} is not used, because {self.reason}."
            case NewsKind.ALIKE:
                return (
                    f"The server lists {self.name} in {self.reason}, a name that can be taken for"
                    f" {self.device}, so they get no keys. If they belong there:"
                    f" /readers {self.reason} admit {self.name}"
                )
            case NewsKind.UNSEEN:
                return (
                    f"The server lists {self.name} in {self.reason}, but they were not seen joining"
                    f" it, so they get no keys. If they belong there:"
                    f" /readers {self.reason} admit {self.name}"
                )


class DeviceRecord(msgspec.Struct):
    """A device of somebody's, as it is remembered."""

    device: str
    ed25519: str
    standing: Trust
    in_use: bool = True
    listed: bool = True  # the server has told of it; a message alone may have shown it

    @property
    def is_gone(self) -> bool:
        """Whether the server has listed it once, and does so no longer."""
        return self.listed and not self.in_use


class _Person(msgspec.Struct):
    verified: bool = False
    devices: dict[str, DeviceRecord] = {}  # by curve25519, the one seen longest ago first

    def standing(self, known: DeviceRecord) -> Trust:
        """What is thought of one of the devices; nobody who is verified is trusted at sight."""
        late = self.verified and known.standing is Trust.SEEN
        return Trust.NEW if late else known.standing


class KnownDevice(NamedTuple):
    """One device of one person."""

    name: str
    curve25519: str
    device: str
    ed25519: str
    standing: Trust
    in_use: bool = True
    listed: bool = True

    @property
    def waits(self) -> bool:
        """Whether it is sent nothing until its owner is verified."""
        return self.standing in WAITING

    @property
    def is_gone(self) -> bool:
        """Whether the server has listed it once, and does so no longer."""
        return self.listed and not self.in_use


class KnownDevices:
    """Everybody whose devices were ever seen; names are folded."""

    def __init__(self, rows: Rows, own_name: str, own: DeviceKeys) -> None:
        self._rows = rows
        self._own_name = own_name
        self._own = own

    def learn(self, name: str, said: Sequence[object]) -> list[DeviceNews]:
        """Take in all the devices that the server says somebody has; what is new of it."""
        person = self._person(name)
        first = not person.devices and name != self._own_name
        news: list[DeviceNews] = []
        listed: dict[str, DeviceKeys] = {}
        for one in said[:MOST_DEVICES]:
            try:
                keys = checked_device(name, one)
            except BadKeys as error:
                news.append(DeviceNews(NewsKind.REFUSED, name, _label(one), reason=str(error)))
                continue
            if not self._is_own(name, keys):
                listed[keys.curve25519] = keys
            elif keys.ed25519 != self._own.ed25519:
                reason = "it has a key of this device and is not this device"
                news.append(DeviceNews(NewsKind.REFUSED, name, keys.device, reason=reason))
        if len(said) > MOST_DEVICES:
            reason = f"nobody has more than {MOST_DEVICES} devices"
            news.append(DeviceNews(NewsKind.REFUSED, name, "", reason=reason))
        for curve25519, known in person.devices.items():
            if known.in_use and curve25519 not in listed:
                known.in_use = False
                news.append(DeviceNews(NewsKind.GONE, name, known.device, curve25519))
        for keys in listed.values():
            news += self._meet(name, person, keys, first)
        self._keep(name, person)
        return news

    def introduce(self, name: str, keys: DeviceKeys) -> list[DeviceNews]:
        """A device that has shown itself in a message; it may be gone already."""
        checked_device(name, keys)
        person = self._person(name)
        if self._is_own(name, keys) or keys.curve25519 in person.devices:
            return []
        news = self._meet(name, person, keys, first=not person.devices)
        known = person.devices[keys.curve25519]
        known.in_use = known.listed = False  # until the server says that it is
        self._keep(name, person)
        return news

    def _meet(self, name: str, person: _Person, keys: DeviceKeys, first: bool) -> list[DeviceNews]:
        curve25519, label = keys.curve25519, keys.device
        known = person.devices.get(curve25519)
        if known is not None and known.ed25519 == keys.ed25519:
            return self._meet_again(name, person, known, curve25519)
        labels = {other.device for other in person.devices.values()}
        if name == self._own_name:
            labels.add(self._own.device)
        if known is not None or label in labels:
            what, standing = NewsKind.CHANGED, Trust.CHANGED
        elif person.verified:
            what, standing = NewsKind.NEW, Trust.NEW
        else:
            what, standing = NewsKind.FIRST if first else NewsKind.NEW, Trust.SEEN
        person.devices[curve25519] = DeviceRecord(label, keys.ed25519, standing)
        return [DeviceNews(what, name, label, curve25519, standing in WAITING)]

    def _meet_again(
        self, name: str, person: _Person, known: DeviceRecord, curve25519: str
    ) -> list[DeviceNews]:
        """A device is listed that is known; whether it may go on is decided before it is used."""
        standing = person.standing(known)
        if known.in_use and standing is known.standing:
            return []
        back = known.is_gone
        if back and standing is Trust.VERIFIED:
            standing = Trust.NEW  # its owner may have ended it for a good reason
        known.standing, known.in_use, known.listed = standing, True, True
        waits = standing in WAITING
        if not (back or waits):
            return []  # it was told of when it wrote
        what = NewsKind.NEW if standing is Trust.NEW else NewsKind.CHANGED
        return [DeviceNews(NewsKind.BACK if back else what, name, known.device, curve25519, waits)]

    def verify(self, name: str) -> None:
        """Standing the devices that are in use now, and no other without being asked."""
        person = self._person(name)
        person.verified = True
        for known in person.devices.values():
            if known.in_use:
                known.standing = Trust.VERIFIED
            elif known.standing is not Trust.CHANGED:
                known.standing = Trust.NEW
        self._keep(name, person)

    def is_verified(self, name: str) -> bool:
        """Whether somebody was verified, and every device in use was then."""
        person = self._person(name)
        in_use = [person.standing(known) for known in person.devices.values() if known.in_use]
        return person.verified and all(one is Trust.VERIFIED for one in in_use)

    def devices(self, name: str) -> list[KnownDevice]:
        """The devices of somebody that are in use, other than this one."""
        return [one for one in self._all(name) if one.in_use]

    def unlisted(self, name: str) -> list[KnownDevice]:
        """The devices that have written in somebody's name, and that the server never listed."""
        return [one for one in self._all(name) if not one.listed]

    def find(self, name: str, curve25519: str) -> KnownDevice | None:
        """A device of that person, in use or not."""
        return next((one for one in self._all(name) if one.curve25519 == curve25519), None)

    def _all(self, name: str) -> Iterable[KnownDevice]:
        person = self._person(name)
        for curve25519, known in person.devices.items():
            yield KnownDevice(
                name,
                curve25519,
                known.device,
                known.ed25519,
                person.standing(known),
                known.in_use,
                known.listed,
            )

    def _is_own(self, name: str, keys: DeviceKeys) -> bool:
        return (name, keys.curve25519) == (self._own_name, self._own.curve25519)

    def _person(self, name: str) -> _Person:
        return self._rows.find(TABLE, name, _Person) or _Person()

    def _keep(self, name: str, person: _Person) -> None:
        gone = [key for key, known in person.devices.items() if not known.in_use]
        for curve25519 in gone[: max(0, len(person.devices) - MOST_REMEMBERED)]:
            del person.devices[curve25519]
        self._rows.put(TABLE, name, person)


def _label(said: object) -> str:
    """What a device that is refused calls itself, if that can be shown."""
    label = said.get("device") if isinstance(said, dict) else getattr(said, "device", "")
    return label if isinstance(label, str) and len(label) <= 64 and label.isprintable() else ""
