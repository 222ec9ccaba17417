"""Files in a pipe, for programs and for bots: the clients as processes, at a real server."""

from __future__ import annotations

from hashlib import sha256

from tests.support.server_process import PATIENCE
from tests.system.pipe.case import ClientCase, line_with
from tests.system.pipe.test_bot import BotCase
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


class FilesCase(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.report = self.folder / "report of today.bin"
        self.report.write_bytes(CONTENT)
        self.inbox = self.folder / "inbox"

    def send(self) -> None:
        """Somebody sends the report to the lobby."""
        line = f"send #lobby {self.report}\n"
        self.well(self.run_client(*self.words("tesla"), typed=line))


class PipeTests(FilesCase):
    def test_a_file_goes_there_and_comes_back(self) -> None:
        typed = f"send #lobby {self.report}\nBM that was it\n"
        said = self.well(self.run_client(*self.words("tesla"), typed=typed))
        self.assertIn("(Message 1 sent: 0 now, ", said)
        self.assertIn("(Message 2 sent: 0 now, ", said)
        words = self.words("edison", "--downloads", str(self.inbox))
        said = self.well(self.run_client(*words, typed="get 1\nget 1\n"))
        for name in (self.report.name, "report of today (2).bin"):
            self.assertIn(f"(Fetched, 2.6 MB: {self.inbox / name})", said)
            self.assertEqual((self.inbox / name).read_bytes(), CONTENT)
        self.assertEqual(len(list(self.inbox.iterdir())), 2)

    def test_what_is_refused_is_an_exit_code(self) -> None:
        done = self.run_client(*self.words("tesla"), typed="send #lobby none.txt\n")
        self.assertEqual(self.badly(done), "(There is no file none.txt on this computer.)")
        done = self.run_client(*self.words("tesla"), typed="get 17\n")
        self.assertIn("There is no file 17", self.badly(done))


class ProgramsTests(FilesCase):
    def program(self, name: str, *more: str) -> Program:
        return Program(self.start_client(*self.words(name, "--json", *more)))

    def test_a_result_is_a_line(self) -> None:
        tesla = self.program("tesla")
        tesla.types({"id": 1, "do": "send", "room": "#lobby", "path": str(self.report)})
        sent = tesla.hears(re=1)["ok"]
        self.assertEqual((sent["room"], sent["seq"], sent["file"]), ("#lobby", 1, 1))
        tesla.types({"id": 2, "do": "send", "room": "#lobby", "path": str(self.folder)})
        self.assertEqual(tesla.hears(re=2)["error"]["code"], "no_file")
        tesla.types({"id": 3, "do": "send", "path": str(self.report)})
        self.assertEqual(tesla.hears(re=3)["error"]["code"], "args")
        self.assertEqual(tesla.ends(), 1)
        edison = self.program("edison", "--downloads", str(self.inbox))
        edison.types({"id": 1, "do": "fetch", "file": 1})
        digest = sha256(CONTENT).hexdigest()
        path = str(self.inbox / self.report.name)
        expected = {"file": 1, "path": path, "size": len(CONTENT), "sha256": digest}
        self.assertEqual(edison.hears(re=1)["ok"], expected)
        edison.types(f"get 1 {self.folder / 'typed'}")
        self.assertEqual(edison.hears(line=2)["ok"]["path"], str(self.folder / "typed"))
        edison.types(f"send #lobby {self.report}")
        self.assertEqual(edison.hears(line=3)["ok"]["file"], 2)
        edison.types({"id": 4, "do": "get", "file": 1})  # the server's own
        self.assertIn("ticket", edison.hears(re=4)["ok"])
        edison.types({"id": 5, "do": "fetch", "file": "one"})
        self.assertEqual(edison.hears(re=5)["error"]["code"], "args")
        self.assertEqual(edison.ends(), 1)


class BotTests(BotCase):
    def test_it_fetches_and_sends(self) -> None:
        watching = self.friend("albert")
        address = f"chat://clerk@localhost:{self.server.port}"
        bot = self.bot(CARRIER.replace("ADDRESS", repr(address)))
        watching.hears(event="presence", joined=["clerk"])
        report = self.folder / "report.bin"
        report.write_bytes(CONTENT)
        line = f"send clerk {report}\n"
        self.well(self.run_client(*self.words("tesla"), typed=line))
        self.assertEqual(line_with(bot, "fetched"), f"fetched report.bin {len(CONTENT)} ''")
        self.assertEqual(line_with(bot, "sent"), "sent as 2")
        self.assertEqual((self.folder / "inbox" / "report.bin").read_bytes(), CONTENT)
        bot.terminate()
        self.assertEqual(bot.wait(PATIENCE), 0)
        self.assertNotIn("Traceback", self.errors)
