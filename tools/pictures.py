"""Makes the pictures of the README from the running programs: `make pictures`.

A server, two people with netcat, one at the terminal client and one at the window talk
for a moment; then the terminal is drawn as SVG and the window taken as PNG. At last the
two who have a client have secrets from everybody else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.support.display import Display
from tests.support.netcat import Netcat
from tests.support.server_process import Server
from tests.support.tmux import Terminal
from tools.terminal_svg import svg
from twisted_chat.clients.sync.typists import AGAIN

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PASSWORD = "alternating-current"
NAMES = ("tesla", "edison", "albert", "bell")
TERMINAL = (96, 22)
WINDOW = (960, 600)


def make(folder: Path) -> None:
    """All pictures."""
    users = folder / "users"
    users.write_text("".join(f"{name} {PASSWORD}\n" for name in NAMES))
    options = ("--name", "the-lab", "--users", str(users), "--motd", "Mind the high voltage.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with Server(folder, "--flood-limit", "0", *options) as server:
        server.line_with("New accounts")  # until everybody has an account
        talkers = [Netcat(server, name, PASSWORD) for name in ("edison", "bell")]
        where = ("127.0.0.1", str(server.port))
        with (
            Terminal(
                sys.executable, "-m", "twisted_chat.client", *where, "tesla", size=TERMINAL
            ) as terminal,
            Display(
                sys.executable, "-m", "twisted_chat.gui", *where, "albert", size=WINDOW
            ) as window,
        ):
            sign_in(terminal, window)
            talk(terminal, window, *talkers)
            draw(terminal, "terminal.svg")
            window.screenshot(PICTURES / "window.png")
            confide(terminal, window)
            draw(terminal, "secrets.svg")
        for talker in talkers:
            talker.close()


def draw(terminal: Terminal, name: str) -> None:
    """What a terminal shows, as a picture."""
    picture = svg(terminal.screen(colors=True), TERMINAL[0], "twisted-chat")
    (PICTURES / name).write_text(picture)


def sign_in(terminal: Terminal, window: Display) -> None:
    terminal.shows("Enter user's password:")
    terminal.types(PASSWORD)
    terminal.shows("#lobby>", "TLS")
    window.shows("SHA256:")
    window.clicks("Trust")
    window.shows("Enter user's password")
    window.types(PASSWORD)
    window.shows("connected", "TLS")


def talk(terminal: Terminal, window: Display, edison: Netcat, bell: Netcat) -> None:
    """A conversation that shows what there is to see."""
    terminal.types("/create #coil")
    terminal.shows("#coil>")
    terminal.types("first sparks at noon")
    terminal.types("/switch #lobby")
    terminal.shows("#lobby>")
    edison.types("join #coil", "say #coil I bring the bulbs")
    bell.types("BM ahoy! is anybody here yet?")
    window.shows("ahoy!")
    window.types("Good morning, everybody")
    terminal.shows("Good morning")
    terminal.types("we are all here, bell")
    window.shows("we are all here")
    edison.types("BM the coil will be reddy at noon")
    terminal.shows("reddy")
    edison.types("edit 4 the coil will be ready at noon")
    terminal.shows("ready at noon")
    edison.types(
        "message albert did you see the coil?", "message tesla bring the long wire, please"
    )
    terminal.shows("long wire")
    window.shows("edison 1")
    bell.types("BM tesla, what does it do?")
    terminal.shows("what does it do?")
    window.types("It makes", enter=False)
    time.sleep(AGAIN)
    window.types(" lightning, I hope", enter=False)
    terminal.shows("albert is typing")
    terminal.types("It sings", enter=False)
    window.shows("what does it do?")
    terminal.shows("#lobby> It sings")


def confide(terminal: Terminal, window: Display) -> None:
    """Two people encrypt, compare their words, and talk."""
    (terminal.home / "coil.svg").write_text("<svg/>" * 2_000)
    terminal.presses("C-c")
    terminal.types("/switch albert")
    terminal.shows("albert (private)>")
    terminal.types("/encrypt albert")
    terminal.shows("Type yes to go on:")
    terminal.types("yes")
    terminal.shows("albert (private, encrypted)>")
    terminal.types("/verify")
    terminal.shows("If they are the same")
    terminal.types("/verify albert ok")
    terminal.shows("albert (private, encrypted, verified)>")
    terminal.types("the coil is ready, and nobody else knows yet")
    terminal.types("/send albert ~/coil.svg")
    terminal.shows("(file 1: coil.svg")
    window.presses("ctrl+a", "BackSpace")
    window.types("/message tesla I shall be there at noon")
    terminal.shows("albert: I shall be there at noon")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pictures-") as home:
        make(Path(home))
    print(f"The pictures are in {PICTURES}.")
