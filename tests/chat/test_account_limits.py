"""What one account may do with all of its sessions, and a network with all of its guests."""

from __future__ import annotations

import gc
from ipaddress import ip_network
from typing import Any
from unittest import mock

from tests.irc.case import IrcClient
from tests.text.case import HallTestCase
from twisted_chat.chat.accounts import limits as account_limits
from twisted_chat.testing import PASSWORD, Client, Hall

HOUR = 3600
ROOMS_A_DAY = 5
PING = b'{"id":1,"do":"ping"}\n'


def irc(hall: Hall, nick: str, host: str = "127.0.0.1") -> IrcClient:
    """Somebody with an IRC client, who has registered with an account or as a guest."""
    client = IrcClient(hall, host)
    hall.clients.append(client)
    known = hall.chat.signin.find(nick) is not None
    client.registers(nick, password=PASSWORD if known else "")
    return client


class ListTests(HallTestCase):
    """A line that names several is charged for each of them."""

    def open(self, **settings: Any) -> Hall:
        hall = self.open_hall(flood_limit=10, guests=True, **settings)
        self.rooms = ",".join(f"#room{number}" for number in range(40))
        return hall

    def rests(self, hall: Hall, client: IrcClient) -> float:
        """For how long a client that has been at rest is not listened to after these lines."""
        client.sends_later(b"PING done\r\n")
        waited = 0.0
        while "done" not in client.received:
            hall.wait(0.5, step=0.5)
            waited += 0.5
        self.assertFalse(client.closed)
        client.lines()
        return waited

    def test_a11_each_channel_of_a_join_is_charged(self) -> None:
        hall = self.open()
        tesla = irc(hall, "tesla")
        hall.wait(5)
        tesla.sends_lines(f"JOIN {self.rooms}")
        self.assertEqual(sum(" JOIN #room" in line for line in tesla.lines()), 40)
        self.assertGreaterEqual(self.rests(hall, tesla), 2)
        hall.wait(5)
        tesla.sends_lines(f"PART {self.rooms}")
        self.assertGreaterEqual(self.rests(hall, tesla), 2)
        hall.wait(5)
        tesla.sends_lines("JOIN 0")
        self.assertEqual(self.rests(hall, tesla), 0.5)

    def test_h7_a_list_of_channels_has_few_conditions_and_each_is_charged(self) -> None:
        hall = self.open()
        tesla = irc(hall, "tesla")
        hall.wait(5)
        masks = ",".join(f"*{number}*" for number in range(11))
        (refused,) = tesla.answers(f"LIST {masks}")
        self.assertIn(" 416 tesla LIST :A list has at most 10 conditions", refused)
        hall.wait(5)
        for _ in range(4):
            tesla.sends_lines("LIST " + masks.rpartition(",")[0])
        self.assertGreaterEqual(self.rests(hall, tesla), 1)

    def test_a11_who_rested_for_a_list_has_not_been_too_fast(self) -> None:
        hall = self.open()
        tesla = irc(hall, "tesla")
        many = ",".join(f"#{number}" for number in range(140))
        for _ in range(3):
            tesla.sends_lines(f"PART {many}", *["PING x"] * 5)
            hall.wait(15)
        self.assertFalse(tesla.closed)

    def test_a11_each_recipient_is_charged(self) -> None:
        hall = self.open()
        tesla = irc(hall, "tesla")
        hall.wait(5)
        tesla.sends_lines(*["PRIVMSG a,b,c,d :hello"] * 10)
        self.assertGreaterEqual(self.rests(hall, tesla), 2)

    def test_a11_a_message_to_many_people_is_charged_for_each(self) -> None:
        hall = self.open()
        names = [f"user{number}" for number in range(24)]
        for name in names:
            hall.bot(name).vanishes()
        ann = hall.bot("ann")
        hall.wait(5)
        ann.asks("broadcast user", users=names, text="hello")
        ann.sends(PING)
        ann.sort_out()
        self.assertNotIn({"re": 1, "ok": {}}, ann.events)
        hall.wait(3)
        ann.sort_out()
        self.assertIn({"re": 1, "ok": {}}, ann.events)

    def test_a11_a20_people_are_charged_for_when_they_are_looked_up(self) -> None:
        hall = self.open()
        ann, _ = hall.bot("ann"), hall.bot("bob")
        hall.wait(5)
        refused = ann.asks("broadcast user", users=["bob"] * 101, text="hello")
        self.assertIn("1 to 100 people", refused["error"]["message"])
        refused = ann.asks("broadcast user", users=["bob"] * 60 + ["nobody"], text="hello")
        self.assertEqual(refused["error"]["code"], "no_such_user")
        ann.sends(PING)
        ann.sort_out()
        self.assertNotIn({"re": 1, "ok": {}}, ann.events)


