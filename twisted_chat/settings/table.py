"""Everything an operator can set, in one table.

Each field of `Settings` is one setting: its default, how it is read and what it is
for. The command line, the settings file and the documentation are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from ..core import values
from ..core.doorways import Door
from .option import Option, option, rows_of


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
        "TLS on the same port: with a key and a certificate that are made at the first start, or"
        " with these, which may be changed while the server runs",
    )
    plaintext: str = option(
        "loopback",
        values.word("loopback", "always", "never"),
        "loopback|always|never",
        "whether people may log in without TLS: those on the server's own machine, everybody,"
        " or nobody",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = option(
        (),
        values.networks,
        "ADDRESS",
        "a proxy that may say with the PROXY protocol for whom it connects, or a network of them;"
        " give it again for more",
        key="trusted-proxy",
        many=True,
    )
    webirc: tuple[values.Gateway, ...] = option(
        (),
        values.gateways,
        "PASSWORD@ADDRESS",
        "a web gateway for IRC at this address or in this network, which may say with WEBIRC and"
        " this password for whom it connects; give it again for more",
        many=True,
        secret=True,
    )
    irc_port: str | None = option(
        None, values.port, "PORT", "another port, which speaks IRC only; written as --port is"
    )
    web_port: str | None = option(None, values.port, "PORT", "another port, for browsers only")
    tls_port: str | None = option(
        None, values.port, "PORT", "another port, for what comes over TLS only"
    )
    web_origins: tuple[str, ...] = option(
        (),
        values.web_addresses,
        "ORIGIN",
        "a web page from there, such as https://irc.example.org, may speak IRC and send files here"
        " for whoever looks at it; give it again for more",
        key="web-origin",
        many=True,
    )
    web_address: str = option(
        "",
        values.web_address,
        "URL",
        "what the links to files begin with where the server cannot know it, such as"
        " https://chat.example.org behind a proxy",
    )
    no_irc: bool = option(False, values.switch, "", "do not speak IRC")
    no_web: bool = option(
        False, values.switch, "", "show no web page, and neither take nor give files over HTTP"
    )
    no_text: bool = option(False, values.switch, "", "do not talk with people who have netcat")
    no_json: bool = option(
        False, values.switch, "", "do not speak JSON, which the chat's own clients do"
    )
    greet_after: float = option(
        0.3,
        values.seconds,
        "SECONDS",
        "how long whoever says nothing is waited for, before being greeted as somebody with netcat;"
        " too short a time greets those who come with TLS or a browser (those who may not log in"
        " without TLS are waited for 3 seconds at least)",
    )
    data: Path = option(
        Path("chat-data"),
        values.path,
        "FOLDER",
        "the folder that keeps everything; made if need be",
    )
    database: str | None = option(
        None,
        values.name,
        "URL",
        "another database than the one in the data folder (sqlite:////a/path)",
    )
    name: str = option("twisted-chat", values.name, "NAME", "what the server calls itself")
    description: str = option(
        "",
        values.line,
        "TEXT",
        "one line about the server, which IRC clients are told in WHOIS, LINKS and ADMIN instead of"
        " its name",
    )
    icon: str = option(
        "",
        values.url,
        "URL",
        "where IRC clients find a square picture of the network; {size} in it stands for the pixels"
        " they want",
    )
    motd: str = option("", values.plain_text, "TEXT", "shown to everybody who has logged in")
    motd_file: Path | None = option(
        None,
        values.path,
        "FILE",
        "the same from a file of several lines, which is read again after SIGHUP",
    )
    registration_open: bool = option(
        True,
        values.one_of("open", "closed"),
        "open|closed",
        "whether people may make accounts by themselves",
        key="registration",
    )
    guests: bool = option(False, values.switch, "", "let people in without a password")
    users: Path | None = option(
        None, values.path, "FILE", "make the accounts in this file: a name and a password a line"
    )
    admins: tuple[str, ...] = option(
        (),
        values.names,
        "NAME",
        "this account is an administrator; give it again for more",
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
        "characters that a new password has at least; those in the file of --users may be shorter",
    )
    idle_timeout: int = option(
        0, values.duration, "TIME", "log out who was silent so long; 0 never does"
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
        "what may wait in memory for all connections together that do not read what they are sent,"
        " or send lines by halves: 4M at least, and 0 sets no bound; when it is used up, those who"
        " hold most are closed",
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
        "what the files of one account may take on the disk; 0 sets no bound",
        shown="1G",
    )
    total_quota: int = option(
        20_000_000_000,
        values.size,
        "SIZE",
        "what all files together may take on the disk; 0 sets no bound",
        shown="20G",
    )
    keep_free: int = option(
        1_000_000_000,
        values.size,
        "SIZE",
        "what files leave free on the disk",
        shown="1G",
    )
    link_time: int = option(
        365 * 24 * 60 * 60,
        values.duration,
        "TIME",
        "how long the link leads to a file that was sent over HTTP; 0 for as long as there is one",
        shown="365d",
    )
    link_age: int = option(
        24 * 60 * 60,
        values.duration,
        "TIME",
        "how old an account has to be to send files over HTTP from beyond loopback and private"
        " networks; 0 takes them at once",
        shown="1d",
    )
    nick_length: int = option(
        32, values.whole(4, 32), "NUMBER", "characters a new name of a person may have"
    )
    room_length: int = option(
        33, values.whole(4, 33), "NUMBER", "characters a new room's name may have, with its #"
    )
    topic_length: int = option(
        400, values.whole(16, 2000), "BYTES", "the longest topic, counted in UTF-8"
    )
    unlimited: tuple[IPv4Network | IPv6Network, ...] = option(
        (),
        values.networks,
        "ADDRESS",
        "connections from this address or network have no limits of rate, number or tries; give it"
        " again for more",
        many=True,
    )
    opers: tuple[values.Oper, ...] = option(
        (),
        values.opers,
        "NAME:HASH",
        "who gives this name and the password of this hash with OPER over IRC is an operator there;"
        " give it again for more",
        key="oper",
        many=True,
        secret=True,
    )
    irc_password: str = option(
        "",
        values.secret,
        "TEXT",
        "the password that everybody who comes over IRC has to give with PASS",
        secret=True,
    )
    no_scram: bool = option(
        False,
        values.switch,
        "",
        "keep nothing that SCRAM needs: passwords are then hashed with argon2id alone, and IRC"
        " clients send them (over TLS)",
    )
    sts: int = option(
        0,
        values.duration,
        "TIME",
        "how long IRC clients are to come back over TLS only (needs a certificate of your own)",
    )
    log_json: Path | None = option(
        None, values.path, "FILE", "write the log there too, one JSON object a line"
    )

    @property
    def scram(self) -> bool:
        """Whether people may log in with SCRAM-SHA-256."""
        return not self.no_scram

    @property
    def closed_doors(self) -> frozenset[Door]:
        """The doors that are switched off."""
        return _closed(self)


def _closed(settings: Settings) -> frozenset[Door]:
    switches = {
        Door.IRC: settings.no_irc,
        Door.WEB: settings.no_web,
        Door.TEXT: settings.no_text,
        Door.JSON: settings.no_json,
    }
    return frozenset(door for door, closed in switches.items() if closed)


OPTIONS: tuple[Option, ...] = tuple(rows_of(Settings))
BY_KEY = {row.key: row for row in OPTIONS}
