"""What somebody missed."""

from __future__ import annotations

from unittest import mock

from twisted_chat.chat.session import MOST_UNREAD

from .case import WELCOME, HallTestCase

OFFLINE = "Your offline messages:"


class OfflineTests(HallTestCase):
    def test_c3_what_no_session_was_shown_oldest_first(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den")
        ann.types("join #den", "logout")
        bob.types("BM one", "PM ann two", "say #den three", "PM ann four", "logout")
        ann = self.logs_in("ann")
        ann.hears(
            f"{WELCOME}\n{OFFLINE}\n"
            "[#lobby/1 10:00] bob: one\n"
            "[bob/1 10:00 private] bob: two <private message>\n"
            "[#den/3 10:00] #den bob: three\n"
            "[bob/2 10:00 private] bob: four <private message>\n"
        )
        ann.hears_nothing()

    def test_nothing_is_said_of_nothing(self) -> None:
        ann = self.hall.person("ann")
        ann.says("my own words are not news to me")
        ann = self.comes_back(ann, "ann")
        self.assertNotIn(OFFLINE, ann.takes())

    def test_a_new_account_starts_at_the_end(self) -> None:
        ann = self.hall.person("ann")
        ann.says("old")
        bob = self.hall.person("bob")
        bob = self.comes_back(bob, "bob")
        self.assertNotIn(OFFLINE, bob.takes())
        self.hall.restart()
        self.assertNotIn(OFFLINE, self.logs_in("bob").takes())

    def test_the_newest_hundred_and_how_many_more(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("logout")
        bob.types(*(f"BM m{number}" for number in range(1, 2532)))
        ann = self.logs_in("ann")
        ann.hears(OFFLINE, "\n[#lobby/2432 ", "[#lobby/2531 ")
        self.assertEqual(
            ann.takes().splitlines()[1:], ["(and 2,431 older: history #lobby before 2432)"]
        )
        ann.types("history #lobby 1 before 2432")
        ann.hears("] bob: m2431\n")

    def test_the_older_ones_of_each_conversation(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("logout")
        bob.types("PM ann early", "BM early too", *(f"BM m{number}" for number in range(100)))
        ann = self.logs_in("ann")
        ann.hears(
            OFFLINE,
            "[#lobby/2 10:00] bob: m0\n",
            "[#lobby/101 10:00] bob: m99\n",
            "(and 1 older: history #lobby before 2)\n",
            "(and 1 older: history bob before 2)\n",
        )
        ann.types("history bob before 2")
        ann.reads("[bob/1 10:00 private] bob: early <private message>")

    def test_all_text_sessions_are_one_device(self) -> None:
        ann, bob = self.people("ann", "bob")
        other = self.logs_in("ann")
        ann.types("logout")
        bob.says("seen at the other session")
        other.hears("seen at the other session")
        other.types("logout")
        bob.says("seen at none")
        ann = self.logs_in("ann")
        ann.hears(f"{OFFLINE}\n[#lobby/2 10:00] bob: seen at none\n")

    def test_what_was_shown_as_offline_is_not_shown_so_again(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("logout")
        bob.says("hello")
        ann = self.logs_in("ann")
        ann.hears("bob: hello\n")
        ann = self.comes_back(ann, "ann")
        self.assertNotIn("hello", ann.takes())
        ann.types("logout")
        self.hall.restart()
        self.assertNotIn("hello", self.logs_in("ann").takes())

    def test_a15_what_a_broken_connection_may_not_have_carried_is_shown_again(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.says("did this arrive")
        ann.vanishes()
        self.logs_in("ann").hears(f"{OFFLINE}\n[#lobby/1 10:00] bob: did this arrive\n")

    def test_any_line_is_a_sign_of_life(self) -> None:
        for line in ("", "whoelse", "logout", "search hello", "nonsense", "talk"):
            ann, bob = self.people("ann", "bob")
            bob.says("hello")
            ann.types(line)
            ann.vanishes()
            self.assertNotIn(OFFLINE, self.logs_in("ann").takes(), line)

    def test_k1_after_a_restart(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("logout")
        ann.types("BM one", "PM bob two")
        self.hall.restart()
        ann = self.hall.person("ann")
        ann.says("three")
        self.logs_in("bob").hears(
            OFFLINE, "[#lobby/1 10:00] ann: one\n", "ann: two <private message>\n", "ann: three\n"
        )

    def test_another_days_have_their_date(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("logout")
        ann.says("hello")
        self.hall.wall_offset += 86_400_000
        self.logs_in("bob").hears("[#lobby/1 2026-01-01 10:00] ann: hello")

    def test_nothing_is_lost_between_the_welcome_and_what_follows(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.types("logout")
        bob.says("one")
        ann = self.hall.connects()
        ann.types("ann")
        ann.sends_later(b"correct horse\n")
        bob.sends_later(b"BM two\nBM three\n")
        self.hall.settle()
        text = ann.takes()
        for word in ("one", "two", "three"):
            self.assertEqual(text.count(f"bob: {word}\n"), 1, text)
        self.assertLess(text.index("one"), text.index("two"))


class KilledTests(HallTestCase):
    """What the system of somebody had, who was killed before they had read it."""

    def setUp(self) -> None:
        super().setUp()
        self.acknowledged = 0
        for name, known in (
            ("flushed", lambda transport: not transport.closed),
            ("acknowledged", self.so_many),
        ):
            patch = mock.patch(f"twisted_chat.connection.transport.{name}", known)
            patch.start()
            self.addCleanup(patch.stop)
        self.ann, self.bob = self.people("ann", "bob")
        self.ann.types("back")

    def so_many(self, transport: object) -> int:
        return self.acknowledged

    def hears(self, *texts: str) -> None:
        """Ann's system has these, and the server notes it."""
        for text in texts:
            self.bob.says(text)
            self.acknowledged += 100
            self.hall.wait(6)

    def offline(self) -> str:
        """What is shown to ann at her next login."""
        ann = self.logs_in("ann")
        return ann.takes().partition(OFFLINE)[2]

    def test_a15_it_is_shown_at_the_next_login(self) -> None:
        self.hears("one", "two")
        self.ann.is_killed()
        shown = self.offline()
        self.assertIn("bob: one\n", shown)
        self.assertIn("bob: two\n", shown)

    def test_a15_also_after_a_restart(self) -> None:
        self.hears("one")
        self.ann.is_killed()
        self.hall.restart()
        self.assertIn("bob: one\n", self.offline())

    def test_a15_somebody_who_types_has_read_what_came_before(self) -> None:
        self.hears("one")
        self.ann.types("whoelse")
        self.hears("two")
        self.ann.is_killed()
        shown = self.offline()
        self.assertNotIn("bob: one\n", shown)
        self.assertIn("bob: two\n", shown)

    def test_a15_what_came_long_before_was_read(self) -> None:
        self.hears("one")
        self.acknowledged += MOST_UNREAD
        self.hears("two")
        self.ann.is_killed()
        shown = self.offline()
        self.assertNotIn("bob: one\n", shown)
        self.assertIn("bob: two\n", shown)

    def test_a15_who_ends_in_order_has_read_everything(self) -> None:
        self.hears("one")
        self.ann.vanishes()
        self.assertEqual(self.offline(), "")

    def test_a15_what_another_session_was_shown_is_not_shown_again(self) -> None:
        other = self.hall.person("ann")
        self.hears("one")
        self.ann.is_killed()
        other.types("logout")
        self.assertEqual(self.offline(), "")
