"""CHATHISTORY: pages of what was said, as clients ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...chat.commands.lookup import conversation, person_named
from ...chat.history import At, View, Way
from ...core.entries import Entry, Kind
from ...core.errors import ChatError
from . import playback
from .commands import command
from .isupport import HISTORY
from .message import Message, shortened
from .references import Unclear, place, time_of
from .render import timestamp

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .door import IrcDoor

LISTED = 1000  # conversations of one CHATHISTORY TARGETS
END = {"draft/chathistory-end": ""}
WAYS: dict[str, Way] = {
    "BEFORE": "before",
    "AFTER": "after",
    "LATEST": "latest",
    "AROUND": "around",
    "BETWEEN": "between",
}
PARAMS = {"BEFORE": 4, "AFTER": 4, "LATEST": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4}


@command("CHATHISTORY", help="CHATHISTORY LATEST <nick or channel> * <count>: what was said")
async def chathistory(client: IrcDoor, message: Message) -> None:
    given = message.params
    asked = shortened(given[0]).upper() if given else "*"
    try:
        _check_count(asked, given)
        if asked == "TARGETS":
            await _targets(client, given)
        else:
            await _messages(client, asked, given)
    except Unclear as unclear:
        about = given[1] if asked != "TARGETS" and len(given) > 1 else "*"
        target = () if unclear.code == "INVALID_PARAMS" else (shortened(about),)
        written = (unclear.written,) if unclear.written != "*" else ()
        client.fail("CHATHISTORY", unclear.code, unclear.text, asked, *target, *written)


def _check_count(asked: str, given: tuple[str, ...]) -> None:
    """Refuse what is no question at all."""
    expected = PARAMS.get(asked)
    if expected is None:
        raise Unclear("INVALID_PARAMS", "", "Ask for LATEST, BEFORE, AFTER, AROUND or BETWEEN")
    if len(given) != expected:
        amount = "much" if len(given) > expected else "little"
        raise Unclear("INVALID_PARAMS", "", f"That is too {amount} after CHATHISTORY {asked}")


def _limit(written: str, most: int) -> int:
    if not (written.isascii() and written.isdigit()) or len(written) > 9 or int(written) < 1:
        raise Unclear("INVALID_PARAMS", written, "The limit is a number from 1 on")
    return min(int(written), most)


# --- messages -------------------------------------------------------------------------------


async def _messages(client: IrcDoor, asked: str, given: tuple[str, ...]) -> None:
    """One page of a conversation."""
    name, *places, written = given[1:]
    limit = _limit(written, HISTORY)
    try:
        room = conversation_named(client, name)
    except ChatError:
        text = "Messages could not be retrieved"
        client.fail("CHATHISTORY", "INVALID_TARGET", text, asked, shortened(name))
        return
    way, relative_to = _places(client, asked, room, places)
    if room is None:
        other = person_named(client.chat, name)
        with client.batch("chathistory", other.name, tags=END):
            return
    try:
        assert client.session is not None
        view = view_of(client, room)
        page = await client.chat.history.page(client.session, way, view, relative_to, limit)
    except ChatError as error:
        client.fail("CHATHISTORY", "MESSAGE_ERROR", error.sentence, asked, shortened(name))
        return
    if client.closed or not room.has(client.me):
        return
    tags = None if page.more else END
    with client.batch("chathistory", room.label(client.me), tags=tags):
        playback.show(client, worth_showing(page.entries))


def conversation_named(client: IrcDoor, name: str) -> Room | None:
    """A conversation that is the client's person's; None for one of which nothing is kept."""
    assert client.session is not None
    if not name.startswith("#"):
        other = client.clients.person(name)
        if other is not None and not other.erased and other.id not in client.me.pairs:
            return None
    return conversation(client.chat, client.session, name)


def _places(
    client: IrcDoor, asked: str, room: Room | None, written: list[str]
) -> tuple[Way, Sequence[At | None]]:
    """In which way a page is asked for, and relative to what."""
    if asked == "LATEST" and written == ["*"]:
        return "before", [None]
    return WAYS[asked], [place(client.clients, room, one) for one in written]


def view_of(client: IrcDoor, room: Room) -> View:
    """What the client may see of a conversation, up to where it is shown the rest by itself."""
    assert client.session is not None
    since = max(room.readable_since(client.me), 0)
    upto = client.session.position(room)
    kinds = playback.EVENTS if client.has("draft/event-playback") else None
    return View(room.id, since, upto, playback.hidden(client), kinds)


def worth_showing(entries: list[Entry]) -> list[Entry]:
    """Without the changes of messages that are there too, and show it already."""
    there = {entry.seq for entry in entries if entry.kind is Kind.MESSAGE}
    return [entry for entry in entries if entry.kind is not Kind.EDIT or entry.target not in there]


# --- conversations --------------------------------------------------------------------------


async def _targets(client: IrcDoor, given: tuple[str, ...]) -> None:
    """The conversations whose last message was between two times."""
    limit = _limit(given[3], LISTED)
    first, second = (_time(written) for written in given[1:3])
    assert client.session is not None
    rooms = {room.id: room for room in client.chat.delivery.shown_to(client.session)}
    left_out = playback.hidden(client)
    try:
        times = await client.chat.history.last_times(client.session, list(rooms.values()), left_out)
    except ChatError as error:
        client.fail("CHATHISTORY", "MESSAGE_ERROR", error.sentence, "TARGETS", "*")
        return
    low, high = min(first, second), max(first, second)
    still = {room: time for room, time in times.items() if rooms[room].has(client.me)}
    found = sorted((time, room) for room, time in still.items() if low < time < high)
    more = len(found) > limit
    found = found[:limit] if first <= second else found[-limit:]
    server, tags = client.clients.server, None if more else END
    with client.batch("draft/chathistory-targets", tags=tags):
        for time, room in found:
            name = rooms[room].label(client.me)
            client.line(server, f"CHATHISTORY TARGETS {name} {timestamp(time)}")


def _time(written: str) -> int:
    kind, equals, value = written.partition("=")
    if not equals or kind not in ("timestamp", "msgid"):
        raise Unclear("INVALID_PARAMS", written, "Give two times: timestamp=…")
    if kind == "msgid":
        raise Unclear("INVALID_MSGREFTYPE", written, "Conversations are listed by timestamp=")
    return time_of(value, written)
