"""What a typed line means: a command of the server or of this program, or something to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ...console import parse
from ...core import command_table as words
from ...core.command_table import TABLE
from ...core.commands import Arg, ArgType, Command, Row, Table, Who, split_word
from ...core.errors import ChatError
from ...core.text import without_blanks

GROUP = "Here"


class Switch(Command, frozen=True):
    place: str = ""


class Next(Command, frozen=True):
    pass


class Reply(Command, frozen=True):
    message: str
    text: str


class Jump(Command, frozen=True):
    message: str


class Reconnect(Command, frozen=True):
    pass


class Send(Command, frozen=True):
    place: str
    path: str


class Get(Command, frozen=True):
    file: int
    path: str = ""


class Cancel(Command, frozen=True):
    transfer: int | None = None


class Transfers(Command, frozen=True):
    pass


class Verify(Command, frozen=True):
    user: str = ""
    ok: bool = False


class Readers(Command, frozen=True):
    room: str = ""
    verified: bool = False
    all: bool = False
    admit: str = ""


class Passphrase(Command, frozen=True):
    pass


LOCAL = Table()


def _enter(name: str, make: type[Command], help: str, *args: Arg) -> None:
    LOCAL.add(Row(name, make, help, args, (), Who.GUEST, GROUP, False, False))


_MESSAGE = Arg("message", ArgType.MESSAGE, shown="number")
_enter(
    "switch",
    Switch,
    "talk in another conversation from now on; alone, list them",
    Arg("place", optional=True, shown="#room|user"),
)
_enter("next", Next, "switch to the next conversation with something unread")
_enter("reply", Reply, "answer a message, naming it", _MESSAGE, Arg("text", ArgType.REST))
_enter("jump", Jump, "show a message and what was said around it", _MESSAGE)
_enter(
    "send",
    Send,
    "send a file of this computer's; one that is dragged in becomes such a line",
    Arg("place", shown="#room|user"),
    Arg("path", ArgType.REST),
)
_enter(
    "get",
    Get,
    "fetch a file, into your downloads or to a path",
    Arg("file", ArgType.NUMBER, shown="number"),
    Arg("path", ArgType.REST, optional=True),
)
_enter(
    "cancel",
    Cancel,
    "stop sending or fetching",
    Arg("transfer", ArgType.NUMBER, optional=True, shown="number"),
)
_enter("transfers", Transfers, "what is being sent and fetched, by its numbers")
_enter(
    "verify",
    Verify,
    "compare six words with somebody, so that nobody is between you; ok when they are the same",
    Arg("user", optional=True),
    Arg("ok", ArgType.FLAG, optional=True, keyword="ok"),
)
_enter(
    "readers",
    Readers,
    "who can read an encrypted room; let only verified devices read there, or all; admit somebody",
    Arg("room", ArgType.ROOM, optional=True, shown="#room"),
    Arg("verified", ArgType.FLAG, optional=True, keyword="verified"),
    Arg("all", ArgType.FLAG, optional=True, keyword="all"),
    Arg("admit", optional=True, keyword="admit", shown="user"),
)
_enter("passphrase", Passphrase, "protect the keys that are kept on this computer")
_enter("reconnect", Reconnect, "try at once to connect again")


def is_shadowed(name: str, aliases: Iterable[str]) -> bool:
    """Whether this program carries out a command of the server's in its own way."""
    return any(LOCAL.named(word) is not None for word in (name, *aliases))


Known = Callable[[str], bool]
"""Whether a word is the name of somebody."""

A_PASSWORD = (
    "This looks like a password, so it was not said: password alone asks for it,"
    " and /say before it says it all the same."
)


class Said(NamedTuple):
    """Words for the current conversation."""

    text: str


class TypedCommand(NamedTuple):
    """A command of the server's, or of this program's if it is `local`."""

    typed: parse.Typed
    local: bool
    slash: bool  # it was typed with one, so it cannot have been meant otherwise


class _Found(NamedTuple):
    """The command that a line begins with, and what is after its words."""

    table: Table
    row: Row
    rest: str


