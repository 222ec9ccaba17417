"""Who comes, goes and changes, as it is told to IRC clients."""

from __future__ import annotations

from random import Random

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from tests.irc.case import IrcCase
from tests.irc.view import View
from twisted_chat.doors.irc.presence import AT_ONCE
from twisted_chat.testing import Client

SERVER = ":twisted-chat.chat"


class ArrivalTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.tesla = self.hall.bot("tesla")
        self.tesla.asks("create", room="#coil")
        self.iris = self.guest("iris")
        self.iris.answers("JOIN #coil")
        self.rose = self.guest(
            "rose", "extended-join", "away-notify", "message-tags", "account-tag"
        )
        self.rose.answers("JOIN #coil")
        self.iris.lines()

    def test_whoever_comes_at_any_door_has_joined_its_rooms(self) -> None:
        self.tesla.asks("away", text="at lunch")
        self.tesla.vanishes()
        for one in (self.iris, self.rose):
            one.lines()
        self.tesla = self.hall.bot("tesla")
        self.assertEqual(
            self.iris.lines(),
            [":tesla!chat@tesla.account JOIN #coil", f"{SERVER} MODE #coil +o tesla"],
        )
        self.assertEqual(
            self.rose.lines(),
            [
                "@account=tesla :tesla!chat@tesla.account JOIN #coil tesla :tesla",
                f"{SERVER} MODE #coil +o tesla",
                "@account=tesla :tesla!chat@tesla.account AWAY :at lunch",
            ],
        )

    def test_who_goes_has_quit_once_and_says_why(self) -> None:
        for one in (self.iris, self.rose):
            one.answers("JOIN #other")
        self.iris.lines()
        self.rose.sends_lines("QUIT :so long")
        mask = self.hall.factory.irc.clients.people.mask("iris").replace("iris", "rose")
        self.assertEqual(self.iris.lines(), [f":{mask} QUIT :Quit: so long"])
        self.assertEqual(self.hall.factory.irc.clients.people.departed[-1].name, "rose")

    def test_a_second_client_of_somebody_s_changes_nothing(self) -> None:
        self.hall.bot("tesla", "phone").vanishes()
        self.assertEqual(self.iris.lines(), [])
        self.assertEqual(self.rose.lines(), [])

    def test_the_lobby_shows_everybody_to_those_who_joined_it(self) -> None:
        self.iris.answers("JOIN #lobby")
        bell = self.guest("bell")
        self.assertEqual([line.split(" ")[1:3] for line in self.iris.lines()], [["JOIN", "#lobby"]])
        bell.vanishes()
        self.assertIn("QUIT :Connection closed", self.iris.lines()[0])
        self.assertEqual(self.rose.lines(), [])

    def test_h1_what_somebody_says_of_itself_stays_on_its_line(self) -> None:
        bell = self.guest("bell")
        bell.answers("JOIN #coil")
        self.iris.lines()
        bell.sends_lines("QUIT :a\x01b\x7fc")
        [line] = self.iris.lines()
        self.assertTrue(line.isprintable(), line)

    def test_a_member_that_goes_while_it_joins_is_nowhere(self) -> None:
        bell = self.client()
        bell.registers("bell")
        bell.sends_later(b"JOIN #coil\r\n")
        bell.breaks()
        self.hall.settle()
        view = View(self.iris)
        view.channels["#coil"] = {"iris", "rose", "tesla"}
        view.reads()
        self.assertEqual(view.channels["#coil"], {"iris", "rose", "tesla"})


class ChangeTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        caps = ("away-notify", "account-notify", "setname", "invite-notify")
        self.iris = self.account("iris", *caps)
        self.rose = self.guest("rose", *caps)
        self.plain = self.guest("plain")
        for one in (self.iris, self.rose, self.plain):
            one.answers("JOIN #coil")
        for one in (self.iris, self.rose):
            one.lines()
        self.mask = self.hall.factory.irc.clients.people.mask("rose")

    def quiet(self) -> None:
        """Nothing was told to who has not asked for it."""
        self.assertEqual(self.plain.lines(), [])

    def test_being_away(self) -> None:
        marked = f"{SERVER} 306 rose :You are marked as being away"
        self.assertEqual(self.rose.answers("AWAY :at lunch"), [marked])
        self.assertEqual(self.iris.lines(), [f":{self.mask} AWAY :at lunch"])
        back = f"{SERVER} 305 rose :You are no longer marked as being away"
        self.assertEqual(self.rose.answers("AWAY", "AWAY :"), [back] * 2)
        self.assertEqual(self.iris.lines(), [f":{self.mask} AWAY"])
        [line] = self.rose.answers(f"AWAY :{'x' * 300}")
        self.assertIn("300 bytes long", line)
        self.quiet()

    def test_one_s_other_clients_know_it_too(self) -> None:
        second = self.account("iris")
        phone = self.hall.bot("iris", "phone")
        phone.asks("away", text="out")
        marked = f"{SERVER} 306 iris :You are marked as being away"
        self.assertEqual(second.lines(), [marked])
        self.assertEqual(self.iris.lines(), [marked])

    def test_away_before_registration(self) -> None:
        peer = self.client()
        self.assertIn(" 451 ", peer.answers("NICK lily", "AWAY :x")[0])
        peer.answers("CAP REQ :draft/pre-away", "AWAY :in the garden", "USER l 0 * :L")
        peer.sends_lines("CAP END")
        peer.hears(" 001 lily ", " 306 lily ")
        self.assertIn(" 301 iris lily :in the garden", "\n".join(self.iris.answers("WHOIS lily")))
        bell = self.client()
        bell.sends_lines("CAP REQ :draft/pre-away", "AWAY *", "NICK bell", "USER b 0 * :B")
        bell.sends_lines("CAP END")
        bell.hears(" 001 bell ", " 306 bell ")
        second = self.client()
        second.sends_lines("CAP REQ :draft/pre-away", "AWAY *", "NICK iris", "USER i 0 * :I")
        second.sends_lines("PASS :correct horse", "CAP END")
        second.hears(" 001 iris ")
        self.assertNotIn(" 301 ", "\n".join(self.rose.answers("WHOIS iris")))

    def test_being_away_ends_with_the_client_that_said_so(self) -> None:
        tesla = self.account("tesla")
        tesla.answers("AWAY :at lunch")
        tesla.vanishes()
        phone = self.hall.bot("tesla", "phone")
        self.iris.lines()
        self.assertNotIn(" 301 ", "\n".join(self.iris.answers("WHOIS tesla")))
        phone.asks("away", text="on a journey")
        tesla = self.client()
        tesla.sends_lines("PASS :correct horse", "NICK tesla", "USER t 0 * :T")
        tesla.hears(" 306 tesla :")

    def test_what_another_client_or_another_door_says_of_being_away_stays(self) -> None:
        tesla, second = self.account("tesla"), self.account("tesla")
        for client in (tesla, second):
            client.answers("AWAY :at lunch")
        tesla.vanishes()
        phone = self.hall.bot("tesla", "phone")
        self.assertIn(" 301 iris tesla :at lunch", "\n".join(self.iris.answers("WHOIS tesla")))
        phone.asks("away", text="on a journey")
        second.answers(f"AWAY :{'x' * 300}")  # which is refused
        second.vanishes()
        told = "\n".join(self.iris.answers("WHOIS tesla"))
        self.assertIn(" 301 iris tesla :on a journey", told)

    def test_being_away_ends_with_the_server_too(self) -> None:
        self.account("tesla").answers("AWAY :at lunch")
        self.hall.restart()
        tesla = self.client()
        tesla.sends_lines("PASS :correct horse", "NICK tesla", "USER t 0 * :T")
        tesla.hears(" 001 tesla ")
        self.assertNotIn(" 306 ", tesla.takes())

    def test_nobody_hears_that_somebody_is_back_who_is_gone(self) -> None:
        tesla = self.account("tesla")
        tesla.answers("JOIN #coil")
        self.iris.answers("JOIN #coil")
        tesla.answers("AWAY :at lunch")
        self.iris.lines()
        tesla.vanishes()
        self.hall.wait(2)
        [gone] = [line for line in self.iris.lines() if not line.startswith("PING ")]
        self.assertIn(" QUIT ", gone)

    def test_who_only_left_a_client_running_is_absent(self) -> None:
        tesla = self.account("tesla")
        self.assertIn(" 306 ", tesla.answers("AWAY *")[0])
        self.assertIn(
            " 301 iris tesla :Nobody is at the client",
            "\n".join(self.iris.answers("WHOIS tesla")),
        )
        self.account("tesla")
        self.assertNotIn(" 301 ", "\n".join(self.iris.answers("WHOIS tesla")))
        self.assertIn(" 305 ", tesla.answers("AWAY *")[-1])

    def test_a_new_realname(self) -> None:
        self.assertEqual(
            self.rose.answers("SETNAME :Rose of Sharon"), [f":{self.mask} SETNAME :Rose of Sharon"]
        )
        self.assertEqual(self.iris.lines(), [f":{self.mask} SETNAME :Rose of Sharon"])
        self.assertIn("* :Rose of Sharon", self.plain.answers("WHOIS rose")[0])
        for wrong in ("x" * 151, "", "\u202eevil"):
            [line] = self.rose.answers(f"SETNAME :{wrong}")
            self.assertIn("FAIL SETNAME INVALID_REALNAME :", line)

    def test_a_new_nick(self) -> None:
        self.rose.answers("MODE rose +B")
        self.assertEqual(self.rose.answers("NICK lily"), [f":{self.mask} NICK :lily"])
        for other in (self.iris, self.plain):
            self.assertEqual(other.lines(), [f":{self.mask} NICK :lily"])
        self.assertTrue(self.hall.factory.irc.clients.people.is_bot("lily"))
        self.assertIn(" 314 iris rose ", self.iris.answers("WHOWAS rose")[0])

    def test_an_invitation_is_told_to_the_room_from_any_door(self) -> None:
        self.hall.bot("tesla")
        phone = self.hall.bot("iris", "phone")
        mask = self.hall.factory.irc.clients.people.mask("iris")
        phone.asks("invite", room="#coil", user="tesla")
        self.assertEqual(self.rose.lines(), [f":{mask} INVITE tesla #coil"])
        self.quiet()

    def test_user_modes(self) -> None:
        came = self.rose.answers("MODE rose", "MODE rose +iB-w+o", "MODE rose")
        self.assertEqual(
            came,
            [f"{SERVER} 221 rose +", f":{self.mask} MODE rose :+Bi", f"{SERVER} 221 rose +Bi"],
        )
        self.assertIn(" 335 iris rose ", "\n".join(self.iris.answers("WHOIS rose")))
        came = self.rose.answers(
            "MODE Rose -B+Qx", "MODE iris +i", "MODE nobody +i", "MODE rose +i"
        )
        self.assertEqual([line.split(" ")[1] for line in came], ["501", "MODE", "502", "401"])
        self.assertNotIn(" 335 ", "\n".join(self.iris.answers("WHOIS rose")))

    def test_who_is_here(self) -> None:
        self.rose.answers("AWAY :x")
        came = self.iris.answers("ISON rose nobody :plain  IRIS", "USERHOST rose iris nobody")
        self.assertEqual(came[-2], f"{SERVER} 303 iris :rose plain iris")
        self.assertEqual(
            came[-1].partition(" 302 iris :")[2],
            f"rose=-{self.mask.partition('!')[2]} iris=+iris@iris.account",
        )


class MonitorTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.iris = self.guest("iris", "extended-monitor", "away-notify", "setname", "chghost")

    def test_h9_who_comes_and_goes_is_told(self) -> None:
        bell = self.guest("bell")
        mask = self.hall.factory.irc.clients.people.mask("bell")
        self.assertEqual(
            self.iris.answers("MONITOR + Bell,rose,bell,no*mask,"),
            [f"{SERVER} 730 iris :{mask}", f"{SERVER} 731 iris :rose"],
        )
        rose = self.guest("rose")
        self.assertEqual(self.iris.lines(), [f"{SERVER} 730 iris :{mask.replace('bell', 'rose')}"])
        rose.vanishes()
        bell.vanishes()
        self.assertEqual(
            self.iris.lines(), [f"{SERVER} 731 iris :rose", f"{SERVER} 731 iris :bell"]
        )
        self.assertEqual(
            self.iris.answers("MONITOR L", "MONITOR S"),
            [
                f"{SERVER} 732 iris :Bell,rose",
                f"{SERVER} 733 iris :That is all of the list",
                f"{SERVER} 731 iris :Bell,rose",
            ],
        )
        self.assertEqual(self.iris.answers("MONITOR - BELL", "MONITOR C"), [])
        self.guest("bell")
        self.guest("rose")
        self.assertEqual(self.iris.lines(), [])
        self.assertEqual(len(self.iris.answers("MONITOR L")), 1)

    def test_h9_a_new_nick_is_another_name(self) -> None:
        self.iris.answers("MONITOR + bell")
        rose = self.guest("rose")
        rose.answers("NICK bell")
        self.assertIn(" 730 iris :bell!rose@", self.iris.lines()[0])
        rose.answers("NICK BELL")
        self.assertEqual(self.iris.lines(), [])
        rose.answers("NICK rose")
        self.assertEqual(self.iris.lines(), [f"{SERVER} 731 iris :BELL"])

    def test_h9_changes_of_those_who_are_watched(self) -> None:
        self.iris.answers("MONITOR + bell")
        plain = self.guest("plain", "away-notify")
        plain.answers("MONITOR + bell")
        bell = self.guest("bell")
        self.iris.lines()
        plain.lines()
        bell.answers("AWAY :x", "SETNAME :Alexander", "REGISTER * * secret")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in self.iris.lines()],
            ["AWAY :x", "SETNAME :Alexander", "CHGHOST bell bell.account"],
        )
        self.assertEqual(plain.lines(), [])

    def test_h7_a_list_has_an_end(self) -> None:
        names = [f"somebody{number}" for number in range(110)]
        came = []
        for start in range(0, 110, 22):
            came += self.iris.answers(f"MONITOR + {','.join(names[start : start + 22])}")
        self.assertEqual(
            came[-1],
            f"{SERVER} 734 iris 100 {','.join(names[100:])} :Your list is full",
        )
        self.iris.vanishes()
        self.assertEqual(self.hall.factory.irc.clients.monitors.of("somebody1"), [])


