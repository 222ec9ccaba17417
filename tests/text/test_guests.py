"""Guests: people like others while they are here, of whom nothing is left afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from twisted_chat.chat.session import Session
from twisted_chat.core.draft import Draft
from twisted_chat.core.errors import ChatError
from twisted_chat.core.rooms import Person, Role, Room
from twisted_chat.store import schema
from twisted_chat.testing import PASSWORD, Client

from .case import WELCOME, HallTestCase

OF_ACCOUNTS = ("member", "mute", "ban", "invite", "cursor", "read_cursor", "credential")


class GuestTestCase(HallTestCase):
    """A server with guests, and ann, who has an account."""

    settings: ClassVar[dict[str, Any]] = {"guests": True}

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.assert_no_traces)  # before the hall is closed
        self.ann = self.account("ann")

    def account(self, name: str) -> Client:
        """Somebody who comes as a guest and takes a password."""
        client = self.hall.person(name)
        if not self.who(name).guest:
            return client
        client.types("password", PASSWORD, PASSWORD)
        client.takes()
        return client

    def who(self, name: str) -> Person:
        person = self.hall.chat.roster.names.find(name)
        assert person is not None, name
        return person

    def session(self, name: str) -> Session:
        return self.hall.chat.sessions.of(self.who(name))[0]

    def room(self, name: str) -> Room | None:
        return self.hall.chat.rooms.find(name)

    def rows(self, table: str) -> list[Any]:
        """What the store holds in a table."""
        return list(self.ask(lambda db: db.execute(sa.select(schema.metadata.tables[table])).all()))

    def ask(self, question: Any) -> Any:
        answers: list[Any] = []
        self.hall.store.read(question, answers.append)
        self.hall.settle()
        return answers[0]

    def assert_no_traces(self) -> None:
        """No row has a guest's number, and nobody who is gone is in a room."""
        self.hall.settle()
        for table in OF_ACCOUNTS:
            self.assertEqual([row for row in self.rows(table) if row.account < 0], [], table)
        self.assertEqual([row for row in self.rows("entry") if (row.sender or 0) < 0], [])
        for room in self.hall.chat.rooms.rooms.values():
            for number in (*room.members, *room.bans, *room.mutes, *room.invited):
                self.assertIn(number, self.hall.chat.roster.people, room.name)
            guests = [m for m in room.members.values() if m.person.guest]
            self.assertEqual([m.person.name for m in guests if not m.person.online], [])


