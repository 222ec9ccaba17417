"""Searching, and what people may type into it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tests.store.fresh import StoreCase, index_all
from twisted_chat.core.entries import Kind, State
from twisted_chat.core.errors import ChatError
from twisted_chat.store import LOBBY, Query, Scope, search


class SearchTests(StoreCase):
    """Rooms full of messages, and one reader who may not see all of it."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.ben = self.account("ann"), self.account("ben")
        self.den = self.room("den", hidden=True)
        for text, sender, room in (
            ("the red fox", self.ann, LOBBY),
            ("a red herring", self.ben, LOBBY),
            ("red in the den", self.ben, self.den),
            ("a fox in the den", self.ann, self.den),
            ("guests see red", None, LOBBY),
            ("我们今天去东京", self.ben, LOBBY),
        ):
            self.time += 10
            self.say(text, sender, room=room)

    def find(
        self,
        words: str,
        scopes: tuple[Scope, ...] = (Scope(LOBBY),),
        author: int | None = None,
        after_time: int | None = None,
        before_time: int | None = None,
        before_id: int | None = None,
        limit: int = 20,
    ) -> list[int]:
        index_all(self.store)
        query = Query(words, scopes, author, after_time, before_time, before_id, limit)
        return [
            entry.id
            for entry in self.read(lambda connection: search(connection, query)).entries[::-1]
        ]

    def test_every_word_must_occur(self) -> None:
        self.assertEqual(self.find("red"), [5, 2, 1])
        self.assertEqual(self.find("fox red"), [1])
        self.assertEqual(self.find('"red fox"'), [1])
        self.assertEqual(self.find('"fox red"'), [])
        self.assertEqual(self.find("RED ++"), [5, 2, 1])
        self.assertEqual(self.find("东京"), [6])
        self.assertEqual(self.find("东"), [6])

    def test_c5_only_what_may_be_read_is_found(self) -> None:
        both = (Scope(LOBBY), Scope(self.den))
        self.assertEqual(self.find("den", both), [4, 3])
        self.assertEqual(self.find("den"), [])
        self.assertEqual(self.find("den", (Scope(LOBBY), Scope(self.den, 1))), [4])
        self.assertEqual(self.find("den", (Scope(self.den, 2),)), [])
        self.assertEqual(self.find("den", ()), [])

    def test_by_author(self) -> None:
        both = (Scope(LOBBY), Scope(self.den))
        self.assertEqual(self.find("fox", both, self.ann), [4, 1])
        self.assertEqual(self.find("", both, self.ann), [4, 1])
        self.assertEqual(self.find("fox", both, self.ben), [])
        # Not by the words that the index keeps for itself.
        for word in ("r1", f"a{self.ann}"):
            self.assertEqual(self.find(word, both), [])

    def test_by_time(self) -> None:
        start = self.time - 60
        self.assertEqual(self.find("red", after_time=start + 10), [5, 2])
        self.assertEqual(self.find("red", before_time=start + 50), [2, 1])
        both = (Scope(LOBBY), Scope(self.den), Scope(99))
        for after in range(start, start + 70, 5):
            for before in range(start, start + 80, 5):
                said = [(1, 10), (2, 20), (3, 30), (5, 50)]
                expected = [number for number, at in said if after < start + at < before]
                found = self.find("red", both, after_time=after, before_time=before)
                self.assertEqual(found, expected[::-1])

    def test_page_by_page(self) -> None:
        self.assertEqual(self.find("red", limit=2), [5, 2])
        self.assertEqual(self.find("red", limit=2, before_id=2), [1])
        self.assertEqual(self.find("red", limit=2, before_id=1), [])

    def test_edits_are_found_and_deletions_are_not(self) -> None:
        self.rewrite(1, "the blue fox", State.EDITED)
        self.assertEqual((self.find("blue"), self.find("red")), ([1], [5, 2]))
        self.rewrite(1, "", State.DELETED)
        self.assertEqual((self.find("blue"), self.find("fox")), ([], []))

    def test_said_and_changed_in_one_batch(self) -> None:
        self.ask_to_say("first thought")
        self.store.change(
            lambda ledger: ledger.rewrite(LOBBY, 5, "second thought", State.EDITED),
            lambda result: self.assertIsNone(result),
        )
        while self.store.run_once():
            pass
        self.assertEqual((self.find("thought"), self.find("first")), ([7], []))

    def test_other_entries_are_not_found(self) -> None:
        self.change(lambda ledger: ledger.log.post(LOBBY, Kind.TOPIC, self.ann, "ann", "unique"))
        self.assertEqual(self.find("unique"), [])

    def test_many_rooms(self) -> None:
        scopes = (*(Scope(room) for room in range(100, 3000)), Scope(self.den))
        self.assertEqual(self.find("den", scopes), [4, 3])

    def test_nothing_to_look_for(self) -> None:
        for words, author in (("", None), ("++ !", None), ("++", 1)):
            error = self.assertRaises(ChatError, self.find, words, author=author)
            self.assertEqual(error.code, "query")

    def test_a20_a_search_that_takes_too_long_is_given_up(self) -> None:
        index_all(self.store)
        nothing = tuple(Scope(LOBBY, 100) for _ in range(1000))
        query = Query("red", nothing)
        self.assertEqual(self.read(lambda connection: search(connection, query)).entries, [])
        with self.assertRaisesRegex(ChatError, "too long"):
            self.read(lambda connection: search(connection, query, seconds=-1))
        self.assertEqual(self.find("fox red"), [1])

    def test_a20_a_search_for_too_much_is_refused(self) -> None:
        for words in ("a " * 33, "\ufdfa" * 180, "東" * 180):
            self.assertEqual(self.assertRaises(ChatError, self.find, words).code, "query")
        self.assertEqual(self.find("東" * 170), [])

    def test_anything_at_all_if_that_is_what_is_looked_for(self) -> None:
        index_all(self.store)
        query = Query("", (Scope(self.den),), anything=True)
        found = [entry.id for entry in self.read(lambda it: search(it, query)).entries[::-1]]
        self.assertEqual(found, [4, 3])
        query = Query("++", (Scope(self.den),), anything=True)
        self.assertRaises(ChatError, self.read, lambda it: search(it, query))

    @given(st.text())
    @example('" OR tags : "r2')
    @example("den) OR (tags : r2")
    @example("NEAR(red den, 5) * ^ - {text tags} : x AND NOT")
    @example("'; DROP TABLE entry; --")
    @example("\0red\ud800")
    def test_d16_whatever_is_typed_is_only_looked_for(self, words: str) -> None:
        try:
            found = self.find(words)
        except ChatError as error:
            self.assertEqual(error.code, "query")
        else:
            self.assertTrue(set(found) <= {1, 2, 5, 6}, found)
