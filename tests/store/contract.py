"""What every backend's log must do: order, numbers without holes, each message once."""

from __future__ import annotations

from tests.store.fresh import StoreCase, everything, settle
from twisted_chat.core.entries import Entry, Kind, State
from twisted_chat.core.errors import ChatError
from twisted_chat.store import LOBBY, Batch, Ledger, Scope, accounts, history


class LogContract(StoreCase):
    """Posting, in batches, with failing neighbours."""

    def everything(self, room: int = LOBBY) -> list[Entry]:
        return everything(self.store, room)

    def test_d1_messages_are_numbered_in_order_in_each_room(self) -> None:
        other = self.room("other")
        posts = [self.ask_to_say(str(n), room=(LOBBY, other)[n % 2]) for n in range(10)]
        settle(self.store)
        found = [(post.entry.room, post.entry.seq) for post in posts if post.entry]
        self.assertEqual(found, [((LOBBY, other)[n % 2], n // 2 + 1) for n in range(10)])
        self.assertEqual([entry.text for entry in self.everything()], ["0", "2", "4", "6", "8"])
        self.assertEqual([entry.seq for entry in self.everything(other)], [1, 2, 3, 4, 5])

    def test_d1_what_is_stored_is_what_was_answered(self) -> None:
        sender = self.account("ann")
        answered = [self.say("one", sender, "a"), self.say("two 🙂\tтри", sender, "b")]
        self.assertEqual(self.everything(), answered)

    def test_d1_one_report_for_a_batch_after_its_commit(self) -> None:
        reports: list[tuple[list[str], list[str]]] = []

        def deliver(batch: Batch) -> None:
            stored = [entry.text for entry in self.everything()]
            reports.append(([entry.text for entry in batch.entries], stored))
            batch.answer()

        self.store.deliver = deliver
        for text in "abc":
            self.ask_to_say(text)
        settle(self.store)
        self.assertEqual(reports, [(["a", "b", "c"], ["a", "b", "c"])])

    def test_d1_a_failing_change_leaves_no_hole(self) -> None:
        def fail(ledger: Ledger) -> None:
            ledger.log.post(LOBBY, Kind.MESSAGE, None, "x", "never")
            ledger.rooms.add("never", "never", False, None)
            ledger.log.flush()
            ledger.log.post(LOBBY, Kind.MESSAGE, None, "x", "never either")
            raise ChatError("no", "No.")

        results: list[object] = []
        self.ask_to_say("one")
        self.store.change(fail, results.append)
        self.ask_to_say("two")
        self.store.change(
            lambda ledger: ledger.log.post(LOBBY, Kind.JOIN, None, "x"), results.append
        )
        settle(self.store)
        self.assertEqual(str(results[0]), "No.")
        found = [(entry.seq, entry.text, entry.kind) for entry in self.everything()]
        self.assertEqual(
            found, [(1, "one", Kind.MESSAGE), (2, "two", Kind.MESSAGE), (3, "", Kind.JOIN)]
        )
        self.assertEqual([entry.id for entry in self.everything()], [1, 2, 3])
        self.assertEqual([room.name for room in self.store.load().rooms], ["#lobby"])
        self.assertEqual(self.store.load().rooms[0].last_seq, 3)

    def test_a18_a_bug_in_a_change_fails_that_one_alone(self) -> None:
        results: list[object] = []
        before = self.ask_to_say("before")
        self.store.change(lambda ledger: 1 // 0, results.append)
        after = self.ask_to_say("after")
        settle(self.store)
        self.assertIsInstance(results[0], ZeroDivisionError)
        self.assertTrue(before.entry and after.entry)

    def test_a_broken_rule_of_the_tables_fails_that_change_alone(self) -> None:
        number = self.account("ann")

        def clash(ledger: Ledger) -> None:
            ledger.accounts.add_token(number, "phone", "same")
            ledger.accounts.add_token(number, "laptop", "same")

        error = self.assertRaises(ChatError, self.change, clash)
        self.assertEqual(error.code, "conflict")
        self.assertEqual(self.read(lambda connection: accounts.tokens(connection, number)), [])

    def test_a_change_sees_what_the_batch_has_posted(self) -> None:
        self.ask_to_say("first")

        def edit(ledger: Ledger) -> int:
            ledger.rewrite(LOBBY, 1, "1st", State.EDITED)
            return ledger.log.end(LOBBY)

        self.assertEqual(self.change(edit), 1)
        self.assertEqual([entry.text for entry in self.everything()], ["1st"])

    def test_messages_to_no_room_or_a_deleted_one_are_refused(self) -> None:
        gone = self.room("gone")
        self.change(lambda ledger: ledger.rooms.set(gone, deleted_at=5))
        for room in (gone, 99):
            error = self.assertRaises(ChatError, self.say, "x", room=room)
            self.assertEqual(error.code, "no_such_room")
        self.change(lambda ledger: ledger.rooms.set(gone, deleted_at=None))
        self.assertEqual(self.say("back", room=gone).seq, 1)

    def test_k6_time_in_a_room_never_goes_back(self) -> None:
        first = self.say("now")
        self.time -= 86_400_000
        self.assertEqual(self.say("a day before").time, first.time)
        self.reopen()
        self.assertEqual(self.say("after a restart").time, first.time)
        self.time = first.time + 5
        self.assertEqual(self.say("later").time, first.time + 5)

    def test_k6_one_jump_of_the_clock_dates_nothing_later(self) -> None:
        self.say("now")
        true = self.time
        self.time += 1000 * 86_400_000
        ahead = self.say("years ahead")
        self.assertEqual(ahead.time, self.time)
        self.time = true + 5
        for _ in range(2):  # also when it was started meanwhile
            back = self.say("right again")
            self.assertEqual(back.time, true + 5)
            self.reopen()
        self.assertEqual([e.seq for e in self.everything()], [1, 2, 3, 4])

    def test_numbers_go_on_after_a_restart(self) -> None:
        self.say("one")
        self.reopen()
        self.assertEqual((self.say("two").seq, self.everything()[1].id), (2, 2))

    def reopen(self) -> None:
        """Close the store and open it again."""
        raise NotImplementedError

    def test_half_a_character_is_refused_before_it_is_queued(self) -> None:
        for text, cid in (("\ud800", None), ("x", "\udfff")):
            error = self.assertRaises(ChatError, self.say, text, 1, cid)
            self.assertEqual(error.code, "bad_utf8")
        self.assertEqual(self.store.writer.waiting, 0)


class OnceContract(StoreCase):
    """The same message sent twice is stored once."""

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.account("ann")

    def assert_again(self, cid: str, text: str, seq: int, room: int = LOBBY) -> None:
        post = self.ask_to_say(text, self.ann, cid, room)
        settle(self.store)
        assert post.entry is not None, post.error
        self.assertEqual((post.again, post.entry.seq), (True, seq))

    def assert_conflict(self, cid: str, text: str, room: int = LOBBY) -> None:
        error = self.assertRaises(ChatError, self.say, text, self.ann, cid, room)
        self.assertEqual(error.code, "conflict")

    def test_d1_the_same_message_again_is_the_old_one(self) -> None:
        self.say("hello", self.ann, "1")
        self.say("between")
        self.assert_again("1", "hello", 1)
        self.assertEqual(self.say("next").seq, 3)

    def test_d1_the_same_id_for_something_else_is_a_conflict(self) -> None:
        other = self.room("other")
        self.say("hello", self.ann, "1")
        self.assert_conflict("1", "goodbye")
        self.assert_conflict("1", "hello", other)
        self.assertEqual(self.say("next").seq, 2)

    def test_ids_belong_to_their_senders_and_guests_have_none(self) -> None:
        ben = self.account("ben")
        for sender in (self.ann, ben, None, None):
            self.say("hello", sender, "1")
        self.assertEqual(self.store.load().rooms[0].last_seq, 4)

    def test_d1_twice_in_one_batch(self) -> None:
        posts = [
            self.ask_to_say(text, self.ann, cid)
            for text, cid in (("a", "1"), ("a", "1"), ("b", "1"), ("b", "2"))
        ]
        settle(self.store)
        self.assertEqual([post.again for post in posts], [False, True, False, False])
        self.assertEqual(
            [post.entry.seq if post.entry else None for post in posts], [1, 1, None, 2]
        )

    def test_d1_after_a_failed_change_the_id_is_free(self) -> None:
        def fail(ledger: Ledger) -> None:
            ledger.log.post(LOBBY, Kind.MESSAGE, self.ann, "ann", "x", cid="1")
            raise ChatError("no", "No.")

        self.store.change(fail, lambda result: None)
        post = self.ask_to_say("y", self.ann, "1")
        settle(self.store)
        self.assertEqual((post.error, post.again), (None, False))

    def test_an_edited_or_deleted_message_is_still_known(self) -> None:
        self.say("hello", self.ann, "1")
        self.rewrite(1, "hallo", State.EDITED)
        self.assert_again("1", "hello", 1)
        self.rewrite(1, "", State.DELETED)
        self.assert_again("1", "hello", 1)

    def test_a_change_can_ask_what_was_said_under_an_id(self) -> None:
        said = self.say("hello", self.ann, "1")
        self.assertEqual(self.change(lambda ledger: ledger.log.said(self.ann, "1")), said)
        self.assertIsNone(self.change(lambda ledger: ledger.log.said(self.ann, "2")))

    def test_entries_of_changes_are_stored_once_too(self) -> None:
        self.say("hello", self.ann, "1")

        def edit(text: str) -> Entry:
            return self.change(
                lambda ledger: ledger.log.post(LOBBY, Kind.EDIT, self.ann, "ann", text, 1, cid="2")
            )

        self.assertEqual(edit("hallo"), edit("hallo"))
        self.assertRaises(ChatError, edit, "hola")
        self.assert_conflict("2", "hallo")


class EditingContract(StoreCase):
    """Edits and deletions change what is shown."""

    def shown(self) -> list[str]:
        found = self.read(
            lambda connection: history.messages(connection, [Scope(LOBBY)], 100).entries
        )
        return [entry.text for entry in found]

    def test_edits_and_deletions_change_what_history_shows(self) -> None:
        for text in "abc":
            self.say(text)
        self.rewrite(2, "B", State.EDITED)
        self.assertEqual(self.shown(), ["a", "B", "c"])
        self.rewrite(2, "ignored", State.DELETED)
        self.assertEqual(self.shown(), ["a", "", "c"])
        tombstone = self.read(lambda connection: history.entry(connection, LOBBY, 2))
        assert tombstone is not None
        self.assertEqual((tombstone.text, tombstone.state), ("", State.DELETED))

    def test_d17_a_deletion_blanks_the_edits_before(self) -> None:
        self.say("a")

        def edit(ledger: Ledger) -> None:
            ledger.log.post(LOBBY, Kind.EDIT, None, "x", "secret", target=1)
            ledger.rewrite(LOBBY, 1, "secret", State.EDITED)

        def delete(ledger: Ledger) -> None:
            ledger.log.post(LOBBY, Kind.DELETE, None, "x", "because", target=1)
            ledger.rewrite(LOBBY, 1, "", State.DELETED)

        self.change(edit)
        self.change(delete)
        found = self.read(lambda connection: history.entries(connection, LOBBY, 0, None, 10))
        self.assertEqual([entry.text for entry in found], ["", "", "because"])

    def test_what_is_no_message_cannot_be_changed(self) -> None:
        self.change(lambda ledger: ledger.log.post(LOBBY, Kind.TOPIC, None, "x", "topic"))
        self.say("gone")
        self.rewrite(2, "", State.DELETED)
        for seq in (0, 1, 2, 3):
            error = self.assertRaises(
                ChatError,
                self.change,
                lambda ledger, seq=seq: ledger.rewrite(LOBBY, seq, "x", State.EDITED),
            )
            self.assertEqual(error.code, "no_such_message")
