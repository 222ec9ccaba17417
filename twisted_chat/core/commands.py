"""What a command is: names, arguments, who may use it, and a line of help.

A command is a frozen `Command`. The text door reads its words by the `args`
of its row, programs give its fields by name; help, the usage sentence, the hint
for a mistyped word and the documentation are all made from the row. The commands
themselves are in `command_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from enum import Enum, IntEnum
from typing import Any, TypeVar

import msgspec

from .errors import ChatError


class Command(msgspec.Struct, frozen=True):
    """What somebody wants done, with its arguments."""

    def given(self) -> dict[str, Any]:
        """Its arguments by name, but for those that are as if they had been left out."""
        arguments = ((field, getattr(self, field.name)) for field in msgspec.structs.fields(self))
        return {field.name: value for field, value in arguments if value != field.default}


class Who(IntEnum):
    """Who may use a command; each includes the ones after it."""

    GUEST = 0
    ACCOUNT = 1
    ADMIN = 2


class ArgType(Enum):
    """How the text door reads one argument."""

    WORD = "word"  # one word
    NUMBER = "number"
    DURATION = "duration"  # one word that begins with a digit: 10m
    ROOM = "room"  # one word that begins with #
    MESSAGE = "message"  # 17, #room/17 or user/17
    MANY = "many"  # words up to the next argument's keyword
    REST = "rest"  # everything that is left of the line
    FLAG = "flag"  # the keyword itself


C = TypeVar("C", bound="type[Command]")


class Arg(msgspec.Struct, frozen=True):
    """One argument: the field it fills and how it is read and asked for."""

    field: str
    type: ArgType = ArgType.WORD
    shown: str = ""  # what usage calls it, if not by its field's name
    optional: bool = False
    keyword: str = ""  # a word that must stand before it
    ask: str = ""  # the text door's prompt when it was left out
    or_empty: bool = False  # an empty answer to that is an answer
    nothing: str = ""  # the word that stands for an empty text

    @property
    def usage(self) -> str:
        shown = self.shown or self.field
        body = shown if self.type is ArgType.ROOM else f"<{shown}>"
        if self.type is ArgType.FLAG:
            body = ""
        if self.type is ArgType.MANY:
            body = f"<{shown}>…"
        if self.keyword:
            body = f"{self.keyword} {body}".rstrip()
        return f"[{body}]" if self.optional else body


class Row(msgspec.Struct, frozen=True):
    """One command of the table."""

    name: str
    make: type[Command]
    help: str
    args: tuple[Arg, ...]
    aliases: tuple[str, ...]
    who: Who
    group: str
    sends: bool  # may overtake nothing and be under way several at a time
    lists_online: bool  # the guided dialogue begins with who is online
    gives: tuple[type[Any], ...] = ()  # what it answers where it is more than done

    @property
    def usage(self) -> str:
        return " ".join([self.name, *(arg.usage for arg in self.args)])


TO_EVERYONE = "BM <text> says it to everyone."
WHAT_THERE_IS = f"help shows what there is; {TO_EVERYONE}"


class Table:
    """All rows, by name, by alias and by class."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._words: dict[str, Row] = {}
        self._classes: dict[type[Command], Row] = {}

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._classes[row.make] = row
        for word in (row.name, *row.aliases):
            self._words[word.lower()] = row

    def command(
        self,
        name: str,
        *args: Arg,
        help: str,
        aliases: tuple[str, ...] = (),
        who: Who = Who.ACCOUNT,
        group: str,
        sends: bool = False,
        lists_online: bool = False,
        gives: tuple[type[Any], ...] = (),
    ) -> Callable[[C], C]:
        """Return a decorator that enters a class of commands."""

        def enter(make: C) -> C:
            self.add(Row(name, make, help, args, aliases, who, group, sends, lists_online, gives))
            return make

        return enter

    def named(self, word: str) -> Row | None:
        return self._words.get(word.lower())

    def of(self, command: type[Command]) -> Row:
        """The row of a kind of command."""
        return self._classes[command]

    def words(self) -> Iterator[str]:
        """Every single word a command begins with; no person may be called so."""
        return iter({word.split()[0] for word in self._words})

    def find(self, line: str) -> tuple[Row, str]:
        """The row that a typed line begins with, and the rest of the line."""
        first, rest = split_word(line.strip())
        second, beyond = split_word(rest)
        row = self.named(f"{first} {second}")
        if row is not None:
            return row, beyond
        row = self.named(first)
        if row is None:
            raise ChatError("unknown_command", self._unknown(first))
        return row, rest

    def _unknown(self, word: str) -> str:
        if not word:
            return f"There is no command in that. {WHAT_THERE_IS}"
        longer = [row.name for row in self.rows if row.name.startswith(f"{word.lower()} ")]
        near = longer or get_close_matches(word.lower()[:32], self._words, n=1, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}? {TO_EVERYONE}" if near else WHAT_THERE_IS
        shown = word if len(word) <= 32 else word[:32] + "…"
        return f"{shown} is an unknown command. {hint}"


def split_word(text: str) -> tuple[str, str]:
    """The first word, and what comes after the space behind it, be that a tab or U+3000."""
    word, *rest = text.split(None, 1) or [""]
    return word, rest[0] if rest else ""
