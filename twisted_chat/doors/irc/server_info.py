"""About the server: ISUPPORT, MOTD, VERSION, ADMIN, INFO, TIME, LUSERS and LINKS."""

from __future__ import annotations

from contextlib import nullcontext
from time import gmtime, strftime

from ... import __version__
from ...core.durations import spoken
from ...core.text import shown
from ..web.address import takes_files_at
from .chathistory import HISTORY
from .client import IrcClient
from .message import LONGEST_LINE, Message, shortened
from .moderation import MODES
from .monitor import MONITORED
from .presence import LONGEST_REALNAME
from .privmsg import TARGETS
from .refusals import Refused

CAPABILITY = "draft/extended-isupport"
LONGEST_AWAY = 200
LONGEST_REASON = 200


def tokens(client: IrcClient) -> list[str]:
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
        f"NAMELEN={LONGEST_REALNAME}",
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


def filehost(client: IrcClient) -> list[str]:
    """The tokens that say where the client can send files; only accounts can."""
    known = client.registered and not client.me.guest
    where = takes_files_at(client.chat.settings, client.connection) if known else ""
    return [f"draft/FILEHOST={where}", f"soju.im/FILEHOST={where}"] if where else []


def tell_account_tokens(client: IrcClient) -> None:
    """Send the tokens for an account that the guest who became one did not have."""
    if not client.closed:
        _tell(client, filehost(client))


def tell_isupport(client: IrcClient) -> None:
    """Send 005."""
    _tell(client, tokens(client))


def _tell(client: IrcClient, tokens: list[str]) -> None:
    """Send tokens, at most thirteen a line, as a batch to clients that have asked for it."""
    head = f":{client.server} 005 {client.nick}"
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


def isupport(client: IrcClient, message: Message) -> None:
    if not client.registered and not client.has(CAPABILITY):
        raise client.not_registered()
    tell_isupport(client)


def tell_counts(client: IrcClient) -> None:
    """Send how many people and channels there are."""
    chat = client.chat
    here = len(chat.roster.online)
    invisible = sum(map(client.clients.is_invisible, client.clients.persons()))
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


def tell_motd(client: IrcClient) -> None:
    """Send the message of the day, line by line."""
    lines = client.chat.motd
    if not lines:
        client.refuse(Refused("422"))
        return
    client.numeric("375", text=f"- {client.server} Message of the day -")
    for line in lines:
        client.numeric("372", text=f"- {shown(line)}")
    client.numeric("376", text="End of the message of the day")


def only_this_server(client: IrcClient, message: Message, index: int = 0) -> None:
    """Raise Refused if a parameter names another server: there is one."""
    if len(message.params) > index:
        asked = message.params[index].lower()
        known = (
            client.server.lower(),
            client.chat.settings.name.lower(),
            client.nick.lower(),
        )
        if asked not in known and asked != "*":
            raise Refused("402", shortened(message.params[index]))


def motd(client: IrcClient, message: Message) -> None:
    only_this_server(client, message)
    tell_motd(client)


def version(client: IrcClient, message: Message) -> None:
    only_this_server(client, message)
    client.numeric("351", f"twisted-chat-{__version__}", client.server, text="on Twisted")
    tell_isupport(client)


def admin(client: IrcClient, message: Message) -> None:
    only_this_server(client, message)
    names = ", ".join(client.chat.settings.admins) or "nobody has said so"
    client.numeric("256", client.server, text="Who runs this server")
    client.numeric("257", text=client.clients.description)
    client.numeric("258", text="Its administrators")
    client.numeric("259", text=names)


def info(client: IrcClient, message: Message) -> None:
    only_this_server(client, message)
    up = spoken(int(client.chat.ticks() - client.chat.started))
    for text in (
        f"twisted-chat {__version__}: a chat service on Twisted.",
        "The same rooms are open to netcat, programs, terminals, windows and IRC.",
        f"It has been up for {up}.",
    ):
        client.numeric("371", text=text)
    client.numeric("374", text="That is all")


def time(client: IrcClient, message: Message) -> None:
    only_this_server(client, message)
    now = strftime("%A, %Y-%m-%d %H:%M:%S UTC", gmtime(client.chat.wall() / 1000))
    client.numeric("391", client.server, text=now)


def lusers(client: IrcClient, message: Message) -> None:
    tell_counts(client)


def links(client: IrcClient, message: Message) -> None:
    server = client.server
    client.numeric("364", server, server, text=f"0 {client.clients.description}")
    client.numeric("365", "*", text="That is all of them")
