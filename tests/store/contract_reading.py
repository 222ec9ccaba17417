"""What every backend must find again."""

from __future__ import annotations

from tests.store.fresh import StoreCase, settle
from twisted_chat.core.entries import Entry, Kind, State
from twisted_chat.store import LOBBY, Scope, cursors, history, snapshot


def texts(entries: list[Entry]) -> str:
    """What entries say, in one word."""
    return "".join(entry.text for entry in entries)


class HistoryContract(StoreCase):
    """Pages of messages over one room and over several."""

    def setUp(self) -> None:
        super().setUp()
        self.den = self.room("den", hidden=True)
        for place, text in enumerate("abcdefghij"):
            self.say(text, room=(LOBBY, self.den)[place % 2])
        self.change(lambda ledger: ledger.log.post(LOBBY, Kind.TOPIC, None, "x", "topic"))

    def page(self, *scopes: Scope, limit: int = 100, before: int | None = None) -> str:
        found = self.read(lambda connection: history.messages(connection, scopes, limit, before))
        return texts(found.entries)

    def test_messages_of_several_rooms_in_their_order(self) -> None:
        both = (Scope(LOBBY), Scope(self.den))
        self.assertEqual(self.page(*both), "abcdefghij")
        self.assertEqual(self.page(*both, limit=3), "hij")
        self.assertEqual(self.page(*both, limit=3, before=8), "efg")
        self.assertEqual(self.page(*both, limit=0), "")
        self.assertEqual(self.page(), "")

    def test_c5_a_hidden_room_is_shown_from_where_one_came_in(self) -> None:
        self.assertEqual(self.page(Scope(self.den, 3)), "hj")
        self.assertEqual(self.page(Scope(LOBBY), Scope(self.den, 4)), "acegij")
        self.assertEqual(self.page(Scope(self.den, 5)), "")

    def test_one_room_page_by_page(self) -> None:
        def page(before: int | None) -> str:
            scope = Scope(self.den, 1)
            found = self.read(lambda connection: history.messages_of(connection, scope, 2, before))
            return texts(found.entries) + "+" * found.more

        self.assertEqual([page(before) for before in (None, 4, 2, 1)], ["hj+", "df", "", ""])

    def test_entries_of_all_kinds_are_caught_up_with(self) -> None:
        def after(seq: int, upto: int | None, limit: int) -> str:
            return texts(self.read(lambda it: history.entries(it, LOBBY, seq, upto, limit)))

        self.assertEqual(after(3, None, 10), "gitopic")
        self.assertEqual(after(0, 2, 10), "ac")
        self.assertEqual(after(0, None, 1), "a")

    def test_one_entry(self) -> None:
        found = self.read(lambda connection: history.entry(connection, self.den, 2))
        assert found is not None
        self.assertEqual((found.text, found.seq, found.room), ("d", 2, self.den))
        self.assertIsNone(self.read(lambda connection: history.entry(connection, self.den, 6)))


class UnseenContract(StoreCase):
    """What somebody missed."""

    def setUp(self) -> None:
        super().setUp()
        self.ann, self.ben = self.account("ann"), self.account("ben")
        self.den = self.room("den")
        for place, text in enumerate("abcdefgh"):
            self.say(text, self.ben, room=(LOBBY, self.den)[place % 2])
        self.say("mine", self.ann)
        self.say("guest")
        self.rewrite(4, "", State.DELETED, self.den)
        self.change(lambda ledger: ledger.log.post(LOBBY, Kind.JOIN, self.ben, "ben"))

    def unseen(
        self, gaps: list[tuple[int, int, int]], limit: int
    ) -> tuple[str, dict[int, tuple[int, int]]]:
        found, older = self.read(
            lambda connection: history.unseen(connection, self.ann, gaps, limit)
        )
        return texts(found), older

    def test_messages_by_others_and_how_many_more_there_are(self) -> None:
        gaps = [(LOBBY, 0, 7), (self.den, 1, 4)]
        self.assertEqual(self.unseen(gaps, 9), ("acdefgguest", {}))
        self.assertEqual(self.unseen(gaps, 2), ("gguest", {LOBBY: (3, 4), self.den: (2, 5)}))
        self.assertEqual(self.unseen(gaps, 4), ("efgguest", {LOBBY: (2, 3), self.den: (1, 3)}))
        self.assertEqual(self.unseen(gaps, 0), ("", {LOBBY: (5, 8), self.den: (2, 5)}))

    def test_the_rest_is_found_before_the_number(self) -> None:
        _, older = self.unseen([(LOBBY, 1, 7)], 2)
        count, before = older[LOBBY]
        rest = self.read(
            lambda connection: history.messages_of(connection, Scope(LOBBY, 1), count, before)
        )
        self.assertEqual(texts(rest.entries), "ce")

    def test_gaps_end_where_they_end(self) -> None:
        self.assertEqual(self.unseen([(LOBBY, 1, 3)], 9), ("ce", {}))
        self.assertEqual(self.unseen([(LOBBY, 7, 7), (99, 0, 5)], 9), ("", {}))
        self.assertEqual(self.unseen([], 9), ("", {}))


class CursorContract(StoreCase):
    """Cursors grow, and are written along."""

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.account("ann")

    def test_cursors_only_grow(self) -> None:
        for seq in (5, 3):
            self.store.move_cursor(self.ann, "phone", LOBBY, seq)
            self.store.move_read_cursor(self.ann, LOBBY, seq)
            self.store.flush_cursors()
            settle(self.store)
        for seq in (2, 7, 6):
            self.store.move_cursor(self.ann, "laptop", LOBBY, seq)
        settle(self.store)
        ask = cursors.delivered_to
        self.assertEqual(self.read(lambda it: ask(it, self.ann, "phone")), {LOBBY: 5})
        self.assertEqual(self.read(lambda it: ask(it, self.ann, "laptop")), {LOBBY: 7})
        self.assertEqual(self.read(lambda it: ask(it, self.ann, "none")), {})
        self.assertEqual(self.read(lambda it: ask(it, self.ann, "")), {LOBBY: 0})
        self.assertEqual(self.read(lambda it: cursors.delivered(it, self.ann)), {LOBBY: 7})
        self.assertEqual(self.read(lambda it: cursors.read(it, self.ann)), {LOBBY: 5})

    def test_cursors_ride_along_with_the_next_message(self) -> None:
        self.store.move_cursor(self.ann, "phone", LOBBY, 1)
        self.say("hello")
        self.assertEqual(self.read(lambda it: cursors.delivered(it, self.ann)), {LOBBY: 1})
        self.assertFalse(self.store.run_once())

    def test_where_one_came_to_a_room_is_kept(self) -> None:
        room = self.room("den")
        for text in "abc":
            self.say(text, room=room)
        self.change(lambda ledger: ledger.rooms.put_member(room, self.ann))
        self.assertEqual(
            self.read(lambda it: cursors.delivered_to(it, self.ann, "")), {LOBBY: 0, room: 3}
        )
        self.assertEqual(self.read(lambda it: cursors.delivered(it, self.ann))[room], 3)

    def test_counts(self) -> None:
        ben = self.account("ben")
        self.change(lambda ledger: ledger.rooms.pair(self.ann, ben))
        gone = self.room("gone")
        self.say("x", room=gone)
        self.change(lambda ledger: ledger.rooms.set(gone, deleted_at=1))
        self.change(lambda ledger: ledger.accounts.erase(ben))
        self.assertEqual(self.read(snapshot.counts), (1, 1, 1, 0, 0))
