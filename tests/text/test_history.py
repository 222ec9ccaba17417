"""Looking back."""

from __future__ import annotations

from .case import HallTestCase


class HistoryTests(HallTestCase):
    def test_the_newest_of_all_conversations_in_order_of_time(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den", "create #attic")
        ann.types("join #den")
        ann.says("one")
        bob.types("PM ann two")
        ann.types("say #den three")
        bob.types("say #attic not for ann")
        bob.says("four")
        self.forget(ann)
        expected = [
            "[#lobby/1 10:00] ann: one",
            "[bob/1 10:00 private] bob: two <private message>",
            "[#den/3 10:00] #den ann: three",
            "[#lobby/2 10:00] bob: four",
        ]
        for line in ("history", "CH", "ch 20", "/History"):
            ann.types(line)
            ann.reads(*expected)
        ann.types("history 2")
        ann.reads(*expected[2:])

    def test_that_there_is_more_is_said_only_when_there_is(self) -> None:
        ann = self.hall.person("ann")
        ann.types("create #den", "say #den one", "say #den two")
        ann.takes()
        ann.types("history #den 2")
        ann.reads("[#den/2 10:00] #den ann: one", "[#den/3 10:00] #den ann: two")

    def test_twenty_unless_another_number_is_given(self) -> None:
        ann = self.hall.person("ann")
        for number in range(25):
            ann.says(f"m{number}")
        ann.takes()
        ann.types("history")
        lines = ann.takes().splitlines()
        self.assertEqual(len(lines), 20)
        self.assertEqual(lines[-1], "[#lobby/25 10:00] ann: m24")
        ann.types("history #lobby")
        lines = ann.takes().splitlines()
        self.assertEqual(lines[0], "[6 10:00] ann: m5")
        self.assertEqual(lines[20], "(There is more: history #lobby before 6)")
        ann.types("history #lobby before 6")
        ann.reads(*(f"[{n + 1} 10:00] ann: m{n}" for n in range(5)))
        ann.types("history 3 before 6")
        ann.reads(
            *(f"[{n + 1} 10:00] ann: m{n}" for n in (2, 3, 4)),
            "(There is more: history #lobby before 3)",
        )

    def test_of_one_person_and_of_one_room(self) -> None:
        ann, bob = self.people("ann", "bob")
        bob.types("create #den", "say #den a", "say #den b", "PM ann x", "PM ann y")
        bob.takes()
        bob.types("history #DEN 1", "history Ann 1")
        bob.reads(
            "[#den/3 10:00] #den bob: b",
            "(There is more: history #den before 3)",
            "[ann/2 10:00 private] bob: y <private message>",
            "(There is more: history ann before 2)",
        )
        ann.types("history #den", "history zoe", "history #nowhere", "history ann")
        ann.hears(
            "(You are not in #den: join #den first.)",
            "(There is no user called zoe.)",
            "(There is no room called #nowhere.)",
            "(No messages)",
        )

    def test_d1_after_logging_in_again_a_restart_and_a_crash(self) -> None:
        ann, bob = self.people("ann", "bob")
        ann.says("one")
        bob.types("PM ann two")
        expected = (
            "[#lobby/1 10:00] ann: one",
            "[bob/1 10:00 private] bob: two <private message>",
        )
        ann = self.comes_back(ann, "ann")
        self.forget(ann)
        ann.types("history")
        ann.reads(*expected)
        ann.vanishes()
        self.hall.restart()
        ann = self.logs_in("ann")
        self.forget(ann)
        ann.types("history")
        ann.reads(*expected)

    def test_another_days_messages_have_its_date(self) -> None:
        ann = self.hall.person("ann")
        ann.says("one")
        ann.takes()
        self.hall.wall_offset += 24 * 3600 * 1000
        ann.types("history")
        ann.reads("[#lobby/1 2026-01-01 10:00] ann: one")

    def test_k6_the_time_never_goes_back_in_a_room(self) -> None:
        ann = self.hall.person("ann")
        ann.says("one")
        self.hall.wall_offset -= 3_600_000
        ann.says("two")
        ann.takes()
        ann.types("history")
        ann.reads("[#lobby/1 10:00] ann: one", "[#lobby/2 10:00] ann: two")

    def test_somebody_new_may_read_what_was_said_before_in_the_lobby_and_open_rooms(self) -> None:
        ann = self.hall.person("ann")
        ann.types("create #den", "say #den old", "BM older")
        bob = self.hall.person("bob")
        bob.types("join #den", "history")
        bob.hears("[#den/2 10:00] #den ann: old\n", "[#lobby/1 10:00] ann: older\n")

    def test_c10_a_row_that_cannot_be_read_does_not_stop_the_page(self) -> None:
        ann = self.hall.person("ann")
        for text in ("one", "two", "three"):
            ann.says(text)
        self.hall.chat.store.change(
            lambda ledger: ledger.connection.exec_driver_sql(
                "UPDATE entry SET text = CAST(x'ff1b5b' AS TEXT) WHERE seq = 2"
            )
        )
        self.forget(ann)
        ann.types("history")
        ann.reads(
            "[#lobby/1 10:00] ann: one",
            "[#lobby/2 10:00] ann: [cannot be shown]",
            "[#lobby/3 10:00] ann: three",
        )

    def test_g1_what_is_in_the_store_by_other_ways_is_made_visible(self) -> None:
        ann = self.hall.person("ann")
        ann.says("one")
        self.hall.chat.store.change(
            lambda ledger: ledger.connection.exec_driver_sql(
                "UPDATE entry SET checksum = NULL, text = CAST(x'1b5b326a0a5b3220f09f9880' AS TEXT)"
            )
        )
        self.forget(ann)
        ann.types("history")
        ann.reads("[#lobby/1 10:00] ann: ␛[2j", "[#lobby/1+ 10:00] ann: [2 😀")
