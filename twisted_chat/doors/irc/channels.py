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
from . import arrival, names, refusals, replay
from .commands import command, shortened, words_in
from .message import Message
from .numerics import Refused

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .door import IrcTalk

CAPABILITY = "draft/channel-rename"
REFUSED = {
    "not_available": "CHANNEL_NAME_IN_USE",
    **dict.fromkeys(("args", "bad_name", "encrypted", "not_now", "too_many"), "CANNOT_RENAME"),
}
"""What FAIL RENAME says of a refusal that has no numeric."""


def room_shown(talk: IrcTalk, name: str) -> Room:
    """A room that the client has joined; one that is hidden from it is as none."""
    room = talk.chat.rooms.find(name)
    if room is None or not may_know_of(room, talk.me):
        raise Refused("403", shortened(name))
    if not talk.shows(room):
        raise Refused("442", room.name)
    return room


@command("JOIN", 1, help="JOIN <channel>[,…] [<key>,…]: come in; JOIN 0 leaves all of them")
async def join(talk: IrcTalk, message: Message) -> None:
    if message.params[0] == "0":
        for room in tuple(talk.me.rooms):
            talk.charge(1)
            await leave_one(talk, room.name, "")
        if talk.session is not None and talk.session.lobby:
            await leave_one(talk, LOBBY, "")
        return
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    for index, name in enumerate(message.params[0].split(",")):
        if not name:
            continue
        talk.charge(index > 0)
        key = keys[index] if index < len(keys) else ""
        try:
            await join_one(talk, name, key)
        except (ChatError, Refused) as error:
            refusals.add(talk, talk.answers, error, "JOIN", name)


async def join_one(talk: IrcTalk, name: str, key: str) -> None:
    """Come into a channel, which is made if there is none of that name."""
    session, chat = talk.session, talk.chat
    assert session is not None
    if not name.startswith("#"):
        raise Refused("403", shortened(name))
    room = chat.rooms.find(name)
    if room is chat.rooms.lobby:
        await _join_lobby(talk)
        return
    if chat.rooms.renamed_from(name) is not None:
        await _join_renamed(talk, name, key)
        return
    if room is not None and room.has(session.person):
        if room.deleted_at is None:
            return
        if len(room.members) == 1:  # nobody else is missed in it or has missed it
            await perform(chat, session, words.Undelete(room.name))
            return
    if (room is None or room.deleted_at is not None) and await _made(talk, name):
        return
    await perform(chat, session, words.Join(name, key))


async def _join_renamed(talk: IrcTalk, name: str, key: str) -> None:
    """Say where a channel is that had that name; who does not know of renaming is led there."""
    assert talk.session is not None
    room = visible_room(talk.chat, talk.session, name)
    text = f"The channel is called {room.name} now"
    if talk.has(CAPABILITY):
        talk.fail("JOIN", "CHANNEL_RENAMED", text, shortened(name), room.name)
        return
    talk.numeric("470", shortened(name), room.name, text=text)
    await join_one(talk, room.name, key)


@command("RENAME", 2, help="RENAME <channel> <new name> [<reason>]: call a channel otherwise")
async def rename(talk: IrcTalk, message: Message) -> None:
    assert talk.session is not None
    room, name = room_shown(talk, message.params[0]), message.params[1]
    old, asked = room.name, words.Rename(room.name, name, words_in(message, 2))
    try:
        await perform(talk.chat, talk.session, asked)
    except ChatError as error:
        code = REFUSED.get(error.code)
        if code is None:
            raise
        talk.fail("RENAME", code, error.sentence, old, shortened(name))


async def _made(talk: IrcTalk, name: str) -> bool:
    """Make a channel; False when somebody else was faster, so that it can be joined now."""
    chat, session = talk.chat, talk.session
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


async def _join_lobby(talk: IrcTalk) -> None:
    session, chat = talk.session, talk.chat
    assert session is not None
    if session.lobby:
        return
    lobby = chat.rooms.lobby
    upto = lobby.last_seq  # what is said while one is shown what was said is delivered after it
    arrival.show_room(talk, lobby)
    await replay.missed(talk, lobby, upto)
    talk.flush()
    if not talk.closed:
        chat.delivery.show_lobby(session, upto)
        talk.hearing.certain()


@command("PART", 1, help="PART <channel>[,…] [<reason>]: leave")
async def part(talk: IrcTalk, message: Message) -> None:
    reason = words_in(message, 1)
    for index, name in enumerate(message.params[0].split(",")):
        if name:
            talk.charge(index > 0)
            try:
                await leave_one(talk, name, reason)
            except (ChatError, Refused) as error:
                refusals.add(talk, talk.answers, error, "PART", name)


async def leave_one(talk: IrcTalk, name: str, reason: str) -> None:
    """Leave a channel; the last of an account's own goes with whoever leaves it."""
    session, chat = talk.session, talk.chat
    assert session is not None
    room = room_shown(talk, name)
    if room is chat.rooms.lobby:
        arrival.hide_room(talk, room, reason)
        chat.delivery.hide_lobby(session)
        return
    talk.parting[room.name] = reason
    try:
        await perform(chat, session, words.Leave(room.name, reason))
    except ChatError as error:
        if error.code != "not_allowed":
            raise
        # Nobody else is in it. On IRC a channel that everybody has left is no more.
        await perform(chat, session, words.Delete(room.name, sure=True))
        talk.notice(
            f"Nobody is left in {room.name}, so it is deleted. For {DAYS_UNTIL_ERASED} days it"
            " comes back, with everything that was said in it, when you join it."
        )
    finally:
        talk.parting.pop(room.name, None)


@command("NAMES", help="NAMES <channel>[,…]: who is there")
def list_names(talk: IrcTalk, message: Message) -> None:
    if not message.params:
        talk.numeric("366", "*", text="Name a channel")
        return
    assert talk.session is not None
    asked = dict.fromkeys(message.params[0].split(","))
    talk.charge(len(asked) - 1)
    for name in asked:
        try:
            room = visible_room(talk.chat, talk.session, name)
            if (room.rules.secret or room.hidden) and not room.has(talk.me):
                raise ChatError("no_such_room", "")
        except ChatError:
            talk.numeric("366", shortened(name), text="That is everybody who is here")
            continue
        names.tell_names(talk, room)


@command("TOPIC", 1, help="TOPIC <channel> [<topic>]: see it or set it")
async def topic(talk: IrcTalk, message: Message) -> None:
    session = talk.session
    assert session is not None
    if len(message.params) == 1:
        room = visible_room(talk.chat, session, message.params[0])
        if (room.rules.secret or room.hidden) and not room.has(talk.me):
            raise Refused("442", room.name)
        names.tell_topic(talk, room)
        return
    room = room_shown(talk, message.params[0])
    asked = message.params[1]
    await perform(talk.chat, session, words.Topic(room.name, without_forbidden(asked) or asked))
