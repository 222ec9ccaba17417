"""Doors that look on: who comes, goes and changes; and sessions that do not show the lobby."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.chat.accounts.sign_in import Proof
from twisted_chat.chat.session import Session
from twisted_chat.core.events import Closed
from twisted_chat.core.rooms import Person, Room
from twisted_chat.testing import PASSWORD, Client, Hall


class Diary:
    """An onlooker that writes everything down, with the rooms that somebody is in then."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def came(self, person: Person) -> None:
        self.lines.append(f"{person.name} came")

    def went(self, person: Person, reason: str) -> None:
        rooms = " ".join(room.name for room in person.rooms)
        self.lines.append(f"{person.name} went from [{rooms}]: {reason}")

    def away_changed(self, person: Person) -> None:
        self.lines.append(f"{person.name} is away: {person.away}")

    def renamed(self, person: Person, old_name: str) -> None:
        self.lines.append(f"{old_name} is {person.name}")

    def became_account(self, person: Person) -> None:
        self.lines.append(f"{person.name} is an account: {not person.guest}")

    def invited(self, room: Room, by: Person, person: Person) -> None:
        self.lines.append(f"{by.name} invites {person.name} to {room.name}")

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        self.lines.append(f"{by.name} renames {old} to {room.name}: {reason}")


class Clumsy(Diary):
    """One that fails whatever it is told."""

    def came(self, person: Person) -> None:
        raise RuntimeError("clumsy")

    def went(self, person: Person, reason: str) -> None:
        raise RuntimeError("clumsy")


class OnlookerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.hall = Hall(guests=True)
        self.addCleanup(self.hall.close)
        self.diary = Diary()
        self.hall.chat.onlookers.append(self.diary)

    def wrote(self, *lines: str) -> None:
        self.hall.settle()
        found, self.diary.lines = self.diary.lines, []
        self.assertEqual(found, list(lines))

    def session(self, name: str) -> Session:
        person = self.hall.chat.roster.names.find(name)
        assert person is not None
        return self.hall.chat.sessions.of(person)[-1]

    def test_a_day_of_somebody(self) -> None:
        tesla = self.hall.bot("tesla")
        again = self.hall.bot("tesla", "phone")
        self.wrote("tesla came")
        tesla.asks("away", text="at lunch")
        tesla.asks("back")
        tesla.asks("back")
        self.wrote("tesla is away: at lunch", "tesla is away: ")
        tesla.asks("create", room="#coil")
        tesla.vanishes()
        self.wrote()
        again.vanishes()
        self.wrote("tesla went from [#coil]: ")

    def test_who_is_asked_in(self) -> None:
        tesla, edison = self.hall.bot("tesla"), self.hall.bot("edison")
        tesla.asks("create", room="#coil")
        self.wrote("tesla came", "edison came")
        tesla.asks("invite", room="#coil", user="edison")
        self.wrote("tesla invites edison to #coil")
        tesla.asks("rename", room="#coil", name="#wires", reason="more of them")
        self.wrote("tesla renames #coil to #wires: more of them")
        edison.vanishes()
        self.wrote("edison went from []: ")

    def test_the_reason_is_the_doors_or_the_servers(self) -> None:
        tesla = self.hall.bot("tesla")
        self.session("tesla").parting = "gone fishing"
        tesla.vanishes()
        self.wrote("tesla came", "tesla went from []: gone fishing")
        tesla = self.hall.bot("tesla")
        self.session("tesla").close(Closed("idle", "You did nothing for an hour."))
        self.wrote("tesla came", "tesla went from []: You did nothing for an hour.")
        tesla = self.hall.bot("tesla")
        self.session("tesla").parting = "my own words"
        self.session("tesla").close(Closed("idle", "You did nothing for an hour."))
        self.wrote("tesla came", "tesla went from []: my own words")

    def test_a_guest_with_a_password_is_an_account(self) -> None:
        guest = self.hall.program()
        guest.asks("guest", name="tesla")
        guest.asks("password", new=PASSWORD)
        self.wrote("tesla came", "tesla is an account: True")

    def test_one_that_fails_harms_nobody(self) -> None:
        self.hall.chat.onlookers.insert(0, Clumsy())
        tesla = self.hall.bot("tesla")
        tesla.vanishes()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
        self.wrote("tesla came", "tesla went from []: ")
        self.assertEqual(list(self.hall.chat.sessions), [])


class NoLobbyTests(SynchronousTestCase):
    """A session whose door does not show the lobby is shown everything else."""

    def setUp(self) -> None:
        self.hall = Hall()
        self.addCleanup(self.hall.close)
        self.ann, self.bob = self.hall.person("ann"), self.hall.person("bob")
        person = self.hall.chat.roster.names.find("bob")
        assert person is not None
        self.session = self.hall.chat.sessions.of(person)[0]
        self.delivery = self.hall.chat.delivery

    def comes(self, name: str) -> Client:
        """Somebody comes, and everybody is told who is."""
        client = self.hall.connects()
        client.types(name, *([PASSWORD] * 2))
        self.hall.wait(2)
        client.takes()
        return client

    def test_it_hears_nothing_of_the_lobby_but_of_its_rooms(self) -> None:
        self.bob.types("create #den")
        self.ann.types("join #den")
        self.bob.takes()
        self.delivery.hide_lobby(self.session)
        self.ann.types("BM in the lobby", "say #den in the den", "PM bob in private")
        self.comes("cid")
        self.bob.hears("#den ann: in the den\n", "ann: in private <private message>\n")
        self.bob.hears_nothing()

    def test_c3_it_moves_no_cursor_of_the_lobby(self) -> None:
        self.delivery.hide_lobby(self.session)
        self.ann.types("BM while bob looks elsewhere")
        self.hall.wait(20)
        self.bob.types("whoelse")
        self.bob.takes()
        self.bob.vanishes()
        self.bob = self.hall.connects()
        self.bob.types("bob", PASSWORD)
        self.bob.hears("Your offline messages:\n[#lobby/1 10:00] ann: while bob looks elsewhere\n")

    def test_shown_again_it_begins_with_what_comes_then(self) -> None:
        self.delivery.hide_lobby(self.session)
        self.ann.types("BM one")
        self.delivery.show_lobby(self.session)
        self.ann.types("BM two")
        self.bob.reads("[2 10:00] ann: two")
        self.comes("cid")
        self.bob.reads("cid joined the conversation")

    def test_one_that_does_not_read_has_no_lobby_waiting(self) -> None:
        self.bob.types("create #den")
        self.bob.takes()
        self.bob.stops_reading()
        self.ann.types("BM one")
        self.delivery.hide_lobby(self.session)
        self.ann.types("BM two", "join #den", "say #den hello")
        self.assertEqual(self.session.lag(), 2)
        self.bob.reads_again()
        self.bob.reads("[#den/2 10:00] ann joined #den", "[#den/3 10:00] #den ann: hello")
        self.bob.stops_reading()
        self.ann.types("BM three")
        self.delivery.show_lobby(self.session)
        self.ann.types("BM four")
        self.bob.reads_again()
        self.bob.reads("[4 10:00] ann: four")

    def test_a_door_that_never_shows_it(self) -> None:
        chat = self.hall.chat
        self.ann.types("BM before")
        self.bob.takes()
        person, door = self.session.person, self.session.door
        second = chat.enter(Proof(person, person.secrets), door, "other", lobby=False)
        second.begin()
        self.ann.types("BM hello")
        self.bob.reads("[2 10:00] ann: hello")
        self.assertEqual(chat.delivery.positions(second), {})
        chat.depart(second)
