"""Tickets and turns, by themselves."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.chat.files.transfers import BURST, GOING, LONGEST_REST, Turns
from twisted_chat.core.errors import ChatError
from twisted_chat.core.tickets import SPAN, Purpose, Ticket, Tickets

UP = Ticket(Purpose.UPLOAD, 1, 7)


class TicketTests(SynchronousTestCase):
    def test_e9_a_ticket_is_found_until_it_is_used(self) -> None:
        tickets = Tickets()
        token = tickets.give(UP, 0)
        self.assertRegex(token, "^[0-9a-f]{32}$")
        self.assertEqual(tickets.find(token, Purpose.UPLOAD, 0), UP)
        self.assertRaises(ChatError, tickets.find, token, Purpose.DOWNLOAD, 0)
        tickets.use(token)
        self.assertRaises(ChatError, tickets.find, token, Purpose.UPLOAD, 0)
        tickets.use(token)

    def test_e9_a_ticket_expires(self) -> None:
        tickets = Tickets()
        token = tickets.give(UP, 0)
        tickets.find(token, Purpose.UPLOAD, SPAN - 1)
        self.assertRaises(ChatError, tickets.find, token, Purpose.UPLOAD, SPAN)
        self.assertEqual(len(tickets), 0)

    def test_of_one_account_the_oldest_makes_room(self) -> None:
        tickets = Tickets(most_of_one=3)
        first, *others = [tickets.give(UP, 0) for _ in range(4)]
        other = tickets.give(Ticket(Purpose.UPLOAD, 1, 8), 0)
        self.assertRaises(ChatError, tickets.find, first, Purpose.UPLOAD, 0)
        for token in (*others, other):
            tickets.find(token, Purpose.UPLOAD, 0)

    def test_there_are_so_many_in_all(self) -> None:
        tickets = Tickets(most=2)
        for account in (1, 2):
            tickets.give(Ticket(Purpose.UPLOAD, 1, account), 0)
        error = self.assertRaises(ChatError, tickets.give, UP, 1)
        self.assertEqual(error.code, "busy")
        tickets.give(UP, SPAN)

    def test_e9_an_account_can_lose_all_of_its_tickets(self) -> None:
        tickets = Tickets()
        mine = [tickets.give(Ticket(Purpose.UPLOAD, 1, 7, device), 0) for device in (1, 2)]
        kept = tickets.give(Ticket(Purpose.UPLOAD, 1, 7, 3), 0)
        theirs = tickets.give(Ticket(Purpose.UPLOAD, 1, 8), 0)
        tickets.revoke(7, lambda device: device != 3)
        for token in mine:
            self.assertRaises(ChatError, tickets.find, token, Purpose.UPLOAD, 0)
        tickets.find(theirs, Purpose.UPLOAD, 0)
        tickets.find(kept, Purpose.UPLOAD, 0)
        tickets.revoke(7, lambda _: True)
        self.assertRaises(ChatError, tickets.find, kept, Purpose.UPLOAD, 0)


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.work = 0.0  # what the reactor has worked
        self.turns = Turns(self.clock, self.clock.seconds, lambda: self.work, GOING)
        self.had: list[str] = []

    def ask(self, name: str, again: int = 0, work: float = 0.0) -> None:
        def go() -> None:
            self.had.append(name)
            self.work += work
            if again:
                self.ask(name, again - 1, work)

        self.turns.ask(go)

    def test_e6_everybody_has_a_turn_before_anybody_has_another(self) -> None:
        for name in "abcdefg":
            self.ask(name, again=2)
        self.clock.pump([0] * 20)
        self.assertEqual("".join(self.had), "abcdefg" * 3)

    def test_e6_after_some_turns_the_reactor_rests_as_long_as_it_has_worked(self) -> None:
        self.ask("a", again=3 * BURST, work=0.001)
        self.clock.advance(0)
        self.clock.advance(0)
        self.clock.advance(0)
        count = len(self.had)
        self.assertLessEqual(count, BURST)
        self.clock.advance(0.001)
        self.assertEqual(len(self.had), count)
        self.clock.advance(0.002 * BURST)
        self.assertGreater(len(self.had), count)

    def test_e6_however_busy_the_chat_is_something_is_moved(self) -> None:
        self.ask("a", again=5)
        self.clock.advance(0)
        for number in range(1, 5):
            self.work += 100.0
            self.clock.advance(LONGEST_REST)
            self.clock.advance(LONGEST_REST)
            self.assertGreater(len(self.had), number)

    def test_a_turn_that_fails_keeps_nobody_from_theirs(self) -> None:
        self.turns.ask(lambda: 1 // 0)  # type: ignore[arg-type]
        self.ask("b")
        self.clock.advance(0)
        self.assertEqual(self.had, ["b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
