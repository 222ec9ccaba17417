"""Two people at real terminals who encrypt, another device, and a server that knows nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.netcat import Netcat
from tests.support.programs import until
from tests.support.relay import Relay
from tests.support.server_process import Server
from tests.support.tmux import Terminal, require_tmux
from tests.system.world import World

PASSWORD = "alternating-current"
CLIENT = (sys.executable, "-m", "twisted_chat.client")
SIZE = (120, 40)
CANARY = "CANARY"


def memory(process: int) -> Iterator[bytes]:
    """Everything that a process has in memory and may write to."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb") as whole:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None or "[vvar" in line:
                continue
            first, end = (int(one, 16) for one in found.groups())
            whole.seek(first)
            try:
                yield whole.read(end - first)
            except (OSError, OverflowError, ValueError):
                continue  # mapped, and not there to be read


class Secrets(World):
    def begin(self) -> None:
        super().begin()
        require_tmux()
        self.served = self.folder / "server"
        self.served.mkdir(parents=True)
        users = self.folder / "users"
        users.write_text("".join(f"{name} {PASSWORD}\n" for name in ("tesla", "edison", "bell")))
        self.server = Server(
            self.served,
            *("--flood-limit", "0", "--users", str(users), "--log-json", "log.json"),
        )
        self.after(self.server.kill)
        self.server.line_with("New accounts from")
        self.network = Relay(self.server.port)
        self.after(self.network.close)

    def terminal(self, name: str, computer: str, asks: bool = True) -> Terminal:
        """Somebody at one of their computers, which keeps what it kept."""
        home = self.folder / computer
        home.mkdir(exist_ok=True)
        where = ("127.0.0.1", str(self.network.port), name)
        terminal = Terminal(*CLIENT, *where, size=SIZE, env={"HOME": str(home)})
        self.after(terminal.close)
        if asks:
            terminal.shows("Enter user's password:")
            terminal.types(PASSWORD)
        terminal.shows("#lobby>", "online")
        return terminal

    def words(self, terminal: Terminal, name: str) -> str:
        before = self.seen(terminal)
        terminal.types(f"/verify {name}")
        return until(lambda: self.seen(terminal)[len(before) :], terminal.screen)[-1]

    def seen(self, terminal: Terminal) -> list[str]:
        """Every six words that were shown."""
        return re.findall(r"^    ((?:[a-z]{5} ){5}[a-z]{5})$", terminal.screen(history=True), re.M)

    def verify(self, terminal: Terminal, name: str) -> None:
        """Say that the words are the same, and wait until the prompt says so too."""
        terminal.types(f"/verify {name} ok")
        prompt = f"{name} (private, encrypted, verified)>"
        until(lambda: prompt in terminal.screen().rstrip().splitlines()[-2], terminal.screen)

    def cut_after(self, size: int) -> None:
        """Break every connection when so much more has gone over them."""
        before = len(self.network.recorded)
        until(lambda: len(self.network.recorded) > before + size, lambda: "nothing is carried")
        self.network.cut()

    def assert_nobody_knows(self) -> None:
        """Neither the network nor the server's disk, log and memory hold a word of it."""
        secret = CANARY.encode()
        assert secret not in self.network.recorded
        files = [file for file in self.served.rglob("*") if file.is_file()]
        assert len(files) > 3
        for file in files:
            assert secret not in file.read_bytes(), file
        assert CANARY not in "\n".join(self.server.lines)
        found = list(memory(self.server.process.pid))
        assert any(b"tesla" in piece for piece in found), "that is not its memory"
        for piece in found:
            assert secret not in piece


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[Secrets]:
    with Secrets(tmp_path) as secrets:
        yield secrets


def test_i9_i3_e5_what_two_people_say_and_send_is_theirs(secrets: Secrets) -> None:
    tesla = secrets.terminal("tesla", "laboratory")
    edison = secrets.terminal("edison", "factory")
    bell = Netcat(secrets.server, "bell", PASSWORD)
    secrets.after(bell.close)
    tesla.types("/encrypt edison")
    tesla.shows("Type yes to go on:")
    tesla.types("yes")
    tesla.types("/switch edison")
    tesla.shows("edison (private, encrypted)>")
    edison.shows("tesla encrypts this conversation from here on, for good")
    edison.types("/switch tesla")
    edison.shows("tesla (private, encrypted)>")
    assert secrets.words(tesla, "edison") == secrets.words(edison, "tesla")
    secrets.verify(tesla, "edison")
    secrets.verify(edison, "tesla")
    tesla.types(f"the coil hums {CANARY}-1")
    edison.shows("private encrypted] tesla: the coil hums CANARY-1")
    edison.types(f"the lamp glows {CANARY}-2")
    tesla.shows("private encrypted] edison: the lamp glows CANARY-2")

    edison.presses("C-c")
    assert edison.ended() == 0
    tesla.types(f"said to an empty chair {CANARY}-3")
    tesla.shows("said to an empty chair")
    drawing = secrets.folder / f"{CANARY}.dwg"
    drawing.write_bytes(f"{CANARY} in a drawing ".encode() * 200_000)
    tesla.types(f"/send edison {drawing}")
    secrets.cut_after(1_000_000)
    tesla.shows(f"(file 1: {CANARY}.dwg, 4.0 MB")
    phone = secrets.terminal("edison", "telephone")
    tesla.shows("[keys] edison has a new device")
    phone.types("/switch tesla")
    phone.shows("tesla (private, encrypted)>", "not readable here")
    secrets.words(tesla, "edison")
    secrets.verify(tesla, "edison")
    tesla.types(f"for all of yours {CANARY}-4")
    phone.shows("tesla: for all of yours CANARY-4")

    edison = secrets.terminal("edison", "factory", asks=False)
    edison.shows("said to an empty chair CANARY-3", "for all of yours CANARY-4")
    edison.types("/get 1")
    secrets.cut_after(1_000_000)
    fetched = secrets.folder / "factory" / "Downloads" / drawing.name
    edison.shows("(Fetched, 4.0 MB:")
    assert fetched.read_bytes() == drawing.read_bytes()
    assert [one.name for one in fetched.parent.iterdir()] == [drawing.name]
    edison.types(f"/edit tesla/3 the lamp shines {CANARY}-5")
    tesla.shows("edison: the lamp shines CANARY-5")
    tesla.types(f"/search hums {CANARY}-1")
    tesla.shows("tesla: the coil hums CANARY-1")
    secrets.assert_nobody_knows()
