"""A server that plays tricks: it replays, reorders, drops, reflects, moves and damages."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests import PROOF, often
from tests.e2e.devices import Entry, Server, User
from twisted_chat.e2e.base64 import from_base64, to_base64
from twisted_chat.e2e.envelopes import Group, Pair, read, written
from twisted_chat.e2e.messages import KeysReceived, Opened, Reason, Spot, Unreadable

ROOMS = ("bob", "#den", "#attic")


class Trick(NamedTuple):
    """One entry as the server brings it to bob: perhaps elsewhere, perhaps of somebody else."""

    entry: int
    room: str | None
    author: str | None
    bit: int | None
    at: int | None


tricks = st.builds(
    Trick,
    st.integers(0, 30),
    st.none() | st.sampled_from(["alice", "carol", "#den", "#attic"]),
    st.none() | st.sampled_from(["alice", "bob", "carol"]),
    st.none() | st.integers(0, 20_000),
    st.none() | st.integers(1, 50),
)


class AdversaryTests(SynchronousTestCase):
    """Whatever the server does, nobody is shown what was not said there by that person."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob", "carol"), attic=("alice", "bob", "carol"))
        self.alice, self.bob, self.carol = (
            User(self.server, name) for name in ("alice", "bob", "carol")
        )

    def talk(self, rooms: list[str]) -> list[tuple[str, Entry, str]]:
        """What was said: bob's name of the room, the entry and the text, keys among them."""
        said = []
        for number, room in enumerate(rooms):
            user = (self.alice, self.carol)[number % 3 == 2]
            place = user.machine.place(room)
            before = len(self.server.entries.get(place, ()))
            user.says(room, f"text {number}")
            label = room if room.startswith("#") else user.name
            for entry in self.server.entries[place][before:]:
                said.append((label, entry, f"text {number}" if entry.kind == "message" else ""))
        return said

    @settings(deadline=None, max_examples=often(40, 400))
    @given(
        rooms=st.lists(st.sampled_from(ROOMS), min_size=1, max_size=8),
        played=st.lists(tricks, max_size=40),
        replies=st.integers(0, 3),
    )
    def test_i4_i7_nothing_is_shown_but_what_was_said_there_by_its_author_and_once(
        self, rooms: list[str], played: list[Trick], replies: int
    ) -> None:
        self.setUp()
        said = self.talk(rooms)
        for _ in range(replies):
            self.bob.says("alice", "reply")
        truth = {(label, entry.by, text) for label, entry, text in said if text}
        shown: dict[tuple[str, str, str], set[Spot]] = {}
        for trick in played:
            label, entry, _ = said[trick.entry % len(said)]
            room, author = trick.room or label, trick.author or entry.by
            sealed = entry.sealed if trick.bit is None else flipped(entry.sealed, trick.bit)
            spot = entry.spot if trick.at is None else Spot(entry.spot.conversation, trick.at)
            for outcome in (
                self.bob.machine.open(room, author, spot, sealed),
                self.bob.machine.receive(room, author, sealed),
            ):
                value = self.bob.does(outcome)
                if isinstance(value, Opened):
                    self.assertEqual(value.author, author)
                    shown.setdefault((room, author, value.text), set()).add(spot)
        self.assertLessEqual(set(shown), truth)
        self.assertTrue(all(len(spots) == 1 for spots in shown.values()), shown)
        # And it has broken nothing for good: what is said from now on is read.
        self.bob.now += 3_600
        for label in ("alice", "#den"):
            for _ in range(2):
                self.bob.catches_up(label)
                self.bob.looks(label)
                self.alice.looks("bob" if label == "alice" else label)
                self.alice.catches_up("bob" if label == "alice" else label)
            self.alice.says("bob" if label == "alice" else label, "still here")
            self.assertIn("alice: still here", self.bob.catches_up(label)[-1])

    @settings(deadline=None, max_examples=often(30, 300))
    @given(order=st.permutations(range(8)), dropped=st.sets(st.integers(0, 7), max_size=5))
    def test_i4_disorder_and_gaps_are_shown(self, order: list[int], dropped: set[int]) -> None:
        for room, label in (("bob", "alice"), ("#den", "#den")):
            self.setUp()
            for _ in range(2):
                self.alice.says(room, "before")
            self.bob.catches_up(label)
            entries = [self.alice.says(room, f"{number}") for number in range(8)]
            last, waiting = -1, set(range(8))
            for number in (one for one in order if one not in dropped):
                opened = self.bob.opens(label, entries[number])
                assert isinstance(opened, Opened)
                self.assertEqual(opened.text, f"{number}")
                self.assertEqual(opened.late, number < last)
                self.assertEqual(opened.missing, max(0, number - last - 1))
                self.assertEqual(bool(opened.note), opened.late or opened.missing > 0)
                last, waiting = max(last, number), waiting - {number}

    def test_i4_what_comes_again_is_refused(self) -> None:
        for room, label in (("bob", "alice"), ("#den", "#den")):
            entry = self.alice.says(room, "pay 5")
            self.bob.catches_up(label)
            self.alice.says(room, "more")
            self.bob.catches_up(label)
            again = self.bob.machine.open(label, "alice", Spot(1, 99), entry.sealed).value
            assert isinstance(again, Unreadable)
            self.assertIs(again.reason, Reason.REPLAYED)
            self.assertEqual(again.greet, "")

    def test_i4_what_begins_a_session_with_the_fallback_key_does_not_come_twice(self) -> None:
        kept = self.server.one_time[self.bob.machine.own.curve25519]
        self.server.one_time[self.bob.machine.own.curve25519] = [kept[-1]]
        entry = self.alice.says("bob", "pay 5")
        self.bob.catches_up("alice")
        for table, key in list(self.bob.disk):
            if table == "session":  # as if many others had come since
                del self.bob.disk[table, key]
        self.bob.restarts()
        again = self.bob.machine.open("alice", "alice", Spot(1, 9), entry.sealed).value
        self.assertEqual(again, Unreadable(Reason.REPLAYED))

    def test_i4_what_one_says_oneself_is_not_reflected_as_anothers(self) -> None:
        for room in ("bob", "#den"):
            entry = self.alice.says(room, "mine")
            for author, reason in (("bob", Reason.FORGED), ("alice", Reason.OWN)):
                opened = self.alice.machine.open(room, author, entry.spot, entry.sealed).value
                self.assertEqual(opened, Unreadable(reason))

    def test_i4_what_is_said_in_one_place_is_not_shown_in_another(self) -> None:
        for room in ("#den", "#attic"):
            self.alice.says(room, "hello")
            self.bob.catches_up(room)
        entry = self.alice.says("#den", "about the den")
        opened = self.bob.machine.open("#attic", "alice", Spot(8, 1), entry.sealed).value
        assert isinstance(opened, Unreadable)
        self.assertIs(opened.reason, Reason.NO_SESSION)
        entry = self.alice.says("bob", "to bob")
        opened = self.bob.machine.open("#den", "alice", Spot(8, 1), entry.sealed).value
        assert isinstance(opened, Unreadable)
        self.assertIs(opened.reason, Reason.MOVED)

    def test_i4_nobody_can_claim_what_another_has_said(self) -> None:
        entry = self.alice.says("#den", "I did it")
        (share,) = [one for one in self.server.entries["#den"] if one.kind == "keys"]
        claimed = self.bob.machine.open("#den", "carol", entry.spot, entry.sealed).value
        assert isinstance(claimed, Unreadable)
        # carol has the session too, hands it on as hers, and puts her name on the envelope.
        self.carol.catches_up("#den")
        self.bob.opens("#den", share)
        self.carol.says("#den", "hi")
        session = self.alice.machine._megolm.session_key("#den")
        self.carol.looks("#den")
        devices = self.carol.machine.recipients("#den").devices
        (forged,) = self.carol.machine._writer._shares("#den", devices, session)
        self.assertIsInstance(
            self.bob.does(self.bob.machine.receive("#den", "carol", forged)), KeysReceived
        )
        later = self.alice.says("#den", "I did it again")
        envelope = read(later.sealed)
        assert isinstance(envelope, Group)
        hers = written(Group(1, self.carol.machine.own.curve25519, envelope.session, envelope.body))
        opened = self.bob.machine.open("#den", "carol", later.spot, hers).value
        self.assertEqual(opened, Unreadable(Reason.FORGED))

    def test_i3_a_device_of_one_person_does_not_speak_for_another(self) -> None:
        entry = self.carol.says("bob", "I am alice")
        opened = self.bob.machine.open("alice", "alice", entry.spot, entry.sealed).value
        assert isinstance(opened, Unreadable)
        self.assertIs(opened.reason, Reason.FORGED)
        opened = self.bob.machine.open("alice", "carol", entry.spot, entry.sealed).value
        self.assertEqual(opened, Unreadable(Reason.FORGED))


