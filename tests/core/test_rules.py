"""The rules of rooms: how changes are written and what masks describe."""

from __future__ import annotations

from fnmatch import fnmatchcase
from unittest import mock

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core import rules as rulebook
from twisted_chat.core.errors import ChatError
from twisted_chat.core.names import fold
from twisted_chat.core.rooms import Person
from twisted_chat.core.rules import (
    MOST_MASKS,
    RuleChange,
    Rules,
    completed,
    fits,
    looks,
    matches,
    parse,
    read,
    text_of,
)

CHANGES = some.lists(
    some.one_of(
        some.builds(RuleChange, some.booleans(), some.sampled_from("CRimnst"), some.just("")),
        some.builds(RuleChange, some.booleans(), some.sampled_from("beI"), some.just("bob!*@*")),
        some.builds(RuleChange, some.just(True), some.just("k"), some.just("sesame")),
        some.builds(
            RuleChange, some.just(True), some.just("l"), some.integers(1, 100_000).map(str)
        ),
        some.just(RuleChange(False, "k", "*")),
        some.just(RuleChange(False, "l")),
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
    def test_what_is_written_is_read_as_the_same(self, changes: list[RuleChange]) -> None:
        self.assertEqual(list(parse(text_of(changes))), changes)

    @given(CHANGES)
    def test_rules_survive_being_stored(self, changes: list[RuleChange]) -> None:
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
            ("", "args"),
            (" ", "args"),
            ("+b", "args"),
            ("-I", "args"),
            ("+b ~a:", "args"),
            ("+b ~m:", "args"),
            ("+b ~m:~m:bob", "args"),
            ("+I ~m:bob", "args"),
            ("+b " + "\U0001f642" * 60, "args"),
            ("+b " + "x" * 200, "args"),
            ("+" + "m" * 21, "args"),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.assertRaises(ChatError, parse, text).code, code)

    def test_d5_rules_that_cannot_be_read_let_nobody_in(self) -> None:
        for text in ("{broken", "7", '{"limit":"many"}', '{"bans":{"x":1}}'):
            self.assertTrue(read(text).hidden)

    @given(some.text("ab*?", max_size=12), some.text("ab", max_size=20))
    def test_masks_match_as_globs_do(self, pattern: str, text: str) -> None:
        self.assertEqual(matches(pattern, text), fnmatchcase(text, pattern))

    def test_c10_no_mask_takes_long(self) -> None:
        """A matcher that goes back for every star would take hours for the last of them."""
        text = "a" * 100_000
        for pattern in ("*a" * 60 + "b", "*" + "a" * 126 + "b", "*" + "?" * 120 + "b*" * 3):
            self.assertFalse(matches(pattern, text))

    def test_c10_masks_are_tried_once_for_everybody(self) -> None:
        rules, _ = Rules().with_changes(parse("+bbb eve x ~m:~a:m*"), "ann", 7)
        bob = Person(1, fold("Bob"))
        with mock.patch.object(rulebook, "fits", wraps=fits) as tried:
            self.assertEqual([rules.verdict(bob) for _ in range(5)], [""] * 5)
            self.assertEqual(tried.call_count, 3)
            bob.host = "another"  # somebody who looks otherwise is another one
            rules.verdict(bob)
            self.assertEqual(tried.call_count, 6)

    def test_what_masks_mean_to_somebody(self) -> None:
        for masks, verdict in (
            ("+b eve", "banned"),
            ("+b ~m:eve", "muted"),
            ("+bb ~m:eve eve", "banned"),
            ("+be eve e?e!*@*", ""),
            ("+be ~m:eve eve", ""),
            ("+b bob", ""),
        ):
            with self.subTest(masks=masks):
                rules, _ = Rules().with_changes(parse(masks), "ann", 7)
                self.assertEqual(rules.verdict(guest("eve")), verdict)
                self.assertEqual(rules.bans_person(guest("eve")), verdict == "banned")

    def test_only_what_takes_a_right_away_is_stricter(self) -> None:
        rules, _ = Rules().with_changes(parse("+mlIe 10 ann ben"), "ann", 7)
        for changes, letters in (
            ("-m-n-t", "+mntl 10"),
            ("+i+k x", "+imntkl x 10"),
            ("+l 20", "+mntl 10"),
            ("+l 5", "+mntl 5"),
            ("-l", "+mntl 10"),
        ):
            stricter = rules.stricter(parse(changes), "ann", 8)
            self.assertEqual(stricter.letters(with_key=True), letters)
        stricter = rules.stricter(parse("-I+I-e+e+b-b ann cid ben dan eve eve"), "ann", 8)
        self.assertEqual([stricter.masks(letter) for letter in "Ie"], [{}, {}])
        self.assertEqual(list(stricter.bans), ["eve!*@*"])

    def test_h2_a_list_has_an_end(self) -> None:
        rules = Rules()
        for number in range(MOST_MASKS):
            rules, _ = rules.with_changes(parse(f"+b a{number}"), "ann", 7)
        error = self.assertRaises(ChatError, rules.with_changes, parse("+b more"), "ann", 7)
        self.assertEqual(error.code, "list_full")
        rules, done = rules.with_changes(parse("+b-b more a0"), "ann", 7)
        self.assertEqual(done, "+b-b more!*@* a0!*@*")

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
        self.assertEqual(looks(eve), ("eve", "chat", "guest-1234"))
        self.assertTrue(fits("gr\u00fc\u00dfe!*@*", Person(2, fold("Gr\u00fc\u00dfe"))))
        self.assertTrue(fits(completed("GRU\u0308?E"), Person(2, fold("Gr\u00fc\u00dfe"))))
        self.assertTrue(fits("bOB!*@*", bob))
        self.assertTrue(fits("~a:b?b", bob))
        self.assertFalse(fits("~a:*", eve))
        self.assertTrue(fits("*!*@guest-1*", eve))
        self.assertTrue(fits("~m:eve!*@*", eve))
