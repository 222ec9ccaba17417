"""LIST: the channels there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.entries import PAGE_BYTES
from ...core.masks import matches
from ...core.text import formatted
from . import names
from .commands import command
from .message import Message
from .refusals import Refused

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .door import IrcDoor

Test = Callable[["Room", int], bool]
MOST_CONDITIONS = 10
MOST_LISTED = 2000  # channels in one answer, if their topics are short


@command("LIST", help="LIST [<channels>] [<conditions>]: the channels, such as LIST >3 or *coil*")
def list_rooms(client: IrcDoor, message: Message) -> None:
    given = [word for param in message.params[:2] for word in param.split(",") if word]
    asked = list(dict.fromkeys(given))
    client.charge(len(asked) - 1)
    conditions = [word for word in asked if not word.startswith("#") or _is_mask(word)]
    if len(conditions) > MOST_CONDITIONS:  # each is looked at for each channel
        raise Refused("416", "LIST", text=f"A list has at most {MOST_CONDITIONS} conditions")
    tests = [_test(client, word) for word in conditions]
    named = {word.lower() for word in asked if word.startswith("#") and not _is_mask(word)}
    client.numeric("321", "Channel", text="Users  Name")
    count = 0
    for room in sorted(client.chat.rooms.group_rooms(), key=lambda room: room.named.folded):
        if named and room.named.folded not in named:
            continue
        if (room.hidden or room.rules.secret) and not room.has(client.me):
            continue
        if room is client.chat.rooms.lobby and not client.shows(room):
            continue  # in which everybody is, and which one sees when one asks to
        here = sum(1 for _ in names.present(client, room))
        if not all(test(room, here) for test in tests):
            continue
        if count == MOST_LISTED or client.response.size > PAGE_BYTES:
            client.numeric("416", "LIST", text=f"The first {count} are shown; narrow it down")
            break
        count += 1
        client.numeric("322", room.name, str(here), text=formatted(room.topic))
    client.numeric("323", text="That is all of them")


def _is_mask(word: str) -> bool:
    return "*" in word or "?" in word


def _test(client: IrcDoor, word: str) -> Test:
    """One condition, as ELIST has them."""
    now = client.chat.wall()

    def minutes_ago(since: int) -> float:
        return (now - since) / 60_000

    kind, number = word[:1].upper(), word[1:]
    if kind in "CT" and number[:1] in ("<", ">"):
        limit = _number(number[1:])
        younger = number[0] == "<"

        def in_time(room: Room, here: int) -> bool:
            since = room.created if kind == "C" else room.rules.topic_at
            return bool(since) and (minutes_ago(since) < limit) is younger

        return in_time
    if kind == "<":
        limit = _number(number)
        return lambda room, here: here < limit
    if kind == ">":
        limit = _number(number)
        return lambda room, here: here > limit
    if kind == "!":
        pattern = number.lower()
        return lambda room, here: not matches(pattern, room.name.lower())
    return lambda room, here: matches(word.lower(), room.name.lower())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
