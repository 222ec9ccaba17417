"""The server's answers on the wire, as the results that the commands have."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from ...core import results
from ...core.commands import TABLE, Row
from ...core.results import Done, Guide, Line, Page, Result
from ...core.vocabulary import Help
from ..sync.events import entry_of

_KINDS: tuple[type[Result], ...] = (
    *(results.Sent, results.SentToSeveral, results.People, results.Profile),
    *(results.RoomList, results.ModesAre, results.TopicIs, results.Joined, results.DeviceList),
    *(results.NewPassword, results.Numbers, results.FileList),
)


def _needed(kind: type[Result]) -> frozenset[str]:
    return frozenset(one.name for one in msgspec.structs.fields(kind) if one.required)


# What has more fields comes first, for it may have those of another kind too.
_BY_NEEDED = sorted(
    ((_needed(kind), kind) for kind in _KINDS),
    key=lambda one: (len(one[0]), len(one[1].__struct_fields__)),
    reverse=True,
)
_KNOWN = frozenset(name for kind in _KINDS for name in kind.__struct_fields__)


def result_of(answer: dict[str, Any]) -> Result:
    """The result that an answer stands for, whatever a newer server adds to it.

    One that is not known is shown as facts.
    """
    fields = frozenset(answer)
    if "lines" in fields:
        return _page(answer)
    if "rows" in fields:
        return Guide(tuple(_row(row) for row in answer["rows"]), bool(answer.get("one")))
    for needed, kind in _BY_NEEDED:
        if needed <= fields:
            with suppress(msgspec.ValidationError):
                return msgspec.convert(answer, kind)
    if not fields or ("text" in fields and not fields & _KNOWN):
        return Done(str(answer.get("text", "")))
    return results.Numbers({name: str(value) for name, value in answer.items()})


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