class SharedTests(HallTestCase):
    """The sessions of one account together, and the guests of one network, have a limit too."""

    def pings(self, clients: list[Client], seconds: int) -> int:
        """How many requests are answered while all of these ask as much as they may."""
        count = 0
        for _ in range(seconds):
            for client in clients:
                client.sends_later(b"PING x\r\n" * 10)
            self.hall.wait(1, step=0.1)
            count += sum(client.takes().count(" PONG ") for client in clients)
        return count

    def test_a11_many_sessions_of_one_account_are_no_way_around(self) -> None:
        self.hall = self.open_hall(flood_limit=10)
        self.hall.bot("tesla").vanishes()
        clients: list[Client] = [irc(self.hall, "tesla") for _ in range(8)]
        self.assertLess(self.pings(clients, 20), 8 * 20 + 20 * 20 + 40)
        edison = self.hall.bot("edison")
        self.assertEqual(edison.asks("ping"), {})

    def test_a11_guests_of_one_network_have_a_limit_together(self) -> None:
        self.hall = self.open_hall(flood_limit=1, guests=True)
        clients: list[Client] = [irc(self.hall, f"guest{number}") for number in range(40)]
        self.hall.wait(5)
        other = irc(self.hall, "other", "192.0.2.7")
        self.pings(clients, 5)
        self.assertLess(self.pings(clients, 10), 40 * 10 * 0.8)
        other.answers("PING x")

    def test_a11_one_who_asks_for_little_does_not_wait_for_the_others(self) -> None:
        self.hall = self.open_hall(flood_limit=10, guests=True)
        rooms = ",".join(f"#{number}" for number in range(150))
        crowd = [irc(self.hall, f"guest{number}") for number in range(8)]
        one = irc(self.hall, "one")
        self.hall.wait(5)
        for client in crowd:
            client.sends_lines(f"PART {rooms}")
        for _ in range(10):
            one.answers("PING x")
            self.hall.wait(0.2, step=0.1)

    def test_a11_who_comes_and_goes_shares_with_those_who_stay(self) -> None:
        self.hall = self.open_hall(flood_limit=10)
        self.hall.bot("tesla").vanishes()
        limits, known = self.hall.chat.limits, []
        for _ in range(2):
            first, second = irc(self.hall, "tesla"), irc(self.hall, "tesla")
            second.vanishes()
            gc.collect()
            known.append(limits._shared[self.hall.chat.roster.names.find("tesla").id])  # type: ignore[union-attr]
            self.assertFalse(first.closed)
        self.assertIs(known[0], known[1])


