"""Rooms as IRC's channels: JOIN, PART, RENAME, TOPIC, NAMES and LIST."""

from __future__ import annotations

from collections.abc import Callable

from ...chat.commands.lookup import may_know_of, visible_room
from ...chat.commands.rooms import DAYS_UNTIL_ERASED, join_made
from ...core import command_table as words
from ...core.entries import PAGE_BYTES
from ...core.errors import ChatError
from ...core.rooms import LOBBY, Person, Room
from ...core.rules import matches
from ...core.text import formatted, without_forbidden
from . import metadata, read_markers
from .chathistory import replay_channel
from .client import IrcClient
from .message import LONGEST_LINE, Message, in_lines, shortened, words_in
from .people import status_signs
from .refusals import REFUSALS, Failed, Refused, failed

CAPABILITY = "draft/channel-rename"
Condition = Callable[[Room, int], bool]
"""Of LIST: whether it is true of a room with so many people in it."""

MOST_CONDITIONS = 10
MOST_LISTED = 2000  # channels in one answer, if their topics are short


def room_shown(client: IrcClient, name: str) -> Room:
    """A room that the client has joined. Raises Refused for any other, hidden or not there."""
    room = client.chat.rooms.find(name)
    if room is None or not may_know_of(room, client.me):
        raise Refused("403", shortened(name))
    if not client.has_joined(room):
        raise Refused("442", room.name)
    return room


async def join(client: IrcClient, message: Message) -> None:
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


async def join_one(client: IrcClient, name: str, key: str) -> None:
    """Join a channel, which is made if there is none of that name."""
    session, chat = client.own_session, client.chat
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
            await client.perform(words.Undelete(room.name))
            return
    if (room is None or room.deleted_at is not None) and await _create(client, name):
        return
    await client.perform(words.Join(name, key))


async def _join_renamed(client: IrcClient, name: str, key: str) -> None:
    """Say which name a channel has now, or join it where the client does not know RENAME."""
    room = visible_room(client.chat, client.own_session, name)
    text = f"The channel is called {room.name} now"
    if client.has(CAPABILITY):
        raise Failed("CHANNEL_RENAMED", text, shortened(name), room.name)
    client.numeric("470", shortened(name), room.name, text=text)
    await join_one(client, room.name, key)


async def rename(client: IrcClient, message: Message) -> None:
    room, name = room_shown(client, message.params[0]), message.params[1]
    old, asked = room.name, words.Rename(room.name, name, words_in(message, 2))
    try:
        await client.perform(asked)
    except ChatError as error:
        raise failed("RENAME", error, old, shortened(name)) from None


async def _create(client: IrcClient, name: str) -> bool:
    """Make a channel. Returns False when somebody else was faster, so that it can be joined now."""
    chat, session = client.chat, client.own_session
    try:
        await client.perform(words.Create(name))
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


async def _join_lobby(client: IrcClient) -> None:
    session, chat = client.own_session, client.chat
    if session.lobby:
        return
    lobby = chat.rooms.lobby
    upto = lobby.last_seq  # what is said while what was missed is shown is delivered after it
    show_channel(client, lobby)
    await replay_channel(client, lobby, upto)
    client.flush()
    if not client.closed:
        chat.delivery.show_lobby(session, upto)
        client.liveness.proven()


async def part(client: IrcClient, message: Message) -> None:
    reason = words_in(message, 1)
    for index, name in enumerate(message.params[0].split(",")):
        if name:
            client.charge(index > 0)
            try:
                await leave_one(client, name, reason)
            except REFUSALS as error:
                client.refuse(error, name)


async def leave_one(client: IrcClient, name: str, reason: str) -> None:
    """Leave a channel. It is deleted with the last account that leaves it."""
    session, chat = client.own_session, client.chat
    room = room_shown(client, name)
    if room is chat.rooms.lobby:
        hide_channel(client, room, reason)
        chat.delivery.hide_lobby(session)
        return
    client.part_reasons[room.name] = reason
    try:
        await client.perform(words.Leave(room.name, reason))
    except ChatError as error:
        if error.code != "not_allowed":
            raise
        # Nobody else is in it. On IRC a channel that everybody has left is no more.
        await client.perform(words.Delete(room.name, sure=True))
        client.notice(
            f"Nobody is left in {room.name}, so it is deleted. For {DAYS_UNTIL_ERASED} days it"
            " comes back, with everything that was said in it, when you join it."
        )
    finally:
        client.part_reasons.pop(room.name, None)


# --- what a client is shown of its channels --------------------------------------------------


