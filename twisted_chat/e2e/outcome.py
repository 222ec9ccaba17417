"""Operations that are done whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from .rows import Change, Rows


class _WithRows(Protocol):
    rows: Rows


P = ParamSpec("P")
Value = TypeVar("Value")
Whose = TypeVar("Whose", bound=_WithRows)


class Outcome(NamedTuple, Generic[Value]):
    """What an operation gave, and what has to be written before that is used."""

    value: Value
    changes: tuple[Change, ...]


def whole(
    operation: Callable[Concatenate[Whose, P], Value],
) -> Callable[Concatenate[Whose, P], Outcome[Value]]:
    """Give the changes of an operation along with its value; one that raises changes nothing."""

    @wraps(operation)
    def run(self: Whose, /, *args: P.args, **named: P.kwargs) -> Outcome[Value]:
        try:
            value = operation(self, *args, **named)
        except BaseException:
            self.rows.forget()
            raise
        return Outcome(value, self.rows.take())

    return run
