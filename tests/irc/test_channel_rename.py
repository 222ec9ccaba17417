"""RENAME: a channel has another name, for clients that know of it and for others."""

from __future__ import annotations

from tests.irc.case import IrcCase, IrcClient

CAP = "draft/channel-rename"
SERVER = ":twisted-chat.chat"


class RenameTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.tesla, self.old = self.account("tesla", CAP), self.account("edison")
        self.tesla.answers("JOIN #boaring", "TOPIC #boaring :drills")
        self.old.answers("JOIN #boaring")
        self.tesla.lines()

    def test_h9_who_knows_of_it_is_told_and_others_part_and_join(self) -> None:
        self.assertIn(CAP, " ".join(self.client().answers("CAP LS 302")))
        came = self.tesla.answers("RENAME #boaring #boring :Typo fix")
        me = ":tesla!tesla@tesla.account"
        self.assertEqual(came, [f"{me} RENAME #boaring #boring :Typo fix"])
        told = self.old.lines()
        self.assertEqual(
            [line for line in told if " 333 " not in line],
            [
                f"{SERVER} NOTICE #boaring :tesla has renamed #boaring to #boring: Typo fix",
                ":edison!edison@edison.account PART #boaring :Typo fix",
                ":edison!edison@edison.account JOIN #boring",
                f"{SERVER} 332 edison #boring :drills",
                f"{SERVER} 353 edison = #boring :@tesla edison",
                f"{SERVER} 366 edison #boring :That is everybody who is here",
            ],
        )
        self.old.answers("PRIVMSG #boring :hi")
        self.assertEqual(self.tesla.lines(), [":edison!edison@edison.account PRIVMSG #boring :hi"])

    def test_h9_a_client_that_does_not_know_of_it_may_rename_too(self) -> None:
        plain = self.account("bell")
        plain.answers("JOIN #coil")
        came = plain.answers("RENAME #coil #wires")
        self.assertIn(":bell!bell@bell.account PART #coil", came)
        self.assertIn(":bell!bell@bell.account JOIN #wires", came)

    def test_h9_of_letters_in_another_case_only_those_are_told_who_know(self) -> None:
        came = self.tesla.answers("RENAME #boaring #Boaring")
        self.assertEqual(came, [":tesla!tesla@tesla.account RENAME #boaring #Boaring :"])
        [notice] = self.old.lines()
        self.assertIn("NOTICE #boaring :tesla has renamed #boaring to #Boaring", notice)
        self.old.answers("PRIVMSG #boaring :hi")
        self.assertIn("PRIVMSG #Boaring :hi", self.tesla.lines()[0])

    def refused(self, client: IrcClient, line: str) -> str:
        [refusal] = client.answers(line)
        return refusal.removeprefix(f"{SERVER} ")

    def test_h9_refusals_are_as_its_document_has_them(self) -> None:
        self.account("bell").answers("JOIN #taken")
        for client, line, start in (
            (self.tesla, "RENAME #boaring #taken", "FAIL RENAME CHANNEL_NAME_IN_USE #boaring #tak"),
            (self.tesla, "RENAME #boaring %boring", "FAIL RENAME CANNOT_RENAME #boaring %boring :"),
            (self.tesla, "RENAME #boaring #boaring", "FAIL RENAME CANNOT_RENAME #boaring #boarin"),
            (self.tesla, "RENAME #boaring ::x", "FAIL RENAME CANNOT_RENAME #boaring * :"),
            (self.tesla, "RENAME #taken #x", "442 tesla #taken :"),
            (self.tesla, "RENAME #void #x", "403 tesla #void :"),
            (self.tesla, "RENAME #boaring", "461 tesla RENAME :"),
            (self.old, "RENAME #boaring #x", "482 edison #boaring :"),
        ):
            self.assertEqual(self.refused(client, line)[: len(start)], start)
        for name in ("#b1", "#b2", "#b3"):
            self.tesla.answers(f"RENAME #boaring {name}")
        start = "FAIL RENAME CANNOT_RENAME #b3 #b4 :#b3 has been renamed 3 times"
        self.assertEqual(self.refused(self.tesla, "RENAME #b3 #b4")[: len(start)], start)

    def test_h9_who_joins_the_old_name_is_told_the_new_one(self) -> None:
        self.tesla.answers("RENAME #boaring #boring")
        bell, curie = self.account("bell", CAP), self.account("curie")
        self.assertEqual(
            self.refused(bell, "JOIN #Boaring"),
            "FAIL JOIN CHANNEL_RENAMED #Boaring #boring :The channel is called #boring now",
        )
        came = curie.answers("JOIN #boaring")
        self.assertTrue(came[0].startswith(f"{SERVER} 470 curie #boaring #boring :"), came[0])
        self.assertEqual(came[1], ":curie!curie@curie.account JOIN #boring")

    def test_h9_a_hidden_channel_is_not_found_by_its_old_name(self) -> None:
        self.tesla.answers("MODE #boaring +is", "RENAME #boaring #boring")
        self.account("bell").answers("JOIN #other", "MODE #other +is")
        curie = self.account("curie", CAP)
        refusals = [self.refused(curie, f"JOIN {name}") for name in ("#boaring", "#other")]
        self.assertEqual(refusals[0].replace("#boaring", "#other"), refusals[1])

    def test_h9_who_does_not_read_is_told_before_what_they_missed(self) -> None:
        late = self.account("bell", CAP)
        late.answers("JOIN #boaring")
        late.stops_reading()
        self.tesla.answers("PRIVMSG #boaring :one", "RENAME #boaring #boring", "PRIVMSG #boring :2")
        late.reads_again()
        told = [" ".join(line.split(" ")[1:3]) for line in late.lines()]
        self.assertEqual(told, ["RENAME #boaring", "PRIVMSG #boring", "PRIVMSG #boring"])

    def test_h9_what_was_read_stays_read(self) -> None:
        reader = self.account("bell", "draft/read-marker", CAP)
        reader.answers("JOIN #boaring", "MARKREAD #boaring timestamp=2026-01-01T10:00:00.000Z")
        self.tesla.answers("RENAME #boaring #boring")
        mark = f"{SERVER} MARKREAD #boring timestamp=2026-01-01T10:00:00.000Z"
        self.assertIn(mark, reader.answers("MARKREAD #boring"))
        reader.vanishes()
        self.hall.restart()
        reader = self.account("bell", "draft/read-marker")
        self.assertEqual(reader.answers("MARKREAD #boring"), [mark])

    def test_history_says_in_words_that_it_was_renamed(self) -> None:
        self.tesla.answers("RENAME #boaring #boring :Typo fix")
        bell = self.account("bell", "draft/event-playback", "batch", CAP)
        bell.answers("JOIN #boring")
        came = bell.answers("CHATHISTORY LATEST #boring * 10")
        self.assertTrue(
            any("NOTICE #boring :tesla has renamed #boaring to #boring" in line for line in came)
        )
