"""Commands, dialogues and conversations as somebody at a client meets them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.office import Office
from twisted_chat.clients.desk.front import LastSent
from twisted_chat.clients.sync.messages import Stage
from twisted_chat.core.entries import Form
from twisted_chat.testing import PASSWORD


class DeskTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.office = Office()
        self.addCleanup(self.office.__exit__, None, None, None)


class SigningInTests(DeskTest):
    def test_a_new_name_chooses_a_password_that_nobody_sees(self) -> None:
        seat = self.office.newcomer()
        seat.types("tesla", "alternating", "direct", "alternating", "alternating")
        self.assertEqual(
            seat.prompts,
            [
                "Username: ",
                "Enter Password: (hidden)",
                "Enter Password again: (hidden)",
                "Enter Password: (hidden)",
                "Enter Password again: (hidden)",
            ],
        )
        seat.reads(
            "tesla is a new name here: choose a password for it.",
            "(The two passwords are not the same: choose again.)",
            "Login successful, Welcome to twisted-chat!",
        )

    def test_whoever_was_here_before_is_asked_for_nothing(self) -> None:
        tesla = self.office.desk("tesla")
        tesla.crashes()
        tesla.start()
        tesla.reads("Login successful, Welcome to twisted-chat!")
        self.assertEqual(tesla.prompts, [])

    def test_a_wrong_password_can_be_typed_again_until_one_is_blocked(self) -> None:
        self.office.person("tesla")
        seat = self.office.newcomer("tesla")
        self.assertEqual(seat.prompts, ["Enter user's password: (hidden)"])
        seat.types("wrong")
        seat.finds("You have 2 tries left")
        seat.types(PASSWORD)
        seat.reads("Login successful, Welcome to twisted-chat!")

    def test_somebody_who_leaves_instead_ends_the_program(self) -> None:
        seat = self.office.newcomer()
        seat.types("quit")
        seat.reads("Logging off", "Disconnected")
        self.assertEqual(seat.codes, [0])

    def test_what_was_said_before_stands_above_what_is_new(self) -> None:
        tesla, edison = self.office.desk("tesla"), self.office.desk("edison")
        tesla.types("one")
        self.office.wait(2)
        edison.crashes()
        tesla.types("two")
        edison.start()
        edison.reads(
            "Login successful, Welcome to twisted-chat!",
            "[1 10:00] tesla: one",
            "— new since you were here —",
            "[2 10:00] tesla: two",
        )


class TypingTests(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")

    def test_a_line_that_is_no_command_is_said_where_one_is(self) -> None:
        for line in ("hello", "back in a minute", "Message me", "say hello to him", "//away"):
            self.tesla.types(line)
        self.edison.reads(
            "[1 10:00] tesla: hello",
            "[2 10:00] tesla: back in a minute",
            "[3 10:00] tesla: Message me",
            "[4 10:00] tesla: say hello to him",
            "[5 10:00] tesla: /away",
        )

    def test_commands_with_and_without_their_slash(self) -> None:
        self.tesla.types("BM one", "/BM two", "bm three", "/whoelse", "whoelse")
        self.edison.reads("[1 10:00] tesla: one", "[2 10:00] tesla: two", "[3 10:00] tesla: three")
        online = ["The currently online users are:", "edison"]
        self.tesla.reads(
            *("[1 10:00] tesla: one", "(Message 1 sent: 1 now, 0 later)"),
            *("[2 10:00] tesla: two", "(Message 2 sent: 1 now, 0 later)"),
            *("[3 10:00] tesla: three", "(Message 3 sent: 1 now, 0 later)"),
            *online,
            *online,
        )

    def test_a_slip_in_a_command_is_not_said_to_everybody(self) -> None:
        for line in ("kick edison", "edit 17", "join coil", "/nonsense", "/edit", "wholast x"):
            self.tesla.types(line)
        self.edison.reads()
        self.assertEqual(len(self.tesla.lines), 6)
        self.assertTrue(all(line.is_error for line in self.tesla.lines))

    def test_the_guided_dialogues(self) -> None:
        self.tesla.types("PM", "edison", "nice bulb", "BM", "hello all")
        self.assertEqual(self.tesla.prompts, ["To: ", "Message: ", "Message: "])
        self.edison.reads("[tesla/1 10:00 private] tesla: nice bulb", "[1 10:00] tesla: hello all")

    def test_the_absent_get_it_later(self) -> None:
        self.edison.crashes()
        self.office.wait(2)
        self.tesla.types("message edison are you there?")
        self.tesla.reads(
            "[edison/1 10:00 private] tesla: are you there?",
            "(Receiver edison is currently offline, "
            "message will be delivered when they log in next time)",
        )

    def test_what_cannot_be_undone_is_asked_again(self) -> None:
        self.tesla.types("create #coil", "delete #coil", "no")
        self.assertIn("Type yes to go on", self.tesla.prompts[-1])
        self.tesla.finds("(Nothing was done)")
        self.tesla.types("delete #coil", "yes")
        self.assertIsNone(self.tesla.user.conversations.get("#coil"))
        self.assertEqual(self.tesla.desk.here, "#lobby")

    def test_a_message_to_somebody_who_was_none_says_how_to_say_it(self) -> None:
        self.tesla.types("message me when you are there")
        self.tesla.reads(
            "(There is no user called me.)",
            "(To say it here, type /say before it.)",
        )

    def test_the_words_to_leave(self) -> None:
        for word, last in (("tata", "DISCONNECTED!!"), ("EX", "Disconnected")):
            seat = self.office.desk(f"bell{word}")
            seat.types(word)
            seat.reads("Logging off", last)
            self.office.wait(2)
            self.assertEqual(seat.codes, [0])

    def test_without_a_connection_words_wait_and_questions_are_refused(self) -> None:
        self.tesla.wire.breaks()
        self.tesla.unreachable = True
        self.office.settle()
        self.tesla.types("hello", "whoelse")
        self.tesla.reads(
            "The connection was lost. What you say now is sent when there is a connection again.",
            "(There is no connection at the moment: ask again when there is one.)",
        )
        status = self.tesla.desk.status()
        self.assertEqual((status.online, status.unsent), (False, ("hello",)))
        self.assertIn("next try in", status.connection)
        self.tesla.unreachable = False
        self.office.wait(5)
        self.tesla.reads("(Connected again.)", "[1 10:00] tesla: hello")
        self.edison.reads("[1 10:00] tesla: hello")


class ConversationTests(DeskTest):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.edison = self.office.desk("tesla"), self.office.desk("edison")

    def test_unread_is_counted_where_one_is_not_and_read_when_one_goes_there(self) -> None:
        self.edison.types("message tesla psst", "hello tesla", "hello")
        status = self.tesla.desk.status()
        self.assertEqual(status.unread, (("edison", 1, 1),))
        self.assertEqual(len(self.tesla.alerts), 2)
        self.tesla.types("/next")
        self.assertEqual(self.tesla.desk.here, "edison")
        self.assertEqual(self.tesla.desk.status().unread, ())
        self.office.wait(2)
        self.edison.types("/switch tesla")
        self.assertEqual(self.edison.desk.status().last, LastSent(1, "read"))

    def test_nothing_is_read_while_nobody_looks(self) -> None:
        self.tesla.desk.attend(False)
        self.edison.types("hello")
        self.assertEqual(self.tesla.user.conversations.all["#lobby"].unread, 1)
        self.tesla.desk.attend(True)
        self.assertEqual(self.tesla.user.conversations.all["#lobby"].unread, 0)

    def test_delivery_of_ones_own_messages_is_seen(self) -> None:
        self.edison.desk.attend(False)
        self.tesla.types("/switch edison", "nice bulb")
        self.assertEqual(self.tesla.desk.status().last, LastSent(1, "stored"))
        self.office.wait(2)
        self.assertEqual(self.tesla.desk.status().last, LastSent(1, "delivered"))
        self.edison.types("/switch tesla")
        self.edison.desk.attend(True)
        self.office.wait(2)
        self.assertEqual(self.tesla.desk.status().last, LastSent(1, "read"))

    def test_rooms_are_entered_by_joining_them(self) -> None:
        self.tesla.types("create #coil", "sparks")
        self.edison.types("join #coil", "/switch #lobby", "/talk #coil", "bright")
        self.tesla.reads(
            "(You have made #coil; invite people, or tell them: join #coil)",
            "[#coil/2 10:00] tesla: sparks",
            "[#coil/3 10:00] edison joined #coil",
            "[#coil/4 10:00] edison: bright",
        )
        self.edison.types("leave #coil")
        self.assertEqual(self.edison.desk.here, "#lobby")
        self.edison.types("/switch #nowhere")
        self.edison.finds("#nowhere")
        self.assertEqual(self.edison.desk.here, "#lobby")

    def test_with_a_slash_the_room_that_one_is_in_needs_no_name(self) -> None:
        self.tesla.types("create #coil", "/topic sparks fly", "/topic", "/members", "topic is this")
        self.tesla.reads(
            "(You have made #coil; invite people, or tell them: join #coil)",
            "[#coil/2 10:00] tesla set the topic of #coil: sparks fly",
            "(The topic of #coil is: sparks fly)",
            "The members of #coil are:",
            "tesla (owner)",
            "[#coil/3 10:00] tesla: topic is this",
        )

    def test_reply_and_jump_take_numbers(self) -> None:
        for number in range(12):
            self.edison.types(f"line {number}")
        self.tesla.lines.clear()
        self.tesla.types("/reply 3 which?")
        self.tesla.reads("[13 10:00] tesla: edison [3]: which?")
        self.assertIn("tesla: edison [3]: which?", self.edison.alerts[-1])
        self.tesla.types("/jump 3")
        shown = [line.text for line in self.tesla.lines]
        self.assertEqual(len(shown), 8)
        self.assertIn("> [3 10:00] edison: line 2", shown)
        self.tesla.lines.clear()
        self.tesla.types("/jump 99", "/reply 99 what?")
        self.tesla.reads("(There is no message 99.)", "(There is no message 99.)")

    def test_history_and_search_show_numbers(self) -> None:
        self.edison.types("the bulb", "message tesla a bulb in private")
        self.tesla.lines.clear()
        self.tesla.types("history", "search bulb")
        self.tesla.reads(
            "[1 10:00] edison: the bulb",
            "[#lobby/1 10:00] edison: the bulb",
            "[edison/1 10:00 private] edison: a bulb in private",
        )

    def test_edits_and_deletions_are_shown(self) -> None:
        self.edison.types("helo", "edit 1 hello", "delete 1")
        self.tesla.reads(
            "[1 10:00] edison: helo",
            "[1 10:00 edited] edison: hello",
            "[1 10:00 deleted] edison: (deleted)",
        )
        entry = self.tesla.user.conversations.all["#lobby"].entries[1]
        self.assertEqual(entry.text, "")

    def test_an_action_is_told_in_the_conversation_that_one_looks_at(self) -> None:
        self.edison.types("/me waves", "edit 1 nods", "me too")
        seen = ("[1 10:00] * edison waves", "[1 10:00 edited] * edison nods")
        self.tesla.reads(*seen, "[3 10:00] edison: me too")
        self.assertIs(self.tesla.user.conversations.all["#lobby"].entries[1].form, Form.ACTION)
        self.edison.lines.clear()
        self.edison.types("/switch tesla", "/me whispers")
        self.edison.reads("[tesla/1 10:00 private] * edison whispers")
        self.tesla.reads("[edison/1 10:00 private] * edison whispers")

    def test_f9_an_action_without_a_connection_is_told_once_when_it_is_back(self) -> None:
        self.edison.wire.breaks()
        self.edison.unreachable = True
        self.edison.types("/me waves")
        self.edison.unreachable = False
        self.office.wait(5)
        self.assertEqual(
            [line.text for line in self.tesla.lines if line.seq], ["[1 10:00] * edison waves"]
        )

    def test_g4_lines_and_manners_of_programs(self) -> None:
        self.edison.user.say("#lobby", "one\n[2 10:00] tesla: two", manner="notice")
        self.office.settle()
        lines = "[1 10:00 notice] edison: one\n[1+ 10:00 notice] edison: [2 10:00] tesla: two"
        self.tesla.reads(lines)
        self.tesla.types("/jump 1")
        self.tesla.reads("> " + lines.replace("\n", "\n> "))
        self.edison.user.ask("edit", message="1", text="three\nfour")
        self.office.settle()
        self.tesla.reads(
            "[1 10:00 notice edited] edison: three\n[1+ 10:00 notice edited] edison: four"
        )

    def test_who_types_is_seen_for_a_while(self) -> None:
        self.edison.desk.typing("/whoe")
        self.office.settle()
        self.assertEqual(self.tesla.desk.status().typing, ())
        self.edison.desk.typing("hel")
        self.office.settle()
        self.assertEqual(self.tesla.desk.status().typing, ("edison",))
        self.office.wait(7)
        self.assertEqual(self.tesla.desk.status().typing, ())

    def test_tab_completes_before_the_server_has_told_its_commands(self) -> None:
        told = [one.text for one in self.tesla.desk.complete("who")]
        self.tesla.user.commands = []
        self.assertEqual([one.text for one in self.tesla.desk.complete("who")], told)
        self.assertEqual(self.tesla.desk.complete("shut"), [])  # for administrators only

    def test_tab_completes_commands_people_and_rooms(self) -> None:
        self.office.wait(2)  # until everybody has been told who is online
        self.tesla.types("create #coil")
        texts = {
            typed: [one.text for one in self.tesla.desk.complete(typed)]
            for typed in ("/who", "whoe", "message ed", "say #co", "ed", "")
        }
        self.assertEqual(texts["/who"], ["/whoelse ", "/wholast ", "/whois "])
        self.assertEqual(texts["whoe"], ["whoelse "])
        self.assertEqual(texts["message ed"], ["edison "])
        self.assertEqual(texts["say #co"], ["#coil "])
        self.assertIn("edison ", texts["ed"])
        self.assertEqual(texts[""], [])

    def test_g1_what_a_server_sends_cannot_move_the_cursor(self) -> None:
        hello = {"server": "\x1b]0;x\x07", "motd": "a\x1b[2Jb\nc\u202ed"}
        self.tesla.user.life.hello = hello
        self.tesla.desk.welcomed({}, False)
        self.tesla.desk.notice("x", "\x1b[31m\r\n\x9b")
        event = {"event": "message", "room": "#l\x1bx", "seq": 1, "time": 0}
        event["text"] = "t\x1b[2J\u2028"
        event["from"] = "b\x1bd"
        self.tesla.user.happened(event)
        self.tesla.user.happened({**event, "event": "kick", "seq": 2, "by": "\x1b", "whom": "\x1b"})
        self.tesla.user.happened({"event": "presence", "joined": ["\x1b[2J"], "left": ["\x07"]})
        self.office.settle()
        for line in self.tesla.lines:
            for character in line.text:
                self.assertFalse(ord(character) < 32 or 127 <= ord(character) < 160, line)
                self.assertNotIn(character, "\u202e\u2028")

    def test_a_message_that_is_refused_says_why(self) -> None:
        self.tesla.types("x" * 5000)
        self.tesla.finds("5,000 bytes long")
        self.assertEqual(self.tesla.desk.refused, 1)
        outbox = self.tesla.user.outbox
        assert outbox is not None
        self.assertEqual([one.stage for one in outbox.messages.values()], list[Stage]())
