"""Files over HTTP and a real server: the programs that people have, kills, and much at once."""

from __future__ import annotations

import contextlib
import subprocess
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Thread

from tests import often
from tests.files.asking import trusting
from tests.support.programs import need, until
from tests.support.server_process import PATIENCE
from tests.system.test_files import LARGE, MEBIBYTE, FilesCase, content
from tests.web.browsing import basic, path_of

KILLS = often(4, 50)
SENDERS = 3
PASSWORD = "correct horse"


class HostCase(FilesCase):
    def connection(self, tls: bool = False) -> HTTPConnection:
        """One for one request."""
        host, port = "127.0.0.1", self.server.port
        one = (
            HTTPSConnection(host, port, timeout=PATIENCE, context=trusting())
            if tls
            else HTTPConnection(host, port, timeout=PATIENCE)
        )
        self.addCleanup(one.close)
        return one

    def sends(self, name: str, data: bytes, tls: bool = False) -> HTTPResponse:
        """Send a file as tesla; the answer."""
        one = self.connection(tls)
        fields = {
            "Authorization": basic("tesla"),
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        one.request("POST", "/files", data, fields)
        return one.getresponse()

    def fetches(self, link: str, tls: bool = False) -> bytes:
        """What a link leads to."""
        one = self.connection(tls)
        one.request("GET", path_of(link))
        answer = one.getresponse()
        self.assertEqual(answer.status, 200)
        return answer.read()


class KillTests(HostCase):
    def test_d1_e11_what_was_acknowledged_is_there_after_a_kill_and_nothing_else(self) -> None:
        """Some are under way whenever the server is killed."""
        links: dict[str, bytes] = {}

        def sends_on(number: int) -> None:
            with contextlib.suppress(OSError, HTTPException):
                while True:
                    data = content(200_000 + number, len(links))
                    answer = self.sends(f"{number}.bin", data)
                    if answer.status == 201:
                        links[answer.headers["Location"]] = data

        for _ in range(KILLS):
            server = self.start()
            self.person("tesla").socket.close()
            senders = [Thread(target=sends_on, args=(number,)) for number in range(SENDERS)]
            for sender in senders:
                sender.start()
            self.more_of(links)
            server.kill()
            for sender in senders:
                sender.join(PATIENCE)
        self.start()
        for link, data in links.items():
            self.assertEqual(self.fetches(link), data)
        self.assertNotIn("Traceback", "\n".join(self.server.lines))
        tesla = self.person("tesla")
        # An acknowledgement may have been lost on its way: that file can be seen, and deleted.
        listed, older = 0, None
        while True:
            page = tesla.asks("files", **({"before": older} if older else {}))
            listed += len(page["files"])
            older = page.get("older")
            if not older:
                break
        self.assertGreaterEqual(listed, len(links))
        self.assertLessEqual(listed, len(links) + KILLS * SENDERS)
        until(lambda: len(self.stored()) == listed, lambda: f"{listed}, but {self.stored()}")

    def more_of(self, links: dict[str, bytes]) -> None:
        """Wait until some more are acknowledged."""
        enough = len(links) + SENDERS
        until(lambda: len(links) >= enough, lambda: "nothing is acknowledged")


class ProgramTests(HostCase):
    def test_h9_e9_curl_sends_a_file_over_tls_and_somebody_fetches_it(self) -> None:
        need("curl")
        self.start("--plaintext", "never")
        self.person("tesla", tls=True)
        data = content(3_000_000)
        (self.folder / "coil.bin").write_bytes(data)
        url = f"https://127.0.0.1:{self.server.port}/files"
        for way in (["--data-binary", "@coil.bin"], ["-X", "POST", "-T", "-"]):
            said = self.curls(
                *("-u", f"tesla:{PASSWORD}"),
                *("-H", "Content-Disposition: attachment; filename=coil.bin"),
                *(*way, url),
            )
            link = said.decode().split()[-1]
            self.assertTrue(link.startswith(url + "/"), link)
            self.assertEqual(self.curls(link), data)
        refused = self.curls("-u", "tesla:guessed", "--data-binary", "@coil.bin", url)
        self.assertIn(b"Wrong username or password.", refused)

    def curls(self, *words: str) -> bytes:
        with (self.folder / "coil.bin").open("rb") as given:
            return subprocess.run(
                ["curl", "-sk", *words],
                cwd=self.folder,
                stdin=given,
                capture_output=True,
                timeout=PATIENCE,
                check=True,
            ).stdout


class MemoryTests(HostCase):
    def test_e6_memory_does_not_grow_with_files(self) -> None:
        for tls in (False, True):
            self.start("--max-file", "1G", "--quota", "0")
            self.person("tesla", tls)
            self.fetches(self.sends("small", content(1_000_000), tls).headers["Location"], tls)
            before = self.peak()
            data = content(1_000_000, 2) * (LARGE // 1_000_000)
            link = self.sends("large", data, tls).headers["Location"]
            self.assertEqual(self.fetches(link, tls), data)
            self.assertLess(self.peak() - before, 4 * MEBIBYTE)
            self.server.kill()
