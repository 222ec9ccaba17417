"""To everyone, to some, to one; and talking without commands."""

from __future__ import annotations

from itertools import count
from unittest import mock

from .case import HallTestCase


class BroadcastTests(HallTestCase):
    def test_to_everyone_but_the_sender(self) -> None:
        ann, bob, cid = self.people("ann", "bob", "cid")
        cid.types("logout")
        self.forget(ann, bob)
        ann.says("hello  world")
        ann.reads("(Message 1 sent: 1 now, 1 later)")
        bob.reads("[1 10:00] ann: hello  world")
        bob.types("broadcast   Message \t hi")
        bob.reads("(Message 2 sent: 1 now, 1 later)")
        ann.reads("[2 10:00] bob: hi")

    def test_alone_it_asks_and_an_empty_line_takes_it_back(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("broadcast message")
        self.assertEqual(ann.takes(), "Message: ")
        ann.types("")
        ann.reads("(Nothing was done)")
        ann.types("/bm", "  with spaces  ")
        ann.reads("Message: (Message 1 sent: 1 now, 0 later)")
        bob.reads("[1 10:00] ann: with spaces")

    def test_what_is_delivered_while_something_is_asked_stands_above_the_question(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("BM")
        bob.says("quick")
        self.assertEqual(ann.takes(), "Message: \n[1 10:00] bob: quick\nMessage: ")

    def test_japanese_spaces_are_spaces(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("BM　こんにちは　みんな")
        bob.reads("[1 10:00] ann: こんにちは　みんな")

    def test_a6_a_message_at_the_limit_is_whole_and_one_above_is_refused(self) -> None:
        ann, bob = self.people("ann", "bob")
        for text in ("x" * 4096, "é" * 2048, "x" * 4092 + "😀"):
            ann.says(text)
            ann.hears("sent: 1 now, 0 later)\n")
            bob.hears(f"ann: {text}\n")
        for text, size in (("x" * 4097, "4,097"), ("x" * 4093 + "😀", "4,097")):
            ann.says(text)
            ann.reads(
                f"(That is {size} bytes long and the most is 4,096; nothing of it was taken, "
                "please make it shorter.)"
            )
        bob.hears_nothing()

    def test_nobody_else_is_there(self) -> None:
        ann = self.hall.person("ann")
        ann.says("anybody")
        ann.reads("(Message 1 sent: 0 now, 0 later)")


class BroadcastUsersTests(HallTestCase):
    def test_one_message_to_each_in_private(self) -> None:
        ann, bob, cid, dan = self.people("ann", "bob", "cid", "dan")
        cid.types("logout")
        self.forget(ann, bob, dan)
        ann.types("broadcast user bob cid BOB message see you at ten")
        ann.reads("(Message sent: now to bob, at their next login to cid)")
        bob.reads("[ann/1 10:00 private] ann: see you at ten <private message>")
        dan.hears_nothing()
        cid = self.logs_in("cid")
        cid.hears("[ann/1 10:00 private] ann: see you at ten <private message>")

    def test_a9_no_time_is_spent_on_whom_somebody_may_have_meant(self) -> None:
        self.hall = self.open_hall(guests=True)
        (ann,) = self.people("ann")
        self.people(*(f"aaaaaaaaaaaa{number}" for number in range(9)))
        looks = count()
        with mock.patch.object(self.hall.chat, "ticks", lambda: next(looks) * 0.001):
            ann.takes()
            ann.types("message aaaaaaaaaaaaz hello")
            ann.hears("(There is no user called aaaaaaaaaaaaz.")
        self.assertLess(next(looks), 9)

    def test_c4_one_unknown_name_refuses_the_whole(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("broadcast user bob bobb message hi")
        ann.reads("(There is no user called bobb. Did you mean bob?)")
        bob.hears_nothing()
        ann.types("history")
        ann.reads("(No messages)")

    def test_how_it_is_typed(self) -> None:
        ann, _ = self.people("ann", "bob")
        for line in ("broadcast user", "broadcast user bob", "broadcast user bob message"):
            ann.types(line)
            ann.reads("(Usage: broadcast user <user>… message <text>)")

    def test_the_word_message_in_the_text(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("broadcast user bob message the message")
        bob.reads("[ann/1 10:00 private] ann: the message <private message>")


class PrivateMessageTests(HallTestCase):
    def test_c4_the_three_answers(self) -> None:
        ann, bob, cid = self.people("ann", "bob", "cid")
        cid.types("logout")
        self.forget(ann, bob)
        ann.types("message bob hi", "PM cid hi", "PM zoe hi")
        ann.reads(
            "(Message bob/1 sent)",
            "(Receiver cid is currently offline, message will be delivered when they log in "
            "next time)",
            "(There is no user called zoe.)",
        )
        bob.reads("[ann/1 10:00 private] ann: hi <private message>")
        bob.types("PM ann yes?")
        ann.reads("[bob/2 10:00 private] bob: yes? <private message>")

    def test_a_name_alone_is_asked_only_for_the_message(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("PM bob")
        self.assertEqual(ann.takes(), "Message: ")
        ann.types("hi")
        ann.reads("(Message bob/1 sent)")
        bob.hears("ann: hi <private message>")

    def test_the_dialogue_can_be_left(self) -> None:
        ann = self.hall.person("ann")
        ann.types("PM", "")
        ann.reads("The currently online users are:", "(Not found)", "To: (Nothing was done)")

    def test_not_to_oneself(self) -> None:
        ann = self.hall.person("ann")
        ann.types("PM Ann hi", "broadcast user ann message hi", "talk ann")
        ann.reads(*["(That is you: choose somebody else to write to.)"] * 3)

    def test_c9_the_senders_other_session_sees_it(self) -> None:
        ann, other, bob = self.people("ann", "ann", "bob")
        ann.types("PM bob hi", "PM bob there")
        other.reads(
            "[bob/1 10:00 private] ann: hi <private message>",
            "[bob/2 10:00 private] ann: there <private message>",
        )
        ann.reads("(Message bob/1 sent)", "(Message bob/2 sent)")
        bob.hears("ann: hi", "ann: there")


class TalkTests(HallTestCase):
    def test_every_line_is_said_in_the_lobby(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("talk")
        ann.reads("(Every line is said to #lobby now; commands begin with /, and /talk ends it)")
        ann.types("whoelse", "hello", "", "17")
        ann.reads(*(f"(Message {number} sent: 1 now, 0 later)" for number in (1, 2, 3)))
        bob.reads("[1 10:00] ann: whoelse", "[2 10:00] ann: hello", "[3 10:00] ann: 17")
        ann.types("/whoelse")
        ann.reads("The currently online users are:", "bob")
        ann.types("/talk", "moin")
        ann.reads(
            "(You are not talking to #lobby any more)",
            "(moin is an unknown command. Did you mean join? BM <text> says it to everyone.)",
        )

    def test_tata_alone_leaves_even_then(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("talk", "tata is a word", "Tata")
        ann.hears("(Message 1 sent: 1 now, 0 later)\nLogging off\nDISCONNECTED!!\n")
        self.assertTrue(ann.closed)
        bob.hears("[1 10:00] ann: tata is a word\n", "ann left the conversation\n")

    def test_in_a_room_and_with_one_person(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den")
        ann.types("join #den")
        self.forget(ann, bob)
        ann.types("talk #den", "hello", "/talk bob", "psst", "/talk #lobby", "all")
        bob.reads(
            "[#den/3 10:00] #den ann: hello",
            "[ann/1 10:00 private] ann: psst <private message>",
            "[1 10:00] ann: all",
        )

    def test_a_bare_number_means_the_current_conversation(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.says("in the lobby")
        ann.types("talk bob", "first", "second", "/edit 1 changed", "/delete 2")
        self.forget(ann, bob)
        ann.types("/history before 2", "/history #lobby")
        ann.reads(
            "[bob/1 10:00 private edited] ann: changed <private message>",
            "[1 10:00] ann: in the lobby",
        )

    def test_nowhere_that_one_cannot_speak(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den")
        ann.types("talk #den", "talk #nowhere", "talk zoe")
        ann.reads(
            "(You are not in #den: join #den first.)",
            "(There is no room called #nowhere.)",
            "(There is no user called zoe.)",
        )

    def test_c5_after_a_kick_nothing_more_is_said_there(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den")
        ann.types("join #den", "talk #den")
        bob.types("kick #den ann")
        self.forget(ann, bob)
        ann.types("hello?")
        ann.reads(
            "(You are not in #den: join #den first.)",
            "(Every line is still said to #den: /talk ends that)",
        )
        bob.hears_nothing()
