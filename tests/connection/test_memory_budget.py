"""All connections together have so many bytes at most that wait, and the worst of them go first."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.connection import memory_budget
from twisted_chat.connection.memory_budget import LEAST, Backlog, affordable
from twisted_chat.testing import Client, Hall, Program

LINE = 1000  # bytes of the beginnings of lines in these tests


class Connection:
    """Some connection with something that waits."""

    def __init__(self, party: str, size: int) -> None:
        self.party = party
        self.size = size
        self.closed = False

    def held(self) -> int:
        return self.size

    def unburden(self) -> None:
        self.closed = True


class BudgetTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def filled(self, budget: Backlog, *connections: Connection) -> str:
        """Whose connections were closed when all of them held what they hold."""
        for connection in connections:
            budget.add(connection, connection.size)
        return "".join(one.party for one in connections if one.closed)

    def test_k5_within_half_of_it_nothing_happens(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        self.assertEqual(self.filled(budget, *(Connection("a", 100) for _ in range(4))), "")
        self.assertFalse(budget.tight)

    def test_k5_beyond_half_of_it_who_has_not_read_all_is_behind(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        held = [Connection("a", 100) for _ in range(6)]
        self.assertEqual(self.filled(budget, *held), "")
        self.assertTrue(budget.tight)
        for one in held:
            one.size = 10  # they have read on
        budget.tend()
        self.assertFalse(budget.tight)

    def test_k5_those_who_hold_most_are_closed_first(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        small, large, larger = Connection("a", 50), Connection("b", 300), Connection("c", 400)
        self.assertEqual(self.filled(budget, small, large, larger), "c")
        self.assertFalse(budget.tight)

    def test_k5_many_connections_of_one_count_as_one(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        alone = Connection("a", 200)
        crowd = [Connection("b", 30) for _ in range(20)]
        self.assertEqual(set(self.filled(budget, alone, *crowd)), {"b"})

    def test_a17_who_holds_much_for_a_moment_is_not_closed(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        slow = [Connection("a", 100) for _ in range(4)]
        self.filled(budget, *slow)
        self.clock.advance(5)
        quick = Connection("b", 350)
        budget.add(quick, 350)
        self.assertEqual([quick.closed, *(one.closed for one in slow)].count(True), 2)
        self.assertFalse(quick.closed)

    def test_k5_what_was_read_meanwhile_does_not_count(self) -> None:
        budget = Backlog(800, self.clock.seconds)
        held = [Connection("a", 100) for _ in range(40)]
        for one in held:
            budget.add(one, 100)
            one.size = 0
        self.assertEqual([one for one in held if one.closed], [])
        self.assertLess(len(budget._holders), 5)

    def test_k5_a_limit_of_the_system_makes_it_smaller(self) -> None:
        with mock.patch.object(memory_budget, "limits", lambda: [(600_000_000, 200_000_000)]):
            self.assertEqual(affordable(256_000_000), 100_000_000)
            self.assertEqual(affordable(50_000_000), 50_000_000)
            self.assertEqual(affordable(0), 100_000_000)
        with mock.patch.object(memory_budget, "limits", lambda: [(1, 0)]):
            self.assertEqual(affordable(256_000_000), LEAST)


class ComingInTests(SynchronousTestCase):
    """What clients begin and do not end."""

    def setUp(self) -> None:
        self.hall = Hall(guests=True)
        self.addCleanup(self.hall.__exit__, None, None, None)
        self.hall.factory.backlog = Backlog(20 * LINE, self.hall.clock.seconds)

    def alive(self, clients: Sequence[Client]) -> int:
        self.hall.settle()
        return sum(not client.closed for client in clients)

    def bots(self, count: int) -> list[Program]:
        bots = []
        for n in range(count):
            bot = self.hall.program()
            bot.asks("guest", name=f"guest{n}")
            bots.append(bot)
        return bots

    def test_k5_beginnings_of_lines(self) -> None:
        sue = self.hall.person("sue")
        bots = self.bots(40)
        for bot in bots:
            bot.sends(b"{" + b" " * LINE)
        self.assertLess(self.alive(bots), 20)
        self.assertGreater(self.alive(bots), 10)
        sue.types("whoelse")
        sue.hears("The currently online users are:")

    def test_k5_lines_that_wait_for_their_turn(self) -> None:
        said = b'{"do": "send", "room": "#lobby", "text": "hello", "cid": "1"}\n'
        bots = self.bots(2)
        for bot, count in zip(bots, (5, 30), strict=True):
            bot.sends(said + (b'{"do": "ping"}'.ljust(LINE) + b"\n") * count)
        self.assertEqual([bot.closed for bot in bots], [False, True])
        self.assertEqual(bots[0].received.count('"ok"'), 6)

    def test_k5_heads_of_requests_and_messages_in_parts(self) -> None:
        browsers = [self.hall.connects() for _ in range(10)]
        for browser in browsers:
            browser.sends(b"GET / HTTP/1.1\r\n" + b"X: y".ljust(LINE) + b"\r\n")
            browser.sends((b"X: y".ljust(LINE) + b"\r\n") * 3)
        self.assertLess(self.alive(browsers), 6)
        held = [browser.protocol.held() for browser in browsers if not browser.closed]
        self.assertEqual({size // LINE for size in held}, {4})
