"""A server that knows when people compare their words, and puts devices in before and after."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from vodozemac import Account

from tests.e2e.devices import Entry, Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.device import DeviceKeys, device_text
from twisted_chat.e2e.known_devices import DeviceRecord, NewsKind, Trust
from twisted_chat.e2e.messages import Opened


class ComparisonCase(SynchronousTestCase):
    """alice and bob, who compare their words, and a device that the server has made."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")
        self.alice.looks("bob")
        self.bob.looks("alice")

    def ghost(self, name: str) -> User:
        """A device in somebody's name that the server lists to nobody yet."""
        made = User(self.server, name, "ghost")
        self.server.forget(made)
        return made

    def compare(self) -> None:
        """Both see the same words, and both say so."""
        for user, other in ((self.alice, "bob"), (self.bob, "alice")):
            user.looks(other)
        comparison = self.alice.machine.comparison("bob")
        self.assertEqual(comparison.words(), self.bob.machine.comparison("alice").words())
        self.alice.does(self.alice.machine.verify("bob", comparison))

    def lists(self, device: User) -> None:
        self.server.devices[device.name].append(device.machine.own.keys)

    def told(self) -> list[tuple[NewsKind, str, str, bool]]:
        news = self.alice.looks("bob")
        return [(one.what, one.name, one.device, one.waits) for one in news]

    def recipients(self) -> list[str]:
        return [one.device for one in self.alice.machine.recipients("bob").devices]

    def opened(self, entry: Entry) -> Opened:
        opened = self.alice.opens("bob", entry)
        assert isinstance(opened, Opened)
        return opened


class ComparisonTests(ComparisonCase):
    def test_i3_a_device_that_wrote_before_the_comparison_waits_when_it_is_listed_after(
        self,
    ) -> None:
        ghost = self.ghost("bob")
        entry = ghost.says("alice", "hello from my other device")
        self.assertEqual([one.what for one in self.opened(entry).news], [NewsKind.NEW])
        self.compare()
        self.lists(ghost)
        self.assertEqual(self.told(), [(NewsKind.NEW, "bob", "ghost", True)])
        self.assertEqual(self.recipients(), ["laptop"])
        self.assertFalse(self.alice.machine.is_verified("bob"))
        self.assertEqual(self.told(), [])  # once is enough

    def test_i3_so_does_one_in_ones_own_name(self) -> None:
        ghost = self.ghost("alice")
        self.alice.opens("bob", ghost.says("bob", "a note to myself"))
        self.compare()
        self.lists(ghost)
        self.assertEqual(self.told(), [(NewsKind.NEW, "alice", "ghost", True)])
        self.assertEqual(self.recipients(), ["laptop"])

    def test_i3_what_it_says_after_the_comparison_is_marked(self) -> None:
        ghost = self.ghost("bob")
        first = ghost.says("alice", "one")
        self.assertEqual(self.opened(first).note, "")
        self.compare()
        self.assertIn("not verified", self.opened(ghost.says("alice", "two")).note)

    def test_i3_it_is_shown_with_the_words(self) -> None:
        ghost = self.ghost("bob")
        self.opened(ghost.says("alice", "one"))
        self.assertEqual([one.device for one in self.alice.machine.unlisted_of("Bob")], ["ghost"])
        self.lists(ghost)
        self.alice.looks("bob")
        self.assertEqual(self.alice.machine.unlisted_of("bob"), [])

    def test_i3_a_device_that_was_taken_out_of_use_waits_when_it_comes_back(self) -> None:
        phone = User(self.server, "bob", "phone")
        self.compare()
        self.server.forget(phone)  # bob has lost it
        self.alice.looks("bob")
        self.assertIn("no longer in use", self.opened(phone.says("alice", "the thief")).note)
        self.lists(phone)
        self.assertEqual(self.told(), [(NewsKind.BACK, "bob", "phone", True)])
        self.assertEqual(self.recipients(), ["laptop"])

    def test_i3_one_that_an_earlier_version_let_in_is_told_of_and_waits(self) -> None:
        self.compare()
        ghost = self.ghost("bob")
        self.lists(ghost)
        keys = ghost.machine.own.keys
        people = self.alice.machine.people
        person = people._person("bob")
        person.devices[keys.curve25519] = DeviceRecord("ghost", keys.ed25519, Trust.SEEN)
        people._keep("bob", person)
        self.assertEqual(self.recipients(), ["laptop"])
        self.assertEqual(self.told(), [(NewsKind.NEW, "bob", "ghost", True)])
        self.assertEqual(self.told(), [])

    def test_i3_a_key_of_this_device_under_another_identity_is_refused(self) -> None:
        own, other = self.alice.machine.own.curve25519, Account()
        ed25519 = other.ed25519_key.to_base64()
        signature = other.sign(device_text("alice", "laptop", ed25519, own)).to_base64()
        self.server.devices["alice"] = [DeviceKeys("laptop", ed25519, own, signature)]
        self.assertEqual(self.told(), [(NewsKind.REFUSED, "alice", "laptop", False)])
        self.assertEqual(self.recipients(), ["laptop"])

    def test_i3_words_of_the_other_side_do_not_verify_what_came_since(self) -> None:
        comparison = self.alice.machine.comparison("bob")
        ghost = self.ghost("alice")
        self.lists(ghost)
        self.alice.looks("bob")
        with self.assertRaises(ChatError) as caught:
            self.alice.machine.verify("bob", comparison)
        self.assertEqual(caught.exception.code, "changed")
