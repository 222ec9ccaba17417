"""The table of IRC's commands: what each needs before it is carried out, checked in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from ...core.text import is_blank, without_forbidden
from .message import Message
from .numerics import Refused

if TYPE_CHECKING:
    from .door import IrcDoor
    from .responses import Answers

Run = Callable[["IrcDoor", Message], "Awaitable[None] | None"]
Say = Callable[["IrcDoor", Message, "Answers"], None]
R = TypeVar("R", bound=Run)
S = TypeVar("S", bound=Say)


class When(Enum):
    """When a command may be given."""

    ALWAYS = "always"
    BEFORE = "before registration"
    IN = "once registered"


@dataclass(frozen=True, slots=True)
class Row:
    """One command."""

    name: str
    run: Run | Say
    least: int  # parameters
    when: When
    oper: bool  # only the server's operators
    sends: bool  # says something (it is a Say then): may be under way several at a time
    help: str


COMMANDS: dict[str, Row] = {}


def command(
    name: str,
    least: int = 0,
    *,
    when: When = When.IN,
    oper: bool = False,
    help: str = "",
) -> Callable[[R], R]:
    """Enter a function as what a command does; `help` is its usage and what it does."""

    def enter(run: R) -> R:
        COMMANDS[name] = Row(name, run, least, when, oper, False, help)
        return run

    return enter


def saying(name: str, help: str) -> Callable[[S], S]:
    """The same for a command that says something; its answer is gathered apart from others."""

    def enter(run: S) -> S:
        COMMANDS[name] = Row(name, run, 0, When.IN, False, True, help)
        return run

    return enter


def row_of(client: IrcDoor, message: Message) -> Row:
    """The row of a command that may be carried out now, or the refusal."""
    row = COMMANDS.get(message.command)
    if row is None:
        if not client.registered:
            raise not_registered(client)
        raise Refused("421", shortened(message.command))
    if row.when is When.IN and not client.registered:
        raise not_registered(client)
    if row.when is When.BEFORE and client.registered:
        raise Refused("462")
    if len(message.params) < row.least:
        raise Refused("461", row.name)
    if row.oper and not client.oper:
        raise Refused("481")
    return row


def not_registered(client: IrcDoor) -> Refused:
    """The refusal of what takes somebody who is known."""
    registration = client.registration
    if registration.negotiating:
        return Refused("451", text="Register first: NICK and USER, and CAP END")
    if not registration.nick or not registration.user:
        return Refused("451")
    way = ", or make your nick an account" if client.chat.settings.registration_open else ""
    return Refused("451", text=f"Log in first, with SASL or PASS{way}")


def spoken(text: str) -> str:
    """What a client says, without the characters that nobody may say; CTCP stays CTCP."""
    if text.startswith("\x01"):
        return f"\x01{without_forbidden(text.strip(chr(1)))}\x01"
    return without_forbidden(text)


def words_in(message: Message, index: int) -> str:
    """What a client says in a parameter that may be left out, such as a reason.

    It has no characters that nobody may say, and is empty where there is nothing to read.
    """
    if len(message.params) <= index:
        return ""
    text = without_forbidden(message.params[index])
    return "" if is_blank(text) else text


def repeated(word: str) -> str:
    """A word of a client's as a middle parameter of an answer, or `*` if it cannot be one."""
    return word if word and shortened(word) == word else "*"


def shortened(word: str) -> str:
    """A word of a client's, safe as a middle parameter of an answer."""
    word = "".join(c for c in word if c.isprintable() and c != " ")[:64]
    return word if word and word[0] != ":" else "*"
