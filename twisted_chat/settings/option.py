"""A row of the table of settings: what one setting is to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, fields
from typing import Any, TypeVar

from msgspec import Struct

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
