"""Several devices in memory, and a server that only carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from twisted_chat.e2e.device import DeviceKeys
from twisted_chat.e2e.envelopes import SealedFile
from twisted_chat.e2e.known_devices import DeviceNews
from twisted_chat.e2e.machine import OlmMachine
from twisted_chat.e2e.messages import (
    Arrival,
    Kept,
    KeysReceived,
    Message,
    Opened,
    Spot,
    Unreadable,
    sent_key,
    text_key,
)
from twisted_chat.e2e.rows import TEXT, Outcome
from twisted_chat.e2e.vault import Vault

VAULT = Vault(b"\x07" * 32)


class Entry:
    """Something that the server has stored and tells everybody in the place."""

    def __init__(
        self, room: str, spot: Spot, by: str, kind: str, sealed: str, target: int | None = None
    ) -> None:
        self.room, self.spot, self.by, self.kind = room, spot, by, kind
        self.sealed, self.target = sealed, target


class Server:
    """Keeps bundles, hands out one-time keys, numbers entries. It sees no more than a real one."""

    def __init__(self, **rooms: Iterable[str]) -> None:
        self.rooms = {f"#{name}": set(people) for name, people in rooms.items()}
        self.devices: dict[str, list[DeviceKeys]] = {}
        self.one_time: dict[str, list[tuple[str, Any, bool]]] = {}
        self.entries: dict[str, list[Entry]] = {}
        self.numbers: dict[str, int] = {}

    def publish(self, user: User) -> None:
        curve25519 = user.machine.own.curve25519
        bundle = user.does(user.machine.publish(len(self.one_time.get(curve25519, ())), user.now))
        if bundle is None:
            return
        keys = DeviceKeys(user.device, **bundle.device_keys)
        others = [one for one in self.devices.get(user.name, ()) if one.device != user.device]
        self.devices[user.name] = [*others, keys]
        kept = [one for one in self.one_time.get(curve25519, ()) if not one[2]]
        kept += [(key, one, False) for key, one in bundle.one_time.items()]
        kept += [(key, one, True) for key, one in bundle.fallback.items()]
        self.one_time[curve25519] = kept

    def forget(self, user: User) -> None:
        curve25519 = user.machine.own.curve25519
        listed = self.devices[user.name]
        self.devices[user.name] = [one for one in listed if one.curve25519 != curve25519]

    def people(self, user: User, room: str) -> dict[str, list[Any]]:
        names = self.rooms[room] if room.startswith("#") else {user.name, room}
        return {
            name: [msgspec.to_builtins(one) for one in self.devices.get(name, ())] for name in names
        }

    def claim(self, devices: Iterable[str]) -> dict[str, Any]:
        answer = {}
        for curve25519 in devices:
            kept = self.one_time.get(curve25519)
            if not kept:
                continue
            number, key, fallback = kept[0] if kept[0][2] else kept.pop(0)
            answer[curve25519] = {
                "id": number,
                "key": key.key,
                "signature": key.signature,
                "fallback": fallback,
            }
        return answer

    def store(
        self, user: User, room: str, kind: str, sealed: str, target: int | None = None
    ) -> Entry:
        place = user.machine.place(room)
        entries = self.entries.setdefault(place, [])
        conversation = self.numbers.setdefault(place, len(self.numbers) + 1)
        spot = Spot(conversation, len(entries) + 1)
        entry = Entry(
            place,
            spot if target is None else spot._replace(seq=target),
            user.name,
            kind,
            sealed,
            target,
        )
        entries.append(entry)
        return entry


class User:
    """One device of a person, with what it keeps on disk."""

    def __init__(self, server: Server, name: str, device: str = "laptop") -> None:
        self.server, self.name, self.device = server, name, device
        self.now = 1_000_000.0
        self.disk: dict[tuple[str, str], bytes] = {}
        self.shown: list[str] = []
        self.news: list[DeviceNews] = []
        self.read: dict[str, int] = {}
        self.comes: dict[int, Arrival] = {}  # entries that come otherwise than as they were said
        self._cids: Counter[str] = Counter()
        self.machine = self.does(OlmMachine.new(VAULT, name, device))
        server.publish(self)

    def does(self, outcome: Outcome[Any]) -> Any:
        """Write first, then use."""
        for change in outcome.changes:
            if change.value is not None:
                self.disk[change.table, change.key] = change.value
            else:
                self.disk.pop((change.table, change.key), None)
        return outcome.value

    def restarts(self) -> None:
        """Only what is on the disk is left."""
        rows = [(table, key, value) for (table, key), value in self.disk.items() if table != TEXT]
        self.machine = OlmMachine(VAULT, rows)

    # --- saying ------------------------------------------------------------------------------

    def looks(self, room: str) -> list[DeviceNews]:
        listed = self.does(self.machine.learn(room, self.server.people(self, room)))
        self.news += listed.news
        return list(listed.news)

    def sees(self, room: str, came: str = "", went: str = "") -> None:
        """An entry of a room is shown that says so."""
        if came:
            self.does(self.machine.came(room, came))
        if went:
            self.does(self.machine.went(room, went))

    def claims(self, room: str) -> None:
        wanted = self.machine.unclaimed(room, self.now)
        if wanted:
            self.news += self.does(self.machine.claimed(room, self.server.claim(wanted)))

    def says(
        self,
        room: str,
        text: str,
        target: int | None = None,
        file: SealedFile | None = None,
    ) -> Entry:
        """Say something as a client does: look at the keys, claim, seal, share, send, settle."""
        self.looks(room)
        self.claims(room)
        self._cids[room] += 1
        cid = f"{room}-{self._cids[room]}"
        sealed = self.does(self.machine.seal(room, Message(cid, text, target, file), self.now))
        for share in sealed.shares:
            self.server.store(self, room, "keys", share)
        entry = self.server.store(self, room, "message", sealed.message, target)
        self.settles(room, cid, entry)
        return entry

    def settles(self, room: str, cid: str, entry: Entry) -> Kept:
        row = self.disk[TEXT, sent_key(cid)]
        return self.does(self.machine.settle(room, cid, row, entry.spot))  # type: ignore[no-any-return]

    # --- hearing -----------------------------------------------------------------------------

    def opens(
        self, room: str, entry: Entry, comes: Arrival | None = None
    ) -> Opened | Unreadable | KeysReceived:
        if entry.kind == "keys":
            return self.does(self.machine.receive(room, entry.by, entry.sealed))  # type: ignore[no-any-return]
        comes = comes or (Arrival.SAID if entry.target is None else Arrival.EDIT)
        opening = self.machine.open(room, entry.by, entry.spot, entry.sealed, comes)
        return self.does(opening)  # type: ignore[no-any-return]

    def catches_up(self, room: str) -> list[str]:
        """What is new there, as lines."""
        lines = []
        place = self.machine.place(room)
        entries = self.server.entries.get(place, [])
        for number in range(self.read.get(place, 0), len(entries)):
            line = self._shown(room, entries[number], self.comes.get(number))
            if line is not None:
                lines.append(line)
        self.read[place] = len(entries)
        self.shown += lines
        return lines

    def _shown(self, room: str, entry: Entry, comes: Arrival | None) -> str | None:
        key = text_key(entry.spot, entry.sealed)
        if (row := self.disk.get((TEXT, key))) is not None:
            kept = self.machine.recall(key, row)
            return f"{kept.author}: {kept.text}"
        opened = self.opens(room, entry, comes)
        if isinstance(opened, KeysReceived):
            self.news += opened.news
            return None
        if isinstance(opened, Opened):
            self.news += opened.news
            note = f" ({opened.note})" if opened.note else ""
            return f"{opened.author}: {opened.text}{note}"
        if opened.greet:
            self.greets(room, entry.by, opened.greet)
        return f"{entry.by}: ({opened.sentence})" if entry.kind == "message" else None

    def greets(self, room: str, name: str, curve25519: str) -> bool:
        if not self.machine.may_greet(room, name, curve25519, self.now):
            self.looks(room)
        if not self.machine.may_greet(room, name, curve25519, self.now):
            return False
        key = self.server.claim([curve25519]).get(curve25519)
        share = self.does(self.machine.greet(room, name, curve25519, key, self.now))
        if share is not None:
            self.server.store(self, room, "keys", share)
        return share is not None
