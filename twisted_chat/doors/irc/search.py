"""SEARCH: the house's search, as clients ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...chat.commands.lookup import account_named
from ...chat.history import Query, scopes
from ...core.errors import ChatError
from . import playback
from .chathistory import conversation_named
from .commands import command
from .isupport import HISTORY
from .message import Message, read_tags
from .references import Unclear, time_of

if TYPE_CHECKING:
    from .door import IrcDoor

FOUND = 100  # messages, when a client does not say how many
KNOWN = frozenset(("in", "from", "after", "before", "text", "limit"))


@command("SEARCH", help="SEARCH text=<words>;in=<nick or channel>;from=<nick>: find messages")
async def find(client: IrcDoor, message: Message) -> None:
    try:
        wanted = _query(client, read_tags(message.params[0]) if message.params else {})
    except Unclear as unclear:
        client.fail("SEARCH", unclear.code, unclear.text, unclear.written)
        return
    assert client.session is not None
    try:
        page = await client.chat.history.search(client.session, wanted)
    except ChatError as error:
        if error.code == "query":
            client.fail("SEARCH", "INVALID_PARAMS", error.sentence, "text")
        else:
            client.fail("SEARCH", "INTERNAL_ERROR", error.sentence)
        return
    if client.closed:
        return
    found = [line.entry for line in client.chat.history.lines(client.me, page.entries)]
    with client.batch("soju.im/search"):
        playback.show(client, found)


def _query(client: IrcDoor, asked: dict[str, str]) -> Query:
    """What a client looks for; `Unclear` names the attribute that is wrong."""
    for name in asked:
        if name not in KNOWN:
            raise Unclear("INVALID_PARAMS", name, "There is no such thing to search by")
    if not asked.keys() - {"limit"}:
        raise Unclear("INVALID_PARAMS", "text", "Say what to look for: text=<words>")
    rooms = client.chat.rooms.of(client.me)
    author = None
    try:
        if "in" in asked:
            room = conversation_named(client, asked["in"])
            rooms = [] if room is None else [room]
    except ChatError as error:
        raise Unclear("INVALID_PARAMS", "in", error.sentence) from None
    try:
        if "from" in asked:
            author = account_named(client.chat, asked["from"]).id
    except ChatError as error:
        raise Unclear("INVALID_PARAMS", "from", error.sentence) from None
    after, before = _time(asked, "after"), _time(asked, "before")
    return Query(
        words=asked.get("text", ""),
        scopes=scopes(client.me, rooms),
        author=author,
        after_time=None if after is None else after - 1,
        before_time=None if before is None else before + 1,
        limit=_limit(asked.get("limit", str(FOUND))),
        anything=True,
    )


def _time(asked: dict[str, str], name: str) -> int | None:
    try:
        return time_of(asked[name]) if name in asked else None
    except Unclear as unclear:
        raise Unclear("INVALID_PARAMS", name, unclear.text) from None


def _limit(written: str) -> int:
    if not (written.isascii() and written.isdigit()) or len(written) > 9 or int(written) < 1:
        raise Unclear("INVALID_PARAMS", "limit", "The limit is a number from 1 on")
    return min(int(written), HISTORY)
