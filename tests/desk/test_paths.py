"""Paths as people type them."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.desk.completion import Completion, completions
from twisted_chat.clients.desk.paths import MOST_WAYS, meant, readings


class PathsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        home = mock.patch.dict(os.environ, HOME=str(self.folder))
        home.start()
        self.addCleanup(home.stop)

    def made(self, *names: str) -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.touch()


class MeantTests(PathsTest):
    def test_quotes_backslashes_addresses_and_a_home(self) -> None:
        self.made("coil 1.png", "it's", "100%41")
        coil = self.folder / "coil 1.png"
        for text in (
            f"{coil}",
            f"'{coil}'",
            f'"{coil}"',
            f"{coil}".replace(" ", "\\ "),
            f"file://{coil}".replace(" ", "%20"),
            "~/coil 1.png",
            "~/coil\\ 1.png",
            '"~/coil 1.png"',
        ):
            self.assertEqual(meant(text), coil, text)
        self.assertEqual(meant("~/it's"), self.folder / "it's")
        self.assertEqual(meant("~/100%41"), self.folder / "100%41")

    def test_what_is_there_goes_before_what_could_be_meant(self) -> None:
        self.made("'quoted'", "quoted")
        self.assertEqual(meant(f"{self.folder}/'quoted'"), self.folder / "'quoted'")

    def test_what_is_not_there_is_named_as_it_was_meant(self) -> None:
        self.assertEqual(meant("'/none/such file'"), Path("/none/such file"))
        self.assertEqual(meant("/none/it's"), Path("/none/it's"))
        self.assertEqual(readings(""), [])
        self.assertEqual(readings("\0"), [])
        self.assertEqual(meant("a\0b"), Path("a\0b"))


class CompletingTests(PathsTest):
    def ways(self, text: str) -> list[str]:
        """What the line becomes."""
        found = completions(text, [("send", "")], [], ["edison"], ["#coil"])
        return [text[: one.start] + one.text for one in found]

    def test_tab_goes_on_in_folders(self) -> None:
        self.made("papers/one.pdf", "papers/two words.pdf", "plain.txt", ".hidden", "bad\nname")
        for line in ("/send edison ~/p", "send #coil ~/p", "SEND edison  ~/p"):
            begun = line.removesuffix("p")
            self.assertEqual(self.ways(line), [f"{begun}papers/", f"{begun}plain.txt"])
        self.assertEqual(
            self.ways("/send edison ~/papers/"),
            ["/send edison ~/papers/one.pdf", "/send edison ~/papers/two words.pdf"],
        )
        self.assertEqual(
            self.ways("/send edison ~/papers/two w"), ["/send edison ~/papers/two words.pdf"]
        )
        self.assertEqual(
            self.ways("/send edison '~/papers/t"), ["/send edison '~/papers/two words.pdf'"]
        )
        self.assertEqual(self.ways("/send edison ~"), ["/send edison ~/"])
        self.assertEqual(self.ways("/send edison ~/.h"), ["/send edison ~/.hidden"])
        self.assertEqual(self.ways("/get 5 ~/pap"), ["/get 5 ~/papers/"])
        self.assertEqual(self.ways("/send edison ~/none/"), [])

    def test_before_the_path_it_is_a_name(self) -> None:
        self.made("edison.png")
        self.assertEqual(self.ways("/send ed"), ["/send edison "])
        self.assertEqual(self.ways("/send #c"), ["/send #coil "])
        self.assertEqual(
            completions("/se", [("send", "a file")], [], [], []),
            [Completion("/send ", 0, "a file")],
        )

    def test_a_folder_with_far_too_much_in_it(self) -> None:
        self.made(*(f"many/{number:04}" for number in range(MOST_WAYS + 50)))
        self.assertEqual(len(self.ways("/send edison ~/many/")), MOST_WAYS)
