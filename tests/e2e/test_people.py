"""Whose devices are known, what is told of them, and who gets nothing until it is verified."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.devices import Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.device import DeviceKeys
from twisted_chat.e2e.known_devices import DeviceNews, NewsKind, Trust
from twisted_chat.e2e.messages import Opened


class PeopleCase(SynchronousTestCase):
    """alice, who learns of bob's devices from a server that may lie."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice = User(self.server, "alice")
        self.bob = User(self.server, "bob")

    def told(self) -> list[tuple[NewsKind, str, bool]]:
        return [(one.what, one.device, one.waits) for one in self.alice.looks("bob")]

    def verifies(self) -> None:
        comparison = self.alice.machine.comparison("bob")
        self.alice.does(self.alice.machine.verify("bob", comparison))

    def recipients(self) -> list[str]:
        return [one.device for one in self.alice.machine.recipients("bob").devices]

    def withheld(self) -> list[str]:
        return [one.device for one in self.alice.machine.recipients("bob").withheld]


class FirstSightTests(PeopleCase):
    """Devices are trusted at first sight, and announced after it."""

    def test_the_first_devices_are_known_and_told_once(self) -> None:
        self.assertEqual(self.told(), [(NewsKind.FIRST, "laptop", False)])
        self.assertEqual(self.told(), [])
        self.alice.restarts()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.recipients(), ["laptop"])

    def test_i3_a_new_device_is_announced_before_anything_is_sent_to_it(self) -> None:
        self.told()
        User(self.server, "bob", "phone")
        self.assertEqual(self.recipients(), ["laptop"])
        self.assertEqual(self.told(), [(NewsKind.NEW, "phone", False)])
        self.assertEqual(self.recipients(), ["laptop", "phone"])

    def test_i3_a_key_that_the_server_has_swapped_gets_nothing(self) -> None:
        self.told()
        impostor = User(self.server, "bob", "laptop")  # it takes the other's place
        self.assertEqual(
            self.told(), [(NewsKind.GONE, "laptop", False), (NewsKind.CHANGED, "laptop", True)]
        )
        self.assertEqual((self.recipients(), self.withheld()), ([], ["laptop"]))
        with self.assertRaises(ChatError) as caught:
            self.alice.says("bob", "for the real bob")
        self.assertEqual(caught.exception.code, "withheld")
        self.assertIn("/verify bob", caught.exception.sentence)
        self.verifies()
        self.alice.says("bob", "for the new laptop")
        self.assertEqual(impostor.catches_up("alice"), ["alice: for the new laptop"])

    def test_i3_a_swapped_key_is_remembered_while_the_device_is_away(self) -> None:
        self.told()
        listed = self.server.devices["bob"]
        self.server.devices["bob"] = []
        self.assertEqual(self.told(), [(NewsKind.GONE, "laptop", False)])
        User(self.server, "bob", "laptop")
        self.assertEqual(self.told(), [(NewsKind.CHANGED, "laptop", True)])
        self.server.devices["bob"] = listed
        self.assertEqual(
            self.told(), [(NewsKind.GONE, "laptop", False), (NewsKind.BACK, "laptop", False)]
        )
        self.assertEqual(self.recipients(), ["laptop"])

    def test_i3_a_second_device_under_ones_own_name_is_a_changed_key(self) -> None:
        User(self.server, "alice", "laptop")
        news = self.alice.looks("bob")
        self.assertIn((NewsKind.CHANGED, "alice", True), [(n.what, n.name, n.waits) for n in news])
        self.assertEqual(self.recipients(), ["laptop"])
        comparison = self.alice.machine.comparison("alice")
        self.alice.does(self.alice.machine.verify("alice", comparison))
        self.assertEqual(self.recipients(), ["laptop", "laptop"])

    def test_a_device_that_shows_itself_in_a_message_is_announced_once(self) -> None:
        self.bob.says("alice", "hi")
        self.server.forget(self.bob)
        self.alice.catches_up("bob")
        self.assertEqual([one.what for one in self.alice.news], [NewsKind.FIRST])
        self.assertEqual(self.told(), [])
        self.assertEqual(self.recipients(), [])
        self.server.devices["bob"] = [self.bob.machine.own.keys]
        self.assertEqual(self.told(), [])
        self.assertEqual(self.recipients(), ["laptop"])

    def test_every_piece_of_news_is_a_sentence(self) -> None:
        self.told()
        self.server.devices["bob"] = [self.bob.machine.own.keys] * 25
        User(self.server, "bob", "phone")
        User(self.server, "bob", "laptop")
        sentences = [one.sentence for one in self.alice.looks("bob")]
        sentences += [one.sentence for one in self.alice.looks("bob")]
        self.assertIn("THE KEYS OF bob's device 'laptop' HAVE CHANGED", " ".join(sentences))
        self.assertTrue(all(one.endswith(".") for one in sentences))


