"""The command line of every client, and the user that is made of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ... import __version__
from ...core.errors import StartError
from ..connection.address import DEFAULT_HOST, DEFAULT_PORT, Address, checked, port_number
from .usage import OPTIONS, SWITCHES, help_text, is_name, place_of

if TYPE_CHECKING:
    from ..connection.sign_in import SignInHandler
    from ..sync.user import User

WRONG_USAGE = 2
NOT_POSSIBLE = 1


class Arguments(NamedTuple):
    """What somebody who starts a client has asked for."""

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