class RoomTests(HallTestCase):
    """Rooms are not made without end: here few are many."""

    def setUp(self) -> None:
        super().setUp()
        for name, most in (
            ("ROOMS_A_DAY", ROOMS_A_DAY),
            ("ROOMS_OF_NETWORK_A_DAY", 4 * ROOMS_A_DAY),
        ):
            patch = mock.patch.object(account_limits, name, most)
            patch.start()
            self.addCleanup(patch.stop)

    def make(self, client: Client, count: int, word: str = "room") -> None:
        for number in range(count):
            client.types(f"create #{word}{number}")
            self.hall.wait(0.2)

    def test_c12_an_account_makes_so_many_rooms_a_day(self) -> None:
        self.hall = self.open_hall(flood_limit=10)
        ann = self.hall.person("ann")
        self.hall.wait(25 * HOUR, step=HOUR)
        self.make(ann, ROOMS_A_DAY - 1)
        ann.types("delete #room0", "yes")  # is kept for a week, and so it counts
        ann.types("create #last")
        ann.hears("(You have made #last")
        ann.types("create #more")
        ann.hears(
            "(You have made too many rooms within a day: try again in 1 day,"
            " or join a room that there is.)"
        )
        ann.types("join #last", "say #last it goes on")
        ann.hears("(Message #last/2 sent")
        self.hall.wait(25 * HOUR, step=HOUR)
        ann.types("create #more")
        ann.hears("(You have made #more")

    def test_c12_many_accounts_of_a_network_have_a_limit_together(self) -> None:
        self.hall = self.open_hall(flood_limit=1000)
        people = [self.hall.person(f"user{number}") for number in range(5)]
        self.hall.wait(25 * HOUR, step=HOUR)
        for number, person in enumerate(people[:4]):
            person.types(*(f"create #room{number}x{n}" for n in range(ROOMS_A_DAY)))
            self.assertNotIn("too many", person.takes())
        people[4].types("create #more")
        people[4].hears("(You, or others at your address, have made too many rooms within a day")
        elsewhere = self.hall.person("user4", host="192.0.2.7")
        elsewhere.types("create #more")
        elsewhere.hears("(You have made #more")

    def test_c12_guests_and_new_accounts_of_a_network_share_it(self) -> None:
        self.hall = self.open_hall(flood_limit=10, guests=True)
        tesla = irc(self.hall, "tesla")
        for number in range(ROOMS_A_DAY):
            tesla.sends_lines(f"JOIN #room{number}", f"PART #room{number}")
            self.hall.wait(0.2)
        self.assertNotIn(" 405 ", tesla.takes())
        edison = irc(self.hall, "edison")
        self.assertRegex(
            edison.answers("JOIN #more")[0],
            " 405 edison #more :You, or others at your address, have made too many rooms ",
        )
        other = irc(self.hall, "other", "192.0.2.7")
        self.assertIn(" JOIN #more", other.answers("JOIN #more")[0])
        self.assertIn(" JOIN #more", edison.answers("JOIN #more")[0])

    def test_c12_who_runs_the_server_and_who_is_unlimited_make_more(self) -> None:
        self.hall = self.open_hall(
            flood_limit=1000, admins=("ann",), unlimited=(ip_network("192.0.2.0/24"),)
        )
        ann, bob = self.hall.person("ann"), self.hall.person("bob", host="192.0.2.1")
        for client, word in ((ann, "red"), (bob, "blue")):
            self.make(client, ROOMS_A_DAY + 1, word)
            self.assertNotIn("too many", client.takes())

    def test_c12_a_room_in_which_nothing_was_said_ends_with_its_last_member(self) -> None:
        self.hall = self.open_hall()
        ann, bob = self.people("ann", "bob")
        ann.types("create #den", "topic #den quiet", "leave #den")
        ann.hears("(You have left #den, which is no more: nothing was said there.)")
        bob.types("create #den", "members #den")  # its name is free at once
        bob.hears("bob (owner)")
        bob.types("say #den oh", "delete #den/2", "leave #den")
        bob.hears("(You are the last in #den: to be rid of it, delete #den)")
        self.hall.restart()
        self.assertEqual([room.name for room in self.hall.chat.rooms.group_rooms()][1:], ["#den"])

    def test_c12_somebody_who_comes_in_meanwhile_keeps_the_room(self) -> None:
        self.hall = self.open_hall(guests=True)
        self.hall.bot("ann").vanishes()
        zoe, ann = self.people("zoe", "ann")
        ann.types("create #den")
        zoe.sends_later(b"join #den\n")
        ann.sends_later(b"leave #den\n")
        self.hall.settle()
        zoe.hears("(You are in #den.)")
        zoe.types("members #den")
        zoe.hears("zoe")
