"""Everything an operator can set, in one table.

Each field of `Settings` is one setting: its default, how it is read and what it is
for. The command line, the settings file and the documentation are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from ..core.doors import DoorKind
from . import values

T = TypeVar("T")


class Option(Struct, frozen=True):
    """One setting as people meet it."""

    key: str  # the word on the command line and in the settings file
    field: str  # the field of Settings it fills
    default: Any
    read: Callable[[object], object]  # the value from a text, or from TOML; ValueError says why not
    value: str  # what usage calls the value; empty for a switch
    help: str
    many: bool = False  # may be given several times
    shown: str = ""  # the default as an operator would write it, if it is not written as it is
    secret: bool = False  # the value is quoted nowhere

    @property
    def shown_default(self) -> str:
        """The default as an operator would write it."""
        if self.shown:
            return self.shown
        if self.default is None or self.default == () or self.default == "":
            return ""
        if isinstance(self.default, bool):
            yes, no = ("open", "closed") if self.value else ("on", "off")
            return yes if self.default else no
        return str(self.default)


def option(
    default: T,
    read: Callable[[object], object],
    value: str,
    help: str,
    *,
    key: str = "",
    many: bool = False,
    shown: str = "",
    secret: bool = False,
) -> T:
    """A field of Settings together with its row of the table."""
    row = {"read": read, "value": value, "help": help, "key": key, "many": many}
    row |= {"shown": shown, "secret": secret}
    made: T = field(default=default, metadata=row, repr=not secret)
    return made


def rows_of(table: type[Any]) -> Iterator[Option]:
    """The rows of a table whose fields are made with `option`."""
    for one in fields(table):
        row = dict(one.metadata)
        key = row.pop("key") or one.name.replace("_", "-")
        yield Option(key=key, field=one.name, default=one.default, **row)


def quoted(value: object) -> str:
    """A value for a sentence: short, and without anything that moves a cursor."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 64 else text[:64] + "…"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one chat service runs with."""

    port: str = option(
        "9999",
        values.port,
        "PORT",
        "where to listen: a number (IPv4 and IPv6; 0 takes a free one), or an endpoint"
        " such as tcp:9999:interface=127.0.0.1 or unix:/run/chat",
    )
    tls: str = option(
        "auto",
        values.tls,
        "auto|off|CERT.pem[:KEY.pem]",
        "TLS on the same port: with a key and a certificate made at the first start (auto), with"
        " those in these files, which may change while the server runs, or none (off)",
    )
    plaintext: str = option(
        "loopback",
        values.word("loopback", "always", "never"),
        "loopback|always|never",
        "who may log in without TLS: people on the server's own machine, everybody, or nobody",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = option(
        (),
        values.networks,
        "ADDRESS",
        "the address or network of a proxy that is trusted to name its clients with the PROXY"
        " protocol; repeat it for more",
        key="trusted-proxy",
        many=True,
    )
    webirc: tuple[values.Gateway, ...] = option(
        (),
        values.gateways,
        "PASSWORD@ADDRESS",
        "the address or network of a web gateway for IRC that is trusted to name its clients with"
        " WEBIRC and this password; repeat it for more",
        many=True,
        secret=True,
    )
    irc_port: str | None = option(
        None, values.port, "PORT", "another port, for IRC only; written as --port is"
    )
    web_port: str | None = option(None, values.port, "PORT", "another port, for browsers only")
    tls_port: str | None = option(
        None, values.port, "PORT", "another port, for connections over TLS only"
    )
    web_origins: tuple[str, ...] = option(
        (),
        values.web_addresses,
        "ORIGIN",
        "web pages from this origin, such as https://irc.example.org, may speak IRC and send files"
        " for the people who open them; repeat it for more",
        key="web-origin",
        many=True,
    )
    web_address: str = option(
        "",
        values.web_address,
        "URL",
        "what links to files begin with, if the server cannot know it, such as"
        " https://chat.example.org behind a proxy",
    )
    no_irc: bool = option(False, values.switch, "", "do not speak IRC")
    no_web: bool = option(
        False, values.switch, "", "show no web page, and neither take nor give files over HTTP"
    )
    no_text: bool = option(False, values.switch, "", "do not serve people who use netcat")
    no_json: bool = option(
        False, values.switch, "", "do not speak JSON, which the chat's own clients need"
    )
    greet_after: float = option(
        0.3,
        values.seconds,
        "SECONDS",
        "how long the server waits for the first byte before it greets a connection as netcat; too"
        " short a time breaks TLS and browsers (it is at least 3 seconds for those who may not log"
        " in without TLS)",
    )
    data: Path = option(
        Path("chat-data"),
        values.path,
        "FOLDER",
        "the folder for all data; it is made if it does not exist",
    )
    database: str | None = option(
        None,
        values.name,
        "URL",
        "a database outside the data folder (sqlite:////a/path)",
    )
    name: str = option(
        "twisted-chat", values.name, "NAME", "the name of the server, which people see"
    )
    description: str = option(
        "",
        values.line,
        "TEXT",
        "one line about the server, which IRC clients see in WHOIS, LINKS and ADMIN instead of its"
        " name",
    )
    icon: str = option(
        "",
        values.url,
        "URL",
        "the address of a square picture of the network for IRC clients; they replace {size} in it"
        " with its width in pixels",
    )
    motd: str = option(
        "",
        values.plain_text,
        "TEXT",
        "the message of the day, which everybody sees after logging in",
    )
    motd_file: Path | None = option(
        None,
        values.path,
        "FILE",
        "a file with the message of the day, which is read again after SIGHUP",
    )
    registration_open: bool = option(
        True,
        values.one_of("open", "closed"),
        "open|closed",
        "whether people may make their own accounts",
        key="registration",
    )
    guests: bool = option(False, values.switch, "", "let people in without a password")
    users: Path | None = option(
        None,
        values.path,
        "FILE",
        "make the accounts in this file; each line is a name, a space and a password",
    )
    admins: tuple[str, ...] = option(
        (),
        values.names,
        "NAME",
        "make this account an administrator; repeat it for more",
        key="admin",
        many=True,
    )
    login_attempts: int = option(
        3, values.whole(0, 1_000_000), "NUMBER", "failed logins until a block; 0 never blocks"
    )
    block_time: int = option(
        60,
        values.duration,
        "TIME",
        "how long a block lasts: 60, 10m, 2h, 7d; each one soon after it is twice as long, up to"
        " an hour",
    )
    password_min: int = option(
        8,
        values.whole(1, 128),
        "NUMBER",
        "the fewest characters in a new password; those in the file of --users may have fewer",
    )
    idle_timeout: int = option(
        0, values.duration, "TIME", "log people out after this time of silence; 0 never does"
    )
    flood_limit: int = option(
        10,
        values.whole(0, 1_000_000),
        "NUMBER",
        "commands a second from one session, twice that at once; 0 switches every rate limit off,"
        " that of sign-ups included",
    )
    connection_limit: int = option(
        10_000,
        values.whole(0, 10_000_000),
        "NUMBER",
        "connections in all, and in proportion those of one address; 0 switches every cap off",
    )
    backlog: int = option(
        256_000_000,
        values.size,
        "SIZE",
        "the memory for what all connections together have not read yet, or have sent of unfinished"
        " lines: 4M at least, and 0 sets no limit; when it is used up, the connections that hold"
        " the most are closed",
        shown="256M",
    )
    max_message: int = option(
        4096, values.whole(16, 1_000_000), "BYTES", "the longest message, counted in UTF-8"
    )
    max_file: int = option(
        100_000_000,
        values.size,
        "SIZE",
        "the largest file that may be sent: 500k, 100M, 2G; 0 takes none",
        shown="100M",
    )
    quota: int = option(
        1_000_000_000,
        values.size,
        "SIZE",
        "the space on the disk for the files of one account; 0 sets no limit",
        shown="1G",
    )
    total_quota: int = option(
        20_000_000_000,
        values.size,
        "SIZE",
        "the space on the disk for all files together; 0 sets no limit",
        shown="20G",
    )
    keep_free: int = option(
        1_000_000_000,
        values.size,
        "SIZE",
        "the space on the disk that files leave free",
        shown="1G",
    )
    link_time: int = option(
        365 * 24 * 60 * 60,
        values.duration,
        "TIME",
        "how long the link to a file that was sent over HTTP works; 0 while the file exists",
        shown="365d",
    )
    link_age: int = option(
        24 * 60 * 60,
        values.duration,
        "TIME",
        "how old an account must be before it may send files over HTTP from outside loopback and"
        " private networks; 0 sets no limit",
        shown="1d",
    )
    nick_length: int = option(
        32, values.whole(4, 32), "NUMBER", "the most characters in the name of a new account"
    )
    room_length: int = option(
        33,
        values.whole(4, 33),
        "NUMBER",
        "the most characters in the name of a new room, with its #",
    )
    topic_length: int = option(
        400, values.whole(16, 2000), "BYTES", "the longest topic, counted in UTF-8"
    )
    unlimited: tuple[IPv4Network | IPv6Network, ...] = option(
        (),
        values.networks,
        "ADDRESS",
        "connections from this address or network have no limits on commands, number or password"
        " attempts; repeat it for more",
        many=True,
    )
    opers: tuple[values.Oper, ...] = option(
        (),
        values.opers,
        "NAME:HASH",
        "an IRC operator, who gives this name and the password of this hash with OPER; repeat it"
        " for more",
        key="oper",
        many=True,
        secret=True,
    )
    irc_password: str = option(
        "",
        values.secret,
        "TEXT",
        "the password that every IRC client has to send with PASS",
        secret=True,
    )
    no_scram: bool = option(
        False,
        values.switch,
        "",
        "keep no SCRAM verifiers: passwords are then kept as argon2id hashes alone, and IRC clients"
        " send them (over TLS)",
    )
    sts: int = option(
        0,
        values.duration,
        "TIME",
        "how long IRC clients must use TLS only, once told so (needs a certificate of your own)",
    )
    log_json: Path | None = option(
        None, values.path, "FILE", "also write the log to this file, one JSON object a line"
    )

    @property
    def scram(self) -> bool:
        """Whether people may log in with SCRAM-SHA-256."""
        return not self.no_scram

    @property
    def closed_doors(self) -> frozenset[DoorKind]:
        """The doors that are switched off."""
        return _closed(self)


def _closed(settings: Settings) -> frozenset[DoorKind]:
    switches = {
        DoorKind.IRC: settings.no_irc,
        DoorKind.WEB: settings.no_web,
        DoorKind.TEXT: settings.no_text,
        DoorKind.JSON: settings.no_json,
    }
    return frozenset(door for door, closed in switches.items() if closed)


OPTIONS: tuple[Option, ...] = tuple(rows_of(Settings))
BY_KEY = {row.key: row for row in OPTIONS}


def markdown(rows: Iterable[Option] = OPTIONS) -> str:
    """The table for the documentation."""
    lines = ["| option | default | what it is for |", "|---|---|---|"]
    for row in rows:
        typed = f"--{row.key} {row.value}".rstrip().replace("|", "\\|")
        default = f"`{row.shown_default}`" if row.shown_default else ""
        lines.append(f"| `{typed}` | {default} | {row.help} |")
    return "\n".join(lines) + "\n"
