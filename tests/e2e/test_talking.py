"""Two and more devices talk, and the one that was away reads it all."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.devices import Entry, Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e import chunks
from twisted_chat.e2e.base64 import to_base64
from twisted_chat.e2e.envelopes import MOST_SEALED, SealedFile, file_key, read
from twisted_chat.e2e.messages import (
    Arrival,
    Message,
    Opened,
    Reason,
    Unreadable,
    newest,
    text_prefix,
)
from twisted_chat.e2e.rows import TEXT

WEEK = 7 * 86_400


class TalkingCase(SynchronousTestCase):
    """alice and bob, and a server that carries what they say."""

    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob", "carol"))
        self.alice = User(self.server, "alice")
        self.bob = User(self.server, "bob")

    def kinds(self, room: str) -> list[str]:
        entries = self.server.entries[self.alice.machine.place(room)]
        return [entry.kind for entry in entries]


class PrivateTests(TalkingCase):
    """Private conversations."""

    def test_two_talk(self) -> None:
        self.alice.says("bob", "hi")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: hi"])
        self.bob.says("alice", "hello")
        self.alice.says("bob", "how are you?")
        self.assertEqual(
            self.alice.catches_up("bob"), ["alice: hi", "bob: hello", "alice: how are you?"]
        )
        self.assertEqual(self.bob.catches_up("alice"), ["bob: hello", "alice: how are you?"])

    def test_nothing_of_it_is_in_the_clear(self) -> None:
        entry = self.alice.says("bob", "xylophone", file=SealedFile("q.png", 1, "A" * 43))
        rows = b"".join(self.alice.disk.values())
        for secret in ("xylophone", "q.png"):
            self.assertNotIn(secret, entry.sealed)
            self.assertNotIn(secret.encode(), rows)

    def test_who_was_away_reads_it_all(self) -> None:
        for number in range(300):
            self.alice.says("bob", f"{number}")
        self.bob.restarts()
        self.assertEqual(self.bob.catches_up("alice"), [f"alice: {n}" for n in range(300)])

    def test_both_begin_at_once(self) -> None:
        self.alice.says("bob", "a")
        self.bob.says("alice", "b")
        self.assertEqual(self.alice.catches_up("bob"), ["alice: a", "bob: b"])
        self.assertEqual(self.bob.catches_up("alice"), ["alice: a", "bob: b"])
        for number in range(3):
            self.alice.says("bob", f"{number}")
            self.bob.says("alice", f"{number}")
        self.assertEqual(len(self.bob.catches_up("alice")), 6)
        self.assertNotIn("not", " ".join(self.bob.shown + self.alice.catches_up("bob")))

    def test_ones_other_device_reads_along_and_joins_in(self) -> None:
        phone = User(self.server, "alice", "phone")
        self.alice.says("bob", "from the laptop")
        self.assertEqual(phone.catches_up("bob"), ["alice: from the laptop"])
        phone.says("bob", "from the phone")
        said = ["alice: from the laptop", "alice: from the phone"]
        self.assertEqual(self.bob.catches_up("alice"), said)
        self.assertEqual(self.alice.catches_up("bob"), said)

    def test_a_device_that_comes_later_reads_what_is_said_from_then_on(self) -> None:
        self.alice.says("bob", "early")
        phone = User(self.server, "bob", "phone")
        self.alice.says("bob", "late")
        self.assertEqual(
            phone.catches_up("alice"),
            [f"alice: ({Reason.NOT_FOR_DEVICE.value})", "alice: late"],
        )

    def test_nobody_without_a_device_is_written_to(self) -> None:
        with self.assertRaises(ChatError) as caught:
            self.alice.says("carol", "hi")
        self.assertEqual(caught.exception.code, "no_keys")

    def test_what_is_too_long_is_refused_and_changes_nothing(self) -> None:
        self.alice.looks("bob")
        self.alice.claims("bob")
        with self.assertRaises(ChatError) as caught:
            self.alice.machine.seal("bob", Message("c", "x" * 30_000), 0.0)
        self.assertEqual(caught.exception.code, "too_long")
        self.alice.says("bob", "shorter")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: shorter"])

    def test_what_no_server_would_take_is_not_encrypted_either(self) -> None:
        for text, code in (("a\x1b[2J", "bad_character"), ("", "empty")):
            with self.assertRaises(ChatError) as caught:
                self.alice.says("bob", text)
            self.assertEqual(caught.exception.code, code)

    def test_a_message_with_everybodys_devices_fits(self) -> None:
        for number in range(19):
            User(self.server, "alice", f"a{number}")
            User(self.server, "bob", f"b{number}")
        entry = self.alice.says("bob", "x" * 4096)
        self.assertLessEqual(len(entry.sealed), MOST_SEALED)

    def test_a_stale_message_is_encrypted_anew_and_no_gap_is_seen(self) -> None:
        self.alice.says("bob", "one")
        self.alice.does(self.alice.machine.seal("bob", Message("s", "two"), 0.0))
        phone = User(self.server, "bob", "phone")
        self.alice.looks("bob")
        self.alice.claims("bob")
        again = self.alice.does(self.alice.machine.seal("bob", Message("s", "two"), 0.0))
        entry = self.server.store(self.alice, "bob", "message", again.message)
        self.alice.settles("bob", "s", entry)
        self.alice.says("bob", "three")
        said = ["alice: one", "alice: two", "alice: three"]
        self.assertEqual(self.bob.catches_up("alice"), said)
        self.assertEqual(phone.catches_up("alice")[1:], said[1:])

    def test_a_message_that_was_given_up_is_not_missed(self) -> None:
        self.alice.says("bob", "one")
        self.alice.does(self.alice.machine.seal("bob", Message("no", "never"), 0.0))
        self.alice.does(self.alice.machine.drop("bob", "no"))
        self.alice.says("bob", "two")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: one", "alice: two"])
        self.assertNotIn((TEXT, "cid/no"), self.alice.disk)

    def test_a_file_travels_with_its_key(self) -> None:
        key = chunks.new_key()
        self.alice.says("bob", "", file=SealedFile("coil\x1b.png", 5, to_base64(key)))
        (entry,) = self.server.entries["alice bob"]
        opened = self.bob.opens("alice", entry)
        assert isinstance(opened, Opened) and opened.file is not None
        self.assertEqual((file_key(opened.file), opened.file.size), (key, 5))
        self.assertEqual(opened.file.name, "coil\u241b.png")

    def test_a_file_that_cannot_be_is_refused(self) -> None:
        self.bob.looks("alice")
        for file in (
            SealedFile("a", 5, "short"),
            SealedFile("a", -1, "A" * 43),
            SealedFile("a", 5, "A" * 43, chunk=1),
        ):
            entry = self.alice.says("bob", "", file=file)
            self.assertEqual(self.bob.opens("alice", entry), Unreadable(Reason.DAMAGED, _by(entry)))


class EditTests(TalkingCase):
    """Edits, and messages that come with their newest text."""

    def test_i4_an_edit_by_somebody_else_is_not_what_a_message_says_now(self) -> None:
        carol = User(self.server, "carol")
        first = self.alice.says("#den", "hello")
        self.bob.catches_up("#den")
        carol.says("#den", "pay the spy", target=first.spot.seq)
        self.bob.catches_up("#den")
        prefix = text_prefix(first.spot)
        rows = {key: row for (_, key), row in self.bob.disk.items() if key.startswith(prefix)}
        kept = [self.bob.machine.recall(key, row) for key, row in rows.items()]
        self.assertEqual(len(kept), 2)
        found = newest(kept)
        assert found is not None
        self.assertEqual(found.text, "hello")

    def test_i4_an_edit_brings_no_file(self) -> None:
        first = self.alice.says("bob", "hello")
        self.bob.catches_up("alice")
        file = SealedFile("q.png", 1, "A" * 43)
        edit = self.alice.says("bob", "", target=first.spot.seq, file=file)
        self.assertEqual(self.bob.opens("alice", edit), Unreadable(Reason.MOVED))

    def test_an_edit_belongs_to_its_message(self) -> None:
        entry = self.alice.says("bob", "helo")
        edit = self.alice.says("bob", "hello", target=1)
        self.assertEqual(self.bob.catches_up("alice"), ["alice: helo", "alice: hello"])
        for user in (self.alice, self.bob):
            prefix = text_prefix(entry.spot)
            kept = [
                user.machine.recall(key, row)
                for (table, key), row in user.disk.items()
                if table == TEXT and key.startswith(prefix)
            ]
            found = newest(kept)
            assert found is not None
            self.assertEqual(found.text, "hello")
            self.assertEqual({one.text for one in kept}, {"helo", "hello"})
        self.assertEqual(edit.spot, entry.spot)

    def test_i4_an_edit_is_of_no_other_message(self) -> None:
        self.alice.says("bob", "yes")
        other = self.alice.says("bob", "no")
        edit = self.alice.says("bob", "maybe", target=1)
        opened = self.bob.machine.open("alice", "alice", other.spot, edit.sealed, Arrival.EDIT)
        self.assertEqual(opened.value, Unreadable(Reason.MOVED))
        opened = self.bob.machine.open("alice", "alice", edit.spot, edit.sealed)
        self.assertEqual(opened.value, Unreadable(Reason.MOVED))
        self.assertEqual(len(self.bob.catches_up("alice")), 3)

    def test_a_message_that_was_edited_while_one_was_away_is_read_once_and_nothing_is_missed(
        self,
    ) -> None:
        for room, me in (("bob", "alice"), ("#den", "#den")):
            self.alice.says(room, "one")
            self.bob.catches_up(me)
            first = self.alice.says(room, "two")
            self.alice.says(room, "three")
            newer = self.alice.says(room, "two!", target=first.spot.seq)
            newest_one = self.alice.says(room, "two!!", target=first.spot.seq)
            entries = self.server.entries[self.alice.machine.place(room)]
            at = entries.index(first)
            first.sealed, first.target = newest_one.sealed, first.spot.seq
            self.bob.comes = {at: Arrival.EDITED}
            shown = ["alice: two!!", "alice: three", "alice: two!", "alice: two!!"]
            self.assertEqual(self.bob.catches_up(me), shown)
            self.assertIn(newer, entries)

    def test_a_message_deleted_while_one_was_away_is_not_missed(self) -> None:
        self.alice.says("bob", "one")
        self.bob.catches_up("alice")
        gone = self.alice.says("bob", "two")
        self.alice.says("bob", "three")
        self.bob.does(self.bob.machine.absent("alice", "alice", gone.spot))
        self.bob.read["alice bob"] = 2
        self.assertEqual(self.bob.catches_up("alice"), ["alice: three"])


class RoomTests(TalkingCase):
    """Rooms."""

    def setUp(self) -> None:
        super().setUp()
        self.carol = User(self.server, "carol")

    def test_a_room_hears_what_is_said(self) -> None:
        for number in range(3):
            self.alice.says("#den", f"{number}")
        self.bob.says("#den", "yes")
        said = ["alice: 0", "alice: 1", "alice: 2", "bob: yes"]
        for user in (self.alice, self.bob, self.carol):
            self.assertEqual(user.catches_up("#den"), said)

    def test_the_keys_are_handed_over_once(self) -> None:
        for _ in range(3):
            self.alice.says("#den", "hi")
        self.assertEqual(self.kinds("#den"), ["keys", "message", "message", "message"])

    def test_a_newcomer_reads_from_then_on(self) -> None:
        self.alice.says("#den", "before")
        self.server.rooms["#den"].add("dora")
        dora = User(self.server, "dora")
        self.alice.sees("#den", came="dora")
        self.alice.says("#den", "after")
        self.assertEqual(self.kinds("#den"), ["keys", "message", "keys", "message"])
        self.assertEqual(
            dora.catches_up("#den"), [f"alice: ({Reason.NO_SESSION.value})", "alice: after"]
        )
        self.assertEqual(self.bob.catches_up("#den"), ["alice: before", "alice: after"])

    def test_who_has_left_cannot_read_what_is_said_later(self) -> None:
        self.alice.says("#den", "all")
        self.carol.catches_up("#den")
        self.server.rooms["#den"].remove("carol")
        entry = self.alice.says("#den", "just us")
        self.assertEqual(self.carol.opens("#den", entry), _lacking(entry))
        self.assertEqual(self.bob.catches_up("#den"), ["alice: all", "alice: just us"])

    def test_a_device_that_has_gone_cannot_read_what_is_said_later(self) -> None:
        phone = User(self.server, "bob", "phone")
        self.alice.says("#den", "all")
        phone.catches_up("#den")
        self.server.forget(phone)
        entry = self.alice.says("#den", "not the phone")
        self.assertEqual(phone.opens("#den", entry), _lacking(entry))

    def test_the_session_changes_after_a_hundred_messages_and_after_a_week(self) -> None:
        for number in range(101):
            self.alice.says("#den", f"{number}")
        self.assertEqual(self.kinds("#den").count("keys"), 2)
        self.alice.now += WEEK - 1
        self.alice.says("#den", "still")
        self.assertEqual(self.kinds("#den").count("keys"), 2)
        self.alice.now += 1
        self.alice.says("#den", "anew")
        self.assertEqual(self.kinds("#den").count("keys"), 3)
        self.assertEqual(len(self.bob.catches_up("#den")), 103)
        self.assertNotIn("not", " ".join(self.bob.shown))

    def test_many_devices_get_the_keys_in_several_envelopes(self) -> None:
        names = [f"guest{number}" for number in range(60)]
        users = [User(self.server, name) for name in names]
        self.server.rooms["#den"].update(names)
        self.alice.says("#den", "everybody")
        shares = [one for one in self.server.entries["#den"] if one.kind == "keys"]
        self.assertGreater(len(shares), 1)
        self.assertTrue(all(len(one.sealed) <= MOST_SEALED for one in shares))
        for user in (users[0], users[-1], self.carol):
            self.assertEqual(user.catches_up("#den"), ["alice: everybody"])

    def test_a_device_without_one_time_keys_is_told_of(self) -> None:
        self.server.one_time[self.carol.machine.own.curve25519] = []
        self.alice.looks("#den")
        self.alice.claims("#den")
        sealed = self.alice.does(self.alice.machine.seal("#den", Message("c", "hi"), 0.0))
        self.assertEqual([one.name for one in sealed.without], ["carol"])

    def test_a_room_that_is_not_known_yet_is_not_written_to(self) -> None:
        with self.assertRaises(ChatError) as caught:
            self.alice.machine.seal("#attic", Message("c", "hi"), 0.0)
        self.assertEqual(caught.exception.code, "no_keys")


class CrashTests(TalkingCase):
    """Whatever was not written was never done."""

    def test_what_was_opened_and_not_written_is_opened_again(self) -> None:
        self.alice.says("#den", "in the room")
        self.alice.says("bob", "in private")
        for room, me in (("#den", "#den"), ("bob", "alice")):
            for entry in self.server.entries[self.alice.machine.place(room)]:
                machine = self.bob.machine
                if entry.kind == "keys":
                    machine.receive(me, entry.by, entry.sealed)
                else:
                    machine.open(me, entry.by, entry.spot, entry.sealed)
                self.bob.restarts()
                self.bob.opens(me, entry)
                self.bob.restarts()
        self.bob.read.clear()
        self.assertEqual(self.bob.catches_up("#den"), ["alice: in the room"])
        self.assertEqual(self.bob.catches_up("alice"), ["alice: in private"])

    def test_what_was_sealed_and_not_written_is_sealed_again(self) -> None:
        self.alice.says("bob", "one")
        self.alice.machine.seal("bob", Message("bob-2", "two"), 0.0)
        self.alice.restarts()
        self.alice.says("bob", "two")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: one", "alice: two"])

    def test_a_session_that_was_begun_and_not_written_is_begun_again(self) -> None:
        self.alice.looks("bob")
        wanted = self.alice.machine.unclaimed("bob", 0.0)
        self.alice.machine.claimed("bob", self.server.claim(wanted))
        self.alice.restarts()
        self.assertEqual(self.alice.machine.unclaimed("bob", 0.0), wanted)
        self.alice.says("bob", "hi")
        self.assertEqual(self.bob.catches_up("alice"), ["alice: hi"])

    def test_one_time_keys_that_were_not_written_were_not_published(self) -> None:
        bundle = self.bob.machine.publish(0, self.bob.now).value
        assert bundle is not None
        self.bob.restarts()
        again = self.bob.machine.publish(0, self.bob.now).value
        assert again is not None
        keys = [{one.key for one in bundle.one_time.values()} for bundle in (bundle, again)]
        self.assertEqual([len(one) for one in keys], [50, 50])
        self.assertFalse(keys[0] & keys[1])


def _by(entry: Entry) -> str:
    return read(entry.sealed).by


def _lacking(entry: Entry) -> Unreadable:
    return Unreadable(Reason.NO_SESSION, _by(entry))
