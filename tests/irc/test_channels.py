"""The same rooms from IRC and from netcat, live in both directions."""

from __future__ import annotations

from tests.irc.case import IrcCase
from twisted_chat.testing import PASSWORD

FULL = (
    *("message-tags", "server-time", "echo-message", "labeled-response", "batch", "account-tag"),
    *("extended-join", "draft/message-redaction", "draft/multiline", "standard-replies"),
)


class RoomTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.hall.bot("tesla").vanishes()
        self.tesla = self.hall.person("tesla")
        self.iris = self.account("iris")
        self.tesla.types("create #coil", "topic #coil copper")
        self.iris.answers("JOIN #coil")
        self.tesla.takes()

    def test_h9_what_happens_at_one_door_is_seen_at_the_other(self) -> None:
        self.iris.answers("PRIVMSG #coil :hello netcat")
        self.tesla.reads("[#coil/4 10:00] #coil iris: hello netcat")
        self.tesla.types("say #coil hello IRC", "topic #coil iron")
        self.assertEqual(
            self.iris.lines(),
            [
                ":tesla!chat@tesla.account PRIVMSG #coil :hello IRC",
                ":tesla!chat@tesla.account TOPIC #coil :iron",
            ],
        )
        self.tesla.types("op #coil iris", "mode #coil +m", "deop #coil iris", "voice #coil iris")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in self.iris.lines()],
            ["MODE #coil +o iris", "MODE #coil +m", "MODE #coil -o iris", "MODE #coil +v iris"],
        )
        self.tesla.types("kick #coil iris too loud")
        self.assertEqual(self.iris.lines(), [":tesla!chat@tesla.account KICK #coil iris :too loud"])

    def test_h9_a_channel_that_was_left_empty_comes_back_when_it_is_joined(self) -> None:
        self.iris.answers("JOIN #iron", "PRIVMSG #iron :once said")
        [_, told] = self.iris.answers("PART #iron")
        self.assertIn("Nobody is left in #iron, so it is deleted.", told)
        [joined, *_] = self.iris.answers("JOIN #iron")
        self.assertEqual(joined, ":iris!iris@iris.account JOIN #iron")
        iris = self.hall.person("iris")
        iris.types("history #iron")
        iris.hears("iris: once said")

    def test_h9_a_room_that_its_owner_has_deleted_does_not(self) -> None:
        self.tesla.types("delete #coil", "yes")
        tesla = self.account("tesla")
        self.assertIn("403 tesla #coil", tesla.answers("JOIN #coil")[0])

    def test_h9_a_topic_is_taken_away_at_every_door(self) -> None:
        self.tesla.types("op #coil iris")
        self.iris.answers("TOPIC #coil :")
        self.tesla.hears("iris took away the topic of #coil\n")
        self.assertIn(" 331 iris #coil :", self.iris.answers("TOPIC #coil")[-1])
        self.iris.answers("TOPIC #coil :zinc")
        self.tesla.types("topic #coil -")
        self.assertEqual(self.iris.lines()[-1], ":tesla!chat@tesla.account TOPIC #coil :")

    def test_h9_an_operator_may_become_an_ordinary_member(self) -> None:
        self.tesla.types("op #coil iris")
        self.iris.lines()
        [given_up] = self.iris.answers("MODE #coil -o iris")
        self.assertEqual(given_up, ":iris!iris@iris.account MODE #coil -o iris")
        tesla = self.account("tesla")
        [owner] = tesla.answers("MODE #coil -o tesla")
        self.assertIn(" 482 tesla #coil :#coil is yours", owner)

    def test_h9_a_ban_of_a_host_keeps_out_nobody_else(self) -> None:
        bell = self.account("bell")
        bell.answers("JOIN #coil")
        self.tesla.types("mode #coil +b *!*@iris.account")
        self.assertIn(" 404 iris #coil ", self.iris.answers("PRIVMSG #coil :hello")[-1])
        bell.lines()
        self.assertEqual(bell.answers("PRIVMSG #coil :hello"), [])

    def test_c5_who_is_banned_from_a_secret_channel_is_told_to_members_only(self) -> None:
        bell = self.account("bell")
        self.tesla.types("mode #coil +b iris!*@*")
        listed, _ = bell.answers("MODE #coil +b")
        self.assertIn(" 367 bell #coil iris!*@* ", listed)
        self.tesla.types("mode #coil +s")
        [refused] = bell.answers("MODE #coil +b")
        self.assertIn(" 442 bell #coil ", refused)

    def test_h9_edits_and_deletions_have_a_plain_form(self) -> None:
        full = self.account("full", *FULL)
        full.answers("JOIN #coil")
        self.iris.lines()
        self.tesla.types("say #coil helo", "edit #coil/5 hello", "delete #coil/5")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in self.iris.lines()],
            [
                "PRIVMSG #coil :helo",
                "NOTICE #coil :tesla has changed message 5 to: hello",
                "NOTICE #coil :tesla has deleted message 5",
            ],
        )
        said, _, gone = full.messages()
        self.assertEqual(gone.command, "REDACT")
        self.assertEqual(gone.params[:2], ("#coil", said.tags["msgid"]))

    def test_h9_a_label_comes_back_with_the_echo_after_the_commit(self) -> None:
        full = self.account("full", *FULL)
        full.answers("JOIN #coil")
        full.sends_later(b"@label=one;+draft/reply=x PRIVMSG #coil :said\r\n")
        full.collect()
        self.assertEqual(full.received, "")
        [echo] = full.messages()
        self.assertEqual(echo.tags["label"], "one")
        self.assertEqual(echo.tags["+draft/reply"], "x")
        self.assertRegex(echo.tags["msgid"], r"^[0-9a-f]+-\d+-5$")
        self.assertEqual(echo.params, ("#coil", "said"))

    def test_h9_the_lobby_is_shown_only_after_it_is_joined(self) -> None:
        self.tesla.says("nobody on IRC hears this")
        self.assertEqual(self.iris.lines(), [])
        lines = self.iris.answers("JOIN #lobby")
        self.assertIn(" JOIN #lobby", lines[0])
        self.tesla.says("now they do")
        self.assertEqual(
            self.iris.lines(), [":tesla!chat@tesla.account PRIVMSG #lobby :now they do"]
        )
        self.iris.answers("PART #lobby")
        self.tesla.says("and no more")
        self.assertEqual(self.iris.lines(), [])

    def test_c9_two_clients_of_one_account_are_one_person(self) -> None:
        other = self.account("iris")
        self.assertEqual(self.iris.lines(), [])
        self.iris.answers("PRIVMSG #coil :from the first", "PRIVMSG tesla :to one")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in other.lines()],
            ["PRIVMSG #coil :from the first", "PRIVMSG tesla :to one"],
        )
        self.iris.answers("PART #coil :enough")
        self.assertIn(" PART #coil", other.lines()[0])

    def test_h5_actions_and_notices_are_that_at_every_door(self) -> None:
        self.iris.answers("PRIVMSG #coil :\x01ACTION waves\x01", "NOTICE #coil :psst")
        self.tesla.reads(
            "[#coil/4 10:00] #coil * iris waves", "[#coil/5 10:00 notice] #coil iris: psst"
        )
        self.tesla.types("talk #coil", "/me nods")
        self.assertIn("PRIVMSG #coil :\x01ACTION nods\x01", self.iris.lines()[-1])
        refused = self.iris.answers("PRIVMSG tesla :\x01DCC SEND x 1 2 3\x01")
        self.assertIn(" 404 ", refused[0])

    def test_h5_other_ctcp_is_between_clients_of_irc_and_kept_nowhere(self) -> None:
        full = self.account("full", *FULL)
        full.answers("JOIN #coil")
        self.iris.lines()
        self.tesla.takes()
        full.answers("PRIVMSG #coil :\x01VERSION\x01")
        self.assertIn("PRIVMSG #coil :\x01VERSION\x01", self.iris.lines()[0])
        self.assertEqual(self.tesla.takes(), "")
        self.tesla.types("mode #coil +C")
        self.assertIn(" 404 ", full.answers("PRIVMSG #coil :\x01VERSION\x01")[-1])
        self.iris.lines()
        full.answers("PRIVMSG #coil :\x01ACTION waves\x01")
        self.assertIn("\x01ACTION waves\x01", self.iris.lines()[0])

    def test_h1_several_lines_are_several_lines_there_too(self) -> None:
        clerk, full = self.hall.bot("clerk"), self.account("full", *FULL)
        clerk.asks("join", room="#coil")
        full.answers("JOIN #coil")
        self.iris.lines()
        clerk.asks("send", room="#coil", text="one\n\nQUIT :two", cid="1")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in self.iris.lines()],
            ["PRIVMSG #coil :one", "PRIVMSG #coil :QUIT :two"],
        )
        begin, *lines, end = full.messages()
        self.assertEqual((begin.command, end.command), ("BATCH", "BATCH"))
        self.assertEqual([line.params[-1] for line in lines], ["one", "", "QUIT :two"])
        self.assertNotIn("msgid", lines[0].tags)

    def test_h3_a_long_message_leaves_in_several_lines_and_is_whole(self) -> None:
        clerk = self.hall.bot("clerk")
        clerk.asks("join", room="#coil")
        self.iris.lines()
        text = "naïve 👩‍👩‍👧 " * 150
        clerk.asks("send", room="#coil", text=text, cid="1")
        lines = self.iris.lines()
        self.assertTrue(all(len(line.encode()) <= 510 for line in lines))
        said = [line.split(" PRIVMSG #coil :", 1)[1] for line in lines]
        self.assertEqual("".join(said), text)
        self.assertFalse(any(part.startswith(("\u200d", "\u0308")) for part in said))

    def test_h4_names_of_every_script_are_seen_and_written_to(self) -> None:
        self.hall.bot("Анна").vanishes()
        anna = self.hall.person("Анна")
        anna.types("join #coil", "say #coil привет")
        lines = self.iris.lines()
        self.assertEqual(lines[-1], ":Анна!chat@анна.account PRIVMSG #coil :привет")
        self.iris.answers("PRIVMSG анна :to you")
        anna.hears("iris: to you <private message>")

    def test_h9_a_key_in_the_topic_or_a_nick_cannot_end_a_line(self) -> None:
        self.hall.chat.store.change(
            lambda ledger: ledger.connection.exec_driver_sql(
                "UPDATE room SET topic = 'a' || char(13, 10) || 'QUIT' WHERE name = '#coil'"
            )
        )
        self.hall.restart()
        iris = self.client()
        iris.sends_lines(f"PASS :iris:{PASSWORD}", "NICK iris", "USER i 0 * :I")
        self.assertFalse(any(line.startswith("QUIT") for line in iris.lines()))

    def test_c1_two_who_join_a_new_channel_at_once_are_both_in_it(self) -> None:
        one, two = self.guest("one"), self.guest("two")
        one.sends_later(b"JOIN #fresh\r\n")
        two.sends_later(b"JOIN #fresh\r\n")
        one.sends_later(b"PRIVMSG #fresh :first word\r\n")
        self.hall.settle()
        self.assertIn(" 366 one #fresh ", one.takes())
        heard = two.takes()
        self.assertIn(" 353 two = #fresh :@one two", heard)
        self.assertIn("PRIVMSG #fresh :first word", heard)

    def test_h3_who_is_there_is_told_in_as_many_lines_as_it_takes(self) -> None:
        here = {f"ünïque-visitor-{number}-{'ž' * 8}" for number in range(25)}
        for nick in sorted(here):
            self.guest(nick).sends_lines("JOIN #lobby")
        one = self.guest("one", "userhost-in-names")
        one.answers("JOIN #lobby")
        told = one.answers("NAMES #lobby")[:-1]
        self.assertGreater(len(told), 4)
        for line in told:
            self.assertLessEqual(len(line.encode()) + 2, 512)
        names = [word.partition("!")[0] for line in told for word in line.split(" :")[1].split()]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({*here, "one"}, set(names))
