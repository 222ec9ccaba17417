"""The lines that were typed are there the next time; passwords are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.sync.storage import account_folder
from twisted_chat.clients.terminal.input_history import FILE, MOST, TypedLines, is_kept


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    return maybeDeferred(work)


class HistoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        home = Path(self.mktemp()).absolute()
        self.patch(os, "environ", {**os.environ, "XDG_DATA_HOME": str(home)})

    def typed(self, name: str = "tesla") -> tuple[TypedLines, list[str]]:
        lines = TypedLines("localhost:9999", name, at_once)
        return lines, self.successResultOf(lines.load())

    def test_lines_are_there_the_next_time(self) -> None:
        lines, found = self.typed()
        self.assertEqual(found, [])
        lines.keep("hello")
        lines.keep("日本語\tand more")
        self.assertEqual(self.typed()[1], ["hello", "日本語\tand more"])
        self.assertEqual(self.typed("edison")[1], [])
        mode = (account_folder("localhost:9999", "tesla") / FILE).stat().st_mode
        self.assertEqual(mode & 0o777, 0o600)

    def test_what_is_typed_while_the_file_is_read_is_kept(self) -> None:
        waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def later(work: Callable[[], Any]) -> Deferred[Any]:
            waiting.append((work, Deferred()))
            return waiting[-1][1]

        lines = TypedLines("localhost:9999", "tesla", later)
        lines.load()
        lines.keep("one")
        lines.keep("two")
        while waiting:
            work, done = waiting.pop(0)
            done.callback(work())
        self.assertEqual(self.typed()[1], ["one", "two"])

    def test_the_newest_are_kept(self) -> None:
        lines, _ = self.typed()
        for number in range(MOST + 5):
            lines.keep(f"line {number}")
        self.assertEqual(self.typed()[1][0], "line 5")
        self.assertEqual(len(self.typed()[1]), MOST)

    def test_a_folder_that_cannot_be_used_is_no_reason_to_stop(self) -> None:
        Path(os.environ["XDG_DATA_HOME"]).write_text("no folder")
        lines, found = self.typed()
        lines.keep("hello")
        self.assertEqual(found, [])

    def test_no_passwords(self) -> None:
        for line in ("password alternating", "/PASSWORD old new", "/reset-password bob x", "a\nb"):
            self.assertFalse(is_kept(line), line)
        for line in ("password", "my password is a secret", "/whoelse", "hello"):
            self.assertTrue(is_kept(line), line)

    def test_what_looks_like_a_password_is_not_kept(self) -> None:
        for line in (" /password x", "\u200bPassword x", "login tesla x", "/register tesla x"):
            self.assertFalse(is_kept(line), line)
