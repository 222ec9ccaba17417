"""A bot: it hears every message of others once, whatever happens to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.server_process import PATIENCE
from tests.system.friend import Friend
from tests.system.pipe.pipes import Bots, line_with

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


def start_of_the_readme(bots: Bots) -> subprocess.Popen[bytes]:
    port = str(bots.server.port)
    return bots.bot(code_of_the_readme().replace("9999", port))


def test_d1_the_bot_of_the_readme(bots: Bots) -> None:
    assert len(code_of_the_readme().splitlines()) <= 10
    edison = bots.friend()
    bot = start_of_the_readme(bots)
    edison.hears(event="presence", joined=["clerk"])
    edison.say("#lobby", "!ping")
    edison.say("#lobby", "!pong")
    edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
    seq = edison.say("clerk", "!ping")
    edison.hears(event="message", room="clerk", **{"from": "clerk"}, text="pong")
    while edison.hears(event="receipt", who="clerk")["delivered"] < seq:
        pass  # it may be told of its own message too
    bots.killed(bot)

    edison.say("#lobby", "!ping")
    edison.say("clerk", "!ping")
    (bots.folder / "clerk.txt").unlink()  # what it has been given is enough
    bot = start_without_password(bots)
    edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
    edison.say("#lobby", "!ping")
    edison.hears(event="message", room="#lobby", **{"from": "clerk"}, text="pong")
    assert edison.texts().count("pong") == 3
    assert edison.texts("clerk") == ["!ping", "pong"] * 2
    bot.terminate()
    bot.wait(PATIENCE)
    assert "Traceback" not in bots.errors


def start_without_password(bots: Bots) -> subprocess.Popen[bytes]:
    code = code_of_the_readme().replace("9999", str(bots.server.port))
    return bots.bot(code.replace('password_file="clerk.txt", ', ""))


def start(bots: Bots, room: str = "") -> subprocess.Popen[bytes]:
    address = f"chat://clerk@localhost:{bots.server.port}/{room}"
    return bots.bot(LISTENER.replace("ADDRESS", repr(address)))


def friend_of(bots: Bots, bot: subprocess.Popen[bytes]) -> Friend:
    """Somebody who knows that the bot listens."""
    edison = bots.friend()
    edison.say("#lobby", "hello")
    assert line_with(bot, "hello") == "#lobby 1 edison hello False"
    return edison


def came(bots: Bots) -> subprocess.Popen[bytes]:
    """A bot that has made its account, so that it misses nothing from now on."""
    watching = bots.friend("albert")
    bot = start(bots)
    watching.hears(event="presence", joined=["clerk"])
    return bot


def test_what_it_is_told(bots: Bots) -> None:
    bot = came(bots)
    edison = friend_of(bots, bot)
    edison.say("clerk", "psst")
    assert line_with(bot, "psst") == "edison 1 edison psst True"
    edison.say("clerk", "who")
    assert line_with(bot, "who") == "edison 2 edison who True"
    assert line_with(bot, "stored") == "stored as 3"
    bot.terminate()
    assert bot.wait(PATIENCE) == 0


def test_a_message_that_it_was_not_done_with_is_heard_again(bots: Bots) -> None:
    bot = came(bots)
    edison = friend_of(bots, bot)
    edison.say("clerk", "done with")
    edison.say("clerk", "hang")
    edison.say("clerk", "after it")
    assert line_with(bot, "hang") == "edison 2 edison hang True"
    edison.say("#lobby", "elsewhere it goes on")
    assert line_with(bot, "on") == "#lobby 2 edison elsewhere it goes on False"
    edison.hears(event="receipt", who="clerk", delivered=1)
    bots.killed(bot)
    bot = start(bots)
    assert line_with(bot, " True") == "edison 2 edison hang True"
    edison.say("#lobby", "and here too")
    assert "#lobby 3" in line_with(bot, "and here too")


def test_a_fault_of_its_own_does_not_end_it(bots: Bots) -> None:
    bot = came(bots)
    edison = friend_of(bots, bot)
    seq = edison.say("clerk", "fail")
    edison.say("clerk", "fine")
    assert line_with(bot, "fine") == "edison 2 edison fine True"
    assert f"on_message failed with edison/{seq}" in bots.errors
    assert "of this bot's own" in bots.errors
    edison.hears(event="receipt", who="clerk", delivered=2)
    bots.killed(bot)
    bot = start(bots)
    edison.say("clerk", "again")
    assert line_with(bot, "edison") == "edison 3 edison again True"


def test_a_room(bots: Bots) -> None:
    edison = bots.friend()
    edison.ask("create", room="#coil")
    bot = start(bots, "#coil")
    edison.hears(event="join", room="#coil")
    edison.say("#coil", "here")
    assert line_with(bot, "here") == "#coil 3 edison here False"


def test_the_server_is_killed_and_comes_back(bots: Bots) -> None:
    bot = came(bots)
    friend_of(bots, bot)
    bots.serve_again()
    edison = bots.friend()
    edison.say("#lobby", "while it was away, perhaps")
    assert line_with(bot, "#lobby").split(None, 3)[1] == "2"
    edison.say("#lobby", "last")
    assert line_with(bot, "#lobby").split(None, 3)[1] == "3"


def test_what_cannot_be_is_one_sentence(bots: Bots) -> None:
    for address in ("chat://clerk@localhost:1", "chat://clerk@localhost:x"):
        bot = bots.bot(LISTENER.replace("ADDRESS", repr(address)))
        assert bot.wait(PATIENCE) == 1
        assert "Traceback" not in bots.errors
    assert "There is no answer from localhost on port 1" in bots.errors
    assert "has no port in it" in bots.errors