def meaning(line: str, here: str, known: Known) -> Said | TypedCommand:
    """What a line means that is typed in the conversation `here`.

    With a slash it is a command, with two it is said. Without one it is a command if its
    first word is one as the table writes it, and the rest is what that command takes. A
    sentence such as "back in a minute" is therefore said; `known` tells names, so that a
    slip in a command is not said to everybody. With a slash, a command that wants a room
    and is given none means the one that one is in, so that /say says anything there.
    """
    text = without_blanks(line)
    if text.startswith("//"):
        return Said(line.replace("/", "", 1))
    slash = text.startswith("/")
    text = text.removeprefix("/")
    # A message of the lobby is named by its number alone, whatever one looks at.
    place = "" if here == "#lobby" else here
    found = _found(text)
    if not slash:
        if may_tell_a_password(text):
            raise ChatError("args", A_PASSWORD)
        if _as_written(text, known) is None:
            return Said(line)
    elif found is not None and _lacks_room(found):
        if found.row.make is words.Say and found.rest:
            return Said(found.rest)
        if here.startswith("#"):
            text = f"{found.row.name} {here} {found.rest}"
    try:
        local = found is not None and found.table is LOCAL
        return TypedCommand(parse.read(text, place, LOCAL if local else TABLE), local, slash)
    except ChatError:
        if slash or _meant(text, known):
            raise
        return Said(line)


def is_command(line: str, known: Known) -> bool:
    """Whether a line that is being typed looks so far like nothing that would be said."""
    text = without_blanks(line)
    if text.startswith("/"):
        return not text.startswith("//")
    return may_tell_a_password(text) or _as_written(text, known) is not None


def may_tell_a_password(line: str) -> bool:
    """Whether a line may have a password in it that was meant for nobody's eyes.

    Nobody is greeted with a password here, but by habit it is typed behind such a word.
    """
    word, *rest = without_blanks(line).removeprefix("/").lower().split() or [""]
    match word:
        case "password":
            return bool(rest)
        case "login" | "register":
            return len(rest) == 2
        case "reset-password":
            return len(rest) > 1
    return False


def _found(text: str) -> _Found | None:
    first, rest = split_word(text)
    second, beyond = split_word(rest)
    for table in (LOCAL, TABLE):
        if row := table.named(f"{first} {second}"):
            return _Found(table, row, beyond)
        if row := table.named(first):
            return _Found(table, row, rest)
    return None


def _lacks_room(found: _Found) -> bool:
    args = found.row.args
    return bool(args) and args[0].type is ArgType.ROOM and not found.rest.startswith("#")


def _as_written(text: str, known: Known) -> _Found | None:
    """The command whose word begins a line, if it is written as the table writes it.

    Telephones write the first letter large; that is one if it names somebody, or asks for
    a password.
    """
    found = _found(text)
    if found is None:
        return None
    word, row = split_word(text)[0], found.row
    if row.make is Send and not _names_somebody(found.rest, known):
        return None  # "send me the drawings of the coil"
    if row.make is words.Act:
        return None  # "me too"
    written = {one.split()[0] for one in (row.name, *row.aliases)}
    if word in written or word.islower() or row.make is words.Password:
        return found
    takes_person = any((arg.shown or arg.field) == "user" for arg in row.args)
    return found if takes_person and known(split_word(found.rest)[0]) else None


def _names_somebody(rest: str, known: Known) -> bool:
    """Whether `send` says to whom, or has so few words that it must have been meant to."""
    to, path = split_word(rest)
    return to.startswith("#") or known(to) or len(path.split()) <= 1


def _meant(text: str, known: Known) -> bool:
    """Whether a line that begins like a command and is none was meant as one."""
    found = _as_written(text, known)
    if found is None or len(text.split()) <= 2:
        return True
    wants_name = any(
        arg.type in (ArgType.WORD, ArgType.ROOM, ArgType.MESSAGE, ArgType.MANY)
        for arg in found.row.args
    )
    follows = split_word(found.rest)[0]
    return wants_name and (follows.startswith("#") or follows[:1].isdigit() or known(follows))
