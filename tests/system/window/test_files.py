"""Files that are sent and fetched in the window."""

from __future__ import annotations

from pathlib import Path

from tests.support.display import Display
from tests.support.programs import until
from tests.support.relay import Relay
from tests.system.window.case import Person, WindowCase


class FilesCase(WindowCase):
    """Somebody who has a coil.png, and a window that fetches into a folder of the test."""

    def setUp(self) -> None:
        super().setUp()
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

    def hears_of(self, person: Person, name: str) -> int:
        """Wait until somebody is told of this file; its number."""
        told = person.hears("")["file"]
        self.assertEqual(told["name"], name)
        number: int = told["file"]
        return number

    def pastes(self, window: Display, text: str) -> None:
        window.copies(text)
        window.presses("ctrl+v")


class SendingTests(FilesCase):
    def test_the_dialog_asks_for_a_file_while_people_go_on_talking(self) -> None:
        edison = self.person("edison")
        window = self.at_window()
        window.presses("ctrl+o")
        window.focus("Send a file to #lobby")
        edison.say("#lobby", "what does it look like?")
        window.shows("edison: what does it look like?", "File name:")
        window.types(str(self.coil))
        self.hears_of(edison, "coil.png")
        window.shows("tesla: file 1: coil.png, 50.0 kB")
        window.hides("File name:")

    def test_a_dialog_that_is_cancelled_sends_nothing_and_one_goes_with_the_window(self) -> None:
        window = self.at_window()
        window.presses("ctrl+o", "ctrl+o")  # of two there is one
        window.focus("Send a file to #lobby")
        window.presses("Escape")
        window.hides("File name:")
        window.focus("#lobby - twisted-chat")
        window.presses("ctrl+o")
        window.shows("File name:")
        window.closes("#lobby - twisted-chat")
        self.end(window)
        window.hides("File name:")

    def test_a_path_that_is_pasted_is_asked_about(self) -> None:
        edison = self.person("edison")
        window = self.at_window()
        self.pastes(window, str(self.coil))
        window.shows("Send coil.png to #lobby?", str(self.coil))
        window.presses("Escape")
        window.hides("Send coil.png")
        window.shows(str(self.coil))  # to be typed on
        window.presses("ctrl+a", "BackSpace")
        window.hides(str(self.coil))
        self.pastes(window, self.coil.as_uri())
        window.clicks("Send the file")
        self.hears_of(edison, "coil.png")
        window.hides(self.coil.as_uri())

    def test_other_pastes_are_typed(self) -> None:
        edison = self.person("edison")
        window = self.at_window()
        self.pastes(window, "/nowhere/coil.png")
        window.shows("/nowhere/coil.png")
        window.presses("ctrl+a", "BackSpace")
        window.types("look: ", enter=False)
        self.pastes(window, str(self.coil))
        window.shows(f"look: {self.coil}")
        window.presses("Return")
        edison.hears(f"look: {self.coil}")
        window.hides("Send the file")

    def test_what_cannot_be_sent_is_said(self) -> None:
        window = self.at_window()
        window.types("/send #lobby /nowhere/coil.png")
        window.shows("nowhere/coil.png")
        window.types("hello")
        window.shows("tesla: hello")


class FetchingTests(FilesCase):
    def test_e2_a_click_fetches_it_and_overwrites_nothing(self) -> None:
        window = self.at_window()
        window.types(f"/send #lobby {self.coil}")
        (self.downloads / "coil.png").write_text("mine")
        self.click_at_fetch(window)
        window.shows("(Fetched, 50.0 kB: ", "coil (2).png)")
        self.assertEqual((self.downloads / "coil (2).png").read_bytes(), self.coil.read_bytes())
        self.assertEqual((self.downloads / "coil.png").read_text(), "mine")

    def click_at_fetch(self, window: Display) -> None:
        """Click behind the name of the only file, at the last word of its line."""
        window.shows("Fetch")
        (line,) = (seen for seen in window.looks() if seen.text.endswith("Fetch"))
        for x in range(line.x, line.x + 500, 12):
            window.clicks_at(x, line.y)
            if len(list(self.downloads.iterdir())) > 1:
                break
        until(lambda: len(list(self.downloads.iterdir())) > 1, window.text)


class UnderWayTests(FilesCase):
    def test_progress_is_shown_and_a_button_ends_it(self) -> None:
        with Relay(self.server.port) as relay:
            window = self.at_window(port=relay.port)
            self.stuck(window, relay)
            cross = self.cross(window)
            window.clicks_at(*cross)
            window.shows("coil.png: cancelled.")
            window.hides("drawing.png", " %")
            window.focus("#lobby - twisted-chat")
            window.presses("ctrl+q")
            self.end(window)

    def test_whoever_leaves_is_asked_first(self) -> None:
        with Relay(self.server.port) as relay:
            window = self.at_window(port=relay.port)
            self.stuck(window, relay)
            for _ in range(2):
                window.presses("ctrl+q")
                window.shows("A file is still on the way. Leave all the same?")
                window.presses("Escape")
                window.hides("A file is still")
            window.presses("ctrl+q")
            window.clicks("Leave")
            self.end(window)

    def stuck(self, window: Display, relay: Relay) -> None:
        """Send a file that comes half of the way."""
        relay.stall_after(2_500_000)
        window.types(f"/send #lobby {self.file('drawing of a coil.png', 5_000_000)}")
        window.shows("drawing of a coil.png", " %")
        until(lambda: relay.stalled, window.text)

    def cross(self, window: Display) -> tuple[int, int]:
        """Where the button is that stops what is on its way."""
        looks = window.looks()
        (about,) = (seen for seen in looks if " %" in seen.text)
        right = [seen for seen in looks if abs(seen.y - about.y) < 4 and seen.x > about.x]
        return min((seen.x, seen.y) for seen in right if not seen.text)
