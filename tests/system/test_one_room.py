"""Everybody in one room: two terminals over TLS, a window, netcat and a bot in a pipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.display import Display, require_display
from tests.support.netcat import Netcat
from tests.support.programs import account
from tests.support.relay import Relay
from tests.support.server_process import PATIENCE, Server
from tests.support.tmux import Terminal, require_tmux

PASSWORD = "alternating-current"
NAMES = ("tesla", "edison", "albert", "bell", "clerk")
CLIENT = (sys.executable, "-m", "twisted_chat.client")
WINDOW = (sys.executable, "-m", "twisted_chat.gui")


class OneRoomTests(SynchronousTestCase):
    def setUp(self) -> None:
        require_tmux()
        require_display()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        users = self.folder / "users"
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in NAMES))
        self.server = Server(self.folder, "--flood-limit", "0", "--users", str(users))
        self.addCleanup(self.server.kill)
        self.server.line_with("New accounts from")
        self.network = Relay(self.server.port)
        self.addCleanup(self.network.close)

    def terminal(self, name: str) -> Terminal:
        terminal = Terminal(*CLIENT, "127.0.0.1", str(self.network.port), name, size=(110, 40))
        self.addCleanup(terminal.close)
        terminal.shows("Enter user's password:")
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "TLS")
        return terminal

    def window(self, name: str) -> Display:
        window = Display(*WINDOW, "127.0.0.1", str(self.network.port), name)
        self.addCleanup(window.close)
        window.shows("SHA256:")
        window.clicks("Trust")
        window.shows("Enter user's password")
        window.types(PASSWORD)
        window.shows("connected", "TLS")
        return window

    def bot(self, *lines: str) -> subprocess.CompletedProcess[str]:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        where = ("127.0.0.1", str(self.network.port), "clerk", "--password-file", str(secret))
        return subprocess.run(
            [*CLIENT, *where],
            input="".join(f"{line}\n" for line in lines),
            env=account(self.folder / "clerk"),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def netcat(self, name: str) -> Netcat:
        netcat = Netcat(self.server, name, PASSWORD)
        self.addCleanup(netcat.close)
        return netcat

    def test_i1_everybody_hears_everybody_and_nobody_on_the_way_does(self) -> None:
        tesla, edison = self.terminal("tesla"), self.terminal("edison")
        albert, bell = self.window("albert"), self.netcat("bell")
        tesla.types("the word is CANARY-TESLA")
        albert.types("the window says CANARY-ALBERT")
        bell.types("BM the telephone says AHOY")
        done = self.bot("BM the bot says CANARY-CLERK")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (0, 1), done.stderr)
        said = ("CANARY-TESLA", "CANARY-ALBERT", "AHOY", "CANARY-CLERK")
        for screen in (tesla, edison, albert):
            screen.shows(*said)
        for text in said[:2] + said[3:]:
            bell.hears(text)
        for secret in (b"CANARY", b"AHOY", PASSWORD.encode(), b"Username", b"lobby"):
            self.assertNotIn(secret, self.network.recorded)
        self.assertIn(b"\x16\x03", self.network.from_client)

    def test_f9_close_the_laptop_and_come_back_to_no_gap(self) -> None:
        tesla, bell = self.terminal("tesla"), self.netcat("bell")
        bell.types("BM before")
        tesla.shows("bell: before")
        self.network.stall()
        tesla.types("while the lid was closed")
        for number in range(5):
            bell.types(f"BM meanwhile {number}")
        bell.hears("6 sent")
        self.network.refuse()
        self.network.cut()
        tesla.shows("What you say now is sent when there is a connection again", "1 not sent")
        self.network.resume()
        self.network.accept_again()
        tesla.shows("(Connected again.)", "tesla: while the lid was closed")
        bell.hears("tesla: while the lid was closed")
        bell.types("BM after")
        tesla.shows("bell: after")
        heard = [
            line.split("bell: ")[1] for line in tesla.screen().splitlines() if "bell: " in line
        ]
        self.assertEqual(heard, ["before", *(f"meanwhile {n}" for n in range(5)), "after"])
