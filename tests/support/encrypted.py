"""Offices in which people encrypt what they say, with an honest server and with a hostile one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.devices import Server, User
from tests.support.office import Office, Seat
from twisted_chat.store import Claimed, Ledger
from twisted_chat.testing import PASSWORD

Said = dict[str, Any]
FORGED = "pay the spy"
HEAD = "[tesla/9 10:00 private encrypted] tesla: " + FORGED


def _claim(ledger: Ledger, device: str, owners: set[int]) -> Claimed | None:
    return ledger.device_keys.claim(device, owners)


class Encrypted(SynchronousTestCase):
    """An office in which tesla and edison may have secrets."""

    def setUp(self) -> None:
        self.office = Office()
        self.addCleanup(self.office.__exit__, None, None, None)
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")

    def encrypt(self, place: str = "edison") -> None:
        self.tesla.types(f"/encrypt {place}", "yes")
        self.tesla.finds("encrypts this conversation from here on, for good")
        self.forget()

    def forget(self) -> None:
        """What was shown so far is nothing to look at."""
        for seat in self.office.clients:
            seat.takes()
        for one in (self.tesla, self.edison):
            one.lines.clear()

    def second(self, name: str) -> Seat:
        """The same person at another computer."""
        folder = self.office.home / f"{name} elsewhere"
        folder.mkdir(exist_ok=True)
        seat = Seat(self.office, name, folder)
        while seat.asking is not None:
            seat.types(PASSWORD)
        seat.lines.clear()
        return seat

    def kept(self) -> bytes:
        """Everything that is on the disks of the server and of all clients."""
        folders = (self.office.directory, self.office.home)
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        return b"".join(file.read_bytes() for file in files)


class HostileServer(Encrypted):
    """An office whose server does to edison what a test wants."""

    def setUp(self) -> None:
        super().setUp()
        self.encrypt()
        self.tesla.types("message edison the first")
        self.tesla.types("/switch edison")
        self.edison.types("/switch tesla")
        self.forget()

    def heard(self, seat: Seat, *events: Said) -> None:
        """The server says this to somebody, out of nothing."""
        for event in events:
            seat.wire.link.dataReceived(json.dumps(event).encode() + b"\n")
            self.office.settle()

    def whole(self, seat: Seat) -> str:
        """All that somebody sees."""
        return "\n".join(line.text for line in seat.lines)

    def at_sign_in(self, seat: Seat, change: Callable[[Said], None]) -> None:
        """What the server says of the conversations is changed; then somebody starts anew."""

        def lie(said: Said) -> list[Said]:
            if "rooms" in said.get("ok", {}):
                change(said["ok"]["rooms"])
            return [said]

        self.office.wait(2)  # until it is confirmed what has come
        seat.crashes()
        seat.lines.clear()
        seat.lies[:] = [lie]
        seat.start()

    def listens(self, seat: Seat) -> list[str]:
        """From now on what somebody's client sends is taken down."""
        heard: list[str] = []
        wire = seat.wire
        before = wire.sends_later

        def sends_later(data: bytes) -> None:
            heard.append(data.decode())
            before(data)

        wire.sends_later = sends_later  # type: ignore[method-assign]
        return heard

    def ghost(self, name: str) -> User:
        """A device in somebody's name that the server has made, and can write with."""
        ghost = User(Server(), name, "ghost")
        for seat in (self.tesla, self.edison):
            own = seat.user.secrets.machine.own
            ghost.server.devices.setdefault(seat.name, []).append(own.keys)
            person = self.office.chat.roster.names.find(seat.name)
            assert person is not None
            claim = partial(_claim, device=own.curve25519, owners={person.id})
            given = self.office.chat.store.change(claim)
            self.office.settle()
            claimed = self.successResultOf(given)
            assert claimed is not None
            ghost.server.one_time[own.curve25519] = [(claimed.id, claimed, claimed.fallback)]
        return ghost

    def lists(self, seat: Seat, *devices: User) -> None:
        """From now on the server lists these devices to somebody, and gives out keys of them."""

        def lie(said: Said) -> list[Said]:
            ok = said.get("ok")
            if isinstance(ok, dict) and isinstance(ok.get("people"), dict):
                for one in devices:
                    own = msgspec.to_builtins(one.machine.own.keys)
                    ok["people"].setdefault(one.name, []).append(own)
            if isinstance(ok, dict) and isinstance(ok.get("one_time"), dict):
                for one in devices:
                    ok["one_time"] |= one.server.claim([one.machine.own.curve25519])
            return [said]

        seat.lies.append(lie)
        self.heard(seat, {"event": "devices", "who": devices[0].name})

    def assert_says_nothing_in_clear(self, seat: Seat, to: str) -> None:
        heard = self.listens(seat)
        seat.types(f"message {to} CANARY")
        self.office.wait(30)
        self.assertTrue(heard)
        self.assertNotIn("CANARY", "".join(heard))
