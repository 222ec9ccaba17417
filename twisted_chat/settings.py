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
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import category

from .core import durations
from .core.errors import ChatError, StartError

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

    @property
    def shown_default(self) -> str:
        """The default as an operator would write it."""
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
) -> T:
    """A field of Settings together with its row of the table."""
    row = {"read": read, "value": value, "help": help, "key": key, "many": many}
    made: T = field(default=default, metadata=row)
    return made


# --- how values are read -------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a text in quotation marks")
    if any(category(c) == "Cc" and c != "\n" for c in value):
        raise ValueError("it has a control character in it")
    return value


def _name(value: object) -> str:
    text = _text(value).strip()
    if not text or "\n" in text:
        raise ValueError("it must be a name on one line")
    return text


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_name(value),)
    if not isinstance(value, list):
        raise ValueError("it must be a name or a list of names")
    return tuple(_name(one) for one in value)


def _path(value: object) -> Path:
    text = _text(value)
    if not text:
        raise ValueError("it must be the name of a file or a folder")
    return Path(text).expanduser()


def _port(value: object) -> str:
    """A number, or the description of an endpoint, which is read when it is opened."""
    text = str(value) if type(value) is int else _text(value).strip()
    if re.fullmatch(r"0*[0-9]{1,5}", text) and int(text) <= 65535:
        return str(int(text))
    if re.fullmatch(r"-?[0-9]+", text):
        raise ValueError("a port is a number from 0 to 65535")
    if ":" not in text:
        raise ValueError("a port is a number from 0 to 65535, or tcp:9999, or unix:/a/path")
    return text


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not re.fullmatch(r" *-?[0-9]{1,18} *", text, re.ASCII):
            raise ValueError(f"it must be a whole number from {least} to {most}")
        if not least <= int(text) <= most:
            raise ValueError(f"it must be from {least} to {most}")
        return int(text)

    return read


def _duration(value: object) -> int:
    try:
        return durations.parse(str(value) if type(value) is int else _text(value))
    except ChatError as error:
        raise ValueError(error.sentence[0].lower() + error.sentence[1:].rstrip(".")) from None


def _one_of(yes: str, no: str) -> Callable[[object], bool]:
    def read(value: object) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value.strip().lower() not in (yes, no):
            raise ValueError(f"it must be {yes} or {no}")
        return value.strip().lower() == yes

    return read


_switch = _one_of("true", "false")


# --- the table -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settings:
    """What one chat service runs with."""

    port: str = option(
        "9999",
        _port,
        "PORT",
        "where to listen: a number (IPv4 and IPv6; 0 takes a free one), or an endpoint"
        " such as tcp:9999:interface=127.0.0.1 or unix:/run/chat",
    )
    data: Path = option(
        Path("chat-data"), _path, "FOLDER", "the folder that keeps everything; made if need be"
    )
    database: str | None = option(
        None, _name, "URL", "another database than the one in the data folder (sqlite:////a/path)"
    )
    name: str = option("twisted-chat", _name, "NAME", "what the server calls itself")
    motd: str = option("", _text, "TEXT", "shown to everybody who has logged in")
    registration_open: bool = option(
        True,
        _one_of("open", "closed"),
        "open|closed",
        "whether people may make accounts by themselves",
        key="registration",
    )
    guests: bool = option(False, _switch, "", "let people in without a password")
    users: Path | None = option(
        None, _path, "FILE", "make the accounts in this file: a name and a password a line"
    )
    admins: tuple[str, ...] = option(
        (),
        _names,
        "NAME",
        "this account is an administrator; give it again for more",
        key="admin",
        many=True,
    )
    login_attempts: int = option(
        3, _whole(0, 1_000_000), "NUMBER", "failed logins until a block; 0 never blocks"
    )
    block_time: int = option(60, _duration, "TIME", "how long a block lasts: 60, 10m, 2h, 7d")
    idle_timeout: int = option(0, _duration, "TIME", "log out who was silent so long; 0 never does")
    flood_limit: int = option(
        10,
        _whole(0, 1_000_000),
        "NUMBER",
        "commands a second from one session, twice that at once; 0 switches every rate limit off,"
        " that of sign-ups included",
    )
    connection_limit: int = option(
        10_000,
        _whole(0, 10_000_000),
        "NUMBER",
        "connections in all, and in proportion those of one address; 0 switches every cap off",
    )
    max_message: int = option(
        4096, _whole(16, 1_000_000), "BYTES", "the longest message, counted in UTF-8"
    )
    log_json: Path | None = option(
        None, _path, "FILE", "write the log there too, one JSON object a line"
    )


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
            raise StartError(f"--{key} {_quoted(value)}: {error}.") from None
    return Settings(**chosen)


def read_file(file: Path) -> dict[str, Any]:
    """The fields of Settings that a TOML file sets."""
    try:
        text = file.read_bytes().decode("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise StartError(
            f"The settings file {file} cannot be read: {(error.strerror or str(error)).lower()}."
        ) from None
    except UnicodeDecodeError:
        raise StartError(f"The settings file {file} is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StartError(_broken(file, str(error), text)) from None
    chosen: dict[str, Any] = {}
    for key, value in values.items():
        place = f"{file}, line {_line_of(key, text)}"
        row = _BY_KEY.get(key)
        if row is None:
            raise StartError(f"{place}: there is no setting {_quoted(key)}{_nearest(key)}.")
        try:
            chosen[row.field] = row.read(value)
        except ValueError as error:
            raise StartError(f"{place}: {key} = {_quoted(value)}: {error}.") from None
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
