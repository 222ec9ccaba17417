"""RENAME at every door but IRC's: a room has another name, and is the same."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.support.company import Company
from tests.support.office import Office
from tests.text.case import HallTestCase
from twisted_chat.bot import Bot, Message
from twisted_chat.clients.connection.address import from_url
from twisted_chat.clients.sync.conversations import Conversation
from twisted_chat.core.entries import Entry, Kind
from twisted_chat.store import Ledger

A_WEEK = 7 * 24 * 3600 * 1000


class NetcatTests(HallTestCase):
    def test_c13_everybody_there_is_told_and_goes_on(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #boaring", "topic #boaring drills")
        bob.types("join #boaring")
        for client in (ann, bob):
            client.takes()
        ann.types("rename #boaring #boring a typo")
        ann.reads(
            "[#boaring/4 10:00] ann renamed #boaring to #boring: a typo",
            "(#boaring is called #boring now.)",
        )
        bob.reads("[#boaring/4 10:00] ann renamed #boaring to #boring: a typo")
        bob.types("say #boring hi", "topic #boring")
        ann.hears("[#boring/5 10:00] #boring bob: hi")
        bob.hears("(The topic of #boring is: drills)")
        self.hall.restart()
        bob = self.logs_in("bob")
        bob.takes()
        bob.types("history #boring", "members #boring")
        bob.hears("[#boring/5 10:00] #boring bob: hi", "ann (owner)", "bob")

    def test_c13_the_old_name_leads_there_for_a_week_and_is_nobody_else_s(self) -> None:
        ann, bob, eve = self.people("ann", "bob", "eve")
        ann.types("create #coil", "rename #coil #wires")
        bob.types("join #coil")
        bob.reads("(You are in #wires.)")
        bob.types("say #coil hi")
        ann.hears("[#wires/4 10:00] #wires bob: hi")
        for name in ("#coil", "#COIL", "#c\N{CYRILLIC SMALL LETTER O}il"):
            eve.types(f"create {name}")
            self.assertNotIn("You have made", eve.takes())
        self.hall.restart()
        eve = self.logs_in("eve")
        eve.takes()
        eve.types("create #coil")
        eve.reads("(#coil is not available.)")
        self.hall.wall_offset += A_WEEK + 1
        self.hall.wait(7200, step=600)
        eve = self.logs_in("eve")
        eve.takes()
        eve.types("create #coil")
        eve.hears("(You have made #coil;")
        self.hall.restart()
        eve = self.logs_in("eve")
        eve.hears("Login successful")

    def test_c4_only_the_owner_may(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("create #coil")
        bob.types("join #coil", "rename #coil #wires")
        bob.hears("(Only its owner can do that in #coil.)")
        ann.types("op #coil bob")
        bob.types("rename #coil #wires")
        bob.hears("(Only its owner can do that in #coil.)")
        bob.types("rename #lobby #wires")
        bob.hears("(Only its owner can do that in #lobby.)")
        bob.types("rename #void #wires")
        bob.hears("(There is no room called #void.)")

    def test_b10_a_taken_hidden_or_alike_name_is_not_available(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #wires", "create #secrets private")
        ann.types("create #coil")
        ann.takes()
        for name in ("#wires", "#secrets", "#w\N{CYRILLIC SMALL LETTER I}res"):
            ann.types(f"rename #coil {name}")
            self.assertNotIn("is called", ann.takes())
        ann.types("rename #coil #secrets", "rename #coil wires", "rename #coil #coil")
        ann.reads(
            "(#secrets is not available.)",
            "(A room's name begins with #; after it, a name is 1 to 32 letters, digits and _ - ."
            " with at least one letter, and begins with a letter, a digit or _.)",
            "(#coil is called so already.)",
        )

    def test_c13_a_room_keeps_few_names_from_others(self) -> None:
        [ann] = self.people("ann")
        ann.types("create #a1", "rename #a1 #a2", "rename #a2 #a3", "rename #a3 #a4")
        ann.takes()
        ann.types("rename #a4 #a5")
        ann.hears("(#a4 has been renamed 3 times in 7 days: wait until")
        ann.types("rename #a4 #A4", "rename #A4 #a2", "rename #a2 #a3")
        ann.hears("#A4 now.)", "#a2 now.)", "#a3 now.)")
        ann.types("create #a5")
        ann.hears("(You have made #a5;")

    def test_an_encrypted_room_keeps_its_name(self) -> None:
        [ann] = self.people("ann")
        ann.types("create #coil")
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None
        room.encrypted = True
        ann.takes()
        ann.types("rename #coil #wires")
        ann.reads("(#coil is encrypted: everybody's devices know it by its name.)")

    def test_c1_one_that_is_encrypted_meanwhile_keeps_it_too(self) -> None:
        ann = self.hall.bot("ann")
        ann.asks("create", room="#coil")
        room = self.hall.chat.rooms.find("#coil")
        assert room is not None

        def encrypt(ledger: Ledger) -> None:
            ledger.rooms.set(room.id, encrypted=True)

        self.hall.chat.store.change(encrypt)
        answer = ann.asks("rename", room="#coil", name="#wires")
        self.assertEqual(answer["error"]["code"], "encrypted")
        self.assertIs(self.hall.chat.rooms.find("#coil"), room)

    def test_what_ends_frees_its_old_names(self) -> None:
        guests = self.open_hall(guests=True)
        guest = guests.connects()
        guest.types("zoe")
        guest.types("create #coil", "rename #coil #wires", "leave #wires", "create #coil")
        guest.hears("which is no more.)", "(You have made #coil;")
        guest.types("create #wires")
        guest.hears("(You have made #wires;")


class ProgramTests(HallTestCase):
    def renamed(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [event for event in events if event["event"] in ("room", "rename")]

    def test_a_program_that_knows_nothing_of_it_leaves_and_joins(self) -> None:
        ann, bob = self.hall.bot("ann"), self.hall.bot("bob")
        number = ann.asks("create", room="#coil")["seq"]
        bob.asks("join", room="#coil")
        bob.events.clear()
        ann.asks("rename", room="#coil", name="#wires", reason="more of them")
        room = self.hall.chat.rooms.find("#wires")
        assert room is not None and number == 1
        self.assertEqual(
            self.renamed(bob.sort_out()),
            [
                {
                    "event": "rename",
                    "room": "#coil",
                    "seq": 3,
                    "time": self.hall.wall(),
                    "by": "ann",
                    "whom": "#coil",
                    "text": "#wires more of them",
                },
                {
                    "event": "room", "room": "#coil", "joined": False, "last": 3, "id": room.id,
                    "encrypted": False, "why": "renamed", "was": "",
                },
                {
                    "event": "room", "room": "#wires", "joined": True, "last": 3, "id": room.id,
                    "encrypted": False, "why": "", "was": "#coil",
                },
            ],
        )  # fmt: skip
        ann.asks("send", room="#wires", text="hi", cid="1")
        self.assertEqual(bob.takes_events("message")[0]["room"], "#wires")

    def test_c1_of_two_at_once_one_gets_the_name(self) -> None:
        ann, bob = self.hall.bot("ann"), self.hall.bot("bob")
        ann.asks("create", room="#a1")
        bob.asks("create", room="#b1")
        numbers = [
            (ann, ann.queues("rename", room="#a1", name="#wires")),
            (bob, bob.queues("rename", room="#b1", name="#wires")),
        ]
        answers = [client.answer_to(number) for client, number in numbers]
        self.assertEqual(["error" in answer for answer in answers], [False, True])

    def test_c13_who_does_not_read_goes_on_under_the_new_name(self) -> None:
        ann, bob = self.hall.bot("ann"), self.hall.bot("bob")
        ann.asks("create", room="#coil")
        bob.asks("join", room="#coil")
        bob.stops_reading()
        ann.asks("send", room="#coil", text="one", cid="1")
        ann.asks("rename", room="#coil", name="#wires")
        ann.asks("send", room="#wires", text="two", cid="2")
        bob.reads_again()
        events = bob.takes_events("message", "room", "rename")
        told = [(event["event"], event["room"], event.get("last")) for event in events]
        self.assertEqual(
            told[-5:],
            [
                ("room", "#coil", 2),
                ("room", "#wires", 2),
                ("message", "#wires", None),
                ("rename", "#wires", None),
                ("message", "#wires", None),
            ],
        )

    def test_who_comes_back_gives_a_position_under_the_old_name(self) -> None:
        ann, bob = self.hall.bot("ann"), self.hall.bot("bob")
        ann.asks("create", room="#coil")
        bob.asks("join", room="#coil")
        bob.vanishes()
        ann.asks("send", room="#coil", text="one", cid="1")
        ann.asks("rename", room="#coil", name="#wires")
        bob = self.hall.program()
        answer = bob.asks(
            "login", name="bob", password="correct horse", device="x", positions={"#coil": 2}
        )
        self.assertEqual((answer["unknown"], answer["rooms"]["#wires"]["from"]), ([], 2))
        self.assertEqual(len(bob.takes_events("message", "rename")), 2)


class ClientTests(SynchronousTestCase):
    """The chat's own clients keep what they know."""

    def setUp(self) -> None:
        self.office = Office()
        self.addCleanup(self.office.__exit__, None, None, None)
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")
        self.tesla.types("/create #coil")
        self.edison.types("/join #coil", "/switch #coil")
        for seat in (self.tesla, self.edison):
            seat.lines.clear()

    def test_a_client_looks_at_the_room_under_its_new_name(self) -> None:
        self.tesla.types("/say #coil hello", "/rename #coil #wires more of them")
        self.edison.finds("tesla renamed #coil to #wires: more of them")
        self.assertEqual(self.edison.desk.here, "#wires")
        [conversation] = [
            one for one in self.edison.user.conversations.all.values() if one.label == "#wires"
        ]
        self.assertIn(3, conversation.entries)  # what was known before it was renamed
        self.edison.types("still here")
        self.tesla.finds("edison: still here")
        self.assertFalse([line for line in self.edison.lines if "not in" in line.text])

    def test_the_old_name_leads_to_the_room_under_its_new_name(self) -> None:
        self.tesla.types("/rename #coil #wires", "/rename #wires #cables")
        self.edison.types("/switch #lobby", "/switch #coil")
        self.assertEqual(self.edison.desk.here, "#cables")
        self.edison.types("/switch #lobby", "/switch #Wires")
        self.assertEqual(self.edison.desk.here, "#cables")

    def test_an_encrypted_room_says_why_it_keeps_its_name(self) -> None:
        self.tesla.types("/encrypt #coil", "yes")
        self.office.wait(1)
        self.tesla.types("/rename #coil #wires")
        self.tesla.finds("#coil is encrypted: everybody's devices know it by its name.")

    def test_c13_one_that_was_away_finds_it_by_its_number(self) -> None:
        self.edison.wire.breaks()
        self.tesla.types("/rename #coil #wires", "/say #wires hello")
        self.office.wait(60)
        self.edison.finds("tesla: hello")
        labels = set(self.edison.user.conversations.all)
        self.assertIn("#wires", labels)
        self.assertEqual(self.edison.desk.here, "#wires")
        self.assertNotIn("#coil", labels)

    def test_i3_nobody_is_led_away_from_an_encrypted_conversation(self) -> None:
        """A server may say what it likes of a room that was seen encrypted."""
        user = self.edison.user
        user.secrets.encrypted.insist("#coil")
        event = {"event": "room", "joined": False, "last": 2, "id": 2, "encrypted": False}
        user.happened({**event, "room": "#coil", "why": "renamed", "was": ""})
        user.happened({**event, "room": "#wires", "joined": True, "why": "", "was": "#coil"})
        self.assertEqual(self.edison.desk.here, "#lobby")


