from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.durations import LONGEST, parse, spoken
from twisted_chat.core.errors import ChatError


class ParseTests(SynchronousTestCase):
    def test_lengths(self) -> None:
        for text, seconds in (
            ("90", 90),
            ("90s", 90),
            ("10m", 600),
            ("2h", 7_200),
            ("7d", 604_800),
            ("1w", 604_800),
            (" 10 M ", 600),
            ("1h30m", 5_400),
            ("10 minutes", 600),
            ("5min", 300),
            ("1 minute 30 seconds", 90),
            ("0", 0),
        ):
            self.assertEqual(seconds, parse(text), text)

    def test_a_number_without_its_unit(self) -> None:
        self.assertEqual(parse("5m", with_unit=True), 300)
        for text in ("5", " 10 ", "9" * 10):
            refusal = self.assertRaises(ChatError, parse, text, with_unit=True)
            self.assertIn(f"{text.strip()} of what?", refusal.sentence)

    def test_a10_what_is_no_length(self) -> None:
        for text in (
            "", " ", "m", "10x", "-5", "+5", "1.5h", "1e308", "nan", "٣", "５m", "10m5", "s10",
            "9" * 11, "9" * 5_000, "99999999999d", "9999999999", "5214w 1w", "10\u00a0m", "1_0",
        ):  # fmt: skip
            self.assertEqual("bad_duration", self.assertRaises(ChatError, parse, text).code, text)

    @settings(deadline=None)
    @given(st.text(max_size=20))
    def test_a10_any_text(self, text: str) -> None:
        try:
            self.assertTrue(0 <= parse(text) <= LONGEST)
        except ChatError as error:
            self.assertEqual("bad_duration", error.code)


class SpokenTests(SynchronousTestCase):
    def test_words(self) -> None:
        for seconds, words in (
            (0, "0 seconds"),
            (-3, "0 seconds"),
            (0.2, "1 second"),
            (1, "1 second"),
            (59.5, "1 minute"),
            (90, "1 minute 30 seconds"),
            (600, "10 minutes"),
            (3_599.5, "1 hour"),
            (3_601, "1 hour 1 minute"),
            (86_399, "1 day"),
            (86_400 + 3_600, "1 day 1 hour"),
            (604_799, "1 week"),
            (864_000, "10 days"),
            (2 * 604_800, "2 weeks"),
        ):
            self.assertEqual(words, spoken(seconds))

    @settings(deadline=None)
    @given(st.integers(0, 999), st.sampled_from("smhdw"))
    def test_what_is_typed_comes_back(self, count: int, unit: str) -> None:
        seconds = parse(f"{count}{unit}")
        said = parse(spoken(seconds))
        # Exact but for the seconds beyond an hour and the minutes beyond a day.
        self.assertTrue(seconds <= said <= seconds + (60 if seconds < 86_400 else 3_600))
        if unit in "dw" or seconds < 3_600:
            self.assertEqual(seconds, said)

    @settings(deadline=None)
    @given(st.integers(0, LONGEST - 3_600))
    def test_never_too_short_and_stable(self, seconds: int) -> None:
        words = spoken(seconds)
        self.assertGreaterEqual(parse(words), seconds)
        self.assertEqual(words, spoken(parse(words)))
        self.assertLessEqual(len(words.split()), 4)
