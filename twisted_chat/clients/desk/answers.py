"""The server's answers on the wire, as the results that the commands have."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from ...core.command_table import TABLE, Help
from ...core.commands import Row
from ...core.results import Done, Guide, Line, Numbers, Page, Result
from ..sync.conversations import entry_of


def result_of(asked: Row, answer: dict[str, Any]) -> Result:
    """The result that an answer to a command of this row stands for.

    A newer server may add to it; one that the row does not know is shown as facts.
    """
    for kind in asked.gives:
        if kind is Page and "lines" in answer:
            return _page(answer)
        if kind is Guide and "rows" in answer:
            return Guide(tuple(_row(row) for row in answer["rows"]), bool(answer.get("one")))
        with suppress(msgspec.ValidationError):
            found: Result = msgspec.convert(answer, kind)
            return found
    if not answer or "text" in answer:
        return Done(str(answer.get("text", "")))
    return Numbers({name: str(value) for name, value in answer.items()})


def _page(answer: dict[str, Any]) -> Page:
    found = ((str(event["room"]), entry_of(event)) for event in answer["lines"])
    return Page(
        tuple(Line(room, entry) for room, entry in found if entry is not None),
        place=str(answer.get("place", "")),
        older=answer.get("older"),
        search=bool(answer.get("search")),
        now=int(answer.get("now", 0)),
    )


def _row(told: dict[str, Any]) -> Row:
    """A row of the server's table, which may be newer than this program's own."""
    own = TABLE.named(str(told["do"]))
    pattern = own if own is not None else TABLE.of(Help)
    return Row(
        str(told["do"]),
        pattern.make,
        str(told["help"]),
        pattern.args if own is not None else (),
        tuple(map(str, told["aliases"])),
        pattern.who,
        pattern.group,
        pattern.sends,
        pattern.lists_online,
    )
