from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.addresses import network_of
from twisted_chat.core.limits import Bucket, SlidingWindow, Tries


class BucketTests(SynchronousTestCase):
    def test_a11_burst_then_rate(self) -> None:
        bucket = Bucket(rate=10, burst=20, now=100.0)
        self.assertEqual([0.0] * 20, [bucket.take(100.0) for _ in range(20)])
        self.assertAlmostEqual(0.1, bucket.take(100.0))
        self.assertEqual(0.0, bucket.take(100.3))
        self.assertAlmostEqual(0.0, bucket.debt(100.3))

    def test_a11_debt_of_who_is_always_stopped(self) -> None:
        bucket = Bucket(rate=10, burst=20, now=0.0)
        now = 0.0
        while bucket.debt(now) < 10.0:
            now += bucket.take(now)  # rests exactly as long as told, and asks again
            self.assertLess(now, 15.0)
        self.assertGreaterEqual(now, 10.0)

    def test_debt_ends_with_rest(self) -> None:
        bucket = Bucket(rate=1, burst=2, now=0.0)
        for _ in range(3):
            bucket.take(0.0)
        self.assertEqual(0.5, bucket.debt(0.5))
        self.assertEqual(1.5, bucket.debt(1.5))
        self.assertEqual(0.0, bucket.debt(2.0))
        self.assertEqual(0.0, bucket.take(2.0))
        self.assertEqual(0.0, bucket.debt(2.0))

    def test_debt_is_bounded(self) -> None:
        bucket = Bucket(rate=2, burst=4, now=0.0)
        for _ in range(1_000):
            self.assertLessEqual(bucket.take(0.0, cost=3), 2.0)

    def test_k6_time_that_stands_still_or_goes_back(self) -> None:
        bucket = Bucket(rate=1, burst=1, now=50.0)
        self.assertEqual(0.0, bucket.take(50.0))
        self.assertEqual(1.0, bucket.take(40.0))
        self.assertEqual(0.0, bucket.take(52.0))

    @settings(deadline=None)
    @given(st.lists(st.floats(0, 5), max_size=60))
    def test_never_more_than_burst_and_rate(self, gaps: list[float]) -> None:
        bucket = Bucket(rate=3, burst=5, now=0.0)
        now, done = 0.0, 0
        for gap in gaps:
            now += gap
            done += bucket.take(now) == 0.0
        self.assertLessEqual(done, 5 + 3 * now + 1e-6)


def of_names(limit: int, most: int = 20_000) -> Tries[Any]:
    """Tries that all come back in an hour."""
    return Tries(limit, block_time=60, span=3600, most=most)


