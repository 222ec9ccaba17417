"""What every backend must find page by page."""

from __future__ import annotations

from tests.store.fresh import StoreCase
from twisted_chat.core.entries import Kind, State
from twisted_chat.store import LOBBY, Scope, cursors, history
from twisted_chat.store.history import At, View
from twisted_chat.store.records import Page

EVENTS = (int(Kind.MESSAGE), int(Kind.EDIT), int(Kind.DELETE), int(Kind.TOPIC))


class PagesContract(StoreCase):
    """A room with the messages a to h, a second between them; d was deleted, f is a topic."""

    def setUp(self) -> None:
        super().setUp()
        self.ann = self.account("ann")
        self.bob = self.account("bob")
        self.times: list[int] = []
        for letter in "abcdefgh":
            self.time += 1000
            self.times.append(self.time)
            if letter == "f":
                self.change(lambda it: it.log.post(LOBBY, Kind.TOPIC, self.ann, "ann", "f"))
            else:
                self.say(letter, self.ann if letter in "aceg" else self.bob)
        self.rewrite(4, "", State.DELETED)

    def view(self, since: int = 0, upto: int = 8, **more: object) -> View:
        return View(LOBBY, since, upto, **more)  # type: ignore[arg-type]

    def ask(self, question: object, *args: object, view: View | None = None) -> str:
        """The texts of a page, and a + when there is more."""
        page: Page = self.read(lambda db: question(db, view or self.view(), *args))  # type: ignore[operator]
        return "".join(entry.text for entry in page.entries) + "+" * page.more

    def test_the_newest(self) -> None:
        self.assertEqual(self.ask(history.before, None, 9), "abcegh")
        self.assertEqual(self.ask(history.before, None, 6), "abcegh")
        self.assertEqual(self.ask(history.before, None, 2), "gh+")
        self.assertEqual(self.ask(history.before, None, 2, view=self.view(upto=5)), "ce+")
        self.assertEqual(self.ask(history.before, None, 9, view=self.view(since=6)), "gh")

    def test_before_a_place(self) -> None:
        self.assertEqual(self.ask(history.before, At(5), 2), "bc+")
        self.assertEqual(self.ask(history.before, At(time=self.times[4]), 2), "bc+")
        self.assertEqual(self.ask(history.before, At(time=self.times[4] + 1), 2), "ce+")
        self.assertEqual(self.ask(history.before, At(time=0), 2), "")
        self.assertEqual(self.ask(history.before, At(1), 2), "")
        self.assertEqual(self.ask(history.before, At(10**14), 2), "gh+")

    def test_after_a_place(self) -> None:
        self.assertEqual(self.ask(history.after, At(1), 2), "bc+")
        self.assertEqual(self.ask(history.after, At(time=self.times[0]), 2), "bc+")
        self.assertEqual(self.ask(history.after, At(7), 2), "h")
        self.assertEqual(self.ask(history.after, At(8), 2), "")
        self.assertEqual(self.ask(history.after, At(time=2**50), 2), "")
        self.assertEqual(self.ask(history.after, At(0), 2, view=self.view(since=4)), "eg+")

    def test_the_newest_after_a_place(self) -> None:
        self.assertEqual(self.ask(history.latest, At(2), 2), "gh+")
        self.assertEqual(self.ask(history.latest, At(5), 9), "gh")

    def test_between_two_places_in_both_directions(self) -> None:
        self.assertEqual(self.ask(history.between, At(1), At(8), 9), "bceg")
        self.assertEqual(self.ask(history.between, At(1), At(8), 2), "bc+")
        self.assertEqual(self.ask(history.between, At(8), At(1), 2), "eg+")
        self.assertEqual(self.ask(history.between, At(8), At(1), 9), "bceg")
        first, last = At(time=self.times[0]), At(time=self.times[7])
        self.assertEqual(self.ask(history.between, first, last, 2), "bc+")
        self.assertEqual(self.ask(history.between, last, first, 2), "eg+")
        self.assertEqual(self.ask(history.between, At(1), last, 9), "bceg")
        self.assertEqual(self.ask(history.between, first, first, 9), "")
        self.assertEqual(self.ask(history.between, At(3), At(3), 9), "")

    def test_around_a_place(self) -> None:
        self.assertEqual(self.ask(history.around, At(5), 1), "e+")
        self.assertEqual(self.ask(history.around, At(5), 3), "ceg+")
        self.assertEqual(self.ask(history.around, At(5), 99), "abcegh")
        self.assertEqual(self.ask(history.around, At(time=self.times[4]), 3), "ceg+")

    def test_other_entries_for_those_who_want_them(self) -> None:
        view = self.view(kinds=EVENTS)
        self.assertEqual(self.ask(history.before, None, 9, view=view), "abcefgh")
        self.assertEqual(self.ask(history.before, None, 3, view=view), "fgh+")
        self.assertEqual(self.ask(history.after, At(5), 1, view=view), "f+")

    def test_words_of_some_are_left_out_and_what_they_did_is_not(self) -> None:
        self.assertEqual(
            self.ask(history.before, None, 9, view=self.view(hidden=(self.ann,))), "bh"
        )
        view = self.view(hidden=(self.ann,), kinds=EVENTS)
        self.assertEqual(self.ask(history.before, None, 9, view=view), "bfh")

    def test_c5_what_was_said_before_one_came_is_never_shown(self) -> None:
        view = self.view(since=4)
        for place in (At(1), At(time=0), At(6), At(time=2**50)):
            for ask in (history.before, history.after, history.latest, history.around):
                self.assertFalse(set("abcd") & set(self.ask(ask, place, 9, view=view)))
            for other in (At(2), At(9)):
                said = self.ask(history.between, place, other, 9, view=view)
                self.assertFalse(set("abcd") & set(said))

    def test_when_the_last_message_was(self) -> None:
        den = self.room("den")

        def times(*scopes: Scope, hidden: tuple[int, ...] = ()) -> dict[int, int]:
            return self.read(lambda db: history.last_times(db, scopes, hidden))

        self.assertEqual(times(Scope(LOBBY), Scope(den)), {LOBBY: self.times[7]})
        self.assertEqual(times(Scope(LOBBY), hidden=(self.bob,)), {LOBBY: self.times[6]})
        self.assertEqual(times(Scope(LOBBY, 8)), {})

    def test_markers_only_grow(self) -> None:
        def move(time: int) -> None:
            self.change(lambda it: it.cursors.move_marker(self.ann, "#den", time))

        for time in (5, 9, 7):
            move(time)
        self.change(lambda it: it.cursors.move_marker(self.ann, "bob", 3))
        marked = self.read(lambda db: cursors.markers(db, self.ann))
        self.assertEqual(marked, {"#den": 9, "bob": 3})
        self.assertEqual(self.read(lambda db: cursors.markers(db, self.bob)), {})

    def test_when_that_was_which_was_read_last(self) -> None:
        self.change(lambda it: it.cursors.move_read([(self.ann, LOBBY, 3)]))
        read = self.read(lambda db: cursors.read_times(db, self.ann))
        self.assertEqual(read, {LOBBY: self.times[2]})