def show_channel(client: IrcClient, room: Room) -> bool:
    """Show the client that it has joined a room: JOIN, the topic and who is there.

    Returns False if it was shown that before.
    """
    if not client.open_channel(room):
        return False
    me = client.me
    joined = client.dialect.join(me.name, room.name)
    client.line(client.people.mask(me.name), joined, client.tags_now(me))
    if room.topic:
        tell_topic(client, room)
    read_markers.tell_joined(client, room)
    if not client.has("no-implicit-names"):
        tell_names(client, room)
    client.response.add_rendered(metadata.may_ask(client, [room.name]))
    return True


def hide_channel(client: IrcClient, room: Room, reason: str = "") -> None:
    """Show the client that it has left a room."""
    if not client.close_channel(room):
        return
    text = f"PART {room.name}" + (f" :{formatted(reason)}" if reason else "")
    client.line(client.people.mask(client.nick), text, client.tags_now(client.me))


def rename_channel(client: IrcClient, room: Room, old: str, by: Person, reason: str) -> None:
    """Show the client that a room which it has joined has another name."""
    reason = formatted(reason)
    if client.has(CAPABILITY):
        source, tags = client.people.mask(by.name), client.tags_now(by)
        client.line(source, f"RENAME {old} {room.name} :{reason}", tags)
    elif old.lower() != room.name.lower() and client.close_channel(room):
        me = client.people.mask(client.nick)
        part = f"PART {old}" + (f" :{reason}" if reason else "")
        client.line(me, part, client.tags_now(client.me))
        show_channel(client, room)
    client.flush()  # what is said there may follow at once


def tell_names(client: IrcClient, room: Room) -> None:
    """Tell the client who is in a room.

    This is made anew for everyone who joins. Keeping it would not help, since it changes with
    everybody who comes.
    """
    if client.people.unannounced:
        client.clients.sent_names.add(client)
    full = client.has("userhost-in-names")
    most_signs = None if client.has("multi-prefix") else 1
    sign = "@" if room.hidden or room.rules.secret else "="
    head = f"353 {client.nick} {sign} {room.name} :"
    most = LONGEST_LINE - len(f":{client.server} {head}\r\n".encode())
    mask = client.people.mask
    words = [
        status_signs(room, person)[:most_signs] + (mask(person.name) if full else person.name)
        for person in client.clients.present(room)
    ]
    for line in in_lines(words, " ", most):
        client.line(client.server, head + line)
    client.numeric("366", room.name, text="That is everybody who is here")


def tell_topic(client: IrcClient, room: Room) -> None:
    """Tell the client a room's topic, who has set it and when."""
    if not room.topic:
        client.numeric("331", room.name, text="There is no topic")
        return
    client.numeric("332", room.name, text=formatted(room.topic))
    if room.rules.topic_by:
        mask = client.people.mask(room.rules.topic_by)
        client.numeric("333", room.name, mask, str(room.rules.topic_at // 1000))


# --- NAMES, TOPIC, LIST ----------------------------------------------------------------------


def list_names(client: IrcClient, message: Message) -> None:
    if not message.params:
        client.numeric("366", "*", text="Name a channel")
        return
    asked = dict.fromkeys(message.params[0].split(","))
    client.charge(len(asked) - 1)
    for name in asked:
        try:
            room = visible_room(client.chat, client.own_session, name)
            if not client.may_look_into(room):
                raise ChatError("no_such_room", "")
        except ChatError:
            client.numeric("366", shortened(name), text="That is everybody who is here")
            continue
        tell_names(client, room)


async def topic(client: IrcClient, message: Message) -> None:
    session = client.own_session
    if len(message.params) == 1:
        room = visible_room(client.chat, session, message.params[0])
        if not client.may_look_into(room):
            raise Refused("442", room.name)
        tell_topic(client, room)
        return
    room = room_shown(client, message.params[0])
    asked = message.params[1]
    await client.perform(words.Topic(room.name, without_forbidden(asked) or asked))


def list_channels(client: IrcClient, message: Message) -> None:
    given = [word for param in message.params[:2] for word in param.split(",") if word]
    asked = list(dict.fromkeys(given))
    client.charge(len(asked) - 1)
    conditions = [word for word in asked if not word.startswith("#") or _is_mask(word)]
    if len(conditions) > MOST_CONDITIONS:  # each is looked at for each channel
        raise Refused("416", "LIST", text=f"A list has at most {MOST_CONDITIONS} conditions")
    tests = [_condition(client, word) for word in conditions]
    named = {word.lower() for word in asked if word.startswith("#") and not _is_mask(word)}
    client.numeric("321", "Channel", text="Users  Name")
    count = 0
    for room in sorted(client.chat.rooms.group_rooms(), key=lambda room: room.named.folded):
        if named and room.named.folded not in named:
            continue
        if not client.may_look_into(room):
            continue
        if room is client.chat.rooms.lobby and not client.has_joined(room):
            continue  # everybody is in it, and sees it only when they ask for it
        here = len(client.clients.present(room))
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


def _condition(client: IrcClient, word: str) -> Condition:
    """One condition of LIST, as ELIST has them."""
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
