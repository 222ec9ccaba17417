"""What a client is told of the server when it comes in: its limits, its counts, its message."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from ...core.text import shown
from ..web.address import takes_files_at
from .commands import When, command, not_registered
from .message import LONGEST_LINE, Message

if TYPE_CHECKING:
    from .door import IrcDoor

CAPABILITY = "draft/extended-isupport"
TARGETS = 4  # of one PRIVMSG or NOTICE
MONITORED = 100
HISTORY = 500  # messages of one CHATHISTORY
MODES = 20  # changes in one MODE
LONGEST_AWAY = 200
LONGEST_REASON = 200


def tokens(client: IrcDoor) -> list[str]:
    """The tokens of 005."""
    settings = client.chat.settings
    return [
        f"NETWORK={settings.name.replace(' ', '_')}",
        "CASEMAPPING=ascii",
        "CHANTYPES=#",
        "PREFIX=(ov)@+",
        "STATUSMSG=@+",
        "CHANMODES=beI,k,l,imnstCR",
        "CHANLIMIT=#:200",
        "MAXLIST=beI:100",
        "EXCEPTS=e",
        "INVEX=I",
        "EXTBAN=~,am",
        "ACCOUNTEXTBAN=a",
        f"MODES={MODES}",
        f"TARGMAX=PRIVMSG:{TARGETS},NOTICE:{TARGETS},TAGMSG:{TARGETS},JOIN:,PART:,KICK:1,NAMES:,"
        "WHOIS:1,LIST:,MONITOR:",
        f"NICKLEN={settings.nick_length}",
        "USERLEN=18",
        "HOSTLEN=64",
        f"CHANNELLEN={settings.room_length}",
        f"TOPICLEN={settings.topic_length}",
        f"KICKLEN={LONGEST_REASON}",
        f"AWAYLEN={LONGEST_AWAY}",
        f"LINELEN={LONGEST_LINE}",
        "NAMELEN=150",
        "KEYLEN=32",
        f"MONITOR={MONITORED}",
        "WHOX",
        "ELIST=CMNTU",
        "SAFELIST",
        "UTF8ONLY",
        "BOT=B",
        f"CHATHISTORY={HISTORY}",
        "MSGREFTYPES=msgid,timestamp",
        "CLIENTTAGDENY=",
        *([f"draft/ICON={settings.icon}"] if settings.icon else []),
        *filehost(client),
    ]


def filehost(client: IrcDoor) -> list[str]:
    """Where the client can send files to, if it can: with the password of an account only."""
    known = client.registered and not client.me.guest
    where = takes_files_at(client.chat.settings, client.connection) if known else ""
    return [f"draft/FILEHOST={where}", f"soju.im/FILEHOST={where}"] if where else []


def tell_account(client: IrcDoor) -> None:
    """What there is for an account that there was not for the guest who has become one."""
    if not client.closed:
        _tell(client, filehost(client))


def tell(client: IrcDoor) -> None:
    """005: everything."""
    _tell(client, tokens(client))


def _tell(client: IrcDoor, tokens: list[str]) -> None:
    """Tokens, thirteen to a line at most and no line too long, as a batch to those who know it."""
    head = f":{client.clients.server} 005 {client.nick}"
    most = LONGEST_LINE - len(f"{head}  :are supported by this server\r\n".encode())
    lines: list[list[str]] = []
    for token in tokens:
        if not lines or len(lines[-1]) == 13 or len(" ".join([*lines[-1], token])) > most:
            lines.append([])
        lines[-1].append(token)
    if not lines:
        return
    batch = client.batch("draft/isupport") if client.has(CAPABILITY) else nullcontext()
    with batch:
        for line in lines:
            client.numeric("005", *line, text="are supported by this server")


@command("ISUPPORT", when=When.ALWAYS, help="ISUPPORT: what this server supports, as in 005")
def isupport(client: IrcDoor, message: Message) -> None:
    if not client.registered and not client.has(CAPABILITY):
        raise not_registered(client)
    tell(client)


def tell_counts(client: IrcDoor) -> None:
    """How many there are."""
    chat = client.chat
    here = len(chat.roster.online)
    invisible = sum(map(client.clients.is_invisible, client.clients.people()))
    rooms = sum(1 for _ in chat.rooms.group_rooms())
    admins = {person.id for person in chat.roster.online.values() if person.admin}
    opers = len(admins | {other.me.id for other in client.clients.registered if other.oper})
    waiting = client.clients.unregistered
    counted = f"{here - invisible} users and {invisible} invisible on 1 servers"
    client.numeric("251", text=f"There are {counted}")
    client.numeric("252", str(opers), text="operators of the server online")
    client.numeric("253", str(waiting), text="connections that are not registered")
    client.numeric("254", str(rooms), text="channels formed")
    client.numeric("255", text=f"I have {here} clients and 0 servers")
    most = client.clients.most_online = max(client.clients.most_online, here)
    words = text = f"Current local users {here}, max {most}"
    client.numeric("265", str(here), str(most), text=words)
    client.numeric("266", str(here), str(most), text=text.replace("local", "global"))


def tell_motd(client: IrcDoor) -> None:
    """The message of the day, each of its lines as one."""
    lines = client.chat.motd
    if not lines:
        client.numeric("422", text="There is no message of the day")
        return
    client.numeric("375", text=f"- {client.clients.server} Message of the day -")
    for line in lines:
        client.numeric("372", text=f"- {shown(line)}")
    client.numeric("376", text="End of the message of the day")