class TriesTests(SynchronousTestCase):
    def test_b1_blocked_after_so_many(self) -> None:
        tries = of_names(limit=3)
        key = ("kevin", "192.0.2.1")
        self.assertEqual([2, 1], [tries.failed(key, 0.0), tries.failed(key, 1.0)])
        self.assertEqual(0.0, tries.blocked(key, 1.0))
        self.assertEqual(0, tries.failed(key, 2.0))
        self.assertEqual(60.0, tries.blocked(key, 2.0))
        self.assertEqual(0.5, tries.blocked(key, 61.5))
        self.assertEqual(0.0, tries.blocked(key, 62.0))
        self.assertEqual(2, tries.failed(key, 62.0))

    def test_b1_a_block_is_told_as_long_as_it_is(self) -> None:
        for number in range(1000):
            tries, now = of_names(limit=1), 30.0 + number / 7
            tries.failed("kevin", now)
            self.assertEqual(60.0, tries.blocked("kevin", now))

    def test_b1_strangers_cannot_lock_the_owner_out(self) -> None:
        tries = of_names(limit=3)
        for _ in range(100):
            tries.failed(("kevin", "198.51.100.7"), 0.0)
        self.assertEqual(0.0, tries.blocked(("kevin", "192.0.2.1"), 0.0))
        self.assertEqual(0.0, tries.blocked(("tesla", "198.51.100.7"), 0.0))

    def test_success_forgets(self) -> None:
        tries = of_names(limit=2)
        key = ("kevin", "192.0.2.1")
        tries.failed(key, 0.0)
        tries.succeeded(key)
        self.assertEqual(1, tries.failed(key, 0.0))

    def test_b1_tries_under_way_are_no_more_than_are_left(self) -> None:
        tries = of_names(limit=3)
        key = ("kevin", "192.0.2.1")
        tries.failed(key, 0.0)
        self.assertEqual([True, True, False], [tries.begin(key, 1.0) for _ in range(3)])
        self.assertEqual(0.0, tries.blocked(key, 1.0))
        tries.give_back(key)
        self.assertTrue(tries.begin(key, 1.0))
        tries.give_back(key)
        self.assertEqual(1, tries.failed(key, 2.0))
        self.assertFalse(tries.begin(key, 2.0))
        tries.give_back(key)
        tries.succeeded(key)
        self.assertEqual([True] * 3, [tries.begin(key, 3.0) for _ in range(3)])

    def test_b1_each_block_is_twice_as_long_as_the_one_before_up_to_an_hour(self) -> None:
        tries = of_names(limit=3)
        now, blocks = 0.0, []
        for _ in range(9):
            while tries.failed("kevin", now):
                pass
            blocks.append(tries.blocked("kevin", now))
            now += blocks[-1]
        self.assertEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600], blocks)
        now += 3600  # of quiet
        while tries.failed("kevin", now):
            pass
        self.assertEqual(60.0, tries.blocked("kevin", now))

    def test_b1_who_fails_slowly_is_forgiven(self) -> None:
        tries = of_names(limit=3)
        for number in range(50):
            self.assertTrue(tries.failed("kevin", number * 1200.0))  # one in twenty minutes

    def test_b2_after_a_block_there_are_fewer_tries(self) -> None:
        tries: Tries[str] = Tries(30, 60, span=600, again=3)
        for _ in range(29):
            self.assertTrue(tries.failed("192.0.2.1", 0.0))
        self.assertFalse(tries.failed("192.0.2.1", 0.0))
        self.assertEqual([2, 1, 0], [tries.failed("192.0.2.1", 60.0) for _ in range(3)])
        self.assertEqual(120.0, tries.blocked("192.0.2.1", 60.0))

    def test_b2_memory_is_bounded(self) -> None:
        tries = of_names(limit=3, most=100)
        for number in range(1_000):
            tries.failed((f"u{number}", "192.0.2.1"), number * 0.01)
        self.assertEqual(100, len(tries))
        tries.failed(("kevin", "192.0.2.1"), 5_000.0)
        self.assertEqual(1, len(tries))

    def test_b2_who_keeps_failing_is_remembered_longest(self) -> None:
        tries = of_names(limit=2, most=3)
        bad = ("kevin", "192.0.2.1")
        for number in range(20):
            tries.failed(bad, 0.0)
            tries.failed((f"u{number}", "192.0.2.1"), 0.0)
        self.assertEqual(60.0, tries.blocked(bad, 0.0))


class SlidingWindowTests(SynchronousTestCase):
    def test_b13_for_each_network(self) -> None:
        window = SlidingWindow(limit=60, total=300, span=600)
        self.assertEqual({0.0}, {window.take("a", float(n)) for n in range(60)})
        self.assertEqual(540.0, window.take("a", 60.0))
        self.assertEqual(540.0, window.wait("a", 60.0))
        self.assertEqual(0.0, window.take("b", 60.0))
        self.assertEqual(0.0, window.take("a", 600.0))
        self.assertEqual(1.0, window.take("a", 600.0))

    def test_b13_for_all(self) -> None:
        window = SlidingWindow(limit=60, total=300, span=600)
        for n in range(300):
            self.assertEqual(0.0, window.take(f"net{n}", 10.0))
        self.assertEqual(500.0, window.take("fresh", 110.0))
        self.assertEqual(0.0, window.take("fresh", 610.0))
        self.assertEqual(1, len(window))

    def test_b13_one_that_forgets_keeps_nobody_out_because_of_others(self) -> None:
        window = SlidingWindow(limit=2, total=10, span=600, forgets=True)
        for n in range(50):
            self.assertEqual(0.0, window.take(f"net{n}", 10.0))
        self.assertEqual(10, len(window))
        self.assertEqual([0.0, 0.0], [window.take("fresh", 10.0) for _ in range(2)])
        self.assertEqual(600.0, window.take("fresh", 10.0))

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 4)), max_size=80))
    def test_b13_no_window_holds_more(self, asked: list[tuple[str, float]]) -> None:
        window = SlidingWindow(limit=3, total=5, span=10)
        now = 0.0
        counted: list[tuple[str, float]] = []
        for key, gap in asked:
            now += gap
            wait = window.take(key, now)
            if wait == 0.0:
                counted.append((key, now))
            else:
                now += wait + 1e-9
                self.assertEqual(0.0, window.wait(key, now))
            recent = [k for k, then in counted if then + 10 > now]
            self.assertLessEqual(len(recent), 5)
            self.assertLessEqual(recent.count(key), 3)
            self.assertEqual(len(recent), len(window))


class NetworkTests(SynchronousTestCase):
    def test_b2_networks(self) -> None:
        for host, expected in (
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:0:1:aaaa::1", "2001:db8:0:1::/64"),
            ("2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::1", "::/64"),
            ("/run/chat.sock", "/run/chat.sock"),
            ("", ""),
        ):
            self.assertEqual(expected, network_of(host).name)
