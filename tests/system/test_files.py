"""Files and a real server: kills, cuts, full disks, and the programs that people have."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from hashlib import sha256
from pathlib import Path
from random import Random
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests import often
from tests.files.asking import PASSWORD, Asking, sends
from tests.support.netcat import Netcat
from tests.support.programs import need
from tests.support.server_process import PATIENCE, Server

KILLS = often(4, 100)
CUTS = often(30)
LARGE = often(30_000_000, 500_000_000)
OPTIONS = ("--flood-limit", "0", "--connection-limit", "0", "--keep-free", "0")
MEBIBYTE = 1024 * 1024


def content(size: int, seed: int = 0) -> bytes:
    return Random(seed).randbytes(size)


class FilesCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.random = Random(7)

    def start(self, *options: str) -> Server:
        self.server = Server(self.folder, *OPTIONS, *options)
        self.addCleanup(self.server.kill)
        return self.server

    def person(self, name: str, tls: bool = False) -> Asking:
        asking = Asking(self.server, tls).comes(name)
        self.addCleanup(asking.socket.close)
        return asking

    def stored(self) -> list[Path]:
        return sorted((self.folder / "chat-data" / "files").iterdir())

    def peak(self) -> int:
        """The most memory that the server has used so far, in bytes."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


class KillTests(FilesCase):
    def test_e5_e11_uploads_survive_kills_at_any_byte(self) -> None:
        """Some are under way whenever the server is killed, and all of them come through."""
        whole = {f"file {n}": content(3_000_000 + n, n) for n in range(3)}
        done: set[int] = set()
        for _ in range(KILLS):
            server = self.start()
            tesla = self.person("tesla")
            carriers = []
            for name, data in whole.items():
                offered = tesla.offers("#lobby", name, data)
                carrier = Asking(server)
                carriers.append(carrier)
                start = carrier.asks("upload", ticket=offered["ticket"])["from"]
                self.assertLessEqual(start, len(data))
                end = min(start + self.random.randrange(1_000_000), len(data) - 1)
                carrier.socket.sendall(data[start:end])
            server.kill()
            for carrier in carriers:
                carrier.socket.close()
        self.start()
        tesla = self.person("tesla")
        for name, data in whole.items():
            offered = tesla.offers("#lobby", name, data)
            with Asking(self.server) as carrier:
                self.assertEqual(carrier.uploads(offered["ticket"], data)["event"], "stored")
            tesla.sends_file("#lobby", offered["file"])
            done.add(offered["file"])
        self.assertEqual(len(done), len(whole))
        self.assertEqual(
            {sha256(path.read_bytes()).digest() for path in self.stored()},
            {sha256(data).digest() for data in whole.values()},
        )

    def test_e5_a_cut_after_any_byte_costs_nothing(self) -> None:
        self.start()
        tesla = self.person("tesla")
        data = content(5_000_000)
        offered = tesla.offers("#lobby", "cut", data)
        for _ in range(CUTS):
            with Asking(self.server) as carrier:
                start = carrier.asks("upload", ticket=offered["ticket"])["from"]
                end = min(start + self.random.randrange(2 * len(data) // CUTS), len(data) - 1)
                carrier.socket.sendall(data[start:end])
            offered = tesla.offers("#lobby", "cut", data)
        with Asking(self.server) as carrier:
            self.assertEqual(carrier.uploads(offered["ticket"], data)["event"], "stored")
        tesla.sends_file("#lobby", offered["file"])
        had = b""
        while len(had) < len(data):
            ticket = tesla.asks("get", file=offered["file"])["ticket"]
            with Asking(self.server) as carrier:
                most = self.random.randrange(1, 4 * len(data) // CUTS)
                had += carrier.downloads(ticket, len(had), most)
        self.assertEqual(had, data)


class DiskTests(FilesCase):
    def fills(self, name: str, data: bytes) -> None:
        """Upload until the disk is full; messages go on."""
        tesla = self.person("tesla")
        offered = tesla.offers("#lobby", name, data)
        with Asking(self.server) as carrier:
            ending = carrier.uploads(offered["ticket"], data)
        self.assertEqual((ending["event"], ending["code"]), ("closed", "store_full"))
        said = tesla.asks("send", room="#lobby", text="still here", cid=name)
        self.assertIn("seq", said)

    def test_e3_e5_a_disk_that_takes_no_more_stops_the_upload_and_nothing_else(self) -> None:
        self.start()
        data = content(3_000_000)
        limits = resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (MEBIBYTE, limits[1]))
        self.fills("large", data)
        (path,) = self.stored()
        self.assertLessEqual(path.stat().st_size, MEBIBYTE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, limits)
        sent = sends(self.server, self.person("tesla"), "#lobby", "large", data, False)
        self.assertEqual(sent, 1)
        self.assertNotIn("Traceback", "\n".join(self.server.lines))

    def test_e3_on_a_small_disk_the_floor_is_never_crossed(self) -> None:
        data = self.folder / "chat-data"
        data.mkdir()
        self.mount(data, "8m")
        self.start("--keep-free", "3M")
        tesla = self.person("tesla")
        least = self.free(data)
        taken = 0
        for number in range(12):
            piece = content(700_000, number)
            offered = tesla.offers("#lobby", str(number), piece)
            if "error" in offered:
                self.assertEqual(offered["error"]["code"], "store_full")
                break
            with Asking(self.server) as carrier:
                ending = carrier.uploads(offered["ticket"], piece)
            taken += ending["event"] == "stored"
            least = min(least, self.free(data))
            self.assertIn("seq", tesla.asks("send", room="#lobby", text="hi", cid=str(number)))
        self.assertGreater(taken, 2)
        self.assertLess(taken, 10)
        self.assertGreater(least, 2_000_000)  # the database writes beyond the floor, files do not

    def free(self, folder: Path) -> int:
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize

    def mount(self, folder: Path, size: str) -> None:
        """A small disk of its own; only root can have one."""
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise SkipTest("a small disk can only be mounted by root")
        self.addCleanup(subprocess.run, ["umount", str(folder)], check=True)


class ProgramTests(FilesCase):
    """The line that `get` shows, run by a real shell."""

    def fetched(self, line: str) -> bytes:
        there = self.folder / "there"
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

    def test_e9_netcat_fetches_a_file_with_the_line_that_is_shown(self) -> None:
        need("nc")
        self.start()
        data = content(3_000_000)
        sends(self.server, self.person("tesla"), "#lobby", "coil.bin", data, False)
        netcat = Netcat(self.server, "tesla", PASSWORD)
        self.addCleanup(netcat.close)
        netcat.types("get 1")
        netcat.hears("> 'coil.bin'\n")
        line = self.line_in(netcat._heard)
        self.assertIn(f"| nc 127.0.0.1 {self.server.port} >", line)
        for _ in range(2):  # what is there already is not written over
            self.assertEqual(self.fetched(line), data)
        (self.folder / "there" / "coil.bin").unlink()
        self.assertIn(b"That ticket was used", self.fetched(line))

    def test_e9_so_does_openssl_over_tls(self) -> None:
        need("openssl")
        self.start("--plaintext", "never")
        data = content(3_000_000)
        tesla = self.person("tesla", tls=True)
        sends(self.server, tesla, "#lobby", "coil.bin", data, True)
        said = subprocess.run(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{self.server.port}"],
            input=f"tesla\n{PASSWORD}\nget 1\nlogout\n".encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        ).stdout.decode()
        line = self.line_in(said)
        self.assertIn("| openssl s_client -quiet -connect 127.0.0.1:", line)
        self.assertEqual(self.fetched(line), data)

    def line_in(self, said: str) -> str:
        found = re.search(r"\n    (test -e .*)", said)
        assert found is not None, said
        return found[1].rstrip("\r")


class MemoryTests(FilesCase):
    def test_e6_memory_does_not_grow_with_files(self) -> None:
        for tls in (False, True):
            self.start("--max-file", "1G", "--quota", "0")
            tesla = self.person("tesla", tls)
            sends(self.server, tesla, "#lobby", "small", content(1_000_000), tls)
            before = self.peak()
            data = content(1_000_000, 2) * (LARGE // 1_000_000)
            file = sends(self.server, tesla, "#lobby", "large", data, tls)
            with Asking(self.server, tls) as carrier:
                ticket = tesla.asks("get", file=file)["ticket"]
                self.assertEqual(carrier.downloads(ticket), data)
            self.assertLess(self.peak() - before, 4 * MEBIBYTE)
            self.server.kill()
