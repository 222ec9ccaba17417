"""The full-text index follows the log, whatever happens in between."""

from __future__ import annotations

import threading
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import often
from tests.store import fresh
from tests.store.fresh import StoreCase, index_all
from twisted_chat.core.draft import Draft
from twisted_chat.core.entries import State
from twisted_chat.store import LOBBY, Post, Query, Scope, Store, open_store, search
from twisted_chat.store.sqlite import full_text

WORDS = ("ant", "bee", "cat", "东京")


def found(store: Store, word: str) -> list[int]:
    """The numbers of the messages in the lobby that the index finds as it is."""
    query = Query(word, (Scope(LOBBY),), limit=99)
    return [entry.seq for entry in fresh.read(store, lambda it: search(it, query)).entries[::-1]]


class IndexTests(StoreCase):
    """One writer and its index."""

    def erase(self, room: int) -> None:
        self.change(lambda ledger: ledger.rooms.set(room, deleted_at=1))
        self.assertTrue(self.change(lambda ledger: ledger.rooms.erase(room)))

    def free_the_last_numbers(self) -> None:
        """The index knows the end of the log, that is erased, and the server starts again."""
        room = self.room("den")
        for _ in range(3):
            self.say("an ant", room=room)
        index_all(self.store)
        self.erase(room)
        self.store.close()
        self.store = self.reopened()

    def test_messages_are_taken_in_afterwards(self) -> None:
        self.say("an ant")
        self.assertEqual((found(self.store, "ant"), self.store.steps_behind), ([], 1))
        index_all(self.store)
        self.assertEqual((found(self.store, "ant"), self.store.steps_behind), ([1], 0))

    def test_d1_how_far_it_has_come_outlives_a_restart(self) -> None:
        self.say("an ant")
        index_all(self.store)
        self.say("another ant")
        self.store.close()
        self.store = self.reopened()
        self.assertTrue(self.store.steps_behind)
        index_all(self.store)
        self.assertEqual(found(self.store, "ant"), [2, 1])

    def test_step_by_step(self) -> None:
        for _ in range(7):
            self.say("an ant")
        with mock.patch.object(full_text, "STEP", 3):
            counts = []
            while self.store.steps_behind:
                self.store.index(lambda outcome: None)
                fresh.settle(self.store)
                counts.append(len(found(self.store, "ant")))
        self.assertEqual(counts, [3, 6, 7])

    def test_numbers_that_are_given_out_again(self) -> None:
        self.free_the_last_numbers()
        self.say("an ant once more")
        index_all(self.store)
        self.assertEqual(found(self.store, "ant"), [1])

    def test_d1_numbers_that_are_given_out_again_and_taken_in_after_another_start(self) -> None:
        self.free_the_last_numbers()
        for _ in range(3):
            self.say("a bee")
        self.store.close()
        self.store = self.reopened()
        index_all(self.store)
        self.assertEqual(found(self.store, "bee"), [3, 2, 1])
        self.rewrite(2, "", State.DELETED)
        self.assertEqual(found(self.store, "bee"), [3, 1])

    def test_k12_what_was_erased_before_it_was_taken_in(self) -> None:
        room = self.room("den")
        self.say("an ant", room=room)
        self.erase(room)
        self.say("an ant")
        index_all(self.store)
        self.assertEqual(found(self.store, "ant"), [1])

    def test_d3_a_full_disk_is_no_reason_to_end(self) -> None:
        self.say("an ant")
        driver = self.store.writer._committer._driver
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count = {pages}")
        answers: list[bool | Exception] = []
        with mock.patch.object(full_text, "indexed", lambda text: f"{text} " * 100_000):
            self.store.index(answers.append)
            fresh.settle(self.store)
        self.assertEqual([getattr(answer, "code", answer) for answer in answers], ["store_full"])
        driver.execute("PRAGMA max_page_count = 1000000")
        index_all(self.store)
        self.assertEqual(found(self.store, "ant"), [1])

    def test_a_writer_without_work_looks_after_it(self) -> None:
        self.store.close()
        done = threading.Event()
        follow = full_text.Index.follow

        def noted(self: full_text.Index, last_id: int) -> None:
            follow(self, last_id)
            done.set()

        with mock.patch.object(full_text.Index, "follow", noted):
            path = str(self.folder / "chat.db")
            self.store = open_store(path, lambda: 0, lambda call: call(), die=lambda: None)
            self.store.post([Post(LOBBY, None, "x", Draft("an ant"))])
            self.assertTrue(done.wait(30))

    @settings(max_examples=often(40))
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("say"), st.sampled_from(WORDS)),
                st.tuples(st.just("edit"), st.integers(0, 9), st.sampled_from(WORDS)),
                st.tuples(st.just("delete"), st.integers(0, 9)),
                st.tuples(st.just("index")),
            ),
            max_size=25,
        )
    )
    def test_it_finds_what_the_messages_say_now(self, doings: list[tuple[str, ...]]) -> None:
        base = fresh.change(self.store, lambda ledger: ledger.log.end(LOBBY))
        says: list[str] = []
        with mock.patch.object(full_text, "STEP", 2):
            for what, *how in doings:
                if what == "say":
                    self.say(how[0])
                    says.append(how[0])
                elif what == "index":
                    self.store.index(lambda outcome: None)
                    fresh.settle(self.store)
                elif says and says[at := int(how[0]) % len(says)]:
                    says[at] = how[1] if what == "edit" else ""
                    state = State.EDITED if what == "edit" else State.DELETED
                    self.rewrite(base + at + 1, says[at], state)
            index_all(self.store)
        for word in WORDS:
            expected = [base + at + 1 for at, said in enumerate(says) if said == word]
            now = [seq for seq in found(self.store, word) if seq > base]
            self.assertEqual(now, expected[::-1])