class VerifiedTests(PeopleCase):
    """Who is verified is verified with the devices of that time."""

    def test_both_sides_see_the_same_words(self) -> None:
        User(self.server, "bob", "phone")
        User(self.server, "alice", "phone")
        self.alice.looks("bob")
        self.bob.looks("alice")
        words = self.alice.machine.comparison("bob").words()
        self.assertEqual(self.bob.machine.comparison("Alice").words(), words)
        self.assertEqual(len(words.split()), 6)

    def test_i3_other_words_are_seen_with_a_server_in_between(self) -> None:
        self.alice.looks("bob")
        self.bob.looks("alice")
        between = Server()
        between.devices = {"bob": [User(between, "bob").machine.own.keys]}
        deceived = User(self.server, "alice", "laptop")
        deceived.server = between
        deceived.looks("bob")
        self.bob.looks("alice")
        self.assertNotEqual(
            deceived.machine.comparison("bob").words(), self.bob.machine.comparison("alice").words()
        )

    def test_i3_words_that_have_changed_since_they_were_shown_verify_nobody(self) -> None:
        self.alice.looks("bob")
        comparison = self.alice.machine.comparison("bob")
        User(self.server, "bob", "phone")
        self.alice.looks("bob")
        with self.assertRaises(ChatError):
            self.alice.machine.verify("bob", comparison)
        self.assertFalse(self.alice.machine.is_verified("bob"))

    def test_i3_a_new_device_of_somebody_verified_gets_nothing_until_verified_again(self) -> None:
        self.alice.looks("bob")
        self.verifies()
        self.assertTrue(self.alice.machine.is_verified("bob"))
        phone = User(self.server, "bob", "phone")
        self.assertEqual(self.told(), [(NewsKind.NEW, "phone", True)])
        self.assertFalse(self.alice.machine.is_verified("bob"))
        self.alice.says("bob", "for the laptop")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: for the laptop"])
        self.assertIn("not encrypted for this device", phone.catches_up("alice")[0])
        self.verifies()
        self.alice.says("bob", "for both")
        self.assertEqual(phone.catches_up("alice"), ["alice: for both"])

    def test_i3_another_device_in_ones_own_name_waits_too_once_the_words_were_compared(
        self,
    ) -> None:
        mine = User(self.server, "alice", "phone")
        self.alice.looks("bob")
        self.verifies()
        spy = User(self.server, "alice", "tablet")
        self.alice.says("bob", "for those of then")
        self.assertEqual(mine.catches_up("bob"), ["alice: for those of then"])
        self.assertIn("not encrypted for this device", spy.catches_up("bob")[0])
        for one in (mine, spy):
            one.looks("bob")
        comparison = self.alice.machine.comparison("alice")
        self.assertEqual(comparison.words(), spy.machine.comparison("alice").words())
        self.alice.does(self.alice.machine.verify("alice", comparison))
        self.alice.says("bob", "for all of mine")
        self.assertEqual(spy.catches_up("bob")[-1], "alice: for all of mine")

    def test_i3_what_comes_from_a_device_that_waits_is_marked(self) -> None:
        self.alice.looks("bob")
        self.verifies()
        spy = User(self.server, "bob", "tablet")
        spy.says("alice", "it is me")
        (line,) = self.alice.catches_up("bob")
        self.assertIn("this is from the device 'tablet', which is not verified", line)

    def test_i3_a_device_that_is_not_among_those_verified_again_waits(self) -> None:
        User(self.server, "bob", "phone")
        self.alice.looks("bob")
        self.verifies()
        listed = self.server.devices["bob"]
        self.server.devices["bob"] = listed[:1]
        self.alice.looks("bob")
        self.verifies()
        self.server.devices["bob"] = listed
        self.assertEqual(self.told(), [(NewsKind.BACK, "phone", True)])

    def test_i3_a_device_that_was_away_when_its_owner_was_verified_waits(self) -> None:
        User(self.server, "bob", "phone")
        self.alice.looks("bob")
        listed = self.server.devices["bob"]
        self.server.devices["bob"] = listed[:1]
        self.alice.looks("bob")
        self.verifies()
        self.server.devices["bob"] = listed
        self.assertEqual(self.told(), [(NewsKind.BACK, "phone", True)])

    def test_a_message_says_whether_its_device_is_verified(self) -> None:
        self.alice.looks("bob")
        first = self.bob.says("alice", "before")
        opened = self.alice.opens("bob", first)
        assert isinstance(opened, Opened)
        self.assertEqual((opened.verified, opened.standing), (False, Trust.SEEN))
        self.verifies()
        opened = self.alice.opens("bob", self.bob.says("alice", "after"))
        assert isinstance(opened, Opened)
        self.assertTrue(opened.verified)

    def test_nobody_without_keys_is_verified(self) -> None:
        for name in ("carol", "alice"):
            with self.assertRaises(ChatError) as caught:
                self.alice.machine.comparison(name)
            self.assertEqual(caught.exception.code, "no_keys")


