"""Files over HTTP and a real server: the programs that people have, kills, and much at once."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Thread

import pytest

from tests import often
from tests.support.programs import need, until
from tests.support.server_process import PATIENCE
from tests.system.asking import trusting
from tests.system.test_files import LARGE, MEBIBYTE, Files, content
from tests.web.browsing import basic, path_of

KILLS = often(4, 50)
SENDERS = 3
PASSWORD = "correct horse"


class FileHost(Files):
    def connection(self, tls: bool = False) -> HTTPConnection:
        """One for one request."""
        host, port = "127.0.0.1", self.server.port
        one = (
            HTTPSConnection(host, port, timeout=PATIENCE, context=trusting())
            if tls
            else HTTPConnection(host, port, timeout=PATIENCE)
        )
        self.after(one.close)
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
        assert answer.status == 200
        return answer.read()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FileHost]:
    with FileHost(tmp_path) as host:
        yield host


def test_d1_e11_what_was_acknowledged_is_there_after_a_kill_and_nothing_else(
    host: FileHost,
) -> None:
    """Some are under way whenever the server is killed."""
    links: dict[str, bytes] = {}

    def sends_on(number: int) -> None:
        with contextlib.suppress(OSError, HTTPException):
            while True:
                data = content(200_000 + number, len(links))
                answer = host.sends(f"{number}.bin", data)
                if answer.status == 201:
                    links[answer.headers["Location"]] = data

    for _ in range(KILLS):
        server = host.start()
        host.person("tesla").socket.close()
        senders = [Thread(target=sends_on, args=(number,)) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        more_of(host, links)
        server.kill()
        for sender in senders:
            sender.join(PATIENCE)
    host.start()
    for link, data in links.items():
        assert host.fetches(link) == data
    assert "Traceback" not in "\n".join(host.server.lines)
    tesla = host.person("tesla")
    # An acknowledgement may have been lost on its way: that file can be seen, and deleted.
    listed, older = 0, None
    while True:
        page = tesla.asks("files", **({"before": older} if older else {}))
        listed += len(page["files"])
        older = page.get("older")
        if not older:
            break
    assert listed >= len(links)
    assert listed <= len(links) + KILLS * SENDERS
    until(lambda: len(host.stored()) == listed, lambda: f"{listed}, but {host.stored()}")


def more_of(host: FileHost, links: dict[str, bytes]) -> None:
    """Wait until some more are acknowledged."""
    enough = len(links) + SENDERS
    until(lambda: len(links) >= enough, lambda: "nothing is acknowledged")


def test_h9_e9_curl_sends_a_file_over_tls_and_somebody_fetches_it(host: FileHost) -> None:
    need("curl")
    host.start("--plaintext", "never")
    host.person("tesla", tls=True)
    data = content(3_000_000)
    (host.folder / "coil.bin").write_bytes(data)
    url = f"https://127.0.0.1:{host.server.port}/files"
    for way in (["--data-binary", "@coil.bin"], ["-X", "POST", "-T", "-"]):
        said = curls(
            host,
            *("-u", f"tesla:{PASSWORD}"),
            *("-H", "Content-Disposition: attachment; filename=coil.bin"),
            *(*way, url),
        )
        link = said.decode().split()[-1]
        assert link.startswith(url + "/"), link
        assert curls(host, link) == data
    refused = curls(host, "-u", "tesla:guessed", "--data-binary", "@coil.bin", url)
    assert b"Wrong username or password." in refused


def curls(host: FileHost, *words: str) -> bytes:
    with (host.folder / "coil.bin").open("rb") as given:
        return subprocess.run(
            ["curl", "-sk", *words],
            cwd=host.folder,
            stdin=given,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        ).stdout


def test_e6_memory_does_not_grow_with_files(host: FileHost) -> None:
    for tls in (False, True):
        host.start("--max-file", "1G", "--quota", "0")
        host.person("tesla", tls)
        host.fetches(host.sends("small", content(1_000_000), tls).headers["Location"], tls)
        before = host.peak()
        data = content(1_000_000, 2) * (LARGE // 1_000_000)
        link = host.sends("large", data, tls).headers["Location"]
        assert host.fetches(link, tls) == data
        assert host.peak() - before < 4 * MEBIBYTE
        host.server.kill()
