"""The README says what the program does: its options and its transcript are the program's own."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.settings import markdown
from twisted_chat.testing import Client, Hall

README = Path(__file__).parent.parent / "README.md"


def part(name: str) -> str:
    """What stands between two marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text(), re.S)
    assert found, f"README.md has no part {name}"
    return found[1]


class Screen:
    """A terminal with netcat: what the person types stands where it was typed."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.text = ""

    def looks(self) -> None:
        self.text += self.client.takes()

    def types(self, *lines: str) -> None:
        for line in lines:
            self.looks()
            self.text += line + "\n"
            self.client.types(line)
            self.looks()


def transcript() -> str:
    """Two people at two terminals."""
    with Hall() as hall:
        tesla, albert = (Screen(hall.connects()) for _ in range(2))
        hall.wait(0.3)
        tesla.types("tesla", "alternating", "alternating", "BM Hello")
        hall.wait(1)
        albert.types("albert", "relativity", "relativity")
        albert.types("history", "broadcast message world", "PM tesla nice coil")
        hall.wait(1)
        tesla.looks()
        albert.types("personalintro", "E equals mc squared")
        tesla.types("whoelse")
        albert.types("tata")
        hall.wait(1)
        tesla.types("message albert call me")
        back = Screen(hall.connects())
        hall.wait(0.3)
        back.types("albert", "relativity")
        return (
            f"```\n$ nc localhost 9999\n{tesla.text.rstrip()}\n```\n\n"
            f"```\n$ nc localhost 9999\n{albert.text.rstrip()}\n"
            f"$ nc localhost 9999\n{back.text.rstrip()}\n```\n"
        )


def write() -> None:
    """Bring both parts up to date: `python -m tests.test_readme`."""
    text = README.read_text()
    for name, body in (("transcript", transcript()), ("options", markdown())):
        text = text.replace(part(name), body)
    README.write_text(text)


class ReadmeTests(SynchronousTestCase):
    def test_the_options_are_those_of_the_program(self) -> None:
        self.assertEqual(part("options").strip(), markdown().strip())

    def test_the_transcript_is_what_the_program_says(self) -> None:
        def without_times(text: str) -> str:
            return re.sub(r"\d\d:\d\d", "hh:mm", text)

        self.assertEqual(without_times(part("transcript")), without_times(transcript()))


if __name__ == "__main__":
    write()
