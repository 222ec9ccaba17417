"""Devices that are whose they say, and say what no client would."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from twisted.trial.unittest import SynchronousTestCase
from vodozemac import Account

from tests.e2e.devices import Server, User
from twisted_chat.e2e.base64 import from_base64, to_base64
from twisted_chat.e2e.device import DeviceKeys, device_text
from twisted_chat.e2e.envelopes import (
    BodyKey,
    Group,
    Keys,
    Pair,
    Payload,
    SessionShare,
    padded,
    plain,
    read,
    written,
)
from twisted_chat.e2e.messages import Opened, Reason, Spot, Unreadable

SPOT = Spot(1, 7)


class LiarCase(SynchronousTestCase):
    """alice's device has sessions with bob's, and makes its messages by hand."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob", "carol"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")
        for user, room in ((self.alice, "bob"), (self.bob, "alice")):
            user.says(room, "hi")
        self.alice.catches_up("bob")
        self.bob.catches_up("alice")
        self.own, self.other = self.alice.machine.own, self.bob.machine.own

    def encrypts(self, inner: msgspec.Struct) -> dict[str, tuple[int, str]]:
        pairwise = self.alice.machine._olm
        encoded = msgspec.json.encode(inner)
        found = pairwise.encrypt("alice bob", self.other.curve25519, encoded)
        return {self.other.curve25519: found}

    def pair(self, payload: dict[str, Any], **inner: str) -> str:
        said = {
            "place": "alice bob",
            "n": 2,
            "by": self.own.curve25519,
            "text": "lie",
            "device": self.own.device,
            "signature": self.own.signature,
        }
        key = os.urandom(32)
        body = ChaCha20Poly1305(key).encrypt(
            bytes(12), padded(msgspec.convert(said | payload, Payload)), None
        )
        known = {"from": self.own.ed25519, "to": self.other.ed25519}
        hashed = {"key": to_base64(key), "hash": to_base64(sha256(body).digest())}
        unwrapping = msgspec.convert(known | hashed | inner, BodyKey)
        keys = self.encrypts(unwrapping)
        return written(Pair(1, self.own.curve25519, keys, to_base64(body)))

    def handing(self, **said: str) -> str:
        known = {
            "place": "alice bob",
            "from": self.own.ed25519,
            "to": self.other.ed25519,
            "device": self.own.device,
            "signature": self.own.signature,
        }
        keys = self.encrypts(msgspec.convert(known | said, SessionShare))
        return written(Keys(1, self.own.curve25519, keys))

    def refused(self, sealed: str, reason: Reason, author: str = "alice") -> None:
        outcome = self.bob.machine.open("alice", author, SPOT, sealed)
        assert isinstance(outcome.value, Unreadable)
        self.assertIs(outcome.value.reason, reason)
        self.assertFalse([one for one in outcome.changes if one.table in ("session", "people")])


