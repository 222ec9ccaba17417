"""Files and a real server: kills, cuts, full disks, and the programs that people have."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from unittest import SkipTest

import pytest

from tests import often
from tests.support.netcat import Netcat
from tests.support.programs import need
from tests.support.server_process import PATIENCE, Server
from tests.system.asking import PASSWORD, Asking, sends
from tests.system.world import World

KILLS = often(4, 100)
CUTS = often(30)
LARGE = often(30_000_000, 500_000_000)
OPTIONS = ("--flood-limit", "0", "--connection-limit", "0", "--keep-free", "0")
MEBIBYTE = 1024 * 1024


def content(size: int, seed: int = 0) -> bytes:
    return Random(seed).randbytes(size)


class Files(World):
    def begin(self) -> None:
        super().begin()
        self.random = Random(7)

    def start(self, *options: str) -> Server:
        self.server = Server(self.folder, *OPTIONS, *options)
        self.after(self.server.kill)
        return self.server

    def person(self, name: str, tls: bool = False) -> Asking:
        asking = Asking(self.server, tls).comes(name)
        self.after(asking.socket.close)
        return asking

    def stored(self) -> list[Path]:
        return sorted((self.folder / "chat-data" / "files").iterdir())

    def peak(self) -> int:
        """The most memory that the server has used so far, in bytes."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    with Files(tmp_path) as files:
        yield files


def test_e5_e11_uploads_survive_kills_at_any_byte(files: Files) -> None:
    """Some are under way whenever the server is killed, and all of them come through."""
    whole = {f"file {n}": content(3_000_000 + n, n) for n in range(3)}
    done: set[int] = set()
    for _ in range(KILLS):
        server = files.start()
        tesla = files.person("tesla")
        carriers = []
        for name, data in whole.items():
            offered = tesla.offers("#lobby", name, data)
            carrier = Asking(server)
            carriers.append(carrier)
            start = carrier.asks("upload", ticket=offered["ticket"])["from"]
            assert start <= len(data)
            end = min(start + files.random.randrange(1_000_000), len(data) - 1)
            carrier.socket.sendall(data[start:end])
        server.kill()
        for carrier in carriers:
            carrier.socket.close()
    files.start()
    tesla = files.person("tesla")
    for name, data in whole.items():
        offered = tesla.offers("#lobby", name, data)
        with Asking(files.server) as carrier:
            assert carrier.uploads(offered["ticket"], data)["event"] == "stored"
        tesla.sends_file("#lobby", offered["file"])
        done.add(offered["file"])
    assert len(done) == len(whole)
    assert {sha256(path.read_bytes()).digest() for path in files.stored()} == {
        sha256(data).digest() for data in whole.values()
    }