class FriendTests(SynchronousTestCase):
    def test_c13_what_was_said_into_the_old_name_meanwhile_arrives(self) -> None:
        with Company() as company:
            tesla, edison = company.user("tesla"), company.user("edison")
            tesla.user.ask("create", room="#coil")
            company.settle()
            edison.user.ask("join", room="#coil")
            company.settle()
            edison.wire.breaks()
            edison.says("#coil", "from before")
            tesla.user.ask("rename", room="#coil", name="#wires")
            company.wait(60)
            self.assertIn("#wires/4 edison: from before", tesla.shown)


class BotTests(SynchronousTestCase):
    def test_c13_a_bot_deals_with_one_message_after_another_and_confirms_no_more(self) -> None:
        dealt: list[Deferred[None]] = []
        heard: list[str] = []

        async def on_message(bot: Bot, message: Message) -> None:
            heard.append(f"{message.room} {message.text}")
            dealt.append(Deferred())
            await dealt[-1]

        bot = Bot(
            MemoryReactorClock(), from_url("chat://clerk@localhost:9999"), on_message, password="x"
        )
        room = Conversation("#coil", 2, 1)

        def says(text: str) -> None:
            room.position += 1
            place = (0, 2, room.position, Kind.MESSAGE, 0, None, "tesla")
            bot.entry(room, Entry(*place, text=text))

        says("one")
        room.label = "#wires"
        bot.renamed("#coil", "#wires")
        says("two")
        self.assertEqual((heard, bot.done_with(room)), (["#coil one"], 1))
        dealt[0].callback(None)
        self.assertEqual((heard[1:], bot.done_with(room)), (["#wires two"], 2))
        dealt[1].callback(None)
        self.assertEqual(bot.done_with(room), 3)
