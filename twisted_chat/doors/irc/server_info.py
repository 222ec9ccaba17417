"""About the server: MOTD, VERSION, INFO, TIME, HELP and the like."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING

from ... import __version__
from ...core.durations import spoken
from . import isupport
from .commands import COMMANDS, command
from .message import Message, shortened
from .refusals import Refused

if TYPE_CHECKING:
    from .door import IrcDoor


def only_this_server(client: IrcDoor, message: Message, index: int = 0) -> None:
    """There is one server, whatever it is called: another one is not known."""
    if len(message.params) > index:
        asked = message.params[index].lower()
        known = (
            client.clients.server.lower(),
            client.chat.settings.name.lower(),
            client.nick.lower(),
        )
        if asked not in known and asked != "*":
            raise Refused("402", shortened(message.params[index]))


@command("MOTD", help="MOTD: the message of the day")
def motd(client: IrcDoor, message: Message) -> None:
    only_this_server(client, message)
    isupport.tell_motd(client)


@command("VERSION", help="VERSION: what runs here")
def version(client: IrcDoor, message: Message) -> None:
    only_this_server(client, message)
    client.numeric("351", f"twisted-chat-{__version__}", client.clients.server, text="on Twisted")
    isupport.tell(client)


@command("ADMIN", help="ADMIN: who runs this server")
def admin(client: IrcDoor, message: Message) -> None:
    only_this_server(client, message)
    names = ", ".join(client.chat.settings.admins) or "nobody has said so"
    client.numeric("256", client.clients.server, text="Who runs this server")
    client.numeric("257", text=client.clients.description)
    client.numeric("258", text="Its administrators")
    client.numeric("259", text=names)


@command("INFO", help="INFO: what this program is")
def info(client: IrcDoor, message: Message) -> None:
    only_this_server(client, message)
    up = spoken(int(client.chat.ticks() - client.chat.started))
    for text in (
        f"twisted-chat {__version__}: a chat service on Twisted.",
        "The same rooms are open to netcat, programs, terminals, windows and IRC.",
        f"It has been up for {up}.",
    ):
        client.numeric("371", text=text)
    client.numeric("374", text="That is all")


@command("TIME", help="TIME: the time of day at the server")
def time(client: IrcDoor, message: Message) -> None:
    only_this_server(client, message)
    now = strftime("%A, %Y-%m-%d %H:%M:%S UTC", gmtime(client.chat.wall() / 1000))
    client.numeric("391", client.clients.server, text=now)


@command("LUSERS", help="LUSERS: how many there are")
def lusers(client: IrcDoor, message: Message) -> None:
    isupport.tell_counts(client)


@command("LINKS", help="LINKS: the servers there are, which is one")
def links(client: IrcDoor, message: Message) -> None:
    server = client.clients.server
    client.numeric("364", server, server, text=f"0 {client.clients.description}")
    client.numeric("365", "*", text="That is all of them")


@command("HELP", help="HELP [<command>]: what there is")
def help(client: IrcDoor, message: Message) -> None:
    subject = message.params[0].upper() if message.params and message.params[0] else ""
    if not subject:
        words = " ".join(row.name for row in COMMANDS.values() if row.help)
        client.numeric("704", "*", text="The commands of this server; HELP <command> tells more:")
        for start in range(0, len(words), 300):
            client.numeric("705", "*", text=words[start : start + 300])
        client.numeric("706", "*", text="The rest is as on every IRC server.")
        return
    row = COMMANDS.get(subject)
    if row is None or not row.help:
        raise Refused("524", shortened(subject))
    client.numeric("704", subject, text=row.help)
    client.numeric("706", subject, text="That is all")
