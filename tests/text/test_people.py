"""Who is there, who was, and what they tell of themselves."""

from __future__ import annotations

from .case import WELCOME, HallTestCase


class WhoTests(HallTestCase):
    def test_whoelse_leaves_the_asker_out(self) -> None:
        ann = self.hall.person("ann")
        for word in ("whoelse", "whoeles", "WhoElse"):
            ann.types(word)
            ann.reads("The currently online users are:", "(Not found)")
        self.people("cid", "Bob", "bob")
        ann.takes()
        ann.types("whoelse")
        ann.reads("The currently online users are:", "Bob", "cid")

    def test_introductions_are_in_all_lists(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("personalintro")
        self.assertEqual(bob.takes(), "Please enter your personal introduction:\n")
        bob.types("The best course ever")
        bob.reads("(Your introduction is kept.)")
        padded = "bob        <The best course ever>"
        for line, heading in (
            ("whoelse", "The currently online users are:"),
            ("wholast 10", "The users that are online in the last 10 minutes are:"),
        ):
            ann.types(line)
            ann.reads(heading, padded)
        ann.types("whois BOB")
        ann.reads(padded, "bob is online")
        bob.types("personalintro Now in one line")
        ann.types("whois bob")
        ann.hears("bob        <Now in one line>")
        self.hall.restart()
        ann = self.hall.person("ann")
        ann.types("whois bob")
        ann.hears("bob        <Now in one line>\nbob was last here at 10:00\n")

    def test_wholast_counts_minutes(self) -> None:
        ann, bob, cid = self.people("ann", "bob", "cid")
        bob.types("logout")
        self.hall.wall_offset += 600_000
        cid.types("logout")
        self.forget(ann)
        self.hall.wall_offset += 60_000
        for minutes, found in ((20, ["bob", "cid"]), (5, ["cid"]), (0, ["(Not found)"])):
            ann.types(f"wholast {minutes}")
            ann.reads(f"The users that are online in the last {minutes} minutes are:", *found)
        ann.types("wholast 61")
        ann.reads("(wholast looks back 0 to 60 minutes: give a number in between.)")

    def test_whois(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den", "create #attic private", "logout")
        self.hall.wall_offset += 86_400_000
        self.forget(ann)
        ann.types("whois bob", "whois zoe", "whois bbo")
        ann.reads(
            "bob",
            "bob was last here at 2026-01-01 10:00",
            "bob is in #den",
            "(There is no user called zoe.)",
            "(There is no user called bbo.)",
        )

    def test_g1_an_introduction_is_one_line_of_text(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("personalintro a\x1b[2Jb", f"personalintro {'x' * 201}", "personalintro", "")
        bob.hears(
            "(The character U+001B cannot be sent;",
            "(That is 201 bytes long and the most is 200;",
            "(You have no introduction now.)",
        )
        ann.types("whois bob")
        ann.reads("bob", "bob is online")


class AwayTests(HallTestCase):
    def test_away_and_back(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("away at lunch")
        bob.reads("(You are marked as away; type back when you are here again.)")
        ann.types("whoelse")
        ann.reads("The currently online users are:", "bob (away: at lunch)")
        bob.types("away")
        ann.types("whois bob")
        ann.hears("bob (away)\n")
        bob.takes()
        bob.types("back", "back")
        bob.reads("(Welcome back.)", "(You were not marked as away.)")
        ann.takes()
        ann.types("whoelse")
        ann.reads("The currently online users are:", "bob")


class IgnoreTests(HallTestCase):
    def test_what_is_ignored_is_seen_nowhere(self) -> None:
        ann, bob, cid = self.people("ann", "bob", "cid")
        ann.types("ignore bob")
        ann.reads("(You will not see what bob says, until: unignore bob)")
        bob.types("BM hello", "PM ann hello", "create #den", "invite #den ann")
        cid.hears("bob: hello")
        ann.hears_nothing()
        ann.types("history", "search hello")
        ann.reads("(No messages)", "(Nothing found)")
        ann = self.comes_back(ann, "ann")
        self.forget(ann)
        bob.says("again")
        self.assertNotIn("again", ann.takes())
        ann.types("unignore bob")
        ann.reads("(You see what bob says again.)")
        bob.says("and again")
        ann.reads("[3 10:00] bob: and again")
        ann.types("history 1")
        ann.reads("[#lobby/3 10:00] bob: and again")

    def test_what_was_said_meanwhile_is_not_an_offline_message(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("ignore bob", "logout")
        bob.types("BM hello", "PM ann hello")
        ann = self.logs_in("ann")
        self.assertNotIn("hello", ann.takes())

    def test_after_a_restart(self) -> None:
        ann, _ = self.people("ann", "bob")
        ann.types("ignore BOB")
        self.hall.restart()
        ann, bob = self.people("ann", "bob")
        bob.says("hello")
        ann.hears_nothing()

    def test_whom_one_cannot_ignore(self) -> None:
        ann = self.hall.person("ann")
        ann.types("ignore ann", "ignore zoe", "unignore ann")
        ann.reads(
            "(Name an account other than your own.)",
            "(There is no user called zoe.)",
            "(You are not ignoring ann.)",
        )


class PresenceTests(HallTestCase):
    def test_c7_one_line_a_second(self) -> None:
        ann = self.hall.person("ann")
        others = [self.signs_up(f"p{number:02}") for number in range(38)]
        ann.reads("p00 joined the conversation")
        self.hall.wait(1)
        ann.reads("p01, p02 and 35 others joined the conversation")
        self.hall.wait(5)
        ann.hears_nothing()
        for other in others[:3]:
            other.vanishes()
        ann.reads("p00 left the conversation")
        self.hall.wait(1)
        ann.reads("p01 and p02 left the conversation")

    def test_c7_those_who_come_and_go_in_one_second(self) -> None:
        ann, bob = self.people("ann", "bob")
        self.signs_up("cid")
        ann.reads("cid joined the conversation")
        self.signs_up("dan")
        bob.types("logout")
        self.signs_up("eve").vanishes()
        self.hall.wait(1)
        ann.reads("dan joined, bob left the conversation")

    def test_the_names_of_three(self) -> None:
        ann = self.hall.person("ann")
        for name in ("bob", "cid", "dan", "eve"):
            self.signs_up(name)
        self.hall.wait(1)
        ann.reads(
            "bob joined the conversation",
            "cid, dan and eve joined the conversation",
        )

    def test_a_second_session_is_no_news(self) -> None:
        ann, bob = self.people("ann", "bob")
        again = self.logs_in("bob")
        again.types("logout")
        self.forget()
        ann.hears_nothing()
        bob.types("logout")
        ann.reads("bob left the conversation")

    def test_nobody_is_told_of_oneself(self) -> None:
        ann = self.signs_up("ann")
        bob = self.signs_up("bob")
        self.hall.wait(2)
        ann.hears(f"{WELCOME}\nbob joined the conversation\n")
        self.assertNotIn("bob joined", bob.takes())
