"""Editing and deleting what was said."""

from __future__ import annotations

from .case import HallTestCase


class ChangeTests(HallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ann, self.bob = self.people("ann", "bob")

    def test_everybody_sees_an_edit(self) -> None:
        self.ann.says("helo")
        self.forget(self.ann, self.bob)
        self.ann.types("edit 1 hello")
        for client in (self.ann, self.bob):
            client.reads("[1 10:00 edited] ann: hello")
            client.types("history", "search hello", "search helo")
            client.reads(*["[#lobby/1 10:00 edited] ann: hello"] * 2, "(Nothing found)")

    def test_everybody_sees_a_deletion(self) -> None:
        self.ann.says("my password is 1234")
        self.forget(self.ann, self.bob)
        self.ann.types("delete 1")
        for client in (self.ann, self.bob):
            client.reads("[1 10:00 deleted] ann: (deleted)")
            client.types("history", "history #lobby", "search password", "search from:ann")
            client.reads(
                "[#lobby/1 10:00 deleted] ann: (deleted)",
                "[1 10:00 deleted] ann: (deleted)",
                "(Nothing found)",
                "(Nothing found)",
            )

    def test_in_private_and_in_rooms(self) -> None:
        self.bob.types("create #den")
        self.ann.types("join #den", "say #den a", "PM bob b", "PM bob c")
        self.forget(self.ann, self.bob)
        self.ann.types("edit #den/3 A", "edit bob/1 B", "delete bob/2", "delete #den/3")
        self.bob.reads(
            "[#den/3 10:00 edited] #den ann: A",
            "[ann/1 10:00 private edited] ann: B <private message>",
            "[ann/2 10:00 private deleted] ann: (deleted) <private message>",
            "[#den/3 10:00 deleted] #den ann: (deleted)",
        )
        self.bob.types("history")
        self.bob.reads(
            "[#den/3 10:00 deleted] #den ann: (deleted)",
            "[ann/1 10:00 private edited] ann: B <private message>",
            "[ann/2 10:00 private deleted] ann: (deleted) <private message>",
        )

    def test_the_absent_see_what_has_become_of_it(self) -> None:
        self.bob.types("logout")
        self.ann.types("BM one", "BM two", "edit 1 ONE", "delete 2")
        bob = self.logs_in("bob")
        bob.hears("Your offline messages:\n[#lobby/1 10:00 edited] ann: ONE\n")
        bob.hears_nothing()

    def test_c5_only_ones_own(self) -> None:
        self.ann.types("BM one", "PM bob two")
        self.forget(self.ann, self.bob)
        self.bob.types("edit 1 x", "delete 1", "edit ann/1 x", "delete ann/1")
        self.bob.reads(
            "(Only the person who said it can edit a message.)",
            "(Only an operator can do that in #lobby.)",
            "(Only the person who said it can edit a message.)",
            "(Only the person who said it can delete that.)",
        )
        self.ann.hears_nothing()

    def test_what_is_not_there(self) -> None:
        self.ann.types("BM one", "delete 1")
        self.forget(self.ann)
        self.ann.types("delete 1", "edit 1 x", "edit 2 x", "edit 99 x")
        self.ann.types("delete bob/1", "edit #x/1 y")
        self.ann.reads(
            *["(There is no message 1 that you can see.)"] * 2,
            "(There is no message 2 that you can see.)",
            "(There is no message 99 that you can see.)",
            "(There is no message bob/1 that you can see.)",
            "(There is no room called #x.)",
        )

    def test_a5_an_edit_is_checked_like_a_message(self) -> None:
        self.ann.says("one")
        self.forget(self.ann, self.bob)
        self.ann.types("edit 1 a\x1bb", f"edit 1 {'x' * 4097}", "edit 1")
        self.ann.hears("(The character U+001B", "(That is 4,097 bytes", "(Usage: edit ")
        self.bob.hears_nothing()

    def test_people_see_numbers_skip(self) -> None:
        self.ann.types("BM one", "edit 1 ONE", "BM two")
        self.bob.reads("[1 10:00] ann: one", "[1 10:00 edited] ann: ONE", "[3 10:00] ann: two")

    def test_after_a_restart(self) -> None:
        self.ann.types("BM one", "BM two", "edit 1 ONE", "delete 2")
        self.hall.restart()
        bob = self.hall.person("bob")
        bob.takes()
        bob.types("history")
        bob.reads("[#lobby/1 10:00 edited] ann: ONE", "[#lobby/2 10:00 deleted] ann: (deleted)")
