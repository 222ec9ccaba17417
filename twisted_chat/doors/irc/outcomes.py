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
    from .door import IrcTalk
    from .message import Message

T = TypeVar("T")
Show = Callable[["IrcTalk", Answers, T, str, Any], None]
"""Adds to an answer: what came of it, to whom it was said, and what."""


def say(talk: IrcTalk, row: Row, message: Message, label: str) -> None:
    """Carry out a command that says something."""
    answers = Answers(talk.company.server, row.name, label)
    answers.awaited = 1  # this very call
    talk.set_out()
    try:
        cast("Say", row.run)(talk, message, answers)
    except (ChatError, Refused) as error:
        refusals.of_saying(talk, answers, error, message.params[0] if message.params else "")
    except Exception:
        talk.failed(Failure())
    finally:
        _one_less(talk, answers)


def wait_for(
    done: Deferred[T], talk: IrcTalk, answers: Answers, show: Show[T], target: str, said: Any
) -> None:
    """Let an answer be whole only when it is known what came of what was `said`."""
    answers.awaited += 1
    known = (talk, answers, show, target, said)
    done.addCallbacks(_show, _refuse, known, errbackArgs=(talk, answers, target))


def _show(
    result: T, talk: IrcTalk, answers: Answers, show: Show[T], target: str, said: Any
) -> None:
    try:
        if not talk.closed:
            show(talk, answers, result, target, said)
    except (ChatError, Refused) as error:
        refusals.of_saying(talk, answers, error, target)
    except Exception:
        talk.failed(Failure())
    finally:
        _one_less(talk, answers)


def _refuse(failure: Failure, talk: IrcTalk, answers: Answers, target: str) -> None:
    try:
        if isinstance(failure.value, ChatError | Refused):
            refusals.of_saying(talk, answers, failure.value, target)
        else:
            talk.failed(failure)
    finally:
        _one_less(talk, answers)


def _one_less(talk: IrcTalk, answers: Answers) -> None:
    """One outcome more is known; after the last one the answer is sent."""
    answers.awaited -= 1
    if answers.awaited:
        return
    try:
        if not talk.closed:
            talk.send(answers.taken())
    except Exception:
        talk.failed(Failure())
    finally:
        talk.landed()
