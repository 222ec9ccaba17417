"""What becomes of what a client has said: its answer is sent when all of that is known.

Others may be under way meanwhile, so each has an answer of its own. Callbacks do here what
coroutines do elsewhere, since every message passes, and four of those cost more than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ...core.errors import ChatError
from . import refusals
from .numerics import Refused
from .responses import Answers

if TYPE_CHECKING:
    from .commands import Row, Say
    from .door import IrcDoor
    from .message import Message

T = TypeVar("T")
Show = Callable[["IrcDoor", Answers, T, str, Any], None]
"""Adds to an answer: what came of it, to whom it was said, and what."""


def say(client: IrcDoor, row: Row, message: Message, label: str) -> None:
    """Carry out a command that says something."""
    answers = Answers(client.clients.server, row.name, label)
    answers.awaited = 1  # this very call
    client.set_out()
    try:
        cast("Say", row.run)(client, message, answers)
    except (ChatError, Refused) as error:
        refusals.of_saying(client, answers, error, message.params[0] if message.params else "")
    except Exception:
        client.failed(Failure())
    finally:
        _one_less(client, answers)


def wait_for(
    done: Deferred[T], client: IrcDoor, answers: Answers, show: Show[T], target: str, said: Any
) -> None:
    """Let an answer be whole only when it is known what came of what was `said`."""
    answers.awaited += 1
    known = (client, answers, show, target, said)
    done.addCallbacks(_show, _refuse, known, errbackArgs=(client, answers, target))


def _show(
    result: T, client: IrcDoor, answers: Answers, show: Show[T], target: str, said: Any
) -> None:
    try:
        if not client.closed:
            show(client, answers, result, target, said)
    except (ChatError, Refused) as error:
        refusals.of_saying(client, answers, error, target)
    except Exception:
        client.failed(Failure())
    finally:
        _one_less(client, answers)


def _refuse(failure: Failure, client: IrcDoor, answers: Answers, target: str) -> None:
    try:
        if isinstance(failure.value, ChatError | Refused):
            refusals.of_saying(client, answers, failure.value, target)
        else:
            client.failed(failure)
    finally:
        _one_less(client, answers)


def _one_less(client: IrcDoor, answers: Answers) -> None:
    """One outcome more is known; after the last one the answer is sent."""
    answers.awaited -= 1
    if answers.awaited:
        return
    try:
        if not client.closed:
            client.send(answers.taken())
    except Exception:
        client.failed(Failure())
    finally:
        client.landed()
