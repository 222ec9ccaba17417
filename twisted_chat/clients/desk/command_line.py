"""The command line of every client: what it may hold, its help, and the user that is made of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

from ... import __version__
from ...core.errors import StartError
from ..connection.address import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    SCHEME,
    Address,
    checked,
    from_url,
    port_number,
)

if TYPE_CHECKING:
    from ..connection.sign_in import SignInHandler
    from ..sync.user import User

# Options that take a value, and the field of the arguments it is for.
OPTIONS = {
    "-hn": "host",
    "--host": "host",
    "-p": "port",
    "--port": "port",
    "-u": "name",
    "--user": "name",
    "--password-file": "password_file",
    "--downloads": "downloads",
}
# Options that stand alone, and what they make of a field.
SWITCHES = {
    "--register": ("register", True),
    "--insecure": ("insecure", True),
    "--trust-new-key": ("trust_new_key", True),
    "--json": ("json", True),
    "--no-bell": ("bell", False),
    "--no-color": ("color", False),
}

HELP = """\
{program} [options] [HOST [PORT [NAME]]]
{program} [options] chat://NAME@HOST:PORT/#ROOM

A client for twisted-chat. HOST is localhost if it is left out, PORT is 9999, and NAME is
the one that you used there last. At a terminal it has a screen of its own; where input or
output is a pipe or a file, it reads lines and writes lines.

  -hn, --host HOST        the server, instead of the first argument
  -p, --port PORT         its port, instead of the second argument
  -u, --user NAME         your name there, instead of the third argument
  --password-file FILE    the password is the first line of this file (pipes, bots)
  --downloads FOLDER      where fetched files are saved (the default is your Downloads folder)
  --register              make the account if it does not exist yet (pipes, bots)
  --json                  in a pipe: events and answers as the server sends them, as JSON;
                          where a request has no id, the answer names its line
  --insecure              connect even without TLS: others on the network can read everything
  --trust-new-key         accept and remember a new key of the server
  --no-bell               no sound when somebody speaks to you
  --no-color              no colors; the environment variable NO_COLOR does the same
  --version               show the version and exit
  -h, --help              show this help and exit

There is no option for a password: everybody on a computer can see its command lines. A
client that has logged in before does not ask again; a second client at the same time asks once.

At a terminal:
  {program}
  {program} chat.example.org 9999 tesla
  {program} chat://tesla@chat.example.org/#coil

From cron: every line is typed as it stands, a command or something to say. The program ends
when the server has stored everything.
  echo 'BM backup done' | {program} -u backup --password-file /etc/chat.secret
  df -h / | sed 's/^/say #servers /' | {program} -u backup --password-file /etc/chat.secret
  sed 's/^/BM /' notes | {program}     # said to everybody, whatever the lines begin with

Files: a line such as `send edison coil.png` sends one, `get 5` or `get 5 ~/coil.png` fetches
one; the program ends when the transfer is complete.
  echo 'send #lobby report.pdf' | {program} -u backup --password-file /etc/chat.secret

A bot, in any language (lines such as {{"do": "send", "room": "#lobby", "text": "pong"}} go in,
events come out), or in ten lines of Python: see twisted_chat.bot. Besides what the
server takes there is {{"do": "send", "room": "#lobby", "path": "report.pdf"}}, and to have a
file {{"do": "fetch", "file": 5}}, with a "path" to save it somewhere other than Downloads.
  mkfifo events; ./bot < events | {program} --json -u clerk --password-file clerk.txt > events

Environment:
  TWISTED_CHAT_PASSWORD   the password in a pipe, if there is no --password-file
  TWISTED_CHAT_PASSPHRASE the passphrase of the keys kept here, in a pipe, if they have one
  XDG_CONFIG_HOME, XDG_DATA_HOME   where the folders below are
Files:
  {config}   known servers and their keys
  {data}   sessions, and messages that are not sent yet
Exit codes:
  0  everything was done
  1  something was refused, or the server could not be reached; the messages say why
  2  the command line is wrong
"""


def help_text(program: str) -> str:
    """What --help says."""
    from platformdirs import user_config_path, user_data_path

    from ..sync.storage import NAME

    config, data = (where(NAME, appauthor=False) for where in (user_config_path, user_data_path))
    width = max(len(str(config)), len(str(data)))
    return HELP.format(
        program=program, config=str(config).ljust(width), data=str(data).ljust(width)
    )


def is_name(word: str) -> bool:
    """Whether a word that stands alone is somebody's name: hosts have a dot or a colon."""
    return bool(word) and word != DEFAULT_HOST and not re.search("[.:]", word)


def place_of(word: str) -> dict[str, str]:
    """What the first word says: a host, HOST:PORT, or an address with more in it."""
    if not word.startswith(SCHEME):
        if not re.fullmatch(r"[^:\[\]]*:[0-9]+|\[[^\[\]]*\](:[0-9]+)?", word):
            return {"host": word}
        word = SCHEME + word
    address = from_url(word)
    parts = urlsplit(word.replace("#", "%23"))
    return {
        "host": address.host if parts.hostname else "",
        "port": str(address.port) if parts.port is not None else "",
        "name": address.name,
        "room": address.room,
    }


