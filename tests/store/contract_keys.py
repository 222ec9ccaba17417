"""What every backend must do with the keys of devices."""

from __future__ import annotations

from tests.device_keys.case import identity, key, to_begin_with
from tests.store.fresh import StoreCase
from twisted_chat.core.encryption import MOST_ONE_TIME, DeviceKeys, OneTimeKey, Published
from twisted_chat.core.entries import Entry, Form, Kind
from twisted_chat.core.errors import ChatError
from twisted_chat.store import LOBBY, Claimed, device_keys
from twisted_chat.store.device_keys import MOST_DEVICES


def published(name: str, *one_time: str, fallback: str = "") -> Published:
    """Keys of the right shape, which are called so."""
    return Published(
        DeviceKeys(**identity(name)),
        {id: OneTimeKey(**one) for id, one in to_begin_with(*one_time).items()},
        {id: OneTimeKey(**one) for id, one in to_begin_with(fallback).items()} if fallback else {},
    )


class KeysContract(StoreCase):
    """Devices publish, others claim."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.ben = self.account("ann"), self.account("ben")

    def publish(self, account: int, device: str, what: Published) -> tuple[int, str]:
        self.time += 1
        return self.change(lambda ledger: ledger.device_keys.publish(account, device, what))

    def claim(self, name: str, *owners: int, fallback_only: bool = False) -> Claimed | None:
        return self.change(
            lambda ledger: ledger.device_keys.claim(key(name), owners, fallback_only)
        )

    def claimed(self, name: str, *owners: int, fallback_only: bool = False) -> str:
        """Which key one is given."""
        found = self.claim(name, *owners, fallback_only=fallback_only)
        return "" if found is None else found.id

    def devices(self, *accounts: int) -> list[tuple[int, str, str]]:
        found = self.read(lambda connection: device_keys.devices(connection, accounts))
        return [(one.account, one.device, one.curve25519) for one in found]

    def assert_version(self, account: int, version: str) -> None:
        """The version that a change has told is that of the database, and of the next start."""
        self.assertEqual(self.store.load().devices.get(account, ""), version)

    def test_what_is_published_is_there(self) -> None:
        waiting, version = self.publish(self.ann, "phone", published("phone", "a", "b"))
        self.assertEqual(waiting, 2)
        [found] = self.read(
            lambda connection: device_keys.devices(connection, [self.ann, self.ben])
        )
        self.assertEqual(found[:2], (self.ann, "phone"))
        self.assertEqual(found[2:], tuple(identity("phone").values()))
        self.assert_version(self.ann, version)
        self.assertNotIn(self.ben, self.store.load().devices)

    def test_i6_each_key_is_given_once_and_the_last_one_to_everybody(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a", "b", fallback="last"))
        found = [self.claim("phone", self.ann) for _ in range(4)]
        told = [one and (one.id, one.fallback) for one in found]
        last = ("id-last", True)
        self.assertEqual(told, [("id-a", False), ("id-b", False), last, last])
        assert found[0] is not None
        self.assertEqual(found[0][1:3], (key("a"), key("a signed", 64)))

    def test_i6_who_has_had_enough_gets_the_last_one(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a", fallback="last"))
        self.assertEqual(self.claimed("phone", self.ann, fallback_only=True), "id-last")
        self.assertEqual(self.claimed("phone", self.ann), "id-a")

    def test_without_any_key_there_is_none(self) -> None:
        self.publish(self.ann, "phone", published("phone"))
        self.assertEqual(self.claimed("phone", self.ann), "")
        self.assertEqual(self.claimed("tablet", self.ann), "")

    def test_c5_only_of_devices_of_these_people(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a", fallback="last"))
        self.assertEqual(self.claimed("phone", self.ben), "")
        self.assertEqual(self.claimed("phone", self.ben, self.ann), "id-a")

    def test_the_two_kinds_have_ids_of_their_own(self) -> None:
        same = published("phone", "a", fallback="a")
        self.publish(self.ann, "phone", same)
        found = [self.claim("phone", self.ann) for _ in range(2)]
        self.assertEqual([one and one.fallback for one in found], [False, True])

    def test_the_same_keys_again_add_to_what_is_waiting(self) -> None:
        _, version = self.publish(self.ann, "phone", published("phone", "a", fallback="last"))
        again = self.publish(self.ann, "phone", published("phone", "b"))
        self.assertEqual(again, (2, version))
        self.publish(self.ann, "phone", published("phone", fallback="newer"))
        found = [self.claimed("phone", self.ann) for _ in range(3)]
        self.assertEqual(found, ["id-a", "id-b", "id-newer"])

    def test_other_keys_take_the_place_and_nothing_is_left_of_the_former(self) -> None:
        _, before = self.publish(self.ann, "phone", published("old", "a", fallback="last"))
        waiting, after = self.publish(self.ann, "phone", published("new"))
        self.assertEqual((waiting, self.claimed("new", self.ann)), (0, ""))
        self.assertEqual(self.devices(self.ann), [(self.ann, "phone", key("new"))])
        self.assertNotEqual(before, after)
        self.assert_version(self.ann, after)
        # And back again: what was waiting for the old ones does not come back.
        self.assertEqual(self.publish(self.ann, "phone", published("old")), (0, before))

    def test_the_same_keys_under_another_name_move(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a"))
        self.publish(self.ann, "tablet", published("phone"))
        self.assertEqual(self.devices(self.ann), [(self.ann, "tablet", key("phone"))])

    def test_nobody_can_publish_the_key_of_another(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a"))
        error = self.assertRaises(
            ChatError, self.publish, self.ben, "phone", published("phone", "mine")
        )
        self.assertEqual(error.code, "conflict")
        self.assertEqual(self.devices(self.ann, self.ben), [(self.ann, "phone", key("phone"))])
        self.assertEqual(self.claimed("phone", self.ann), "id-a")

    def test_too_many_keys_to_begin_with_are_refused_whole(self) -> None:
        many = [f"k{n}" for n in range(MOST_ONE_TIME)]
        self.assertEqual(self.publish(self.ann, "phone", published("phone", *many))[0], 100)
        error = self.assertRaises(
            ChatError, self.publish, self.ann, "phone", published("phone", "one more")
        )
        self.assertEqual(error.code, "too_many")
        self.claim("phone", self.ann)
        self.assertEqual(self.publish(self.ann, "phone", published("phone", "more"))[0], 100)

    def test_of_too_many_devices_the_one_that_published_longest_ago_goes(self) -> None:
        for number in range(MOST_DEVICES):
            self.publish(self.ann, f"d{number}", published(f"d{number}", f"one {number}"))
        self.publish(self.ann, "d0", published("d0"))
        self.publish(self.ann, "another", published("another"))
        left = {device for _, device, _ in self.devices(self.ann)}
        self.assertEqual(left, {f"d{n}" for n in range(MOST_DEVICES) if n != 1} | {"another"})
        self.assertEqual(self.claimed("d1", self.ann), "")

    def test_the_version_is_that_of_the_keys_and_not_of_the_time(self) -> None:
        versions = {""}
        for device, name in (("a", "one"), ("b", "two"), ("c", "three")):
            _, version = self.publish(self.ann, device, published(name, name))
            self.assert_version(self.ann, version)
            self.assertNotIn(version, versions)
            versions.add(version)
        self.change(lambda ledger: ledger.device_keys.drop_device(self.ann, "b"))
        version = self.change(lambda ledger: ledger.device_keys.devices_version(self.ann))
        self.assertNotIn(version, versions)
        self.assertEqual(self.publish(self.ben, "a", published("four"))[1] in versions, False)
        self.change(lambda ledger: ledger.device_keys.drop_devices(self.ann, keep="a"))
        self.assertEqual([device for _, device, _ in self.devices(self.ann)], ["a"])
        self.change(lambda ledger: ledger.device_keys.drop_devices(self.ann))
        self.assert_version(self.ann, "")

    def test_b7_a_device_whose_last_token_goes_loses_its_keys(self) -> None:
        def logs_in(device: str, hash: str) -> None:
            self.time += 1
            self.change(lambda ledger: ledger.accounts.add_token(self.ann, device, hash))

        for device in ("phone", "laptop"):
            logs_in(device, device)
            self.publish(self.ann, device, published(device))
        for number in range(18):
            logs_in("laptop", f"laptop {number}")
        # Of those of the laptop older ones make room first, and it has others left.
        logs_in("laptop", "one more")
        self.assertEqual(len(self.devices(self.ann)), 2)
        logs_in("tablet", "tablet")
        self.assertEqual([device for _, device, _ in self.devices(self.ann)], ["laptop"])

    def test_an_erased_account_has_no_keys(self) -> None:
        self.publish(self.ann, "phone", published("phone", "a", fallback="last"))
        self.change(lambda ledger: ledger.accounts.erase(self.ann))
        self.assertEqual(self.devices(self.ann), [])
        self.assert_version(self.ann, "")
        self.assertEqual(self.publish(self.ben, "phone", published("phone")), (0, self._of_ben()))
        self.assertEqual(self.claimed("phone", self.ben), "")

    def _of_ben(self) -> str:
        return self.change(lambda ledger: ledger.device_keys.devices_version(self.ben))

    def test_the_database_knows_what_is_encrypted(self) -> None:
        room = self.room("den")
        self.assertFalse(self.change(lambda ledger: ledger.rooms.encrypted(room)))
        self.change(lambda ledger: ledger.rooms.set(room, encrypted=True))
        self.assertTrue(self.change(lambda ledger: ledger.rooms.encrypted(room)))
        self.assertFalse(self.change(lambda ledger: ledger.rooms.encrypted(LOBBY)))
        self.assertTrue(self.store.load().rooms[-1].encrypted)

    def test_d1_what_is_sealed_anew_under_the_same_id_is_the_same_message(self) -> None:
        def say(text: str, form: Form = Form.SEALED, kind: Kind = Kind.MESSAGE) -> Entry:
            return self.change(
                lambda ledger: ledger.log.post(
                    LOBBY, kind, self.ann, "ann", text, cid="1", form=form
                )
            )

        words = self.say("words", self.ann, "0")
        again = self.change(
            lambda ledger: ledger.log.post(
                LOBBY, Kind.MESSAGE, self.ann, "ann", "sealed", cid="0", form=Form.SEALED
            )
        )
        self.assertEqual(again, words)
        first = say("first")
        self.assertEqual(say("anew"), first)
        for text, form, kind in (
            ("first", Form.WORDS, Kind.MESSAGE),
            ("first", Form.SEALED_FILE, Kind.MESSAGE),
            ("first", Form.SEALED, Kind.KEYS),
        ):
            error = self.assertRaises(ChatError, say, text, form, kind)
            self.assertEqual(error.code, "conflict")
