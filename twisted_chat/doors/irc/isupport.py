"""What a client is told of the server when it comes in: its limits, its counts, its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.text import shown
from ..web.address import takes_files_at
from .commands import When, command, not_registered
from .message import LONGEST_LINE, Message
from .playback import batch

if TYPE_CHECKING:
    from .door import IrcTalk

CAPABILITY = "draft/extended-isupport"
TARGETS = 4  # of one PRIVMSG or NOTICE
MONITORED = 100
HISTORY = 500  # messages of one CHATHISTORY
MODES = 20  # changes in one MODE
LONGEST_AWAY = 200
LONGEST_REASON = 200


def tokens(talk: IrcTalk) -> list[str]:
    """The tokens of 005."""
    settings = talk.chat.settings
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
        *filehost(talk),
    ]


def filehost(talk: IrcTalk) -> list[str]:
    """Where the client can send files to, if it can: with the password of an account only."""
    known = talk.registered and not talk.me.guest
    where = takes_files_at(talk.chat.settings, talk.connection) if known else ""
    return [f"draft/FILEHOST={where}", f"soju.im/FILEHOST={where}"] if where else []


def tell_account(talk: IrcTalk) -> None:
    """What there is for an account that there was not for the guest who has become one."""
    if not talk.closed:
        _tell(talk, filehost(talk))


def tell(talk: IrcTalk) -> None:
    """005: everything."""
    _tell(talk, tokens(talk))


def _tell(talk: IrcTalk, told: list[str]) -> None:
    """Tokens, thirteen to a line at most and no line too long, as a batch to those who know it."""
    head = f":{talk.company.server} 005 {talk.nick}"
    most = LONGEST_LINE - len(f"{head}  :are supported by this server\r\n".encode())
    lines: list[list[str]] = []
    for token in told:
        if not lines or len(lines[-1]) == 13 or len(" ".join([*lines[-1], token])) > most:
            lines.append([])
        lines[-1].append(token)
    if not lines:
        return
    if not talk.has(CAPABILITY):
        for line in lines:
            talk.numeric("005", *line, text="are supported by this server")
        return
    with batch(talk, "draft/isupport") as reference:
        tags = {"batch": reference} if reference else None
        for line in lines:
            text = f"005 {talk.nick} {' '.join(line)} :are supported by this server"
            talk.line(talk.company.server, text, tags)


@command("ISUPPORT", when=When.ALWAYS, help="ISUPPORT: what this server supports, as in 005")
def isupport(talk: IrcTalk, message: Message) -> None:
    if not talk.registered and not talk.has(CAPABILITY):
        raise not_registered(talk)
    tell(talk)


def tell_counts(talk: IrcTalk) -> None:
    """How many there are."""
    chat = talk.chat
    here = len(chat.roster.online)
    invisible = sum(map(talk.company.is_invisible, talk.company.people()))
    rooms = sum(1 for _ in chat.rooms.group_rooms())
    admins = {person.id for person in chat.roster.online.values() if person.admin}
    opers = len(admins | {other.me.id for other in talk.company.talks if other.oper})
    waiting = talk.company.unregistered
    counted = f"{here - invisible} users and {invisible} invisible on 1 servers"
    talk.numeric("251", text=f"There are {counted}")
    talk.numeric("252", str(opers), text="operators of the server online")
    talk.numeric("253", str(waiting), text="connections that are not registered")
    talk.numeric("254", str(rooms), text="channels formed")
    talk.numeric("255", text=f"I have {here} clients and 0 servers")
    most = talk.company.most_online = max(talk.company.most_online, here)
    words = text = f"Current local users {here}, max {most}"
    talk.numeric("265", str(here), str(most), text=words)
    talk.numeric("266", str(here), str(most), text=text.replace("local", "global"))


def tell_motd(talk: IrcTalk) -> None:
    """The message of the day, each of its lines as one."""
    lines = talk.chat.motd
    if not lines:
        talk.numeric("422", text="There is no message of the day")
        return
    talk.numeric("375", text=f"- {talk.company.server} Message of the day -")
    for line in lines:
        talk.numeric("372", text=f"- {shown(line)}")
    talk.numeric("376", text="End of the message of the day")
