"""Files that are sent and fetched in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.display import Display
from tests.support.programs import until
from tests.support.relay import Relay
from tests.system.friend import Friend
from tests.system.window.windows import Windows


class Files(Windows):
    """Somebody who has a coil.png, and a window that fetches into a folder of the test."""

    def begin(self) -> None:
        super().begin()
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        self.coil = self.file("coil.png", 50_000)

    def file(self, name: str, size: int) -> Path:
        drawer = self.folder / "a drawer"
        drawer.mkdir(exist_ok=True)
        path = drawer / name
        path.write_bytes(bytes(range(250)) * (size // 250))
        return path

    def at_window(self, name: str = "tesla", port: int = 0) -> Display:
        return self.signed_in(name, "--downloads", str(self.downloads), port=port)

    def hears_of(self, person: Friend, name: str) -> int:
        """Wait until somebody is told of this file; its number."""
        told = person.hears(event="message", text="")["file"]
        assert told["name"] == name
        number: int = told["file"]
        return number

    def pastes(self, window: Display, text: str) -> None:
        window.copies(text)
        window.presses("ctrl+v")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    with Files(tmp_path) as files:
        yield files


def test_the_dialog_asks_for_a_file_while_people_go_on_talking(files: Files) -> None:
    edison = files.person("edison")
    window = files.at_window()
    window.presses("ctrl+o")
    window.focus("Send a file to #lobby")
    edison.say("#lobby", "what does it look like?")
    window.shows("edison: what does it look like?", "File name:")
    window.types(str(files.coil))
    files.hears_of(edison, "coil.png")
    window.shows("tesla: file 1: coil.png, 50.0 kB")
    window.hides("File name:")


def test_a_dialog_that_is_cancelled_sends_nothing_and_one_goes_with_the_window(
    files: Files,
) -> None:
    window = files.at_window()
    window.presses("ctrl+o", "ctrl+o")  # of two there is one
    window.focus("Send a file to #lobby")
    window.presses("Escape")
    window.hides("File name:")
    window.focus("#lobby - twisted-chat")
    window.presses("ctrl+o")
    window.shows("File name:")
    window.closes("#lobby - twisted-chat")
    files.end(window)
    window.hides("File name:")


def test_a_path_that_is_pasted_is_asked_about(files: Files) -> None:
    edison = files.person("edison")
    window = files.at_window()
    files.pastes(window, str(files.coil))
    window.shows("Send coil.png to #lobby?", str(files.coil))
    window.presses("Escape")
    window.hides("Send coil.png")
    window.shows(str(files.coil))  # to be typed on
    window.presses("ctrl+a", "BackSpace")
    window.hides(str(files.coil))
    files.pastes(window, files.coil.as_uri())
    window.clicks("Send the file")
    files.hears_of(edison, "coil.png")
    window.hides(files.coil.as_uri())


def test_other_pastes_are_typed(files: Files) -> None:
    edison = files.person("edison")
    window = files.at_window()
    files.pastes(window, "/nowhere/coil.png")
    window.shows("/nowhere/coil.png")
    window.presses("ctrl+a", "BackSpace")
    window.types("look: ", enter=False)
    files.pastes(window, str(files.coil))
    window.shows(f"look: {files.coil}")
    window.presses("Return")
    edison.hears(event="message", text=f"look: {files.coil}")
    window.hides("Send the file")


def test_what_cannot_be_sent_is_said(files: Files) -> None:
    window = files.at_window()
    window.types("/send #lobby /nowhere/coil.png")
    window.shows("nowhere/coil.png")
    window.types("hello")
    window.shows("tesla: hello")


def test_e2_a_click_fetches_it_and_overwrites_nothing(files: Files) -> None:
    window = files.at_window()
    window.types(f"/send #lobby {files.coil}")
    (files.downloads / "coil.png").write_text("mine")
    click_at_fetch(files, window)
    window.shows("(Fetched, 50.0 kB: ", "coil (2).png)")
    assert (files.downloads / "coil (2).png").read_bytes() == files.coil.read_bytes()
    assert (files.downloads / "coil.png").read_text() == "mine"


def click_at_fetch(files: Files, window: Display) -> None:
    """Click behind the name of the only file, at the last word of its line."""
    window.shows("Fetch")
    (line,) = (seen for seen in window.looks() if seen.text.endswith("Fetch"))
    for x in range(line.x, line.x + 500, 12):
        window.clicks_at(x, line.y)
        if len(list(files.downloads.iterdir())) > 1:
            break
    until(lambda: len(list(files.downloads.iterdir())) > 1, window.text)


def test_progress_is_shown_and_a_button_ends_it(files: Files) -> None:
    with Relay(files.server.port) as relay:
        window = files.at_window(port=relay.port)
        stuck(files, window, relay)
        where = cross(files, window)
        window.clicks_at(*where)
        window.shows("coil.png: cancelled.")
        window.hides("drawing.png", " %")
        window.focus("#lobby - twisted-chat")
        window.presses("ctrl+q")
        files.end(window)


def test_whoever_leaves_is_asked_first(files: Files) -> None:
    with Relay(files.server.port) as relay:
        window = files.at_window(port=relay.port)
        stuck(files, window, relay)
        for _ in range(2):
            window.presses("ctrl+q")
            window.shows("A file is still on the way. Leave all the same?")
            window.presses("Escape")
            window.hides("A file is still")
        window.presses("ctrl+q")
        window.clicks("Leave")
        files.end(window)


def stuck(files: Files, window: Display, relay: Relay) -> None:
    """Send a file that comes half of the way."""
    relay.stall_after(2_500_000)
    window.types(f"/send #lobby {files.file('drawing of a coil.png', 5_000_000)}")
    window.shows("drawing of a coil.png", " %")
    until(lambda: relay.stalled, window.text)


def cross(files: Files, window: Display) -> tuple[int, int]:
    """Where the button is that stops what is on its way."""
    looks = window.looks()
    (about,) = (seen for seen in looks if " %" in seen.text)
    right = [seen for seen in looks if abs(seen.y - about.y) < 4 and seen.x > about.x]
    return min((seen.x, seen.y) for seen in right if not seen.text)
