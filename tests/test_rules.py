"""The rules of rooms: how changes are written and what masks describe."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import ChatError
from twisted_chat.core.masks import completed, fits, matches
from twisted_chat.core.names import fold
from twisted_chat.core.roster import Person
from twisted_chat.core.rules import Change, Rules, parse, read, text_of

CHANGES = some.lists(
    some.one_of(
        some.builds(Change, some.booleans(), some.sampled_from("CRimnst"), some.just("")),
        some.builds(Change, some.booleans(), some.sampled_from("beI"), some.just("bob!*@*")),
        some.builds(Change, some.just(True), some.just("k"), some.just("sesame")),
        some.builds(Change, some.just(True), some.just("l"), some.integers(1, 100_000).map(str)),
        some.just(Change(False, "k", "*")),
        some.just(Change(False, "l")),
    ),
    min_size=1,
    max_size=20,
)


def guest(name: str, host: str = "guest") -> Person:
    person = Person(-1, fold(name))
    person.host = host
    return person


class RulesTests(SynchronousTestCase):
    @given(CHANGES)
    def test_what_is_written_is_read_as_the_same(self, changes: list[Change]) -> None:
        self.assertEqual(list(parse(text_of(changes))), changes)

    @given(CHANGES)
    def test_rules_survive_being_stored(self, changes: list[Change]) -> None:
        rules, done = Rules().with_changes(changes, "ann", 7)
        self.assertEqual(read(rules.written()), rules)
        self.assertTrue(done or rules == Rules())

    def test_a_room_without_changes_takes_no_space(self) -> None:
        self.assertEqual(Rules().written(), "")
        self.assertEqual(Rules().letters(with_key=True), "+nt")

    def test_h2_impossible_changes_are_refused(self) -> None:
        for text, code in (
            ("+Q", "unknown_mode"),
            ("+k a,b", "args"),
            ("+k :x", "args"),
            ("+k", "args"),
            ("+l 0", "args"),
            ("+l x", "args"),
            ("+l ٣", "args"),
            ("+o bob", "args"),
            ("+", "args"),
            ("+b " + "x" * 200, "args"),
            ("+" + "m" * 21, "args"),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.assertRaises(ChatError, parse, text).code, code)

    def test_d5_rules_that_cannot_be_read_let_nobody_in(self) -> None:
        self.assertTrue(read("{broken").hidden)

    @given(some.text("ab*?", max_size=12), some.text("ab", max_size=20))
    def test_masks_match_as_globs_do(self, pattern: str, text: str) -> None:
        self.assertEqual(matches(pattern, text), fnmatchcase(text, pattern))

    def test_c10_no_mask_takes_long(self) -> None:
        self.assertFalse(matches("*a" * 60 + "b", "a" * 5000))

    def test_masks_are_completed(self) -> None:
        for written, whole in (
            ("bob", "bob!*@*"),
            ("u@h", "*!u@h"),
            ("bob!u", "bob!u@*"),
            ("~a:bob", "~a:bob"),
            ("~M:bob", "~m:bob!*@*"),
            ("~m:~a:bob", "~m:~a:bob"),
        ):
            self.assertEqual(completed(written), whole)

    def test_whom_masks_describe(self) -> None:
        bob, eve = Person(1, fold("Bob")), guest("eve", "guest-1234")
        self.assertTrue(fits("bOB!*@*", bob))
        self.assertTrue(fits("~a:b?b", bob))
        self.assertFalse(fits("~a:*", eve))
        self.assertTrue(fits("*!*@guest-1*", eve))
        self.assertTrue(fits("~m:eve!*@*", eve))
