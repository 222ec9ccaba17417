"""The table of IRC's commands: what carries each out, and what it needs first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from . import (
    accounts,
    capabilities,
    channels,
    chathistory,
    metadata,
    moderation,
    monitor,
    nickserv,
    operators,
    presence,
    privmsg,
    read_markers,
    registration,
    sasl,
    server_info,
    whois,
)
from .client import IrcClient
from .message import Message, shortened
from .refusals import Refused

Handler = Callable[[IrcClient, Message], "Awaitable[None] | None"]


class When(Enum):
    """When a command may be given."""

    ALWAYS = "always"
    BEFORE = "before registration"
    IN = "once registered"


@dataclass(frozen=True, slots=True)
class Row:
    """One command; `help` is its usage and what it does."""

    name: str
    handler: Handler
    least: int = 0  # parameters
    help: str = ""
    when: When = When.IN
    oper: bool = False  # only the server's operators
    concurrent: bool = False  # several may be under way at a time, as messages are


def row_of(client: IrcClient, message: Message) -> Row:
    """The row of a command that may be carried out now. Raises Refused for any other."""
    row = COMMANDS.get(message.command)
    if row is None:
        if not client.registered:
            raise client.not_registered()
        raise Refused("421", shortened(message.command))
    if row.when is When.IN and not client.registered:
        raise client.not_registered()
    if row.when is When.BEFORE and client.registered:
        raise Refused("462")
    if len(message.params) < row.least:
        raise Refused("461", row.name)
    if row.oper and not client.oper:
        raise Refused("481")
    return row


def help(client: IrcClient, message: Message) -> None:
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


TABLE = (
    Row("CAP", capabilities.cap, 1, when=When.ALWAYS),
    Row("PASS", registration.password, 1, when=When.BEFORE),
    Row("NICK", registration.nick, when=When.ALWAYS, help="NICK <name>: be called so"),
    Row("USER", registration.user, 4, when=When.BEFORE),
    Row("WEBIRC", registration.webirc, 4, when=When.BEFORE),
    Row("PING", registration.ping, when=When.ALWAYS),
    Row("PONG", registration.pong, when=When.ALWAYS),
    Row("QUIT", registration.quit, when=When.ALWAYS, help="QUIT [<reason>]: leave"),
    Row("AUTHENTICATE", sasl.authenticate, 1, when=When.ALWAYS),
    Row(
        "REGISTER",
        accounts.register,
        3,
        when=When.ALWAYS,
        help="REGISTER * * <password>: make your nick an account",
    ),
    Row("VERIFY", accounts.verify, 2, when=When.ALWAYS),
    Row(
        "NICKSERV",
        nickserv.nickserv,
        when=When.ALWAYS,
        help="NICKSERV <command>: NICKSERV HELP tells which",
    ),
    Row("NS", nickserv.ns, when=When.ALWAYS, help="NS <command>: the same as NICKSERV"),
    Row(
        "JOIN",
        channels.join,
        1,
        help="JOIN <channel>[,…] [<key>,…]: come in; JOIN 0 leaves all of them",
    ),
    Row(
        "RENAME",
        channels.rename,
        2,
        help="RENAME <channel> <new name> [<reason>]: call a channel otherwise",
    ),
    Row("PART", channels.part, 1, help="PART <channel>[,…] [<reason>]: leave"),
    Row("NAMES", channels.list_names, help="NAMES <channel>[,…]: who is there"),
    Row("TOPIC", channels.topic, 1, help="TOPIC <channel> [<topic>]: see it or set it"),
    Row(
        "LIST",
        channels.list_channels,
        help="LIST [<channels>] [<conditions>]: the channels, such as LIST >3 or *coil*",
    ),
    Row(
        "MODE",
        moderation.mode,
        1,
        help="MODE <channel or your nick> [<modes> [<arguments>]]: see or set modes",
    ),
    Row("KICK", moderation.kick, 2, help="KICK <channel> <nick> [<reason>]: put somebody out"),
    Row("INVITE", moderation.invite, 2, help="INVITE <nick> <channel>: let somebody in"),
    Row(
        "PRIVMSG",
        privmsg.privmsg,
        concurrent=True,
        help="PRIVMSG <nick or channel>[,…] <text>: say it there",
    ),
    Row(
        "NOTICE",
        privmsg.notice,
        concurrent=True,
        help="NOTICE <nick or channel>[,…] <text>: say it without answer",
    ),
    Row(
        "BATCH",
        privmsg.batch,
        concurrent=True,
        help="BATCH +<reference> draft/multiline <nick or channel>: several lines follow",
    ),
    Row(
        "TAGMSG",
        privmsg.tagmsg,
        concurrent=True,
        help="TAGMSG <nick or channel>: pass tags on, without words",
    ),
    Row(
        "REDACT",
        privmsg.redact,
        2,
        help="REDACT <nick or channel> <msgid> [<reason>]: take back a message",
    ),
    Row(
        "CHATHISTORY",
        chathistory.chathistory,
        help="CHATHISTORY LATEST <nick or channel> * <count>: what was said",
    ),
    Row(
        "SEARCH",
        chathistory.search,
        help="SEARCH text=<words>;in=<nick or channel>;from=<nick>: find messages",
    ),
    Row("GET", chathistory.get, 1, help="GET <number>: how to have a file that was sent here"),
    Row(
        "MARKREAD",
        read_markers.markread,
        help="MARKREAD <nick or channel> [timestamp=<time>]: how far it is read",
    ),
    Row(
        "METADATA",
        metadata.metadata,
        when=When.ALWAYS,
        help="METADATA <nick or channel> LIST: what it says of itself",
    ),
    Row(
        "AWAY", presence.away, when=When.ALWAYS, help="AWAY [<text>]: be shown as away, or be back"
    ),
    Row(
        "SETNAME", presence.setname, 1, help="SETNAME <text>: what is shown of you beside your nick"
    ),
    Row(
        "MONITOR",
        monitor.monitor,
        1,
        help="MONITOR +|-|C|L|S [<nick>,…]: be told when they come and go",
    ),
    Row("ISON", monitor.ison, 1, help="ISON <nick> …: who of them is here"),
    Row(
        "USERHOST", monitor.userhost, 1, help="USERHOST <nick> …: what up to five of them look like"
    ),
    Row("WHOIS", whois.whois, help="WHOIS <nick>: what is known about somebody"),
    Row("WHOWAS", whois.whowas, help="WHOWAS <nick> [<count>]: who had that name lately"),
    Row("WHO", whois.who, help="WHO <channel or nick or mask> [%<fields>[,<token>]]: list people"),
    Row(
        "ISUPPORT",
        server_info.isupport,
        when=When.ALWAYS,
        help="ISUPPORT: what this server supports, as in 005",
    ),
    Row("MOTD", server_info.motd, help="MOTD: the message of the day"),
    Row("VERSION", server_info.version, help="VERSION: what runs here"),
    Row("ADMIN", server_info.admin, help="ADMIN: who runs this server"),
    Row("INFO", server_info.info, help="INFO: what this program is"),
    Row("TIME", server_info.time, help="TIME: the time of day at the server"),
    Row("LUSERS", server_info.lusers, help="LUSERS: how many there are"),
    Row("LINKS", server_info.links, help="LINKS: the servers there are, which is one"),
    Row("OPER", operators.oper, 2, help="OPER <name> <password>: become an operator of the server"),
    Row(
        "KILL",
        operators.kill,
        1,
        oper=True,
        help="KILL <nick> <reason>: end somebody's connections",
    ),
    Row(
        "WALLOPS",
        operators.wallops,
        1,
        oper=True,
        help="WALLOPS <text>: tell everybody with user mode w",
    ),
    Row(
        "REHASH",
        operators.rehash,
        oper=True,
        help="REHASH: read the files again that the server was given",
    ),
    Row(
        "STATS", operators.stats, help="STATS u: how long the server is up; more for its operators"
    ),
    Row("HELP", help, help="HELP [<command>]: what there is"),
)
COMMANDS = {row.name: row for row in TABLE}
