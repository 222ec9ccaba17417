"""What every backend must do with the rows of files."""

from __future__ import annotations

from typing import Any

from tests.store.fresh import StoreCase
from twisted_chat.core.attachments import Attachment, read
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import Entry, Form, Kind, State
from twisted_chat.core.errors import ChatError
from twisted_chat.store import LOBBY, Batch, Ledger, Scope, StoredFile, files


class FileContract(StoreCase):
    """Files of ann, and of ben."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.ben = self.account("ann"), self.account("ben")
        self.gone: list[str] = []
        self.store.deliver = self._deliver

    def _deliver(self, batch: Batch) -> None:
        self.gone += [one.blob for one in batch.gone]
        batch.answer()

    def offered(self, name: str = "x", owner: int = 0, room: int = LOBBY) -> StoredFile:
        return self.change(
            lambda ledger: ledger.files.add(
                f"blob of {name}", owner or self.ann, room, name, 10_000, "hash"
            )
        )

    def complete(self, name: str = "x", owner: int = 0, room: int = LOBBY) -> int:
        file = self.offered(name, owner, room).id
        self.change(lambda ledger: ledger.files.complete(file))
        return file

    def said(self, file: int, cid: str | None = None, room: int = LOBBY) -> tuple[Entry, bool]:
        return self.change(
            lambda it: it.files.say(room, self.ann, "ann", Draft.given("", cid, file=file))
        )

    def drop_unnamed(self, file: int) -> None:
        self.change(lambda ledger: ledger.files.drop_unnamed(file))

    def drop_kept(self, file: int) -> None:
        self.change(lambda ledger: ledger.files.drop_kept(file))

    def assert_refused(self, file: int, **changed: Any) -> None:
        draft = Draft.given("", sealed=changed.pop("sealed", ""), file=file)
        asked = {"room": LOBBY, "sender": self.ann, "author": "ann", "draft": draft, **changed}
        error = self.assertRaises(ChatError, self.change, lambda ledger: ledger.files.say(**asked))
        self.assertEqual(error.code, "no_such_file")

    def test_a_file_is_in_one_message_of_its_owner_in_its_room(self) -> None:
        den = self.room("den")
        incomplete, file = self.offered("a").id, self.complete("b")
        self.assert_refused(incomplete)
        self.assert_refused(file, sender=self.ben)
        self.assert_refused(file, room=den)
        self.assert_refused(file + 100)
        self.assert_refused(file, sealed="ciphertext")  # the server knows its name
        entry, again = self.said(file)
        self.assertEqual((entry.form, entry.kind, again), (Form.FILE, Kind.MESSAGE, False))
        self.assertEqual(read(entry.text), Attachment(file, 10_000, "hash", "b"))
        self.assert_refused(file)

    def test_a_sealed_message_keeps_the_name_to_itself(self) -> None:
        file = self.complete("")
        self.assert_refused(file)
        draft = Draft.given("", "c", "ciphertext", file=file)
        entry, _ = self.change(lambda ledger: ledger.files.say(LOBBY, self.ann, "ann", draft))
        self.assertEqual(entry.form, Form.SEALED_FILE)
        self.assertEqual(read(entry.text), Attachment(file, 10_000, "hash", "", "ciphertext"))
        again = self.change(lambda ledger: ledger.files.say(LOBBY, self.ann, "ann", draft))
        self.assertEqual(again, (entry, True))

    def test_the_same_cid_is_the_same_message_whatever_became_of_it(self) -> None:
        file, other = self.complete("a"), self.complete("b")
        entry, _ = self.said(file, "c")
        self.assertEqual(self.said(file, "c"), (entry, True))
        error = self.assertRaises(ChatError, self.said, other, "c")
        self.assertEqual(error.code, "conflict")
        self.rewrite(entry.seq, "", State.DELETED)
        old, again = self.said(file, "c")
        self.assertEqual((old.seq, again), (entry.seq, True))

    def test_d17_e11_with_its_message_a_file_goes_in_the_same_transaction(self) -> None:
        file = self.complete("a")
        kept = self.complete("b")
        entry, _ = self.said(file)
        self.said(kept)

        def fails(ledger: Ledger) -> None:
            ledger.rewrite(LOBBY, entry.seq, "", State.DELETED)
            raise ChatError("conflict", "It was not meant.")

        self.assertRaises(ChatError, self.change, fails)
        self.assertEqual(self.gone, [])
        self.assertIsNotNone(self.read(lambda it: files.named(it, file)))
        self.rewrite(entry.seq, "", State.DELETED)
        self.assertEqual(self.gone, ["blob of a"])
        self.assertIsNone(self.read(lambda it: files.named(it, file)))
        self.assertIsNotNone(self.read(lambda it: files.named(it, kept)))

    def test_an_erased_account_leaves_what_it_said(self) -> None:
        self.said(self.complete("said"))
        self.complete("unsaid")
        self.offered("incomplete")
        self.offered("of ben", self.ben)
        self.change(lambda ledger: ledger.accounts.erase(self.ann))
        self.assertEqual(sorted(self.gone), ["blob of incomplete", "blob of unsaid"])

    def test_an_erased_room_leaves_nothing(self) -> None:
        den = self.room("den", owner=self.ann)
        for name in "abc":
            self.said(self.complete(name, room=den), room=den)
        self.offered("incomplete", room=den)
        self.complete("elsewhere")
        self.change(lambda ledger: ledger.rooms.set(den, deleted_at=1))
        while not self.change(lambda ledger: ledger.rooms.erase(den, 2)):
            pass
        self.assertEqual(
            sorted(self.gone), ["blob of a", "blob of b", "blob of c", "blob of incomplete"]
        )

    def test_only_what_no_message_names_is_swept(self) -> None:
        said, unsaid = self.complete("a"), self.complete("b")
        self.said(said)
        for file in (said, unsaid, 100):
            self.drop_unnamed(file)
        self.assertEqual(self.gone, ["blob of b"])
        error = self.assertRaises(
            ChatError, self.change, lambda ledger: ledger.files.complete(unsaid)
        )
        self.assertEqual(error.code, "no_such_file")

    def test_what_a_server_keeps_in_memory(self) -> None:
        self.said(self.complete("a"))
        self.complete("b", self.ben)
        self.offered("c", self.ben)
        kept = self.store.load()
        self.assertEqual(
            [(one.name, one.complete) for one in kept.files], [("b", True), ("c", False)]
        )
        self.assertEqual(kept.used, {self.ann: 10_000, self.ben: 10_000})
        self.assertEqual(len(self.read(files.contents)), 3)

    def kept(self, name: str, owner: int = 0) -> int:
        """A file that is kept for a link."""
        file = self.offered(name, owner, files.NOWHERE).id
        self.change(lambda ledger: ledger.files.keep(file, 7, "other hash"))
        return file

    def test_a_file_may_be_kept_without_a_message(self) -> None:
        file = self.kept("a")
        row = self.read(lambda it: files.named(it, file))
        assert row is not None
        self.assertEqual(
            (row.seq, row.size, row.sha256, row.complete), (file, 7, "other hash", True)
        )
        self.assert_refused(file)
        self.assert_refused(file, room=files.NOWHERE)
        self.drop_unnamed(file)
        self.assertEqual(self.gone, [])
        snapshot = self.store.load()
        self.assertEqual((snapshot.files, snapshot.used), ([], {self.ann: files.LEAST}))
        self.drop_kept(file)
        self.assertEqual(self.gone, ["blob of a"])

    def test_what_is_kept_was_meant_for_it_and_is_kept_once(self) -> None:
        for file in (self.offered("a").id, self.kept("b"), 100):
            error = self.assertRaises(
                ChatError, self.change, lambda it, file=file: it.files.keep(file, 7, "hash")
            )
            self.assertEqual(error.code, "no_such_file")

    def test_what_is_kept_is_dropped_whether_it_has_come_or_not(self) -> None:
        coming, said = self.offered("a", room=files.NOWHERE).id, self.complete("b")
        self.said(said)
        for file in (coming, said):
            self.drop_kept(file)
        self.assertEqual(self.gone, ["blob of a"])

    def test_k12_an_erased_account_leaves_nothing_behind_a_link(self) -> None:
        self.kept("a")
        self.kept("b", self.ben)
        self.change(lambda ledger: ledger.accounts.erase(self.ann))
        self.assertEqual(self.gone, ["blob of a"])

    def test_lists_of_what_is_kept_are_of_one_account(self) -> None:
        for name in "abc":
            self.kept(name)
        self.kept("d", self.ben)
        self.offered("e", room=files.NOWHERE)
        self.said(self.complete("f"))

        def names(limit: int = 10, before: int | None = None) -> str:
            found = self.read(lambda it: files.kept(it, self.ann, limit, before))
            return "".join(one.name for one in found)

        self.assertEqual((names(), names(limit=2), names(before=3)), ("abc", "bc", "ab"))

    def test_c5_lists_are_of_rooms_and_from_where_one_may_read(self) -> None:
        den = self.room("den")
        for name, room in (("a", LOBBY), ("b", den), ("c", den), ("d", LOBBY)):
            self.said(self.complete(name, room=room), room=room)
        self.complete("unsaid")

        def names(*scopes: Scope, limit: int = 10, before: int | None = None) -> str:
            found = self.read(lambda it: files.listed(it, scopes, limit, before))
            return "".join(one.name for one in found)

        self.assertEqual(names(Scope(LOBBY), Scope(den)), "abcd")
        self.assertEqual(names(Scope(LOBBY), Scope(den, 1)), "acd")
        self.assertEqual(names(Scope(den)), "bc")
        self.assertEqual(names(Scope(LOBBY), Scope(den), limit=2), "cd")
        self.assertEqual(names(Scope(LOBBY), Scope(den), before=3), "ab")
        self.assertEqual(names(), "")