class LiarTests(LiarCase):
    """Messages that were made by hand."""

    def test_one_that_tells_the_truth_is_read(self) -> None:
        opened = self.bob.machine.open("alice", "alice", SPOT, self.pair({})).value
        assert isinstance(opened, Opened)
        self.assertEqual((opened.text, opened.note), ("lie", ""))

    def test_i4_what_was_meant_for_another_device_is_refused(self) -> None:
        self.refused(self.pair({}, to=self.own.ed25519), Reason.FORGED)

    def test_i3_what_comes_from_another_key_is_refused(self) -> None:
        self.refused(self.pair({}, **{"from": self.other.ed25519}), Reason.FORGED)
        self.refused(self.pair({"by": self.other.curve25519}), Reason.FORGED)
        another = Account()
        ed25519 = another.ed25519_key.to_base64()
        text = device_text("alice", self.own.device, ed25519, self.own.curve25519)
        signed = {"signature": another.sign(text).to_base64()}
        self.refused(self.pair(signed, **{"from": ed25519}), Reason.FORGED)

    def test_i4_what_is_for_another_place_is_refused(self) -> None:
        self.refused(self.pair({"place": "#den"}), Reason.MOVED)
        outcome = self.bob.machine.receive("alice", "alice", self.handing(place="#den"))
        self.assertEqual(outcome.value, Unreadable(Reason.MOVED))
        self.assertEqual(outcome.changes, ())

    def test_numbers_that_cannot_be_are_refused(self) -> None:
        for number in (0, -1, 1 << 53, 1 << 62):
            self.refused(self.pair({"n": number}), Reason.DAMAGED)

    def test_what_would_move_the_cursor_is_made_visible(self) -> None:
        opened = self.bob.machine.open(
            "alice", "alice", SPOT, self.pair({"text": "\x1b[2J\u202eabc"})
        ).value
        assert isinstance(opened, Opened)
        self.assertEqual(opened.text, "\u241b[2J\ufffdabc")

    def test_what_is_inside_has_its_shape(self) -> None:
        self.refused(self.pair({}, key="AA"), Reason.DAMAGED)
        self.refused(self.pair({}, hash="AA"), Reason.DAMAGED)
        for session in ("x", "AAAA"):
            outcome = self.bob.machine.receive("alice", "alice", self.handing(session=session))
            assert isinstance(outcome.value, Unreadable)
            self.assertIs(outcome.value.reason, Reason.DAMAGED)
            self.assertEqual(outcome.changes, ())

    def test_a_private_conversation_has_no_megolm(self) -> None:
        groups = self.alice.machine._megolm
        groups.prepare("alice bob", [], 0.0)
        handing = self.handing(session=groups.session_key("alice bob"))
        self.bob.does(self.bob.machine.receive("alice", "alice", handing))
        name, text = groups.encrypt("alice bob", b"{}")
        self.refused(written(Group(1, self.own.curve25519, name, text)), Reason.MOVED)

    def test_a_third_person_is_not_in_a_private_conversation(self) -> None:
        self.refused(self.pair({}), Reason.FORGED, author="carol")

    def test_i7_a_recipient_cannot_change_the_body_for_another(self) -> None:
        phone = User(self.server, "alice", "phone")
        entry = self.alice.says("bob", "I owe you 5")
        envelope = read(entry.sealed)
        assert isinstance(envelope, Pair)
        pairwise = self.bob.machine._olm
        mine = envelope.keys[self.other.curve25519]
        text = pairwise.decrypt("alice bob", self.own.curve25519, *mine)
        key = from_base64(plain(text, BodyKey).key)
        body = ChaCha20Poly1305(key).decrypt(bytes(12), from_base64(envelope.body), None)
        other = ChaCha20Poly1305(key).encrypt(bytes(12), body.replace(b"5", b"9"), None)
        changed = written(Pair(1, envelope.by, envelope.keys, to_base64(other)))
        opened = phone.machine.open("bob", "alice", entry.spot, changed).value
        assert isinstance(opened, Unreadable)
        self.assertIs(opened.reason, Reason.DAMAGED)

    def test_i3_who_publishes_anothers_key_does_not_get_her_words(self) -> None:
        """carol's device is published by mallory too, signed by a key of his own."""
        carol = User(self.server, "carol")
        mallory, curve25519 = Account(), carol.machine.own.curve25519
        ed25519 = mallory.ed25519_key.to_base64()
        text = device_text("mallory", "x", ed25519, curve25519)
        keys = DeviceKeys("x", ed25519, curve25519, mallory.sign(text).to_base64())
        self.server.rooms["#den"].add("mallory")
        self.server.devices["mallory"] = [keys]
        self.bob.looks("#den")
        carol.says("#den", "mine")
        share, entry = self.server.entries["#den"]
        self.bob.opens("#den", share)
        opened = self.bob.machine.open("#den", "mallory", entry.spot, entry.sealed).value
        self.assertEqual(opened, Unreadable(Reason.FORGED))
        self.bob.does(self.bob.machine.learn("mallory", {"mallory": [keys]}))
        self.assertEqual(self.bob.catches_up("#den"), ["carol: mine"])
