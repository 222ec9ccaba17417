"""Everybody in one room: two terminals over TLS, a window, netcat and a bot in a pipe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.display import Display, require_display
from tests.support.netcat import Netcat
from tests.support.programs import account
from tests.support.relay import Relay
from tests.support.server_process import PATIENCE, Server
from tests.support.tmux import Terminal, require_tmux
from tests.system.world import World

PASSWORD = "alternating-current"
NAMES = ("tesla", "edison", "albert", "bell", "clerk")
CLIENT = (sys.executable, "-m", "twisted_chat.client")
WINDOW = (sys.executable, "-m", "twisted_chat.gui")


class OneRoom(World):
    def begin(self) -> None:
        super().begin()
        require_tmux()
        require_display()
        users = self.folder / "users"
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in NAMES))
        self.server = Server(self.folder, "--flood-limit", "0", "--users", str(users))
        self.after(self.server.kill)
        self.server.line_with("New accounts from")
        self.network = Relay(self.server.port)
        self.after(self.network.close)

    def terminal(self, name: str) -> Terminal:
        terminal = Terminal(*CLIENT, "127.0.0.1", str(self.network.port), name, size=(110, 40))
        self.after(terminal.close)
        terminal.shows("Enter user's password:")
        terminal.types(PASSWORD)
        terminal.shows("#lobby>", "TLS")
        return terminal

    def window(self, name: str) -> Display:
        window = Display(*WINDOW, "127.0.0.1", str(self.network.port), name)
        self.after(window.close)
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
        self.after(netcat.close)
        return netcat


@pytest.fixture
def one_room(tmp_path: Path) -> Iterator[OneRoom]:
    with OneRoom(tmp_path) as one_room:
        yield one_room


def test_i1_everybody_hears_everybody_and_nobody_on_the_way_does(one_room: OneRoom) -> None:
    tesla, edison = one_room.terminal("tesla"), one_room.terminal("edison")
    albert, bell = one_room.window("albert"), one_room.netcat("bell")
    tesla.types("the word is CANARY-TESLA")
    albert.types("the window says CANARY-ALBERT")
    bell.types("BM the telephone says AHOY")
    done = one_room.bot("BM the bot says CANARY-CLERK")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    said = ("CANARY-TESLA", "CANARY-ALBERT", "AHOY", "CANARY-CLERK")
    for screen in (tesla, edison, albert):
        screen.shows(*said)
    for text in said[:2] + said[3:]:
        bell.hears(text)
    for secret in (b"CANARY", b"AHOY", PASSWORD.encode(), b"Username", b"lobby"):
        assert secret not in one_room.network.recorded
    assert b"\x16\x03" in one_room.network.from_client


def test_f9_close_the_laptop_and_come_back_to_no_gap(one_room: OneRoom) -> None:
    tesla, bell = one_room.terminal("tesla"), one_room.netcat("bell")
    bell.types("BM before")
    tesla.shows("bell: before")
    one_room.network.stall()
    tesla.types("while the lid was closed")
    for number in range(5):
        bell.types(f"BM meanwhile {number}")
    bell.hears("6 sent")
    one_room.network.refuse()
    one_room.network.cut()
    tesla.shows("What you say now is sent when there is a connection again", "1 not sent")
    one_room.network.resume()
    one_room.network.accept_again()
    tesla.shows("(Connected again.)", "tesla: while the lid was closed")
    bell.hears("tesla: while the lid was closed")
    bell.types("BM after")
    tesla.shows("bell: after")
    heard = [line.split("bell: ")[1] for line in tesla.screen().splitlines() if "bell: " in line]
    assert heard == ["before", *(f"meanwhile {n}" for n in range(5)), "after"]