class RoomTests(GuestTestCase):
    def test_a_room_of_guests_from_beginning_to_end(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("create #den")
        zoe.reads("(You have made #den; invite people, or tell them: join #den)")
        kim.types("join #den", "say #den hi", "history #den")
        kim.reads(
            "(You are in #den.)",
            "(Message #den/3 sent: 1 now, 0 later)",
            "[#den/3 10:00] #den kim: hi",
        )
        zoe.types("topic #den hats", "members #den")
        zoe.reads(
            "[#den/2 10:00] kim joined #den",
            "[#den/3 10:00] #den kim: hi",
            "[#den/4 10:00] zoe set the topic of #den: hats",
            "The members of #den are:",
            "zoe (owner) (guest)",
            "kim (guest)",
        )
        kim.types("leave #den going")
        kim.hears("(You have left #den.)")
        zoe.reads("[#den/5 10:00] kim left #den: going")
        zoe.types("leave #den", "rooms")
        zoe.reads(
            "(You have left #den, which is no more.)",
            "The rooms are:",
            "#lobby      (3 members, 3 online, joined)",
        )

    def test_the_name_of_a_guests_room_is_free_at_once(self) -> None:
        for name in ("zoe", "kim", "joe"):
            guest = self.hall.person(name)
            guest.types("create #den", f"say #den {name}s secret")
            guest.hears("(You have made #den;")
            guest.types("logout")
        kim = self.hall.person("kim")
        kim.types("create #den", "history #den")
        kim.reads(
            "(You have made #den; invite people, or tell them: join #den)",
            "(No messages)",
        )
        said = [row.text for row in self.rows("entry") if row.text]
        self.assertEqual(said, [])

    def test_c2_whoever_vanishes_is_in_no_room(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        self.ann.types("create #den")
        for guest in (zoe, kim):
            guest.types("join #den")
        zoe.vanishes()
        self.ann.types("members #den", "rooms")
        self.ann.hears("The members of #den are:\n", "ann (owner)\nkim (guest)\n")
        self.ann.hears("#den        (2 members, 2 online, joined)")
        self.assertNotIn("zoe left", self.ann.takes())
        kim.types("logout")
        self.assertEqual([m.person.name for m in self.members("#den")], ["ann"])

    def members(self, name: str) -> list[Any]:
        room = self.room(name)
        assert room is not None
        return list(room.members.values())

    def test_the_room_goes_to_an_heir_whose_ownership_is_stored(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("create #den")
        for client in (kim, self.ann):
            client.types("join #den")
        zoe.types("op #den ann")
        self.ann.takes()
        zoe.types("logout")
        self.ann.hears("[#den/5 10:00] ann owns #den now\n")
        self.assertEqual([row.role for row in self.rows("member")], [Role.OWNER])
        self.hall.restart()
        ann = self.logs_in("ann")
        ann.types("members #den", "delete #den", "yes")
        ann.hears("ann (owner)", "#den is deleted.")

    def test_the_heir_may_be_a_guest(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("create #den")
        kim.types("join #den")
        zoe.vanishes()
        kim.hears("[#den/3 10:00] kim owns #den now\n")
        kim.types("topic #den mine")
        kim.hears("kim set the topic of #den: mine")
        self.assertEqual(self.rows("member"), [])

    def test_an_account_leaves_its_room_to_a_guest(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.types("create #den")
        zoe.types("join #den")
        self.ann.types("leave #den")
        zoe.hears("ann left #den", "zoe owns #den now")
        zoe.types("logout")
        self.assertIsNone(self.room("#den"))

    def test_an_account_that_is_the_last_has_to_delete_its_room(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.types("create #den")
        zoe.types("join #den", "leave #den")
        zoe.hears("(You have left #den.)")
        self.ann.types("say #den alone again", "leave #den")
        self.ann.hears("(You are the last in #den: to be rid of it, delete #den)")

    def test_a_deleted_room_comes_back_without_its_guests(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.types("create #den")
        zoe.types("join #den")
        self.ann.types("delete #den", "yes")
        zoe.hears("[server] ann has deleted #den.")
        zoe.types("say #den hello", "logout")
        zoe.hears("(There is no room called #den.)")
        self.ann.types("undelete #den", "members #den")
        self.ann.hears("The members of #den are:\nann (owner)\n")
        self.ann.hears_nothing()

    def test_a_private_room_is_open_to_a_guest_who_is_invited(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        self.ann.types("create #den private", "invite #den zoe")
        zoe.hears("[server] ann invites you to #den: join #den")
        zoe.types("join #den")
        zoe.hears("(You are in #den.)")
        kim.types("join #den")
        kim.hears("(There is no room called #den.)")
        kim.types("logout")
        self.ann.types("invite #den kim")
        self.ann.hears("There is no user called kim.")

    def test_what_is_for_accounts(self) -> None:
        zoe = self.hall.person("zoe")
        for line in (
            "personalintro hi",
            "delete-account",
            "devices",
            "search hi",
            "edit 1 hi",
            "ignore ann",
            "encrypt ann",
            "files",
            "broadcast user ann message hi",
        ):
            zoe.types(line)
            zoe.hears("(A guest cannot use ")
        self.ann.types("ignore zoe", "ban-user zoe", "encrypt zoe", "broadcast user zoe message hi")
        self.ann.hears("(Name an account other than your own.)")
        self.ann.hears("zoe is a guest: this is possible with accounts only.", "zoe is a guest:")

    def test_away_and_back(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("away at lunch")
        self.ann.types("whoelse")
        self.ann.hears("zoe (guest) (away: at lunch)")
        zoe.types("back", "back")
        zoe.hears("(Welcome back.)", "(You were not marked as away.)")


class ModerationTests(GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.zoe, self.kim = self.people("zoe", "kim")
        self.zoe.types("create #den")
        for client in (self.kim, self.ann):
            client.types("join #den")
        self.forget(self.zoe, self.kim, self.ann)

    def test_a_guest_keeps_order_in_its_room(self) -> None:
        self.zoe.types("kick #den ann noise", "op #den kim", "voice #den kim", "mode #den +m")
        self.kim.types("mute #den zoe")
        self.zoe.reads(
            "[#den/4 10:00] zoe kicked ann from #den: noise",
            "[#den/5 10:00] zoe made kim an operator of #den",
            "[#den/6 10:00] zoe gave kim a voice in #den",
            "[#den/7 10:00] zoe changed the rules of #den: moderated: only operators and those"
            " with a voice speak (+m)",
        )
        self.kim.hears("(The role of zoe in #den is not below yours.)")
        self.ann.hears("[#den/4 10:00] zoe kicked ann from #den: noise")
        self.assertEqual(self.rows("member"), [])

    def test_a_guest_is_kept_in_order(self) -> None:
        self.zoe.types("op #den ann")
        self.ann.types("mute #den kim")
        self.kim.types("say #den but")
        self.kim.hears("[server] ann muted you", "(You are muted in #den and can only read there.)")
        self.ann.types("unmute #den kim", "ban #den kim 1h")
        self.kim.types("join #den")
        self.kim.hears("ann banned kim from #den for 1h", "(You are banned from #den.)")
        self.ann.types("unban #den kim")
        self.kim.types("join #den")
        self.kim.hears("(You are in #den.)")

    def test_a_ban_and_a_mute_end_with_the_guest(self) -> None:
        self.zoe.types("mute #den kim", "ban #den kim", "ban #den ann")
        self.kim.types("logout")
        kim = self.hall.person("kim")
        kim.types("join #den", "say #den hello")
        kim.hears("(You are in #den.)", "(Message #den/8 sent: 1 now, 0 later)")
        self.ann.types("join #den")
        self.ann.hears("(You are banned from #den.)")
        self.assertEqual(len(self.rows("ban")), 1)

    def test_what_somebody_may_and_may_not_lasts_when_the_name_is_an_account(self) -> None:
        self.zoe.types("op #den kim", "voice #den kim")
        self.ann.types("create #out", "ban #out kim", "create #in private", "invite #in kim")
        self.ann.types("create #hall")
        self.kim.types("join #hall")
        self.ann.types("mute #hall kim")
        self.kim.types("password", PASSWORD, PASSWORD)
        self.kim.hears("kim is an account now")
        self.zoe.types("logout")
        self.kim.hears("kim owns #den now")
        self.kim.vanishes()
        self.hall.restart()
        kim = self.logs_in("kim")
        kim.types("members #den", "join #out", "join #in", "say #hall hello", "say #den hello")
        kim.hears("kim (owner)", "(You are banned from #out.)", "(You are in #in.)")
        kim.hears("(You are muted in #hall and can only read there.)", "(Message #den/")

    def test_nothing_is_done_to_a_guest_that_is_just_becoming_an_account(self) -> None:
        self.who("kim").becoming = True  # while its password is being hashed
        self.zoe.types("op #den kim", "kick #den kim", "PM kim hi")
        for _ in range(3):
            self.zoe.hears("(kim is just becoming an account: try again.)")
        self.who("kim").becoming = False
        self.zoe.types("op #den kim")
        self.zoe.hears("zoe made kim an operator")


class WhisperTests(GuestTestCase):
    def test_what_is_said_in_private_is_kept_nowhere(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("PM kim hi")
        zoe.reads("(Message to kim delivered, and kept nowhere: one of you is a guest)")
        kim.reads("[10:00 private] zoe: hi <private message>")
        kim.types("talk zoe", "hello", "/talk")
        zoe.reads("[10:00 private] kim: hello <private message>")
        kim.types("history zoe", "history")
        kim.hears("(No messages)", "(No messages)")
        self.assertEqual([row.text for row in self.rows("entry")], [])

    def test_accounts_and_guests_write_to_each_other(self) -> None:
        zoe, ann_too = self.people("zoe", "ann")
        zoe.types("PM ann hi")
        for client in (self.ann, ann_too):
            client.reads("[10:00 private] zoe: hi <private message>")
        self.ann.types("message zoe hello")
        self.ann.reads("(Message to zoe delivered, and kept nowhere: one of you is a guest)")
        ann_too.reads("[zoe 10:00 private] ann: hello <private message>")
        zoe.hears("[10:00 private] ann: hello <private message>\n")

    def test_the_absent_get_nothing_and_the_sender_is_told(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.types("logout")
        zoe.types("PM ann hi", "PM zoe hi", f"PM ann {'x' * 5000}")
        zoe.hears("(ann is not here, and what a guest says or is told in private is kept nowhere:")
        zoe.hears("(That is you: choose somebody else to write to.)", "the most is 4,096")
        ann = self.logs_in("ann")
        ann.hears(WELCOME)
        self.assertNotIn("private", ann.takes())

    def test_it_comes_after_what_was_said_before(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.sends(b"BM one\nPM ann two\nBM three\n")
        self.ann.hears("[1 10:00] zoe: one\n", "[10:00 private] zoe: two <private message>\n")
        zoe.hears("(Message 1 sent", "(Message to ann delivered", "(Message 2 sent")

    def test_nothing_is_queued_for_who_does_not_read(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.stops_reading()
        zoe.types("PM ann hi")
        zoe.hears("(ann is not here, and what a guest says")
        self.ann.reads_again()
        self.ann.hears_nothing()

    def whispers(self, name: str, others: tuple[str, ...], **how: str) -> Any:
        people = [self.who(other) for other in others]
        said = self.hall.chat.messages.whisper(self.session(name), people, Draft("psst"), **how)
        done = Deferred.fromCoroutine(said)
        self.hall.settle()
        return self.successResultOf(done)

    def test_something_is_said_to_some_of_a_room(self) -> None:
        bob, cid = self.account("bob"), self.account("cid")
        cid.types("ignore ann")
        self.forget(self.ann, bob, cid)
        told = self.whispers("ann", ("ann", "bob", "cid"), place="#den", to="@#den")
        self.assertEqual((told.room, told.now), ("#den", 2))
        bob.reads("[10:00 to @#den] #den ann: psst")
        for client in (self.ann, cid):
            client.hears_nothing()


class RenamingTests(GuestTestCase):
    def test_a_guest_is_called_something_else(self) -> None:
        zoe, kim = self.people("zoe", "kim")
        zoe.types("create #den", "say #den hi")
        kim.types("join #den")
        self.forget(self.ann, zoe, kim)
        self.hall.chat.guests.rename(self.who("zoe"), "robert")
        for client in (self.ann, zoe, kim):
            client.reads("[server] zoe is called robert now.")
        kim.types("PM zoe hi", "PM robert hi", "members #den")
        kim.hears("There is no user called zoe.", "(Message to robert delivered", "robert ")
        zoe.types("say #den me", "logout")
        kim.hears("#den robert: me", "kim owns #den now")
        self.hall.person("zoe").types("whoelse")
        self.assertEqual(self.hall.chat.roster.guests, 2)

    def test_the_name_has_to_be_free_and_good(self) -> None:
        self.hall.person("zoe")
        self.hall.person("kim")
        for name in ("kim", "ann", "KIM", "a b", "whoelse"):
            error = self.assertRaises(
                ChatError, self.hall.chat.guests.rename, self.who("zoe"), name
            )
            self.assertIn(error.code, ("name_taken", "bad_name"), name)
        self.hall.chat.guests.rename(self.who("zoe"), "zoe")
        self.ann.hears_nothing()
        self.hall.chat.guests.rename(self.who("zoe"), "ZOE")
        self.ann.reads("[server] zoe is called ZOE now.")
        self.assertEqual(self.who("zoe").name, "ZOE")

    def test_an_account_keeps_its_name(self) -> None:
        error = self.assertRaises(ChatError, self.hall.chat.guests.rename, self.who("ann"), "zoe")
        self.assertEqual(error.code, "not_allowed")

    def test_who_has_just_come_joins_under_the_new_name(self) -> None:
        for name in ("zoe", "kim"):
            self.hall.connects().types(name)  # within one second
        self.hall.chat.guests.rename(self.who("kim"), "robert")
        self.hall.wait(2)
        self.ann.reads(
            "zoe joined the conversation",
            "[server] kim is called robert now.",
            "robert joined the conversation",
        )


class RaceTests(GuestTestCase):
    """Guests that go before the store has done what they asked for."""

    def test_c2_who_goes_while_joining_is_not_there(self) -> None:
        zoe = self.hall.person("zoe")
        self.ann.types("create #den")
        zoe.sends_later(b"join #den\n")
        zoe.breaks()
        self.hall.settle()
        self.ann.types("members #den")
        self.ann.hears("The members of #den are:\nann (owner)\n")

    def test_c2_a_room_whose_maker_goes_meanwhile_is_none(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.sends_later(b"create #den\n")
        zoe.breaks()
        self.hall.settle()
        self.assertIsNone(self.room("#den"))
        self.ann.types("create #den")
        self.ann.hears("(You have made #den;")

    def test_who_comes_as_the_last_one_goes_hears_that_the_room_is_gone(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("create #den")
        self.ann.sends_later(b"join #den\n")
        zoe.sends_later(b"leave #den\n")
        while self.ann.deliver() or zoe.deliver():
            pass
        self.hall.settle()
        self.ann.hears("(#den has just been deleted.)")
        self.ann.types("rooms", "create #den")
        self.ann.hears("(You have made #den;")

    def test_what_the_store_is_too_busy_for_is_erased_later(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("create #den", "say #den hi")
        submit = self.hall.store.writer.submit
        refused: list[object] = []

        def busy(work: object) -> None:
            refused.append(work)
            raise ChatError("busy", "Too much waits.")

        self.patch(self.hall.store.writer, "submit", busy)
        zoe.vanishes()
        self.assertEqual(len(refused), 1)
        self.patch(self.hall.store.writer, "submit", submit)
        self.assertEqual(len(self.rows("entry")), 2)
        self.hall.wait(6)
        self.assertEqual(self.rows("entry"), [])


class RestartTests(GuestTestCase):
    """What a kill leaves behind is seen to at the next start."""

    def killed(self) -> None:
        """The server ends without seeing to anything, and starts again."""
        self.hall.chat.store.refusing = self.hall.chat.store.refusing or _killed()
        self.hall.restart()

    def test_rooms_of_guests_are_gone_after_a_kill(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("create #den", "say #den hi")
        self.killed()
        self.hall.settle()
        self.assertIsNone(self.room("#den"))
        self.assertEqual(self.rows("entry"), [])
        self.hall.person("zoe").types("create #den")
        self.assertIsNotNone(self.room("#den"))

    def test_a_room_whose_owner_was_a_guest_has_another_one_after_a_kill(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("create #den")
        self.ann.types("join #den")
        self.killed()
        ann = self.logs_in("ann")
        ann.types("members #den", "topic #den mine")
        ann.hears("ann (owner)", "ann set the topic of #den: mine")
        self.assertEqual([row.role for row in self.rows("member")], [Role.OWNER])

    def test_what_was_half_erased_is_erased(self) -> None:
        zoe = self.hall.person("zoe")
        zoe.types("create #den", "say #den hi")
        number = self.who("zoe").rooms[0].id
        self.hall.chat.store.change(lambda ledger: ledger.rooms.free_name(number))
        self.hall.settle()
        self.killed()
        self.hall.settle()
        self.assertEqual(self.rows("entry"), [])
        self.assertEqual([row.name for row in self.rows("room") if row.id == number], [""])


def _killed() -> ChatError:
    return ChatError("restart", "The server was killed.")
