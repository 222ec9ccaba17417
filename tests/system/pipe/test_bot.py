"""A bot: it hears every message of others once, whatever happens to it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.programs import account
from tests.support.server_process import PATIENCE
from tests.system.pipe.case import ClientCase, Friend, end, line_with

README = Path(__file__).parents[3] / "README.md"

LISTENER = """\
from twisted.internet.defer import Deferred

from twisted_chat.bot import run


async def on_message(bot, message):
    print(message.room, message.seq, message.author, message.text, message.private, flush=True)
    if message.text == "hang":
        await Deferred()
    if message.text == "fail":
        raise ValueError("of this bot's own")
    if message.text == "who":
        answer = await bot.ask("whoelse")
        sent = await bot.reply(message, answer["people"][0]["name"]).done
        print("stored as", sent.seq, flush=True)


run(ADDRESS, on_message, password_file="clerk.txt", register=True)
"""


def code_of_the_readme() -> str:
    """The bot that README.md shows."""
    found = re.search(r"<!-- bot -->\n```python\n(.*?)```\n", README.read_text(), re.S)
    assert found, "README.md shows no bot"
    return found[1]


class BotCase(ClientCase):
    def bot(self, code: str) -> subprocess.Popen[bytes]:
        """Run a bot in its own folder."""
        (self.folder / "clerk.txt").write_text("a secret of the clerk's\n")
        (self.folder / "clerk.txt").chmod(0o600)
        (self.folder / "bot.py").write_text(code)
        with (self.folder / "bot-stderr.txt").open("ab") as errors:
            bot = subprocess.Popen(
                [sys.executable, "bot.py"],
                cwd=self.folder,
                env=account(self.home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.addCleanup(end, bot)
        return bot

    @property
    def errors(self) -> str:
        return (self.folder / "bot-stderr.txt").read_text()

    def killed(self, bot: subprocess.Popen[bytes]) -> None:
        bot.kill()
        bot.wait(PATIENCE)


class ReadmeTest(BotCase):
    def start(self) -> subprocess.Popen[bytes]:
        port = str(self.server.port)
        return self.bot(code_of_the_readme().replace("9999", port))

    def test_d1_the_bot_of_the_readme(self) -> None:
        self.assertLessEqual(len(code_of_the_readme().splitlines()), 10)
        edison = self.friend()
        bot = self.start()
        edison.hears(event="presence", joined=["clerk"])
        edison.say("#lobby", "!ping")
        edison.say("#lobby", "!pong")
        edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
        seq = edison.say("clerk", "!ping")
        edison.hears(event="message", room="clerk", **{"from": "clerk"}, text="pong")
        while edison.hears(event="receipt", who="clerk")["delivered"] < seq:
            pass  # it may be told of its own message too
        self.killed(bot)

        edison.say("#lobby", "!ping")
        edison.say("clerk", "!ping")
        (self.folder / "clerk.txt").unlink()  # what it has been given is enough
        bot = self.start_without_password()
        edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
        edison.say("#lobby", "!ping")
        edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
        self.assertEqual(edison.texts().count("pong"), 3)
        self.assertEqual(edison.texts("clerk"), ["!ping", "pong"] * 2)
        bot.terminate()
        bot.wait(PATIENCE)
        self.assertNotIn("Traceback", self.errors)

    def start_without_password(self) -> subprocess.Popen[bytes]:
        code = code_of_the_readme().replace("9999", str(self.server.port))
        return self.bot(code.replace('password_file="clerk.txt", ', ""))


class BotTest(BotCase):
    def start(self, room: str = "") -> subprocess.Popen[bytes]:
        address = f"chat://clerk@localhost:{self.server.port}/{room}"
        return self.bot(LISTENER.replace("ADDRESS", repr(address)))

    def friend_of(self, bot: subprocess.Popen[bytes]) -> Friend:
        """Somebody who knows that the bot listens."""
        edison = self.friend()
        edison.say("#lobby", "hello")
        self.assertEqual(line_with(bot, "hello"), "#lobby 1 edison hello False")
        return edison

    def came(self) -> subprocess.Popen[bytes]:
        """A bot that has made its account, so that it misses nothing from now on."""
        watching = self.friend("albert")
        bot = self.start()
        watching.hears(event="presence", joined=["clerk"])
        return bot

    def test_what_it_is_told(self) -> None:
        bot = self.came()
        edison = self.friend_of(bot)
        edison.say("clerk", "psst")
        self.assertEqual(line_with(bot, "psst"), "edison 1 edison psst True")
        edison.say("clerk", "who")
        self.assertEqual(line_with(bot, "who"), "edison 2 edison who True")
        self.assertEqual(line_with(bot, "stored"), "stored as 3")
        bot.terminate()
        self.assertEqual(bot.wait(PATIENCE), 0)

    def test_a_message_that_it_was_not_done_with_is_heard_again(self) -> None:
        bot = self.came()
        edison = self.friend_of(bot)
        edison.say("clerk", "done with")
        edison.say("clerk", "hang")
        edison.say("clerk", "after it")
        self.assertEqual(line_with(bot, "hang"), "edison 2 edison hang True")
        edison.say("#lobby", "elsewhere it goes on")
        self.assertEqual(line_with(bot, "on"), "#lobby 2 edison elsewhere it goes on False")
        edison.hears(event="receipt", who="clerk", delivered=1)
        self.killed(bot)
        bot = self.start()
        self.assertEqual(line_with(bot, " True"), "edison 2 edison hang True")
        edison.say("#lobby", "and here too")
        self.assertIn("#lobby 3", line_with(bot, "and here too"))

    def test_a_fault_of_its_own_does_not_end_it(self) -> None:
        bot = self.came()
        edison = self.friend_of(bot)
        seq = edison.say("clerk", "fail")
        edison.say("clerk", "fine")
        self.assertEqual(line_with(bot, "fine"), "edison 2 edison fine True")
        self.assertIn(f"on_message failed with edison/{seq}", self.errors)
        self.assertIn("of this bot's own", self.errors)
        edison.hears(event="receipt", who="clerk", delivered=2)
        self.killed(bot)
        bot = self.start()
        edison.say("clerk", "again")
        self.assertEqual(line_with(bot, "edison"), "edison 3 edison again True")

    def test_a_room(self) -> None:
        edison = self.friend()
        edison.ask("create", room="#coil")
        bot = self.start("#coil")
        edison.hears(event="join", room="#coil")
        edison.say("#coil", "here")
        self.assertEqual(line_with(bot, "here"), "#coil 3 edison here False")

    def test_the_server_is_killed_and_comes_back(self) -> None:
        bot = self.came()
        self.friend_of(bot)
        self.serve_again()
        edison = self.friend()
        edison.say("#lobby", "while it was away, perhaps")
        self.assertEqual(line_with(bot, "#lobby").split(None, 3)[1], "2")
        edison.say("#lobby", "last")
        self.assertEqual(line_with(bot, "#lobby").split(None, 3)[1], "3")

    def test_what_cannot_be_is_one_sentence(self) -> None:
        for address in ("chat://clerk@localhost:1", "chat://clerk@localhost:x"):
            bot = self.bot(LISTENER.replace("ADDRESS", repr(address)))
            self.assertEqual(bot.wait(PATIENCE), 1)
            self.assertNotIn("Traceback", self.errors)
        self.assertIn("There is no answer from localhost on port 1", self.errors)
        self.assertIn("has no port in it", self.errors)
