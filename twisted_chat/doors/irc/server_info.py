"""About the server: MOTD, VERSION, INFO, TIME, HELP and the like."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING

from ... import __version__
from ...core.durations import spoken
from . import isupport
from .commands import COMMANDS, command, shortened
from .message import Message
from .numerics import Refused

if TYPE_CHECKING:
    from .door import IrcTalk


def only_this_server(talk: IrcTalk, message: Message, index: int = 0) -> None:
    """There is one server, whatever it is called: another one is not known."""
    if len(message.params) > index:
        asked = message.params[index].lower()
        known = (talk.company.server.lower(), talk.chat.settings.name.lower(), talk.nick.lower())
        if asked not in known and asked != "*":
            raise Refused("402", shortened(message.params[index]))


@command("MOTD", help="MOTD: the message of the day")
def motd(talk: IrcTalk, message: Message) -> None:
    only_this_server(talk, message)
    isupport.tell_motd(talk)


@command("VERSION", help="VERSION: what runs here")
def version(talk: IrcTalk, message: Message) -> None:
    only_this_server(talk, message)
    talk.numeric("351", f"twisted-chat-{__version__}", talk.company.server, text="on Twisted")
    isupport.tell(talk)


@command("ADMIN", help="ADMIN: who runs this server")
def admin(talk: IrcTalk, message: Message) -> None:
    only_this_server(talk, message)
    names = ", ".join(talk.chat.settings.admins) or "nobody has said so"
    talk.numeric("256", talk.company.server, text="Who runs this server")
    talk.numeric("257", text=talk.company.description)
    talk.numeric("258", text="Its administrators")
    talk.numeric("259", text=names)


@command("INFO", help="INFO: what this program is")
def info(talk: IrcTalk, message: Message) -> None:
    only_this_server(talk, message)
    up = spoken(int(talk.chat.ticks() - talk.chat.started))
    for text in (
        f"twisted-chat {__version__}: a chat service on Twisted.",
        "The same rooms are open to netcat, programs, terminals, windows and IRC.",
        f"It has been up for {up}.",
    ):
        talk.numeric("371", text=text)
    talk.numeric("374", text="That is all")


@command("TIME", help="TIME: the time of day at the server")
def time(talk: IrcTalk, message: Message) -> None:
    only_this_server(talk, message)
    now = strftime("%A, %Y-%m-%d %H:%M:%S UTC", gmtime(talk.chat.wall() / 1000))
    talk.numeric("391", talk.company.server, text=now)


@command("LUSERS", help="LUSERS: how many there are")
def lusers(talk: IrcTalk, message: Message) -> None:
    isupport.tell_counts(talk)


@command("LINKS", help="LINKS: the servers there are, which is one")
def links(talk: IrcTalk, message: Message) -> None:
    server = talk.company.server
    talk.numeric("364", server, server, text=f"0 {talk.company.description}")
    talk.numeric("365", "*", text="That is all of them")


@command("HELP", help="HELP [<command>]: what there is")
def help(talk: IrcTalk, message: Message) -> None:
    subject = message.params[0].upper() if message.params and message.params[0] else ""
    if not subject:
        words = " ".join(row.name for row in COMMANDS.values() if row.help)
        talk.numeric("704", "*", text="The commands of this server; HELP <command> tells more:")
        for start in range(0, len(words), 300):
            talk.numeric("705", "*", text=words[start : start + 300])
        talk.numeric("706", "*", text="The rest is as on every IRC server.")
        return
    row = COMMANDS.get(subject)
    if row is None or not row.help:
        raise Refused("524", shortened(subject))
    talk.numeric("704", subject, text=row.help)
    talk.numeric("706", subject, text="That is all")
