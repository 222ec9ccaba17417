"""Who is in an encrypted room: whom the entries have named, and not whom the server lists."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.devices import VAULT, Server, User
from twisted_chat.core.errors import ChatError
from twisted_chat.e2e.directory import MEMBERS
from twisted_chat.e2e.known_devices import NewsKind
from twisted_chat.e2e.messages import Message


class MembersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Server(den=("alice", "bob"))
        self.alice, self.bob = User(self.server, "alice"), User(self.server, "bob")
        self.alice.says("#den", "hello")
        self.eve = User(self.server, "eve")

    def listed(self) -> None:
        self.server.rooms["#den"].add("eve")

    def told(self) -> list[tuple[NewsKind, str]]:
        return [(one.what, one.name) for one in self.alice.looks("#den")]

    def readers(self) -> list[str]:
        return [one.name for one in self.alice.machine.recipients("#den").devices]

    def test_i11_who_is_only_listed_is_told_of_once_and_reads_nothing(self) -> None:
        self.listed()
        self.assertEqual(self.told(), [(NewsKind.UNSEEN, "eve")])
        self.alice.says("#den", "not for eve")
        self.assertIn("not readable", self.eve.catches_up("#den")[-1])
        self.alice.restarts()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.readers(), ["bob"])

    def test_i11_a_name_is_the_same_however_it_is_written(self) -> None:
        self.listed()
        self.alice.sees("#den", came="EVE")
        self.assertEqual(self.told(), [(NewsKind.FIRST, "eve")])
        self.alice.sees("#DEN", went="Eve")
        self.assertEqual(self.told(), [(NewsKind.UNSEEN, "eve")])
        self.assertEqual(self.readers(), ["bob"])

    def test_i11_who_left_is_told_of_again_when_listed_again(self) -> None:
        self.listed()
        for _ in range(2):
            self.alice.sees("#den", came="eve", went="eve")
            self.assertIn((NewsKind.UNSEEN, "eve"), self.told())
        self.server.rooms["#den"].remove("eve")
        self.assertEqual(self.told(), [])
        self.listed()
        self.assertEqual(self.told(), [(NewsKind.UNSEEN, "eve")])

    def test_i11_who_has_left_loses_the_session_at_once(self) -> None:
        self.alice.sees("#den", went="bob")
        self.alice.says("#den", "after bob")
        lines = self.bob.catches_up("#den")
        self.assertEqual(lines[0], "alice: hello")
        self.assertIn("not readable here", lines[1])

    def test_i11_a_name_that_looks_like_a_member_s_gets_no_keys_whatever_is_shown(self) -> None:
        bob = "\N{CYRILLIC SMALL LETTER VE}ob"
        other = "\N{CYRILLIC SMALL LETTER ER}\N{CYRILLIC SMALL LETTER A}"  # looks like pa
        with self.assertRaises(ChatError):
            self.alice.machine.came("#den", bob)  # of two scripts, which no name is
        for name in ("pa", other):
            self.server.rooms["#den"].add(name)
            User(self.server, name)
            self.alice.sees("#den", came=name)
        self.assertEqual(self.told(), [(NewsKind.ALIKE, other), (NewsKind.FIRST, "pa")])
        self.assertEqual(sorted(self.readers()), ["bob", "pa"])
        self.alice.does(self.alice.machine.left("#den"))
        self.assertIn((NewsKind.ALIKE, other), self.told())
        self.assertEqual(sorted(self.readers()), ["bob"])

    def test_somebody_without_devices_is_no_reader_and_no_alarm(self) -> None:
        self.server.rooms["#den"].add("guest")
        self.assertEqual(self.told(), [])
        self.server.devices["guest"] = []
        self.assertEqual(self.told(), [])

    def test_i11_who_comes_back_is_told_who_is_new(self) -> None:
        self.listed()
        self.alice.does(self.alice.machine.left("#den"))
        self.assertFalse(self.alice.machine.knows("#den"))
        self.assertEqual(self.readers(), [])
        people = self.server.people(self.alice, "#den")
        listed = self.alice.does(self.alice.machine.learn("#den", people))
        self.assertEqual((listed.first, listed.newcomers), (True, ("eve",)))
        self.assertEqual(sorted(self.readers()), ["bob", "eve"])

    def test_i11_what_an_earlier_version_kept_is_not_taken_for_seen(self) -> None:
        row = msgspec.json.encode({"names": ["alice", "bob", "eve"]})
        self.alice.disk[MEMBERS, "#den"] = VAULT.seal(MEMBERS, "#den", row)
        self.alice.restarts()
        self.assertFalse(self.alice.machine.knows("#den"))
        with self.assertRaises(ChatError):
            self.alice.machine.seal("#den", Message("cid", "for whom?"), 0.0)
        self.listed()
        people = self.server.people(self.alice, "#den")
        self.assertTrue(self.alice.does(self.alice.machine.learn("#den", people)).first)

    def test_i11_admitting_is_for_those_who_are_listed(self) -> None:
        with self.assertRaises(ChatError):
            self.alice.machine.admit("#den", "eve")
        self.listed()
        self.told()
        self.alice.does(self.alice.machine.admit("#den", "Eve"))
        self.assertEqual(self.told(), [(NewsKind.FIRST, "eve")])
        self.alice.says("#den", "for eve too")
        self.assertEqual(self.eve.catches_up("#den")[-1], "alice: for eve too")
