"""What a typed line means: a command, or something to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..core.commands import TABLE, Form, Row, Table, split_word
from ..core.errors import ChatError
from ..text import parse
from .vocabulary import LOCAL


class Said(NamedTuple):
    """Words for the current conversation."""

    text: str


class Command(NamedTuple):
    """A command of the server's, or of this program's if it is `local`."""

    typed: parse.Typed
    local: bool
    slash: bool  # it was typed with one, so it cannot have been meant otherwise


def meaning(line: str, here: str, known: Callable[[str], bool]) -> Said | Command:
    """What a line means that is typed in the conversation `here`.

    With a slash it is a command, with two it is said. Without one it is a command if its
    first word is one as the table writes it, and the rest is what that command takes. A
    sentence such as "back in a minute" is therefore said; `known` tells names, so that a
    slip in a command is not said to everybody. With a slash, a command that wants a room
    and is given none means the one that one is in.
    """
    if line.startswith("//"):
        return Said(line[1:])
    slash = line.startswith("/")
    text = line[1:] if slash else line
    # A message of the lobby is named by its number alone, whatever one looks at.
    place = "" if here == "#lobby" else here
    if not slash and _row(text) is None:
        return Said(line)
    try:
        return _command(text, place, slash)
    except ChatError:
        if slash and here.startswith("#") and _lacks_room(text):
            word, rest = split_word(text)
            return _command(f"{word} {here} {rest}", place, slash)
        if slash or _meant(text, known):
            raise
        return Said(line)


def _command(text: str, place: str, slash: bool) -> Command:
    local = _found(LOCAL, text) is not None
    return Command(parse.read(text, place, LOCAL if local else TABLE), local, slash)


def _lacks_room(text: str) -> bool:
    row = _found(TABLE, text)
    wants = row is not None and bool(row.args) and row.args[0].form is Form.ROOM
    return wants and not split_word(text)[1].startswith("#")


def is_command(text: str) -> bool:
    """Whether a line that is being typed looks like a command so far."""
    return (text.startswith("/") and not text.startswith("//")) or _row(text) is not None


def _row(text: str) -> Row | None:
    """The command whose word begins a line, if it is written as the table writes it."""
    row = _found(LOCAL, text) or _found(TABLE, text)
    if row is None:
        return None
    word = split_word(text)[0]
    written = {one.split()[0] for one in (row.name, *row.aliases)}
    return row if word in written or word.islower() else None


def _found(table: Table, text: str) -> Row | None:
    first, rest = split_word(text.strip())
    return table.named(f"{first} {split_word(rest)[0]}") or table.named(first)


def _meant(text: str, known: Callable[[str], bool]) -> bool:
    """Whether a line that begins like a command and is none was meant as one."""
    words = text.split()
    row = _row(text)
    if len(words) <= 2 or row is None:
        return True
    follows = words[len(row.name.split())] if len(words) > len(row.name.split()) else ""
    wants_name = any(arg.form in (Form.WORD, Form.ROOM, Form.MESSAGE) for arg in row.args)
    return wants_name and (follows.startswith("#") or follows[:1].isdigit() or known(follows))