def test_e5_a_cut_after_any_byte_costs_nothing(files: Files) -> None:
    files.start()
    tesla = files.person("tesla")
    data = content(5_000_000)
    offered = tesla.offers("#lobby", "cut", data)
    for _ in range(CUTS):
        with Asking(files.server) as carrier:
            start = carrier.asks("upload", ticket=offered["ticket"])["from"]
            end = min(start + files.random.randrange(2 * len(data) // CUTS), len(data) - 1)
            carrier.socket.sendall(data[start:end])
        offered = tesla.offers("#lobby", "cut", data)
    with Asking(files.server) as carrier:
        assert carrier.uploads(offered["ticket"], data)["event"] == "stored"
    tesla.sends_file("#lobby", offered["file"])
    had = b""
    while len(had) < len(data):
        ticket = tesla.asks("get", file=offered["file"])["ticket"]
        with Asking(files.server) as carrier:
            most = files.random.randrange(1, 4 * len(data) // CUTS)
            had += carrier.downloads(ticket, len(had), most)
    assert had == data


def fills(files: Files, name: str, data: bytes) -> None:
    """Upload until the disk is full; messages go on."""
    tesla = files.person("tesla")
    offered = tesla.offers("#lobby", name, data)
    with Asking(files.server) as carrier:
        ending = carrier.uploads(offered["ticket"], data)
    assert (ending["event"], ending["code"]) == ("closed", "store_full")
    said = tesla.asks("send", room="#lobby", text="still here", cid=name)
    assert "seq" in said


def test_e3_e5_a_disk_that_takes_no_more_stops_the_upload_and_nothing_else(files: Files) -> None:
    files.start()
    data = content(3_000_000)
    limits = resource.prlimit(files.server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(files.server.process.pid, resource.RLIMIT_FSIZE, (MEBIBYTE, limits[1]))
    fills(files, "large", data)
    (path,) = files.stored()
    assert path.stat().st_size <= MEBIBYTE
    resource.prlimit(files.server.process.pid, resource.RLIMIT_FSIZE, limits)
    sent = sends(files.server, files.person("tesla"), "#lobby", "large", data, False)
    assert sent == 1
    assert "Traceback" not in "\n".join(files.server.lines)


def test_e3_on_a_small_disk_the_floor_is_never_crossed(files: Files) -> None:
    data = files.folder / "chat-data"
    data.mkdir()
    mount(files, data, "8m")
    files.start("--keep-free", "3M")
    tesla = files.person("tesla")
    least = free(files, data)
    taken = 0
    for number in range(12):
        piece = content(700_000, number)
        offered = tesla.offers("#lobby", str(number), piece)
        if "error" in offered:
            assert offered["error"]["code"] == "store_full"
            break
        with Asking(files.server) as carrier:
            ending = carrier.uploads(offered["ticket"], piece)
        taken += ending["event"] == "stored"
        least = min(least, free(files, data))
        assert "seq" in tesla.asks("send", room="#lobby", text="hi", cid=str(number))
    assert taken > 2
    assert taken < 10
    assert least > 2000000  # the database writes beyond the floor, files do not


def free(files: Files, folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def mount(files: Files, folder: Path, size: str) -> None:
    """A small disk of its own; only root can have one."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SkipTest("a small disk can only be mounted by root")
    files.after(subprocess.run, ["umount", str(folder)], check=True)


# The line that `get` shows, run by a real shell.
def fetched(files: Files, line: str) -> bytes:
    there = files.folder / "there"
    there.mkdir(exist_ok=True)
    subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=there,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )
    return (there / "coil.bin").read_bytes()


def test_e9_netcat_fetches_a_file_with_the_line_that_is_shown(files: Files) -> None:
    need("nc")
    files.start()
    data = content(3_000_000)
    sends(files.server, files.person("tesla"), "#lobby", "coil.bin", data, False)
    netcat = Netcat(files.server, "tesla", PASSWORD)
    files.after(netcat.close)
    netcat.types("get 1")
    netcat.hears("> 'coil.bin'\n")
    line = line_in(files, netcat._heard)
    assert f"| nc 127.0.0.1 {files.server.port} >" in line
    for _ in range(2):  # what is there already is not written over
        assert fetched(files, line) == data
    (files.folder / "there" / "coil.bin").unlink()
    assert b"That ticket was used" in fetched(files, line)


def test_e9_so_does_openssl_over_tls(files: Files) -> None:
    need("openssl")
    files.start("--plaintext", "never")
    data = content(3_000_000)
    tesla = files.person("tesla", tls=True)
    sends(files.server, tesla, "#lobby", "coil.bin", data, True)
    said = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{files.server.port}"],
        input=f"tesla\n{PASSWORD}\nget 1\nlogout\n".encode(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    ).stdout.decode()
    line = line_in(files, said)
    assert "| openssl s_client -quiet -connect 127.0.0.1:" in line
    assert fetched(files, line) == data


def line_in(files: Files, said: str) -> str:
    found = re.search(r"\n    (test -e .*)", said)
    assert found is not None, said
    return found[1].rstrip("\r")


def test_e6_memory_does_not_grow_with_files(files: Files) -> None:
    for tls in (False, True):
        files.start("--max-file", "1G", "--quota", "0")
        tesla = files.person("tesla", tls)
        sends(files.server, tesla, "#lobby", "small", content(1_000_000), tls)
        before = files.peak()
        data = content(1_000_000, 2) * (LARGE // 1_000_000)
        file = sends(files.server, tesla, "#lobby", "large", data, tls)
        with Asking(files.server, tls) as carrier:
            ticket = tesla.asks("get", file=file)["ticket"]
            assert carrier.downloads(ticket) == data
        assert files.peak() - before < 4 * MEBIBYTE
        files.server.kill()