class FlippedBitTests(SynchronousTestCase):
    """One flipped bit: the message is unreadable or what it was, and the next one is read."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")
        self.bob.looks("alice")

    def flips(self, label: str, entry: Entry, text: str) -> None:
        bits = range(8 * len(entry.sealed))
        if not PROOF:
            bits = sorted(Random(7).sample(bits, 400))  # type: ignore[assignment]
        unreadable = 0
        for bit in bits:
            damaged = flipped(entry.sealed, bit)
            if entry.kind == "keys":
                value: object = self.bob.machine.receive(label, "alice", damaged).value
            else:
                value = self.bob.machine.open(label, "alice", entry.spot, damaged).value
            if isinstance(value, Unreadable):
                unreadable += 1
                continue
            if isinstance(value, Opened):
                self.assertEqual(value.text, text)
            self.bob.restarts()
        self.assertGreater(unreadable, len(bits) * 0.98)
        self.bob.restarts()
        opened = self.bob.opens(label, entry)
        self.assertNotIsInstance(opened, Unreadable)

    def test_i7_in_the_first_message_of_a_session(self) -> None:
        self.flips("alice", self.alice.says("bob", "the first"), "the first")
        self.alice.says("bob", "the next")
        self.assertIn("alice: the next", self.bob.catches_up("alice"))

    def test_i7_in_a_later_message(self) -> None:
        self.alice.says("bob", "hi")
        self.bob.catches_up("alice")
        self.bob.says("alice", "hi")
        self.alice.catches_up("bob")
        self.flips("alice", self.alice.says("bob", "a later one"), "a later one")

    def test_i7_in_a_message_to_a_room_and_its_keys(self) -> None:
        entry = self.alice.says("#den", "to the room")
        self.flips("#den", self.server.entries["#den"][0], "")
        self.flips("#den", entry, "to the room")


class SkippedTests(SynchronousTestCase):
    """I5: no number makes a client work for long."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")
        for room, label in (("bob", "alice"), ("#den", "#den")):
            self.alice.says(room, "hi")
            self.bob.catches_up(label)
        self.bob.says("alice", "hi")
        self.alice.catches_up("bob")
        self.curve = self.bob.machine.own.curve25519

    def opened(self, label: str, sealed: str) -> Unreadable:
        value = self.bob.machine.open(label, "alice", Spot(1, 99), sealed).value
        assert isinstance(value, Unreadable)
        return value

    def test_i5_five_thousand_skipped_messages_are_an_error(self) -> None:
        machine = self.alice.machine
        for _ in range(5_000):
            machine._olm.encrypt("alice bob", self.curve, b"skipped")
        machine.rows.take()
        refused = self.opened("alice", self.alice.says("bob", "far").sealed)
        self.assertIs(refused.reason, Reason.TOO_FAR)
        # bob greets, alice answers on the new session.
        self.assertTrue(self.bob.greets("alice", "alice", refused.greet))
        self.alice.catches_up("bob")
        self.alice.says("bob", "near")
        self.assertEqual(self.bob.catches_up("alice")[-1].split(" (")[0], "alice: near")

    def test_i5_five_thousand_skipped_messages_of_a_room_are_an_error(self) -> None:
        groups = self.alice.machine._megolm
        for _ in range(5_000):
            name, body = groups.encrypt("#den", b"skipped")
        sealed = written(Group(1, self.alice.machine.own.curve25519, name, body))
        self.assertIs(self.opened("#den", sealed).reason, Reason.TOO_FAR)

    def test_i5_a_counter_of_two_thousand_million_is_an_error(self) -> None:
        envelope = read(self.alice.says("bob", "hi").sealed)
        assert isinstance(envelope, Pair)
        kind, text = envelope.keys[self.curve]
        raw = from_base64(text)
        self.assertEqual((kind, raw[35]), (1, 0x10))  # version, ratchet key, and then the index
        raw = raw[:36] + varint(2**31) + raw[37:]
        keys = {self.curve: (kind, to_base64(raw))}
        bomb = written(Pair(1, envelope.by, keys, envelope.body))
        self.assertIs(self.opened("alice", bomb).reason, Reason.TOO_FAR)
        group = read(self.alice.says("#den", "hi").sealed)
        assert isinstance(group, Group)
        raw = from_base64(group.body)
        self.assertEqual(raw[1], 0x08)
        raw = raw[:2] + varint(2**31) + raw[3:]
        bomb = written(Group(1, group.by, group.session, to_base64(raw)))
        self.assertIs(self.opened("#den", bomb).reason, Reason.TOO_FAR)

    def test_i5_numbers_that_are_missing_are_bounded(self) -> None:
        counting = self.bob.machine._counters
        counting.message("alice bob", "alice", "d", 1, Spot(1, 1))
        order = counting.message("alice bob", "alice", "d", 2**52, Spot(1, 2))
        self.assertEqual(order.missing, 2**52 - 2)
        self.assertLess(sum(map(len, self.bob.disk.values())), 200_000)
        (put,) = [one for one in self.bob.machine.rows.take() if one.key == "alice bob\nd"]
        self.assertLess(len(put.value), 20_000)


