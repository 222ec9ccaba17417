"""What each command does. `perform` makes the checks that are the same for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail

from ...core.commands import TABLE, Command, Who
from ...core.errors import ChatError
from ...core.results import Result
from ...core.roster import Person
from ..chat import Chat
from ..session import Session

Action = Callable[[Chat, Session, Any], "Result | Awaitable[Result]"]
A = TypeVar("A", bound=Callable[..., Any])

_ACTIONS: dict[type[Command], Action] = {}


def performs(command: type[Command]) -> Callable[[A], A]:
    """Enter a function as what a command does."""

    def enter(action: A) -> A:
        _ACTIONS[command] = action
        return action

    return enter


def perform(chat: Chat, session: Session, command: Command) -> Deferred[Result]:
    """Carry out a command; a ChatError raised here or later is the refusal."""
    session.asked_at = chat.ticks()
    check(chat, session.person, command)
    try:
        outcome = _ACTIONS[type(command)](chat, session, command)
    except ChatError:
        raise
    except Exception:
        return fail()  # a fault of the program's, which the door reports like any other answer
    if isinstance(outcome, Deferred):
        return outcome
    if isinstance(outcome, Result):
        done: Deferred[Result] = Deferred()
        done.callback(outcome)
        return done
    return Deferred.fromCoroutine(outcome)  # type: ignore[arg-type]


def check(chat: Chat, person: Person, command: Command) -> None:
    """Refuse a command to somebody who may not use it at all."""
    row = TABLE.of(command)
    if person.erased:
        raise ChatError("not_now", "Your account is being erased.")
    if row.who is Who.ADMIN and not person.admin:
        raise ChatError("not_allowed", f"Only an administrator can use {row.name}.")
    if row.who is not Who.GUEST and person.guest:
        way = "type password to make your name an account"
        if not chat.settings.registration_open:
            way = "ask who runs this server for an account"
        raise ChatError("guest", f"A guest cannot use {row.name}: {way}.")


from . import (  # noqa: E402
    account,  # noqa: F401
    administration,  # noqa: F401
    encryption,  # noqa: F401
    files,  # noqa: F401
    history,  # noqa: F401
    listing,  # noqa: F401
    messages,  # noqa: F401
    moderation,  # noqa: F401
    rooms,  # noqa: F401
    rules,  # noqa: F401
)
