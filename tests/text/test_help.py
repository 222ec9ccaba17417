"""Help, and what is said to words that are no command."""

from __future__ import annotations

from typing import ClassVar

from twisted_chat.core.command_table import TABLE
from twisted_chat.core.commands import TO_EVERYONE, WHAT_THERE_IS, Who

from .case import HallTestCase


class HelpTests(HallTestCase):
    settings: ClassVar = {"admins": ("root",), "guests": False}

    def test_everything_of_the_table_is_in_it(self) -> None:
        ann, root = self.people("ann", "root")
        ann.types("help")
        text = ann.takes()
        for row in TABLE.rows:
            with self.subTest(command=row.name):
                shown = f"\n  {row.usage}"
                self.assertEqual(shown in text, row.who is not Who.ADMIN)
        root.types("help")
        text = root.takes()
        for row in TABLE.rows:
            self.assertIn(f"\n  {row.usage}", text)
            for alias in row.aliases:
                self.assertIn(alias, text)

    def test_one_command_by_any_of_its_names(self) -> None:
        ann = self.hall.person("ann")
        for line in ("help BM", "help broadcast message", "help /bm", "/Help bm"):
            ann.types(line)
            ann.reads("broadcast message <text> (or BM)", "  say something to everyone")

    def test_a9_a_line_that_is_no_command_gets_the_nearest(self) -> None:
        ann = self.hall.person("ann")
        for line, answer in (
            ("hsitory", f"hsitory is an unknown command. Did you mean history? {TO_EVERYONE}"),
            ("/whoels", f"whoels is an unknown command. Did you mean whoelse? {TO_EVERYONE}"),
            (
                "broadcast hi",
                "broadcast is an unknown command. Did you mean broadcast message or "
                f"broadcast user? {TO_EVERYONE}",
            ),
            (
                "xyzzy",
                f"xyzzy is an unknown command. {WHAT_THERE_IS}",
            ),
            (
                "help xyzzy",
                f"xyzzy is an unknown command. {WHAT_THERE_IS}",
            ),
            (
                "/",
                f"There is no command in that. {WHAT_THERE_IS}",
            ),
            (
                "x" * 99,
                "x" * 32 + f"… is an unknown command. {WHAT_THERE_IS}",
            ),
        ):
            ann.types(line)
            ann.reads(f"({answer})")

    def test_a9_arguments_that_do_not_fit(self) -> None:
        ann = self.hall.person("ann")
        for line, answer in (
            ("create", "Usage: create #room [private]"),
            ("create #den secret", "Usage: create #room [private]"),
            ("create den", "A room's name begins with #. Usage: create #room [private]"),
            ("wholast", "Usage: wholast <minutes> [after <name>]"),
            ("wholast ten", "ten is not a whole number. Usage: wholast <minutes> [after <name>]"),
            ("wholast -1", "-1 cannot be the number here. Usage: wholast <minutes> [after <name>]"),
            ("whoelse now", "Usage: whoelse [after <name>]"),
            ("devices end", "Usage: devices [end <number>]"),
            ("history before", "Usage: history [<#room|user>] [<n>] [before <number>]"),
            ("edit one text", "A message is named by its number: 17, or #room/17, or user/17."),
        ):
            ann.types(line)
            ann.reads(f"({answer})")

    def test_a10_numbers_that_are_none(self) -> None:
        ann = self.hall.person("ann")
        for number in ("-1", "1e308", "NaN", "٣", "1" * 30, "0x1", "+1", "1.0"):
            for line in (f"wholast {number}", f"history #lobby before {number}"):
                ann.types(line)
                what = "cannot be the" if number.lstrip("+-").isdecimal() else "is not a whole"
                ann.hears(f"{number[:32]} {what} number")
            for line in (f"edit {number} x", f"delete #lobby/{number}"):
                ann.types(line)
                ann.hears("(A message is named by its number: 17, or #room/17, or user/17.)\n")
        for line in ("history 0", "history 501", "history 999999999999999"):
            ann.types(line)
            ann.reads("(History shows 1 to 500 messages at once.)")
        for number in ("0", "999999999999999"):
            ann.types(f"edit {number} x")
            ann.reads(f"(There is no message {number} that you can see.)")
        ann.types("history before 0", "history before 999999999999999")
        ann.reads("(Messages are numbered from 1 on.)", "(No messages)")