class StormTests(IrcCase):
    def writes(self, client: Client) -> list[bytes]:
        """What is written to a client from now on, write by write."""
        written: list[bytes] = []
        write = client.transport.write

        def noted(data: bytes) -> None:
            written.append(data)
            write(data)

        self.patch(client.transport, "write", noted)
        return written

    def test_c7_a_storm_is_told_once_a_second_and_each_client_in_one_write(self) -> None:
        iris = self.guest("iris")
        iris.answers("JOIN #coil,#lobby")
        self.hall.wait(1)
        view = View(iris)
        view.channels = {"#coil": {"iris"}, "#lobby": {"iris"}}
        written = self.writes(iris)
        crowd = [self.guest(f"guest{number}") for number in range(100)]
        self.assertEqual(len(written), AT_ONCE)
        self.hall.wait(1)
        self.assertEqual(len(written), AT_ONCE + 1)
        for one in crowd:
            one.sends_later(b"JOIN #coil\r\n")
        self.hall.settle()
        self.hall.wait(1)
        view.reads()
        self.assertEqual(len(view.channels["#lobby"]), 101)
        self.assertEqual(view.channels["#coil"], view.channels["#lobby"])
        del written[:]
        for one in crowd:
            one.transport.protocol.connectionLost(Failure(ConnectionDone()))
            one.transport.closed = True
        self.hall.settle()
        self.assertEqual(len(written), AT_ONCE)
        self.hall.wait(1)
        self.assertEqual(len(written), AT_ONCE + 1)
        view.reads()
        self.assertEqual(view.channels, {"#coil": {"iris"}, "#lobby": {"iris"}})

    def test_c7_who_is_back_at_once_was_not_away(self) -> None:
        self.hall.bot("tesla").asks("create", room="#coil")
        iris = self.guest("iris")
        iris.answers("JOIN #coil")
        for number in range(AT_ONCE):
            self.guest(f"guest{number}").vanishes()
        [tesla] = [
            client
            for client in self.hall.clients
            if client.protocol.door.session and client.protocol.door.session.person.name == "tesla"
        ]
        tesla.vanishes()
        self.hall.bot("tesla")
        self.hall.wait(2)
        self.assertEqual(iris.lines(), [])