class BadKeysTests(PeopleCase):
    """Keys that are not signed by their device are refused, with a reason."""

    def refused(self, said: object) -> str:
        learned = self.alice.machine.learn("bob", {"bob": [said]}).value.news
        one: DeviceNews
        (one,) = [news for news in learned if news.what is NewsKind.REFUSED]
        self.assertEqual(self.recipients(), [])
        return one.reason

    def test_i3_a_device_is_nobody_elses(self) -> None:
        keys = User(self.server, "carol").machine.own.keys
        self.assertIn("signature", self.refused(msgspec.to_builtins(keys)))

    def test_i3_no_part_of_a_signed_device_can_be_changed(self) -> None:
        keys: DeviceKeys = self.bob.machine.own.keys
        other = User(self.server, "carol").machine.own.keys
        for field in ("device", "ed25519", "curve25519", "signature"):
            value = "phone" if field == "device" else getattr(other, field)
            changed = msgspec.structs.replace(keys, **{field: value})
            self.assertIn("signature", self.refused(msgspec.to_builtins(changed)))

    def test_what_is_no_device_is_refused(self) -> None:
        good = msgspec.to_builtins(self.bob.machine.own.keys)
        strange: list[object] = [None, 7, [], {}]
        for said in (*strange, {**good, "ed25519": 5}, {**good, "ed25519": "x"}):
            self.assertIn("shape", self.refused(said))
        for label in ("", "x" * 65, "a\nb", "a\ud800"):
            self.assertIn("name", self.refused({**good, "device": label}))

    def test_one_time_keys_are_checked(self) -> None:
        self.alice.looks("bob")
        (wanted,) = self.alice.machine.unclaimed("bob", 0.0)
        claimed = self.server.claim([wanted])[wanted]
        carol = User(self.server, "carol")
        other = self.server.claim([carol.machine.own.curve25519])
        stranger = other[carol.machine.own.curve25519]
        weak = "A" * 43
        bad: list[object] = [
            stranger,
            {**claimed, "key": stranger["key"]},
            {**claimed, "key": weak},
            {**claimed, "fallback": True},
            {**claimed, "signature": ""},
            {},
            None,
            "x",
        ]
        for said in bad:
            news = self.alice.does(self.alice.machine.claimed("bob", {wanted: said}))
            if said is not None:
                self.assertEqual([one.what for one in news], [NewsKind.REFUSED])
            self.assertEqual(self.alice.machine.unclaimed("bob", 0.0), [wanted])
        self.assertEqual(self.alice.does(self.alice.machine.claimed("bob", {wanted: claimed})), [])
        self.assertEqual(self.alice.machine.unclaimed("bob", 0.0), [])


class PublishingTests(PeopleCase):
    """What a device publishes."""

    def test_one_time_keys_are_filled_up(self) -> None:
        publish = self.bob.machine.publish
        self.assertIsNone(self.bob.does(publish(25, self.bob.now)))
        bundle = self.bob.does(publish(24, self.bob.now))
        self.assertEqual(len(bundle.one_time), 26)
        self.assertEqual(len(bundle.fallback), 1)
        again = self.bob.does(publish(0, self.bob.now))
        self.assertEqual(len(again.one_time), 50)
        self.assertFalse(set(again.one_time) & set(bundle.one_time))
        self.assertEqual(again.fallback, bundle.fallback)

    def test_i6_a_server_that_counts_wrongly_gets_no_more_of_them(self) -> None:
        bundle = self.bob.does(self.bob.machine.publish(-1_000_000_000, self.bob.now))
        self.assertEqual(len(bundle.one_time), 50)

    def test_i6_the_fallback_key_serves_many_and_changes_after_a_week(self) -> None:
        kept = self.server.one_time[self.bob.machine.own.curve25519]
        self.server.one_time[self.bob.machine.own.curve25519] = [kept[-1]]
        for number in range(3):
            asker = User(self.server, f"asker{number}")
            asker.says("bob", "hi")
            self.assertEqual(self.bob.catches_up(asker.name), [f"asker{number}: hi"])
        week = self.bob.now + 7 * 86_400
        bundle = self.bob.does(self.bob.machine.publish(50, week))
        self.assertEqual(len(bundle.one_time), 0)
        self.assertNotEqual(set(bundle.fallback), {kept[-1][0]})
        late = User(self.server, "late")  # the last one serves those who have it still
        late.says("bob", "hi")
        self.assertEqual(self.bob.catches_up("late"), ["late: hi"])
