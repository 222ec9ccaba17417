"""What is kept does not grow for ever, and is counted rightly."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from vodozemac import Account

from tests.e2e.devices import VAULT, Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.counters import MessageCounters, Order
from twisted_chat.e2e.device import DeviceKeys, device_text
from twisted_chat.e2e.known_devices import MOST_DEVICES, MOST_REMEMBERED, KnownDevices, NewsKind
from twisted_chat.e2e.megolm import LATEST, MOST_INBOUND, MegolmSessions, _Latest
from twisted_chat.e2e.messages import CannotRead, Message, Opened, Reason, Spot
from twisted_chat.e2e.olm import MOST_SESSIONS
from twisted_chat.e2e.rows import TEXT, Rows


def device(label: str) -> DeviceKeys:
    """A sound device of bob's."""
    account = Account()
    ed25519, curve25519 = account.ed25519_key.to_base64(), account.curve25519_key.to_base64()
    text = device_text("bob", label, ed25519, curve25519)
    return DeviceKeys(label, ed25519, curve25519, account.sign(text).to_base64())


class CountingTests(SynchronousTestCase):
    """The numbers inside messages."""

    def setUp(self) -> None:
        self.counting = MessageCounters(Rows(VAULT, ()))

    def comes(self, number: int, seq: int = 0) -> Order:
        return self.counting.message("#den", "alice", "D", number, Spot(1, seq or number))

    def refused(self, number: int) -> None:
        with self.assertRaises(CannotRead) as caught:
            self.comes(number)
        self.assertIs(caught.exception.reason, Reason.REPLAYED)

    def test_i4_every_number_comes_once(self) -> None:
        self.assertEqual(
            [self.comes(n) for n in (5, 7, 6, 8)],
            [Order(), Order(missing=1), Order(late=True), Order()],
        )
        for number in (5, 6, 7, 8, 1):
            self.refused(number)

    def test_what_is_seen_to_be_absent_is_not_missing_once(self) -> None:
        self.comes(1)
        for spot in (Spot(1, 2), Spot(1, 2), Spot(1, 1)):
            self.counting.absent("#den", "alice", spot)
        self.assertEqual(self.comes(4), Order(missing=1))
        self.assertEqual(self.comes(6), Order(missing=1))
        self.counting.absent("#den", "alice", Spot(1, 5))  # an old one, seen in the history
        self.assertEqual(self.comes(8), Order(missing=1))

    def test_edits_have_numbers_of_their_own(self) -> None:
        self.assertEqual(self.counting.next("#den", "a", edit=False), 1)
        self.assertEqual(self.counting.next("#den", "b", edit=True), 1)
        self.counting.dropped("#den", "b")
        self.assertEqual(self.counting.next("#den", "c", edit=False), 2)
        self.assertEqual(self.counting.next("#den", "c", edit=False), 2)
        self.counting.dropped("#den", "c")
        self.assertEqual(self.counting.next("#den", "d", edit=False), 2)
        self.counting.settled("#den", "d")
        self.counting.dropped("#den", "d")
        self.assertEqual(self.counting.next("#den", "d", edit=False), 3)
        self.counting.edit("#den", "D", 2)
        self.counting.edit("#den", "D", 1)
        with self.assertRaises(CannotRead):
            self.counting.edit("#den", "D", 1)


class BoundsTests(SynchronousTestCase):
    """How much is kept."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")

    def test_nobody_has_more_than_twenty_devices(self) -> None:
        people = {"bob": [device(f"{n}") for n in range(25)]}
        news = self.alice.does(self.alice.machine.learn("bob", people)).news
        self.assertEqual(len(self.alice.machine.recipients("bob").devices), MOST_DEVICES)
        self.assertIs(news[0].what, NewsKind.REFUSED)

    def test_devices_that_are_gone_are_forgotten_in_the_end(self) -> None:
        rows = Rows(VAULT, ())
        people = KnownDevices(rows, "alice", self.alice.machine.own.keys)
        first = device("first")
        for number in range(MOST_REMEMBERED + 5):
            people.learn("bob", [first if number == 0 else device(f"{number}")])
        self.assertIsNone(people.find("bob", first.curve25519))
        (put,) = rows.take()
        assert put.value is not None
        self.assertLess(len(put.value), 60_000)

    def test_only_the_latest_sessions_of_a_room_are_kept(self) -> None:
        for _ in range(MOST_INBOUND + 3):
            self.alice.says("#den", "hi")
            self.alice.now += 7 * 86_400
        self.assertEqual(len(self.bob.catches_up("#den")), MOST_INBOUND + 3)
        kept = [key for table, key in self.bob.disk if table == "inbound"]
        self.assertEqual(len(kept), MOST_INBOUND)
        key = f"#den\n{self.alice.machine.own.curve25519}"
        latest = self.bob.machine.rows.find(LATEST, key, _Latest)
        assert latest is not None
        self.assertEqual(len(latest.sessions), MOST_INBOUND)

    def test_a_session_that_comes_again_keeps_what_could_be_read(self) -> None:
        rows = Rows(VAULT, ())
        groups = MegolmSessions(rows)
        groups.prepare("#den", [], 0.0)
        first = groups.session_key("#den")
        name, text = groups.encrypt("#den", b"early")
        for session in (groups.session_key("#den"), first, groups.session_key("#den")):
            groups.take("#den", "alice", "D", session)
        self.assertEqual(groups.decrypt("#den", "D", name, text, Spot(1, 1))[1], b"early")

    def test_a_message_of_a_room_that_was_read_can_be_read_again_in_its_place(self) -> None:
        said = self.alice.says("#den", "hi")
        edit = self.alice.says("#den", "hello", target=said.spot.seq)
        self.bob.catches_up("#den")
        for entry, text in ((said, "hi"), (edit, "hello")):
            opened = self.bob.opens("#den", entry)
            assert isinstance(opened, Opened)
            self.assertEqual((opened.text, opened.note), (text, ""))

    def test_few_sessions_are_kept_and_both_sides_come_to_the_same(self) -> None:
        self.alice.says("bob", "a")
        self.bob.says("alice", "b")
        self.alice.catches_up("bob")
        self.bob.catches_up("alice")
        for _ in range(2):
            self.alice.says("bob", "a")
            self.bob.catches_up("alice")
            self.bob.says("alice", "b")
            self.alice.catches_up("bob")
        sessions = [
            one.machine._olm._sessions("alice bob", other.machine.own.curve25519)
            for one, other in ((self.alice, self.bob), (self.bob, self.alice))
        ]
        self.assertEqual(sessions[0][0].session_id, sessions[1][0].session_id)
        for _ in range(MOST_SESSIONS + 2):
            self.bob.now += 3_600
            self.bob.greets("alice", "alice", self.alice.machine.own.curve25519)
        self.alice.catches_up("bob")
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            curve25519 = other.machine.own.curve25519
            kept = one.machine._olm._sessions("alice bob", curve25519)
            self.assertEqual(len(kept), MOST_SESSIONS)

    def test_what_is_stored_has_one_row(self) -> None:
        self.alice.says("bob", "hi")
        self.assertEqual(len([key for table, key in self.alice.disk if table == TEXT]), 1)

    def test_changes_are_handed_over_once_and_those_of_a_refused_operation_never(self) -> None:
        self.alice.says("bob", "hi")
        self.assertEqual(self.alice.machine.publish(50, self.alice.now).changes, ())
        with self.assertRaises(ChatError):
            self.alice.machine.seal("bob", Message("c", "x" * 30_000), 0.0)
        self.assertEqual(self.alice.machine.publish(50, self.alice.now).changes, ())
