"""From a typed line to a command of the table."""

from __future__ import annotations

import re

from msgspec import Struct

from ..core import command_table
from ..core.command_table import TABLE
from ..core.commands import Arg, ArgType, Command, Row, Table, split_word
from ..core.errors import ChatError

_NUMBER = re.compile(r"[0-9]{1,15}")


class Typed(Struct, frozen=True):
    """What a line said: a row of the table, and the arguments that were given."""

    word: str  # as it was typed, in lower case
    row: Row
    values: dict[str, object]
    missing: tuple[Arg, ...]  # those that the person is now asked for

    def command(self, **answers: object) -> Command:
        """The command, with what was asked for."""
        return self.row.make(**self.values, **answers)


def read(line: str, here: str = "", table: Table = TABLE) -> Typed:
    """Read a line; a bare message number means the conversation `here`."""
    line = line.strip()
    row, rest = table.find(line)
    words = _Words(row, rest)
    values: dict[str, object] = {}
    missing: list[Arg] = []
    for index, arg in enumerate(row.args):
        value = words.take(arg, row.args[index + 1 :])
        if value is not None:
            values[arg.field] = _named(str(value), here) if arg.type is ArgType.MESSAGE else value
        elif arg.ask:
            missing.append(arg)
        elif not arg.optional:
            raise usage(row)
    if words.rest:
        raise usage(row)
    if here and ("before" in values or row.make is command_table.Act):
        values.setdefault("place", here)
    return Typed(line.split()[0].lower(), row, values, tuple(missing))


def said(line: str, here: str) -> Command | None:
    """What a line says to those `here`; None if it is a command.

    A command begins with a slash then; two slashes say one.
    """
    if not here or line.strip().lower() == "tata":
        return None
    if line.startswith("/"):
        if not line.startswith("//"):
            return None
        line = line[1:]
    say = command_table.Say if here.startswith("#") else command_table.Message
    return say(here, line)


def usage(row: Row) -> ChatError:
    """How a command is typed."""
    return ChatError("args", f"Usage: {row.usage}")


def _named(reference: str, here: str) -> str:
    return f"{here}/{reference}" if here and _NUMBER.fullmatch(reference) else reference


class _Words:
    """Takes one argument after another off the rest of a line."""

    def __init__(self, row: Row, rest: str) -> None:
        self.row = row
        self.rest = rest

    def take(self, arg: Arg, after: tuple[Arg, ...]) -> object | None:
        """The value of an argument, or None if it was left out."""
        if arg.keyword:
            word, rest = self._first()
            if word.lower() != arg.keyword:
                return None
            self.rest = rest
            if arg.type is ArgType.FLAG:
                return True
            if not rest:
                raise usage(self.row)
        if arg.type is ArgType.REST:
            value, self.rest = self.rest, ""
            if arg.nothing and value == arg.nothing:
                return ""
            return value or None
        if arg.type is ArgType.MANY:
            return self._many(after[0].keyword)
        return self._word(arg, after)

    def _first(self) -> tuple[str, str]:
        return split_word(self.rest)

    def _many(self, keyword: str) -> tuple[str, ...] | None:
        words: list[str] = []
        while self.rest:
            word, rest = self._first()
            if word.lower() == keyword and words:
                break
            words.append(word)
            self.rest = rest
        return tuple(words) or None

    def _word(self, arg: Arg, after: tuple[Arg, ...]) -> object | None:
        word, rest = self._first()
        if not word or (arg.optional and not arg.keyword and self._is_for_another(arg, after)):
            return None
        if arg.type is ArgType.NUMBER and not _NUMBER.fullmatch(word):
            whole = word.lstrip("+-").isdecimal()
            problem = "cannot be the number here" if whole else "is not a whole number"
            raise ChatError("args", f"{word[:32]} {problem}. Usage: {self.row.usage}")
        if arg.type is ArgType.ROOM and not word.startswith("#"):
            raise ChatError("args", f"A room's name begins with #. Usage: {self.row.usage}")
        self.rest = rest
        return int(word) if arg.type is ArgType.NUMBER else word

    def _is_for_another(self, arg: Arg, after: tuple[Arg, ...]) -> bool:
        """Whether the next word is not for this optional argument but for a later one."""
        word = self._first()[0]
        if any(word.lower() == later.keyword for later in after if later.keyword):
            return True
        if arg.type is ArgType.DURATION:
            return not word[0].isdigit()
        if arg.type is ArgType.WORD:
            return _NUMBER.fullmatch(word) is not None
        return arg.type is ArgType.NUMBER and not _NUMBER.fullmatch(word) and bool(after)
