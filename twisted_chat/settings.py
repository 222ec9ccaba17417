"""Everything an operator can set, in one table.

Each field of `Settings` is one setting: its default, how it is read and what it is
for. The command line, the settings file and the documentation are made from it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

from .core import values
from .core.doorways import Door
from .core.errors import StartError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option:
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


# --- the table -----------------------------------------------------------------------------


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
    irc_port: str | None = option(
        None, values.port, "PORT", "another port, which speaks IRC only; written as --port is"
    )
    web_port: str | None = option(None, values.port, "PORT", "another port, for browsers only")
    tls_port: str | None = option(
        None, values.port, "PORT", "another port, for what comes over TLS only"
    )
    web_origins: tuple[str, ...] = option(
        (),
        values.names,
        "ORIGIN",
        "a web page from there, such as https://irc.example.org, may speak IRC here for whoever"
        " looks at it; give it again for more",
        key="web-origin",
        many=True,
    )
    no_irc: bool = option(False, values.switch, "", "do not speak IRC")
    no_web: bool = option(False, values.switch, "", "show no web page")
    no_text: bool = option(False, values.switch, "", "do not talk with people who have netcat")
    no_json: bool = option(
        False, values.switch, "", "do not speak JSON, which the chat's own clients do"
    )
    greet_after: float = option(
        0.3,
        values.seconds,
        "SECONDS",
        "how long whoever says nothing is waited for, before being greeted as somebody with netcat;"
        " too short a time greets those who come with TLS or a browser",
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
    block_time: int = option(60, values.duration, "TIME", "how long a block lasts: 60, 10m, 2h, 7d")
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
    keep_free: int = option(
        1_000_000_000,
        values.size,
        "SIZE",
        "what files leave free on the disk",
        shown="1G",
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


def _rows() -> Iterator[Option]:
    for one in fields(Settings):
        row = dict(one.metadata)
        key = row.pop("key") or one.name.replace("_", "-")
        yield Option(key=key, field=one.name, default=one.default, **row)


OPTIONS: tuple[Option, ...] = tuple(_rows())
_BY_KEY = {row.key: row for row in OPTIONS}


# --- reading them --------------------------------------------------------------------------


def settle(typed: Mapping[str, object], file: Path | None = None) -> Settings:
    """The settings of a command line and of a file; the command line has the last word.

    StartError says in one sentence what is wrong.
    """
    chosen = read_file(file) if file is not None else {}
    for key, value in typed.items():
        row = _BY_KEY[key]
        try:
            chosen[row.field] = row.read(value)
        except ValueError as error:
            quoted = "" if row.secret else f" {_quoted(value)}"
            raise StartError(f"--{key}{quoted}: {error}.") from None
    settings = Settings(**chosen)
    _check_ports(settings)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    """Refuse settings that are in order one by one, but not together."""
    if settings.tls == "off" and settings.plaintext == "never" and not settings.trusted_proxies:
        raise StartError(
            "With --tls off and --plaintext never nobody could log in: leave one of them out."
        )
    if settings.motd and settings.motd_file is not None:
        raise StartError("There are both --motd and --motd-file: leave one of them out.")
    if settings.sts and settings.tls in ("auto", "off"):
        raise StartError(
            "--sts needs --tls with a certificate of your own, which clients can verify: those that"
            " cannot would be kept out for as long as it says."
        )
    names = [oper.name for oper in settings.opers]
    for name in names:
        if names.count(name) > 1:
            raise StartError(f"There are two of --oper {_quoted(name)}: leave one of them out.")


def _check_ports(settings: Settings) -> None:
    """Refuse a port for what is switched off, one port twice, and doors that are all closed."""
    ports = (
        ("irc", settings.irc_port, settings.no_irc),
        ("web", settings.web_port, settings.no_web),
        ("tls", settings.tls_port, settings.tls == "off"),
    )
    for key, place, off in ports:
        if place is not None and off:
            switch = "--tls off" if key == "tls" else f"--no-{key}"
            raise StartError(f"--{key}-port opens what {switch} closes: leave one of them out.")
    taken = {settings.port: "port"}
    for key, place, _ in ports:
        if place is None or place == "0":
            continue
        if place in taken:
            raise StartError(f"--{key}-port and --{taken[place]} are both {place}: choose another.")
        taken[place] = f"{key}-port"
    if {Door.IRC, Door.TEXT, Door.JSON} <= settings.closed_doors:
        raise StartError("With --no-irc, --no-text and --no-json nobody could talk: leave one out.")


def read_file(file: Path) -> dict[str, Any]:
    """The fields of Settings that a TOML file sets."""
    try:
        text = file.read_bytes().decode("utf-8")
        written = tomllib.loads(text)
    except OSError as error:
        raise StartError(
            f"The settings file {file} cannot be read: {(error.strerror or str(error)).lower()}."
        ) from None
    except UnicodeDecodeError:
        raise StartError(f"The settings file {file} is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StartError(_broken(file, str(error), text)) from None
    chosen: dict[str, Any] = {}
    for key, value in written.items():
        place = f"{file}, line {_line_of(key, text)}"
        row = _BY_KEY.get(key)
        if row is None:
            raise StartError(f"{place}: there is no setting {_quoted(key)}{_nearest(key)}.")
        try:
            chosen[row.field] = row.read(value)
        except ValueError as error:
            quoted = "" if row.secret else f" = {_quoted(value)}"
            raise StartError(f"{place}: {key}{quoted}: {error}.") from None
    return chosen


def _nearest(key: str) -> str:
    # Underscores and the names of the fields are the likeliest slips.
    plain = key.lower().replace("_", "-")
    near = get_close_matches(plain, _BY_KEY, n=1, cutoff=0.0)
    return f"; the nearest is {near[0]}" if near else ""


def _line_of(key: str, text: str) -> int:
    """The line that sets a key of the outermost table."""
    word = re.escape(key)
    setting = re.compile(rf"""\s*\[?\[?\s*(["']?){word}\1\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), 1):
        if setting.match(line):
            return number
    return 1


def _broken(file: Path, error: str, text: str) -> str:
    """A sentence for TOML that cannot be read, from what the reader said."""
    found = re.fullmatch(r"(.*?) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)", error)
    if found is None:
        return f"The settings file {file} is not TOML: {error}."
    line = found[2] or len(text.splitlines()) or 1
    return f"{file}, line {line}: this is not TOML: {found[1][0].lower()}{found[1][1:]}."


def _quoted(value: object) -> str:
    """A value for a sentence: short, and without anything that moves a cursor."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 64 else text[:64] + "…"


# --- showing them --------------------------------------------------------------------------


def markdown(rows: Iterable[Option] = OPTIONS) -> str:
    """The table for the documentation."""
    lines = ["| option | default | what it is for |", "|---|---|---|"]
    for row in rows:
        typed = f"--{row.key} {row.value}".rstrip().replace("|", "\\|")
        default = f"`{row.shown_default}`" if row.shown_default else ""
        lines.append(f"| `{typed}` | {default} | {row.help} |")
    return "\n".join(lines) + "\n"
