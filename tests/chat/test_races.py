"""Two things at once: each takes effect, in one order or the other, and nothing half."""

from __future__ import annotations

from unittest import mock

from twisted.trial.unittest import TestCase

from twisted_chat.chat import housekeeping
from twisted_chat.core.errors import ChatError
from twisted_chat.core.rooms import Role, Room
from twisted_chat.store import history
from twisted_chat.testing import Client, Hall, Program


class HallCase(TestCase):
    def setUp(self) -> None:
        self.hall = Hall()
        self.addCleanup(self.hall.__exit__, None, None, None)

    def room(self, name: str) -> Room:
        found = self.hall.chat.rooms.find(name)
        assert found is not None
        return found

    def at_once(self, *said: tuple[Client, str]) -> None:
        """Several clients type before the server looks at any of it."""
        for client, line in said:
            client._pending += line.encode() + b"\n"
        self.hall.settle()


class ConnectionTests(HallCase):
    def test_c2_a_connection_lost_while_its_password_is_checked_is_nobody(self) -> None:
        self.hall.person("ann").types("logout")
        client = self.hall.connects()
        client.types("ann")
        client.protocol.dataReceived(b"correct horse\n")
        client.vanishes()
        self.assertEqual(list(self.hall.chat.sessions), [])
        self.assertEqual(self.hall.chat.roster.online, {})

    def test_c3_a_login_that_cannot_read_what_was_missed_is_told_so(self) -> None:
        self.hall.person("ann").types("logout")
        self.hall.person("bob").says("missed")
        with mock.patch.object(history, "unseen", side_effect=ChatError("busy", "Too much to do.")):
            client = self.hall.connects()
            client.types("ann", "correct horse")
            client.hears("Login successful", "Too much to do.", "Disconnected")
        self.hall.connects()
        self.hall.person("ann")

    def test_k_one_failed_sweep_does_not_end_the_housekeeping(self) -> None:
        factory = self.hall.factory
        with mock.patch.object(factory.chat.housekeeping, "sweep", side_effect=ValueError("once")):
            self.hall.wait(1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        silent = self.hall.connects()
        self.hall.wait(25)
        self.assertTrue(silent.closed)


class MemberTests(HallCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob, self.cid = (self.hall.person(n) for n in ("ann", "bob", "cid"))
        self.ann.types("create #den private", "invite #den bob", "invite #den cid")

    def members(self) -> dict[str, Role]:
        return {m.person.name: m.role for m in self.room("#den").members.values()}

    def stored(self) -> dict[int, int]:
        return {member.account: member.role for member in self.hall.store.load().members}

    def test_c5_a_ban_while_joining_holds(self) -> None:
        self.at_once((self.bob, "join #den"), (self.ann, "ban #den bob"))
        self.assertEqual(self.members(), {"ann": Role.OWNER})
        self.bob.types("say #den hello")
        self.bob.hears("(There is no room called #den.)")

    def test_c5_an_edit_does_not_come_after_the_kick(self) -> None:
        self.bob.types("join #den", "say #den apple")
        self.at_once((self.ann, "kick #den bob"), (self.bob, "edit #den/3 pear"))
        self.ann.types("history #den")
        self.ann.hears("apple")

    def test_k12_owner_and_heir_leave_at_once(self) -> None:
        self.bob.types("join #den")
        self.cid.types("join #den")
        self.at_once((self.ann, "leave #den"), (self.bob, "leave #den"))
        self.assertEqual(self.members(), {"cid": Role.OWNER})
        self.assertEqual(list(self.stored().values()), [Role.OWNER])

    def test_k12_an_owner_leaves_at_two_sessions(self) -> None:
        again = self.hall.person("ann")
        self.bob.types("join #den")
        self.at_once((self.ann, "leave #den"), (again, "leave #den"))
        self.assertEqual(self.members(), {"bob": Role.OWNER})

    def test_k12_undelete_at_two_sessions(self) -> None:
        again = self.hall.person("ann")
        self.bob.types("join #den")
        self.ann.types("delete #den", "yes")
        self.at_once((self.ann, "undelete #den"), (again, "undelete #den"))
        self.assertEqual(self.room("#den").online, 2)
        self.assertEqual(self.hall.chat.membership.audience(self.room("#den")), (2, 0))

    def test_a16_a_paused_session_goes_on_in_a_room_that_came_back(self) -> None:
        reader = self.hall.bot("reader")
        self.ann.types("invite #den reader")
        reader.asks("join", room="#den")
        reader.stops_reading()
        self.ann.types("say #den one", "delete #den", "yes", "undelete #den", "say #den two")
        reader.takes_events()
        reader.reads_again()
        self.assertEqual(texts(reader), ["one", "two"])


class MemoryTests(HallCase):
    def test_k5_a_rooms_tail_is_bounded_in_text(self) -> None:
        ann = self.hall.person("ann")
        for _ in range(40):
            ann.says("x" * 4000)
        recent = self.room("#lobby").recent(39)
        assert recent is not None
        self.assertEqual(len(recent), 1)
        self.assertIsNone(self.room("#lobby").recent(10))

    def test_k5_a_silent_rooms_tail_is_let_go(self) -> None:
        ann, slow = self.hall.person("ann"), self.hall.bot("slow")
        slow.stops_reading()
        ann.says("one")
        self.assertIsNotNone(self.room("#lobby").recent(0))
        self.hall.wait(50)
        slow.reads_again()
        self.hall.wait(70)
        self.assertIsNone(self.room("#lobby").recent(0))
        self.assertEqual(texts(slow), ["one"])

    def test_k5_all_rooms_tails_together_are_bounded(self) -> None:
        self.patch(housekeeping, "MOST_RECENT", 2500)
        ann = self.hall.bot("ann")
        for name in ("#a", "#b", "#c"):
            ann.asks("create", room=name)
            ann.asks("send", room=name, text="x" * 1000, cid=name)
            self.hall.wait(6)
        sizes = [self.room(name).recent_size for name in ("#a", "#b", "#c")]
        self.assertEqual(sizes, [0, 1000, 1000])

    def test_c10_a_batch_that_cannot_be_shown_is_answered(self) -> None:
        ann, bob = self.hall.bot("ann"), self.hall.person("bob")
        dialect = type(bob.protocol.door.dialect)
        with mock.patch.object(dialect, "entries", side_effect=ValueError("poison")):
            answer = ann.asks("send", room="#lobby", text="hi", cid="1")
        self.assertEqual(answer["seq"], 1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_last_seen_survives_a_stop(self) -> None:
        self.hall.person("ann")
        self.hall.wait(7200)
        self.hall.chat.about_to_stop()
        self.hall.settle()
        [ann] = self.hall.store.load().accounts
        self.assertEqual(ann.last_seen, self.hall.wall())


def texts(program: Program) -> list[str]:
    return [event["text"] for event in program.takes_events("message")]
