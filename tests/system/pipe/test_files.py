"""Files in a pipe, for programs and for bots: the clients as processes, at a real server."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.server_process import PATIENCE
from tests.system.pipe.pipes import Bots, Pipes, line_with
from tests.system.pipe.test_programs import Program

CONTENT = bytes(range(256)) * 10_000  # more than fits into any buffer on the way

CARRIER = """\
from twisted_chat.bot import run


async def on_message(bot, message):
    if message.file is not None:
        path = await bot.fetch(message, "inbox")
        print("fetched", path.name, message.file.size, repr(message.text), flush=True)
        sent = await bot.send_file(message.room, path)
        print("sent as", sent.seq, flush=True)


run(ADDRESS, on_message, password_file="clerk.txt", register=True)
"""


class Files(Pipes):
    def begin(self) -> None:
        super().begin()
        self.report = self.folder / "report of today.bin"
        self.report.write_bytes(CONTENT)
        self.inbox = self.folder / "inbox"

    def send(self) -> None:
        """Somebody sends the report to the lobby."""
        line = f"send #lobby {self.report}\n"
        self.well(self.run_client(*self.words("tesla"), typed=line))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    with Files(tmp_path) as files:
        yield files


def test_a_file_goes_there_and_comes_back(files: Files) -> None:
    typed = f"send #lobby {files.report}\nBM that was it\n"
    said = files.well(files.run_client(*files.words("tesla"), typed=typed))
    assert "(Message 1 sent: 0 now, " in said
    assert "(Message 2 sent: 0 now, " in said
    words = files.words("edison", "--downloads", str(files.inbox))
    said = files.well(files.run_client(*words, typed="get 1\nget 1\n"))
    for name in (files.report.name, "report of today (2).bin"):
        assert f"(Fetched, 2.6 MB: {files.inbox / name})" in said
        assert (files.inbox / name).read_bytes() == CONTENT
    assert len(list(files.inbox.iterdir())) == 2


def test_what_is_refused_is_an_exit_code(files: Files) -> None:
    done = files.run_client(*files.words("tesla"), typed="send #lobby none.txt\n")
    assert files.badly(done) == "(There is no file none.txt on this computer.)"
    done = files.run_client(*files.words("tesla"), typed="get 17\n")
    assert "There is no file 17" in files.badly(done)


def program(files: Files, name: str, *more: str) -> Program:
    return Program(files.start_client(*files.words(name, "--json", *more)))


def test_a_result_is_a_line(files: Files) -> None:
    tesla = program(files, "tesla")
    tesla.types({"id": 1, "do": "send", "room": "#lobby", "path": str(files.report)})
    sent = tesla.hears(re=1)["ok"]
    assert (sent["room"], sent["seq"], sent["file"]) == ("#lobby", 1, 1)
    tesla.types({"id": 2, "do": "send", "room": "#lobby", "path": str(files.folder)})
    assert tesla.hears(re=2)["error"]["code"] == "no_file"
    tesla.types({"id": 3, "do": "send", "path": str(files.report)})
    assert tesla.hears(re=3)["error"]["code"] == "args"
    assert tesla.ends() == 1
    edison = program(files, "edison", "--downloads", str(files.inbox))
    edison.types({"id": 1, "do": "fetch", "file": 1})
    digest = sha256(CONTENT).hexdigest()
    path = str(files.inbox / files.report.name)
    expected = {"file": 1, "path": path, "size": len(CONTENT), "sha256": digest}
    assert edison.hears(re=1)["ok"] == expected
    edison.types(f"get 1 {files.folder / 'typed'}")
    assert edison.hears(line=2)["ok"]["path"] == str(files.folder / "typed")
    edison.types(f"send #lobby {files.report}")
    assert edison.hears(line=3)["ok"]["file"] == 2
    edison.types({"id": 4, "do": "get", "file": 1})  # the server's own
    assert "ticket" in edison.hears(re=4)["ok"]
    edison.types({"id": 5, "do": "fetch", "file": "one"})
    assert edison.hears(re=5)["error"]["code"] == "args"
    assert edison.ends() == 1


def test_it_fetches_and_sends(bots: Bots) -> None:
    watching = bots.friend("albert")
    address = f"chat://clerk@localhost:{bots.server.port}"
    bot = bots.bot(CARRIER.replace("ADDRESS", repr(address)))
    watching.hears(event="presence", joined=["clerk"])
    report = bots.folder / "report.bin"
    report.write_bytes(CONTENT)
    line = f"send clerk {report}\n"
    bots.well(bots.run_client(*bots.words("tesla"), typed=line))
    assert line_with(bot, "fetched") == f"fetched report.bin {len(CONTENT)} ''"
    assert line_with(bot, "sent") == "sent as 2"
    assert (bots.folder / "inbox" / "report.bin").read_bytes() == CONTENT
    bot.terminate()
    assert bot.wait(PATIENCE) == 0
    assert "Traceback" not in bots.errors