WRONG_USAGE = 2
NOT_POSSIBLE = 1


class Arguments(NamedTuple):
    """What the command line asks for."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    name: str = ""
    room: str = ""
    password_file: str = ""
    register: bool = False
    insecure: bool = False
    trust_new_key: bool = False
    json: bool = False
    bell: bool = True
    color: bool = True
    downloads: str = ""

    @property
    def address(self) -> Address:
        return Address(self.host, self.port, self.name, self.room)


def read_arguments(program: str, words: Sequence[str], name_alone: bool = False) -> Arguments:
    """The command line; what is wrong with it is said, and ends the program.

    With `name_alone`, a single word is a name unless it looks like a host.
    """
    if {"-h", "--help"} & set(words):
        sys.stdout.write(help_text(program))
        raise SystemExit(0)
    if "--version" in words:
        sys.stdout.write(f"twisted-chat {__version__}\n")
        raise SystemExit(0)
    try:
        arguments = parsed(words, name_alone)
    except StartError as error:
        stop(f"{error} (--help shows how this program is called)", WRONG_USAGE)
    if os.environ.get("NO_COLOR"):
        arguments = arguments._replace(color=False)
    try:
        last = last_name(arguments.address.server)
        return arguments._replace(name=arguments.name or last)
    except StartError as error:
        stop(str(error), NOT_POSSIBLE)


def stop(sentence: str, code: int) -> NoReturn:
    """End the program before it has begun."""
    sys.stderr.write(sentence + "\n")
    raise SystemExit(code)


def last_name(server: str) -> str:
    """Who one was there the last time."""
    from ..connection.trust import known_servers

    return known_servers().last_name(server)


def make_user(reactor: Any, arguments: Arguments, entrance: SignInHandler) -> User:
    """The user for these arguments, not yet started."""
    from ..connection.lifecycle import Options
    from ..sync.assembly import user_at

    options = Options(arguments.insecure, arguments.trust_new_key, arguments.downloads)
    try:
        return user_at(reactor, arguments.address, entrance, options)
    except StartError as error:
        stop(str(error), NOT_POSSIBLE)


def parsed(words: Sequence[str], name_alone: bool = False) -> Arguments:
    """The arguments without what is remembered; a StartError says what is wrong with them."""
    given = _Given()
    plain: list[str] = []
    switches: dict[str, Any] = {}
    left = iter(words)
    for word in left:
        if word == "--":
            plain.extend(left)
        elif not word.startswith("-") or word == "-":
            plain.append(word)
        else:
            option, value = _option(word, left)
            if option in SWITCHES:
                field, state = SWITCHES[option]
                switches[field] = state
            else:
                given.take(OPTIONS[option], value)
    if name_alone and len(plain) == 1 and "name" not in given.facts and is_name(plain[0]):
        given.take("name", plain[0])
    else:
        given.take_plain(plain)
    facts = given.facts
    port = port_number(facts["port"]) if "port" in facts else DEFAULT_PORT
    host = facts.get("host", DEFAULT_HOST)
    arguments = Arguments(
        *(host, port, facts.get("name", ""), facts.get("room", "")),
        password_file=facts.get("password_file", ""),
        downloads=facts.get("downloads", ""),
        **switches,
    )
    checked(arguments.address)
    return arguments


def _option(word: str, left: Iterator[str]) -> tuple[str, str]:
    """An option as it is written in full, and its value if it takes one."""
    name, equals, value = word.partition("=")
    if re.fullmatch("-p[0-9]+", word):
        return "-p", word[2:]
    if name in SWITCHES:
        if equals:
            raise StartError(f"{name} takes nothing after it.")
        return name, ""
    if name not in OPTIONS:
        every = [*OPTIONS, *SWITCHES, "--help", "--version"]
        near = get_close_matches(name, every, n=1)
        hint = f": did you mean {near[0]}?" if near else "."
        raise StartError(f"{_short(name)} is not an option{hint}")
    if not equals:
        value = next(left, "")
    if not value or value in OPTIONS or value in SWITCHES:
        raise StartError(f"{name} needs something after it.")
    return name, value


class _Given:
    """What was said about where to go; nothing may be said twice in two ways."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def take(self, field: str, value: str) -> None:
        before = self.facts.setdefault(field, value)
        if before != value:
            what = field.replace("_", " ")
            raise StartError(f"Two {what}s were given: {_short(before)} and {_short(value)}.")

    def take_plain(self, words: Sequence[str]) -> None:
        """[HOST [PORT [NAME]]], where the first may be an address."""
        fields = ("host", "port", "name")
        if len(words) > len(fields):
            raise StartError(f"{_short(words[3])} is one word too many after HOST, PORT and NAME.")
        for field, word in zip(fields, words, strict=False):
            if not word:
                raise StartError(f"{field.upper()} is empty.")
            place = place_of(word) if field == "host" else {field: word}
            for one, value in place.items():
                if value:
                    self.take(one, value)


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= 64 else shown[:64] + "…"
