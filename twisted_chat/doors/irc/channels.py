"""Rooms as channels: going in and out, who is there, the topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...chat.commands import perform
from ...chat.commands.lookup import may_know_of, visible_room
from ...chat.commands.rooms import DAYS_UNTIL_ERASED, join_made
from ...core import vocabulary as words
from ...core.errors import ChatError
from ...core.rooms import LOBBY
from ...core.text import without_forbidden
from . import arrival, names, replay
from .commands import command
from .message import Message, shortened, words_in
from .refusals import REFUSALS, Refused, failed

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .door import IrcDoor

CAPABILITY = "draft/channel-rename"


def room_shown(client: IrcDoor, name: str) -> Room:
    """A room that the client has joined; one that is hidden from it is as none."""
    room = client.chat.rooms.find(name)
    if room is None or not may_know_of(room, client.me):
        raise Refused("403", shortened(name))
    if not client.shows(room):
        raise Refused("442", room.name)
    return room


@command("JOIN", 1, help="JOIN <channel>[,…] [<key>,…]: come in; JOIN 0 leaves all of them")
async def join(client: IrcDoor, message: Message) -> None:
    if message.params[0] == "0":
        for room in tuple(client.me.rooms):
            client.charge(1)
            await leave_one(client, room.name, "")
        if client.session is not None and client.session.lobby:
            await leave_one(client, LOBBY, "")
        return
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    for index, name in enumerate(message.params[0].split(",")):
        if not name:
            continue
        client.charge(index > 0)
        key = keys[index] if index < len(keys) else ""
        try:
            await join_one(client, name, key)
        except REFUSALS as error:
            client.refuse(error, name)


async def join_one(client: IrcDoor, name: str, key: str) -> None:
    """Come into a channel, which is made if there is none of that name."""
    session, chat = client.session, client.chat
    assert session is not None
    if not name.startswith("#"):
        raise Refused("403", shortened(name))
    room = chat.rooms.find(name)
    if room is chat.rooms.lobby:
        await _join_lobby(client)
        return
    if chat.rooms.renamed_from(name) is not None:
        await _join_renamed(client, name, key)
        return
    if room is not None and room.has(session.person):
        if room.deleted_at is None:
            return
        if len(room.members) == 1:  # nobody else is missed in it or has missed it
            await perform(chat, session, words.Undelete(room.name))
            return
    if (room is None or room.deleted_at is not None) and await _made(client, name):
        return
    await perform(chat, session, words.Join(name, key))


async def _join_renamed(client: IrcDoor, name: str, key: str) -> None:
    """Say where a channel is that had that name; who does not know of renaming is led there."""
    assert client.session is not None
    room = visible_room(client.chat, client.session, name)
    text = f"The channel is called {room.name} now"
    if client.has(CAPABILITY):
        client.fail("JOIN", "CHANNEL_RENAMED", text, shortened(name), room.name)
        return
    client.numeric("470", shortened(name), room.name, text=text)
    await join_one(client, room.name, key)


@command("RENAME", 2, help="RENAME <channel> <new name> [<reason>]: call a channel otherwise")
async def rename(client: IrcDoor, message: Message) -> None:
    assert client.session is not None
    room, name = room_shown(client, message.params[0]), message.params[1]
    old, asked = room.name, words.Rename(room.name, name, words_in(message, 2))
    try:
        await perform(client.chat, client.session, asked)
    except ChatError as error:
        raise failed("RENAME", error, old, shortened(name)) from None


async def _made(client: IrcDoor, name: str) -> bool:
    """Make a channel; False when somebody else was faster, so that it can be joined now."""
    chat, session = client.chat, client.session
    assert session is not None
    try:
        await perform(chat, session, words.Create(name))
    except ChatError as error:
        if error.code == "bad_name":
            raise Refused("403", shortened(name), text=error.sentence) from None
        if error.code != "not_available":
            raise
        if await join_made(chat, session, name) is not None:
            return True
        found = chat.rooms.find(name)
        if found is None or found.deleted_at is not None or found.hidden:
            raise
        return False
    return True


async def _join_lobby(client: IrcDoor) -> None:
    session, chat = client.session, client.chat
    assert session is not None
    if session.lobby:
        return
    lobby = chat.rooms.lobby
    upto = lobby.last_seq  # what is said while one is shown what was said is delivered after it
    arrival.show_room(client, lobby)
    await replay.missed(client, lobby, upto)
    client.flush()
    if not client.closed:
        chat.delivery.show_lobby(session, upto)
        client.liveness.certain()


@command("PART", 1, help="PART <channel>[,…] [<reason>]: leave")
async def part(client: IrcDoor, message: Message) -> None:
    reason = words_in(message, 1)
    for index, name in enumerate(message.params[0].split(",")):
        if name:
            client.charge(index > 0)
            try:
                await leave_one(client, name, reason)
            except REFUSALS as error:
                client.refuse(error, name)


async def leave_one(client: IrcDoor, name: str, reason: str) -> None:
    """Leave a channel; the last of an account's own goes with whoever leaves it."""
    session, chat = client.session, client.chat
    assert session is not None
    room = room_shown(client, name)
    if room is chat.rooms.lobby:
        arrival.hide_room(client, room, reason)
        chat.delivery.hide_lobby(session)
        return
    client.parting[room.name] = reason
    try:
        await perform(chat, session, words.Leave(room.name, reason))
    except ChatError as error:
        if error.code != "not_allowed":
            raise
        # Nobody else is in it. On IRC a channel that everybody has left is no more.
        await perform(chat, session, words.Delete(room.name, sure=True))
        client.notice(
            f"Nobody is left in {room.name}, so it is deleted. For {DAYS_UNTIL_ERASED} days it"
            " comes back, with everything that was said in it, when you join it."
        )
    finally:
        client.parting.pop(room.name, None)


@command("NAMES", help="NAMES <channel>[,…]: who is there")
def list_names(client: IrcDoor, message: Message) -> None:
    if not message.params:
        client.numeric("366", "*", text="Name a channel")
        return
    assert client.session is not None
    asked = dict.fromkeys(message.params[0].split(","))
    client.charge(len(asked) - 1)
    for name in asked:
        try:
            room = visible_room(client.chat, client.session, name)
            if (room.rules.secret or room.hidden) and not room.has(client.me):
                raise ChatError("no_such_room", "")
        except ChatError:
            client.numeric("366", shortened(name), text="That is everybody who is here")
            continue
        names.tell_names(client, room)


@command("TOPIC", 1, help="TOPIC <channel> [<topic>]: see it or set it")
async def topic(client: IrcDoor, message: Message) -> None:
    session = client.session
    assert session is not None
    if len(message.params) == 1:
        room = visible_room(client.chat, session, message.params[0])
        if (room.rules.secret or room.hidden) and not room.has(client.me):
            raise Refused("442", room.name)
        names.tell_topic(client, room)
        return
    room = room_shown(client, message.params[0])
    asked = message.params[1]
    await perform(client.chat, session, words.Topic(room.name, without_forbidden(asked) or asked))
