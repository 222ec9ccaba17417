"""What IRC clients format: kept, and shown at every door as it can be there."""

from __future__ import annotations

from tests.irc.case import IrcCase

BOLD, RED, OFF = "\x02", "\x0304", "\x0f"
FORMATTED = f"{BOLD}copper{BOLD} and {RED}iron{OFF}"


class FormattingTests(IrcCase):
    def setUp(self) -> None:
        super().setUp()
        self.rose = self.guest("rose", "echo-message", "standard-replies")
        self.iris = self.account("iris", "away-notify")
        self.tesla = self.hall.bot("tesla")
        self.edison = self.hall.person("edison")
        self.rose.answers("JOIN #coil")
        self.iris.answers("JOIN #coil")
        self.tesla.asks("join", room="#coil")
        self.edison.types("join #coil")
        for one in (self.rose, self.iris, self.edison):
            one.takes()
        self.tesla.takes_events("message")

    def test_h11_formatting_is_kept_and_left_out_where_it_cannot_be_shown(self) -> None:
        mask = self.hall.factory.irc.clients.people.mask("rose")
        said = f":{mask} PRIVMSG #coil :{FORMATTED}"
        self.assertEqual(self.rose.answers(f"PRIVMSG #coil :{FORMATTED}"), [said])
        self.assertEqual(self.iris.lines(), [said])
        self.edison.hears("#coil rose: copper and iron\n")
        [event] = self.tesla.takes_events("message")
        self.assertEqual(event["text"], FORMATTED)
        self.rose.answers(f"PRIVMSG #coil :\x01ACTION waves {FORMATTED}\x01")
        self.assertIn(f":\x01ACTION waves {FORMATTED}\x01", self.iris.lines()[0])
        self.edison.hears("* rose waves copper and iron")

    def test_h11_words_are_found_however_they_are_formatted(self) -> None:
        self.rose.answers(f"PRIVMSG #coil :co{BOLD}pp{RED}er{OFF} \x0312zinc")
        self.hall.wait(1)
        for words in ("copper", "zinc", f"copp{BOLD}er"):
            page = self.tesla.asks("search", words=words)
            self.assertEqual(len(page["lines"]), 1, words)
        self.assertEqual(self.tesla.asks("search", words="12zinc")["lines"], [])

    def test_h11_topics_reasons_and_absence_keep_it_too(self) -> None:
        self.rose.answers(f"TOPIC #coil :{FORMATTED}")
        self.assertIn(f"TOPIC #coil :{FORMATTED}", self.iris.lines()[0])
        self.assertIn(f"332 iris #coil :{FORMATTED}", self.iris.answers("TOPIC #coil")[0])
        self.edison.hears("rose set the topic of #coil: copper and iron\n")
        self.rose.answers(f"AWAY :{FORMATTED}")
        self.assertIn(f"AWAY :{FORMATTED}", self.iris.lines()[0])
        self.edison.types("whois rose")
        self.edison.hears("away: copper and iron")
        self.rose.answers(f"KICK #coil iris :{FORMATTED}")
        self.assertIn(f"KICK #coil iris :{FORMATTED}", self.iris.lines()[-1])
        self.edison.hears("rose kicked iris from #coil: copper and iron\n")
        self.iris.answers("JOIN #coil", f"PART #coil :{FORMATTED}")
        self.assertIn(f"PART #coil :{FORMATTED}", self.rose.lines()[-1])
        self.edison.hears("iris left #coil: copper and iron\n")

    def test_h11_other_controls_are_left_out_and_the_echo_shows_it(self) -> None:
        for command in ("PRIVMSG", "NOTICE"):
            [echo] = self.rose.answers(f"{command} #coil :\x1b[31mred\x07 \u202e{BOLD}bold\x7f\x9b")
            self.assertTrue(echo.endswith(f"{command} #coil :[31mred {BOLD}bold"), echo)
            self.assertTrue(self.iris.lines()[0].endswith(f"#coil :[31mred {BOLD}bold"))
            self.edison.hears("rose: [31mred bold\n")
        self.assertIn(" 412 rose ", self.rose.answers("PRIVMSG #coil :\x07")[0])
        self.rose.answers("KICK #coil iris :\x07\x02")
        self.assertTrue(self.iris.lines()[-1].endswith(" KICK #coil iris :rose"))

    def test_h11_what_is_only_formatting_is_refused_in_words(self) -> None:
        [line] = self.rose.answers(f"PRIVMSG #coil :{BOLD}{OFF}")
        self.assertIn("FAIL PRIVMSG EMPTY #coil :There is nothing to read in that", line)

    def test_h11_programs_may_format_as_well(self) -> None:
        self.tesla.asks("send", room="#coil", text=FORMATTED, cid="a")
        self.assertTrue(self.iris.lines()[0].endswith(f"PRIVMSG #coil :{FORMATTED}"))
        self.edison.hears("tesla: copper and iron\n")
        refused = self.tesla.asks("personalintro", text=FORMATTED)
        self.assertEqual(refused["error"]["code"], "bad_character")

    def test_h3_h11_a_long_line_is_not_cut_inside_of_a_code(self) -> None:
        self.iris.takes()
        for shift in range(8):
            text = "x" * shift + "\x0312,04y" * 80
            self.tesla.asks("send", room="#coil", text=text, cid=f"long{shift}")
            parts = [line.partition("#coil :")[2] for line in self.iris.lines()]
            self.assertEqual("".join(parts), text)
            for part in parts[1:]:
                self.assertRegex(part[0], "[xy\x03]")
