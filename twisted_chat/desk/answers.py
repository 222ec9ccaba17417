"""The server's answers on the wire, as the results that the commands have."""

from __future__ import annotations

from typing import Any

import msgspec

from ..core import results
from ..core.commands import TABLE, Row
from ..core.results import Done, Guide, Line, Page, Result
from ..core.vocabulary import Help
from ..remote.conversations import entry_of

_BY_FIELDS: dict[frozenset[str], type[Result]] = {
    frozenset(kind.__struct_fields__): kind
    for kind in (
        *(results.Sent, results.SentToSeveral, results.People, results.Profile),
        *(results.RoomList, results.TopicIs, results.Joined, results.DeviceList),
        *(results.NewPassword, results.Numbers),
    )
}


def result_of(answer: dict[str, Any]) -> Result:
    """The result that an answer stands for; one that is not known is shown as facts."""
    fields = frozenset(answer)
    if fields <= {"text"}:
        return Done(str(answer.get("text", "")))
    if "lines" in fields:
        return _page(answer)
    if "rows" in fields:
        return Guide(tuple(_row(row) for row in answer["rows"]), bool(answer.get("one")))
    kind = _BY_FIELDS.get(fields)
    if kind is None:
        return results.Numbers({name: str(value) for name, value in answer.items()})
    return msgspec.convert(answer, kind)


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
    pattern = own if own is not None else TABLE.of(Help())
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