class HealingTests(SynchronousTestCase):
    """Who has lost something talks again after one round trip."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")

    def loses(self, *tables: str) -> None:
        """An old copy of bob's disk is put back, without what came since."""
        for table, key in list(self.bob.disk):
            if table in tables:
                del self.bob.disk[table, key]
        self.bob.restarts()

    def test_i8_a_lost_session_heals_in_one_round_trip(self) -> None:
        self.alice.says("bob", "hi")
        self.bob.catches_up("alice")
        self.bob.looks("alice")
        self.bob.says("alice", "hi")
        self.alice.catches_up("bob")
        self.loses("session")
        self.alice.says("bob", "lost")
        self.assertEqual(self.bob.catches_up("alice")[-1], f"alice: ({Reason.NO_SESSION.value})")
        self.alice.catches_up("bob")  # bob's greeting
        self.alice.says("bob", "found")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: found"])

    def test_i8_lost_keys_of_a_room_heal_in_one_round_trip(self) -> None:
        self.alice.says("#den", "hi")
        self.bob.catches_up("#den")
        self.loses("session", "inbound", "latest")
        self.alice.says("#den", "lost")
        self.assertEqual(self.bob.catches_up("#den")[-1], f"alice: ({Reason.NO_SESSION.value})")
        self.alice.catches_up("#den")
        self.alice.says("#den", "found")
        self.assertEqual(self.bob.catches_up("#den"), ["alice: found"])

    def test_i8_a_new_device_in_place_of_a_lost_one_names_what_it_cannot_read(self) -> None:
        for room in ("bob", "#den"):
            self.alice.says(room, "for the old one")
        self.server.forget(self.bob)
        bob = User(self.server, "bob", "new laptop")
        for room, label in (("bob", "alice"), ("#den", "#den")):
            self.alice.says(room, "for the new one")
            lines = bob.catches_up(label)
            self.assertEqual(lines[-1], "alice: for the new one")
            self.assertIn("not readable here", lines[0])

    def test_a_device_is_greeted_once_an_hour_in_a_place(self) -> None:
        self.bob.looks("alice")
        curve25519 = self.alice.machine.own.curve25519
        self.assertTrue(self.bob.greets("alice", "alice", curve25519))
        self.assertFalse(self.bob.greets("alice", "alice", curve25519))
        key = self.server.claim([curve25519])[curve25519]
        greet = self.bob.machine.greet("alice", "alice", curve25519, key, self.bob.now)
        self.assertIsNone(greet.value)
        self.assertTrue(self.bob.greets("#den", "alice", curve25519))  # it has its own sessions
        self.bob.now += 3_600
        self.assertTrue(self.bob.greets("alice", "alice", curve25519))

    def test_nobody_is_greeted_with_a_bad_key(self) -> None:
        self.bob.looks("alice")
        greet = self.bob.machine.greet
        curve25519 = self.alice.machine.own.curve25519
        self.assertIsNone(greet("alice", "alice", curve25519, None, 0.0).value)
        self.assertIsNone(greet("alice", "carol", curve25519, None, 0.0).value)


def flipped(sealed: str, bit: int) -> str:
    raw = bytearray(sealed.encode())
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    return raw.decode("latin-1")


def varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])
