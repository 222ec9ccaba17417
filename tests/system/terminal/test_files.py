"""Files at a terminal: typed, completed, dragged in, watched, cut and cancelled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.programs import until
from tests.support.relay import Relay
from tests.support.tmux import Terminal
from tests.system.terminal.people import People

WIDE = (200, 24)  # paths of tests are long
SOME_MB = random.Random(17).randbytes(6_000_000)


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


class Files(People):
    def file(self, name: str, content: bytes = b"a coil") -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def downloads(self, terminal: Terminal) -> dict[str, str]:
        """The hashes of what is in somebody's folder."""
        folder = terminal.home / "Downloads"
        return {path.name: digest(path.read_bytes()) for path in folder.iterdir()}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    with Files(tmp_path) as files:
        yield files


def test_a_path_is_completed_sent_and_fetched(files: Files) -> None:
    tesla, edison = files.tesla_and_edison(WIDE)
    files.file("papers/the coil.png")
    tesla.types(f"/send edison {files.folder}/pap", enter=False)
    tesla.shows("/pap")
    tesla.presses("Tab")
    tesla.shows("/papers/")
    tesla.types("th", enter=False)
    tesla.presses("Tab")
    tesla.shows("/papers/the coil.png")
    tesla.presses("Enter")
    tesla.shows("tesla: (file 1: the coil.png, 6 bytes; to have it: get 1)")
    edison.shows("tesla wrote 1")
    edison.types("/get 1")
    edison.shows("(Fetched, 6 bytes: ", "/Downloads/the coil.png)")
    assert files.downloads(edison) == {"the coil.png": digest(b"a coil")}


def test_what_is_dragged_in_is_sent_after_enter_only(files: Files) -> None:
    tesla, edison = files.tesla_and_edison(WIDE)
    path = files.file("the coil.png")
    tesla.pastes("'" + str(path) + "' ")
    tesla.shows("#lobby> /send #lobby /")
    assert "(file 1" not in edison.screen()
    tesla.presses("Enter")
    edison.shows("tesla: (file 1: the coil.png, 6 bytes; to have it: get 1)")
    tesla.types("/send edison ", enter=False)
    tesla.pastes(str(path).replace(" ", "\\ ") + "\n")
    tesla.presses("Enter")
    edison.shows("tesla wrote 1")
    tesla.types("look at ", enter=False)
    tesla.pastes(str(path))
    tesla.presses("Enter")
    edison.shows("tesla: look at")
    assert "file 3" not in edison.screen()


class CutFiles(Files):
    def begin(self) -> None:
        super().begin()
        self.relay = Relay(self.server.port)
        self.after(self.relay.close)
        self.port_for_clients = self.relay.port

    def until_stalled(self) -> None:
        until(lambda: self.relay.stalled or None, lambda: "so much was never carried")

    def serve_again(self) -> None:
        """The server is killed, everything that was under way is lost, and it comes back."""
        port = self.server.port
        self.server.kill()
        self.relay.cut()
        self.relay.resume()
        self.server = self.served("--port", str(port))


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[CutFiles]:
    with CutFiles(tmp_path) as cut:
        yield cut


def test_e1_e5_files_of_some_megabytes_each_way_over_connections_that_are_cut(
    cut: CutFiles,
) -> None:
    tesla, edison = cut.tesla_and_edison()
    (edison.home / "Downloads").mkdir()
    (edison.home / "Downloads" / "coil.bin").write_bytes(b"edison's own")
    cut.relay.stall_after(2_500_000)
    tesla.types(f"/send edison {cut.file('coil.bin', SOME_MB)}")
    cut.until_stalled()
    tesla.shows("↑ coil.bin", " %")
    cut.relay.cut()
    cut.relay.resume()
    tesla.shows("(file 1: coil.bin, 6.0 MB; to have it: get 1)")
    assert len(cut.relay.from_client) < 1.5 * len(SOME_MB)
    tesla.hides("↑ coil.bin")

    edison.shows("tesla wrote 1")
    cut.relay.stall_after(2_500_000)
    edison.types("/get 1")
    cut.until_stalled()
    edison.shows("↓ coil.bin", " %")
    cut.relay.cut()
    cut.relay.resume()
    edison.shows("(Fetched, 6.0 MB: ", "/Downloads/coil (2).bin)")
    assert len(cut.relay.from_server) < 1.5 * len(SOME_MB)
    assert cut.downloads(edison) == {
        "coil.bin": digest(b"edison's own"),
        "coil (2).bin": digest(SOME_MB),
    }

    # And the other way, with the server killed in the middle.
    cut.relay.stall_after(2_500_000)
    edison.types(f"/send tesla {cut.file('lamp.bin', SOME_MB[::-1])}")
    cut.until_stalled()
    cut.serve_again()
    edison.shows("(file 2: lamp.bin, 6.0 MB; to have it: get 2)")
    cut.relay.stall_after(2_500_000)
    tesla.types("/get 2")
    cut.until_stalled()
    cut.serve_again()
    tesla.shows("(Fetched, 6.0 MB: ", "/Downloads/lamp.bin)")
    assert cut.downloads(tesla) == {"lamp.bin": digest(SOME_MB[::-1])}
    cut.leaves(tesla)
    cut.leaves(edison)


def test_whoever_leaves_is_told_once_what_is_cut_short(cut: CutFiles) -> None:
    tesla = cut.person("tesla")
    cut.relay.stall_after(1_000_000)
    tesla.types(f"/send #lobby {cut.file('coil.bin', SOME_MB)}")
    cut.until_stalled()
    tesla.shows("↑ coil.bin")
    tesla.presses("C-d")
    tesla.shows("(Sending coil.bin to #lobby: ", "Leave once more to leave it at that.)")
    tesla.presses("C-d")
    assert tesla.ended() == 0
    tesla.shows("(coil.bin is not sent yet: send it again, and it goes on where it was.)")


def test_what_is_cancelled_is_gone(cut: CutFiles) -> None:
    tesla = cut.person("tesla", size=(40, 12))
    cut.relay.stall_after(1_000_000)
    tesla.types(f"/send #lobby {cut.file('coil.bin', SOME_MB)}")
    cut.until_stalled()
    tesla.shows("↑ coil.bin ")
    tesla.types("/cancel")
    tesla.shows("(coil.bin: cancelled.)")
    tesla.hides("↑ coil.bin")