class GhostTests(IrcCase):
    """What every client believes is what is so, whatever has happened."""

    def check(self, views: list[View]) -> None:
        self.hall.wait(7)
        for view in views:
            view.reads()
        self.hall.wait(7)
        chat = self.hall.chat
        for view in views:
            view.reads()
            person = chat.roster.names.find(view.nick)
            assert person is not None, view.nick
            for name, believed in view.channels.items():
                room = chat.rooms.find(name)
                assert room is not None
                members = [member.person for member in room.members.values()]
                people = chat.roster.online.values() if name == "#lobby" else members
                self.assertEqual(
                    believed, {one.name for one in people if one.online}, (view.nick, name)
                )
            shown = {name for name in view.channels if name != "#lobby"}
            self.assertEqual(shown, {room.name for room in person.rooms}, view.nick)

    def joins(self, nick: str, *rooms: str) -> View:
        """A guest in these rooms, and what its client believes."""
        client = self.client()
        client.registers(nick)
        view = View(client)
        client.sends_lines(f"JOIN {','.join(rooms)}")
        view.reads()
        return view

    def test_c2_who_does_not_read_is_put_right_afterwards(self) -> None:
        tesla = self.hall.bot("tesla")
        tesla.asks("create", room="#coil")
        iris, rose = self.joins("iris", "#coil", "#lobby"), self.joins("rose", "#coil")
        bell = self.joins("bell", "#coil")
        iris.reads()
        iris.client.stops_reading()
        tesla.vanishes()
        rose.client.sends_lines("NICK lily")
        rose.reads()
        bell.client.sends_lines("QUIT")
        carl = self.joins("bell", "#coil")
        dora = self.joins("dora", "#lobby")
        dora.client.vanishes()
        self.hall.bot("tesla").vanishes()
        iris.client.reads_again()
        self.check([iris, rose, carl])

    def test_a16_who_does_not_read_learns_afterwards_of_those_it_monitors(self) -> None:
        rose, iris = self.joins("rose", "#coil").client, self.joins("iris").client
        iris.answers("MONITOR + rose,bell,tesla")
        iris.stops_reading()
        rose.sends_lines("QUIT")
        self.joins("bell")
        self.hall.wait(10)
        self.assertEqual(iris.received, "")
        iris.reads_again()
        self.hall.wait(10)
        told = [line.partition(" ")[2] for line in iris.lines() if " 73" in line]
        self.assertEqual(told[0].partition("!")[0], "730 iris :bell")
        self.assertEqual(told[1:], ["731 iris :rose"])

    def test_a_long_day(self) -> None:
        for seed in (*range(8), 30):
            self.day(Random(seed))

    def day(self, chance: Random) -> None:
        """Sixty things happen to a few people, in an order that chance decides."""
        rooms, views = ["#a", "#b", "#lobby"], [self.joins(f"first{chance.random()}"[:12], "#a")]
        bots = [self.hall.bot("tesla"), self.hall.bot("edison")]
        for number in range(60):
            view, room = chance.choice(views), chance.choice(rooms)
            client = view.client
            match chance.randrange(9):
                case 0 | 1:
                    client.sends_lines(f"JOIN {room}")
                case 2:
                    client.sends_lines(f"PART {room}")
                case 3:
                    client.sends_lines(f"NICK n{number}{chance.randrange(3)}")
                case 4 if len(views) > 1:
                    views.remove(view)
                    client.vanishes()
                case 5 | 6:
                    views.append(self.joins(f"p{chance.randrange(1000)}x{number}", room))
                case 7:
                    bot = bots.pop(0)
                    name = ["tesla", "edison"][number % 2]
                    bot.asks(chance.choice(["join", "leave"]), room=room)
                    bot.vanishes()
                    bots.append(self.hall.bot(name))
                case 8:
                    (client.stops_reading if chance.random() < 0.5 else client.reads_again)()
        for view in views:
            view.client.reads_again()
        self.check(views)
        for one in tuple(self.hall.clients):
            if not one.closed:
                one.vanishes()
        self.hall.clients.clear()
