"""What the tests of encryption have in common: keys of the right shape, and who has them."""

from __future__ import annotations

import base64
from hashlib import sha512
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.rooms import Room
from twisted_chat.testing import PASSWORD, Hall, Program


def key(name: str, size: int = 32) -> str:
    """What looks like a key to a server; another one for each name."""
    return base64.b64encode(sha512(name.encode()).digest()[:size]).decode().rstrip("=")


def identity(name: str) -> dict[str, str]:
    """The keys of a device."""
    return {
        "ed25519": key(f"{name} signs"),
        "curve25519": key(name),
        "signature": key(f"{name} signed", 64),
    }


def to_begin_with(*names: str) -> dict[str, dict[str, str]]:
    """One-time keys of these names, by ids that tell which is which."""
    return {
        f"id-{name}": {"key": key(name), "signature": key(f"{name} signed", 64)} for name in names
    }


def publishes(program: Program, name: str, *one_time: str, fallback: str = "") -> dict[str, Any]:
    """A program publishes the keys of a device, and some to begin with."""
    return program.asks(
        "publish",
        device_keys=identity(name),
        one_time=to_begin_with(*one_time),
        fallback=to_begin_with(fallback) if fallback else {},
    )


def code(answer: dict[str, Any]) -> str:
    """The code of a refusal; empty if it is none."""
    return str(answer["error"]["code"]) if "error" in answer else ""


class SealedCase(SynchronousTestCase):
    """Tesla and edison have a device with keys each; bell has none."""

    settings: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self.hall = Hall(guests=True, **self.settings)
        self.hall.__enter__()
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.tesla = self.comes("tesla", "laptop", "t1", "t2", fallback="tf")
        self.edison = self.comes("edison", "phone", "e1", "e2", fallback="ef")
        self.bell = self.hall.bot("bell")
        for program in (self.tesla, self.edison, self.bell):
            program.takes_events()
        self._cids = 0

    def comes(self, name: str, device: str, *one_time: str, fallback: str = "") -> Program:
        """Somebody signs in with a device that has keys called after both."""
        program = self.hall.bot(name, device=device)
        self.assertEqual(
            code(publishes(program, f"{name} {device}", *one_time, fallback=fallback)), ""
        )
        return program

    def encrypts(self, program: Program, place: str) -> None:
        """Turn it on, and look away from what comes of it."""
        self.assertEqual(program.asks("encrypt", place=place, sure=True), {"text": ""})
        self.looks_away()

    def makes(self, owner: Program, name: str, *others: Program, private: bool = False) -> None:
        """A room with these people in it, encrypted."""
        owner.asks("create", room=name, private=private)
        for other in others:
            session = other.protocol.door.session
            if private and session is not None:
                owner.asks("invite", room=name, user=session.person.name)
            self.assertEqual(code(other.asks("join", room=name)), "")
        self.encrypts(owner, name)

    def looks_away(self) -> None:
        """Nobody cares for what has come so far."""
        for client in self.hall.clients:
            if isinstance(client, Program):
                client.takes_events()

    def version(self, program: Program, place: str) -> str:
        """The version of a conversation's devices, as somebody in it is told."""
        return str(program.asks("keys", room=place)["version"])

    def seals(
        self, program: Program, place: str, sealed: str, version: str | None = None, cid: str = ""
    ) -> dict[str, Any]:
        """Say something sealed, for the devices there are unless another version is given."""
        self._cids += 1
        return program.asks(
            "send",
            room=place,
            text="",
            sealed=sealed,
            version=self.version(program, place) if version is None else version,
            cid=cid or f"cid-{self._cids}",
        )

    def says(self, program: Program, place: str, text: str) -> dict[str, Any]:
        """Say something in words."""
        self._cids += 1
        return program.asks("send", room=place, text=text, cid=f"cid-{self._cids}")

    def room(self, name: str) -> Room:
        found = self.hall.chat.rooms.find(name)
        assert found is not None
        return found

    def resumes(self, name: str, device: str) -> tuple[Program, dict[str, Any]]:
        """Somebody logs in, and what that is answered."""
        program = self.hall.program()
        answer = program.asks("login", name=name, password=PASSWORD, device=device)
        self.assertEqual(code(answer), "")
        return program, answer


def sealed_in(program: Program) -> list[tuple[str, int, str]]:
    """The sealed messages that have come: where, which number, what."""
    return [(e["room"], e["seq"], e["sealed"]) for e in program.takes_events("message")]


def told_of(program: Program) -> list[str]:
    """Of whose devices somebody was told that they have changed."""
    return [event["who"] for event in program.takes_events("devices")]
