"""The table of IRC's commands: what each needs before it is carried out, checked in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from .message import Message, shortened
from .refusals import Refused

if TYPE_CHECKING:
    from .door import IrcDoor

Run = Callable[["IrcDoor", Message], "Awaitable[None] | None"]
R = TypeVar("R", bound=Run)


class When(Enum):
    """When a command may be given."""

    ALWAYS = "always"
    BEFORE = "before registration"
    IN = "once registered"


@dataclass(frozen=True, slots=True)
class Row:
    """One command."""

    name: str
    run: Run
    least: int  # parameters
    when: When
    oper: bool  # only the server's operators
    concurrent: bool  # several may be under way at a time, as messages are
    help: str


COMMANDS: dict[str, Row] = {}


def command(
    name: str,
    least: int = 0,
    *,
    when: When = When.IN,
    oper: bool = False,
    concurrent: bool = False,
    help: str = "",
) -> Callable[[R], R]:
    """Enter a function as what a command does; `help` is its usage and what it does."""

    def enter(run: R) -> R:
        COMMANDS[name] = Row(name, run, least, when, oper, concurrent, help)
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
