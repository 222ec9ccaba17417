"""METADATA: what people and channels say about themselves, and changes of that.

This is `draft/metadata-3`. Changes are sent with 761 and 766. What was there before a client could
see somebody is asked for by the client (774 says that it may).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from math import ceil

from ...chat.metadata import (
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_AT_ONCE,
    MOST_KEYS,
    Target,
    is_key,
    is_value,
)
from ...core.errors import ChatError
from ...core.rooms import Person, Room
from .client import Clients, IrcClient
from .message import LONGEST_LINE, LONGEST_LIST, Message, encoded, in_lines, shortened
from .people import folded
from .refusals import Failed, Refusal, failed
from .responses import batch_reference

CAPABILITY = "draft/metadata-3"
MOST_SUBSCRIBED = 50  # keys of one client
ALL = "*ALL"  # stands for everybody and every channel that a client sees

Asked = Callable[[IrcClient, str, tuple[str, ...]], Awaitable[None] | None]


def limits() -> str:
    """The value of the capability."""
    return (
        f"before-connect,max-subs={MOST_SUBSCRIBED},max-keys={MOST_KEYS},"
        f"max-key-bytes={LONGEST_KEY},max-value-bytes={LONGEST_VALUE}"
    )


def knows(client: IrcClient) -> bool:
    """Whether a client is sent metadata."""
    return client.has(CAPABILITY, "batch")


def _tell_change(
    clients: Clients, target: Target, key: str, value: str | None, but: IrcClient
) -> None:
    """Tell the subscribers that can see the target, except the client that made the change."""
    subscribers = clients.subscribers.of(key)
    if not subscribers:
        return
    if isinstance(target, Room):
        viewers = set(clients.in_channel.of(target))
    else:
        viewers = {*clients.neighbors(target), *clients.monitors.of(target.named.folded)}
    for client in subscribers:
        if client is but or client not in viewers or not client.registered or not knows(client):
            continue
        if client.keeps_up:
            client.write(encoded([f":{client.server} {_value(client.nick, target, key, value)}"]))
        else:
            client.unsynced = True


def tell_unsynced(client: IrcClient) -> None:
    """Tell a client that reads again that something has changed meanwhile."""
    if client.unsynced and client.keeps_up:
        client.unsynced = False
        client.write(encoded([f":{client.server} {_later(client.nick, ALL, 0)}"]))


def _value(nick: str, target: Target | str, key: str, value: str | None) -> str:
    """761 or 766: the value of a key, or that there is none."""
    name = target if isinstance(target, str) else target.name
    if value is None:
        return f"766 {nick} {name} {key} :That key is not set"
    return f"761 {nick} {name} {key} * :{value}"


def _later(nick: str, target: str, seconds: float) -> str:
    return f"774 {nick} {target} {ceil(seconds)} :Ask for it with METADATA {target} SYNC"


# --- what a client is told without asking ----------------------------------------------------


async def tell_own(client: IrcClient) -> None:
    """Keep what a client has set before it registered, and show it what there is of its own."""
    early, client.early_metadata = client.early_metadata, {}
    store, me = client.chat.metadata, client.me
    for key, value in early.items():
        try:
            if await store.put(me, me, key, value):
                _tell_change(client.clients, me, key, value, client)
        except ChatError as error:
            client.refuse(_failed(error, "*", key), command="METADATA")
    if client.closed or not knows(client):
        return
    try:
        kept = await store.of(me)
    except ChatError:
        client.line(client.server, _later(client.nick, me.name, 5))
        return
    if not client.closed:
        _show(client, me.name, [(me, key, value) for key, value in kept.items()])


def may_ask(client: IrcClient, targets: Iterable[str]) -> list[str]:
    """Lines that say for which new targets a client may ask for metadata."""
    if not knows(client):
        return []
    server, lines = client.server, []
    for target in targets:
        if client.subscribed:
            lines.append(f":{server} {_later(client.nick, target, 0)}")
        else:
            reference = batch_reference()
            lines.append(f":{server} BATCH +{reference} metadata {target}")
            lines.append(f":{server} BATCH -{reference}")
    return lines


# --- METADATA --------------------------------------------------------------------------------


async def metadata(client: IrcClient, message: Message) -> None:
    target, word, *rest = (*message.params, "", "")[: max(2, len(message.params))]
    asked = _ASKED.get(word.upper())
    if asked is None or not target:
        text = "There is no such subcommand" if word else "Not enough parameters"
        raise Failed("INVALID_PARAMS", text, shortened(word))
    run, least, most = asked
    if not least <= len(rest) <= most:
        text = "Not enough parameters" if len(rest) < least else "Too many parameters"
        raise Failed("INVALID_PARAMS", text, word.upper())
    if not client.registered and target != "*":
        raise _no_such_target(target)
    try:
        outcome = run(client, target, tuple(rest))
        if outcome is not None:
            await outcome
    except ChatError as error:
        raise _failed(error, target, rest[0] if rest else "*") from None


def _failed(error: ChatError, target: str, key: str) -> Refusal:
    """A refusal of the chat as METADATA has it."""
    target, key = shortened(target), shortened(key)
    match error.code:
        case "no_such_room" | "no_such_user" | "bad_name":
            return _no_such_target(target)
        case "list_full":
            return failed("METADATA", error, target, str(MOST_KEYS))
        case "not_allowed":
            return failed("METADATA", error, target, key)
    after = str(error.details.get("retry_after", 5))
    return failed("METADATA", error, target, key, after)


def _no_such_target(target: str) -> Failed:
    text = "There is nobody and no channel of that name that you can see"
    return Failed("INVALID_TARGET", text, shortened(target))


def _target(client: IrcClient, name: str) -> Target:
    """The person or the channel of that name. Raises ChatError if the client may not see it."""
    if name == "*":
        return client.me
    room = client.chat.rooms.find(name) if name.startswith("#") else None
    if room is not None and room.deleted_at is None and client.may_look_into(room):
        return room
    person = None if name.startswith("#") else client.people.find(name)
    if person is None or person.erased:
        raise ChatError("no_such_user", "")
    return person


def _changeable(client: IrcClient, name: str) -> Target:
    """The same, if the client may change its metadata."""
    target, store = _target(client, name), client.chat.metadata
    if not (store.may_change(client.me, target) or client.clients.is_oper(client.me)):
        raise ChatError("not_allowed", "That is for themselves, or for operators of the channel.")
    return target


def _shown_name(client: IrcClient, target: str) -> str:
    """The name that answers have for a target."""
    return client.nick if target == "*" and client.registered else target


async def _get(client: IrcClient, name: str, keys: tuple[str, ...]) -> None:
    values = await _values(client, name)
    _show_values(client, name, [(key, values.get(key)) for key in keys])


async def _list(client: IrcClient, name: str, rest: tuple[str, ...]) -> None:
    _show_values(client, name, (await _values(client, name)).items())


async def _values(client: IrcClient, name: str) -> dict[str, str]:
    if not client.registered:
        return client.early_metadata
    return await client.chat.metadata.of(_target(client, name))


def _show_values(client: IrcClient, name: str, values: Iterable[tuple[str, str | None]]) -> None:
    name, server = _shown_name(client, name), client.server
    with client.batch("metadata", name):
        for key, value in values:
            if is_key(key):
                client.line(server, _value(client.nick, name, key, value))
            else:
                _warn_of_key(client, key)


def _warn_of_key(client: IrcClient, key: str) -> None:
    text = "That cannot be a key"
    client.fail("METADATA", "INVALID_KEY", text, shortened(key), kind="WARN")


def _show(client: IrcClient, about: str, found: Iterable[tuple[Target, str, str]]) -> None:
    with client.batch("metadata", about):
        for target, key, value in found:
            client.line(client.server, _value(client.nick, target, key, value))


async def _set(client: IrcClient, name: str, rest: tuple[str, ...]) -> None:
    key, value = rest[0], (rest[1] if len(rest) > 1 else "") or None
    if not is_key(key):
        text = f"A key is up to {LONGEST_KEY} small letters, digits and _ . / -"
        raise Failed("INVALID_KEY", text, shortened(key))
    target = _changeable(client, name) if client.registered else None
    if value is not None and not (is_value(value) and _fits(client, target, key, value)):
        text = f"A value is up to {LONGEST_VALUE} bytes of text, and fits into a line with its key"
        raise Failed("INVALID_VALUE", text, key)
    if target is None:
        _set_early(client, key, value)
    elif await client.chat.metadata.put(client.me, target, key, value):
        _log(client, target)
        _tell_change(client.clients, target, key, value, client)
    client.line(client.server, _value(client.nick, _shown_name(client, name), key, value))


def _fits(client: IrcClient, target: Target | None, key: str, value: str) -> bool:
    """Whether a line with the value has room for the longest nick in ASCII."""
    longest = "n" * client.chat.settings.nick_length
    line = _value(longest, longest if target is None else target, key, value)
    return len(f":{client.server} {line}\r\n".encode()) <= LONGEST_LINE


def _set_early(client: IrcClient, key: str, value: str | None) -> None:
    if value is None:
        client.early_metadata.pop(key, None)
    elif key not in client.early_metadata and len(client.early_metadata) >= MOST_KEYS:
        raise ChatError("list_full", f"There are {MOST_KEYS} keys already: remove one first.")
    else:
        client.early_metadata[key] = value


async def _clear(client: IrcClient, name: str, rest: tuple[str, ...]) -> None:
    if not client.registered:
        keys = list(client.early_metadata)
        client.early_metadata.clear()
    else:
        target = _changeable(client, name)
        keys = await client.chat.metadata.clear(client.me, target)
        _log(client, target)
        for key in keys:
            _tell_change(client.clients, target, key, None, client)
    _show_values(client, name, [(key, None) for key in keys])


def _log(client: IrcClient, target: Target) -> None:
    """Log that an operator of the server has changed the metadata of somebody else."""
    if not client.chat.metadata.may_change(client.me, target):
        client.log.info(
            "{who} at {where} has changed the metadata of {target}",
            who=client.nick,
            where=client.address,
            target=target.name,
        )


# --- subscriptions ---------------------------------------------------------------------------


async def _subscribe(client: IrcClient, name: str, keys: tuple[str, ...]) -> None:
    _only_oneself(client, name)
    good, fresh = [], []
    for key in keys:
        if not is_key(key):
            _warn_of_key(client, key)
            continue
        if key not in client.subscribed:
            if len(client.subscribed) >= MOST_SUBSCRIBED:
                text = "You have subscribed to as many keys as there may be"
                client.fail("METADATA", "LIMIT_REACHED", text, key, str(MOST_SUBSCRIBED))
                break
            client.subscribe(key)
            fresh.append(key)
        good.append(key)
    _tell_keys(client, "770", good)
    if fresh and client.registered:
        await _sync_these(client, ALL, fresh)


def _unsubscribe(client: IrcClient, name: str, keys: tuple[str, ...]) -> None:
    _only_oneself(client, name)
    good = []
    for key in keys:
        if is_key(key):
            client.unsubscribe(key)
            good.append(key)
        else:
            _warn_of_key(client, key)
    _tell_keys(client, "771", good)


def _subscriptions(client: IrcClient, name: str, rest: tuple[str, ...]) -> None:
    _only_oneself(client, name)
    with client.batch("metadata-subs"):
        _tell_keys(client, "772", client.subscribed)


def _only_oneself(client: IrcClient, name: str) -> None:
    if name != "*" and folded(name) != folded(client.nick):
        raise ChatError("no_such_user", "")


def _tell_keys(client: IrcClient, number: str, keys: Iterable[str]) -> None:
    """Keys as parameters, on as many lines as they take."""
    for line in in_lines(dict.fromkeys(keys), " ", LONGEST_LIST):
        client.line(client.server, f"{number} {client.nick} {line}")


async def _sync(client: IrcClient, name: str, rest: tuple[str, ...]) -> None:
    if not client.registered:
        raise ChatError("no_such_user", "")
    await _sync_these(client, name, client.subscribed)


async def _sync_these(client: IrcClient, name: str, keys: Iterable[str]) -> None:
    """Send these keys of a target, and of everybody who is in it."""
    rooms, people = _seen(client, name)
    about = name if name == ALL else _shown_name(client, name)
    window, wait = client.clients.metadata_syncs, 0.0
    if window is not None:
        wait = window.take(client.me.id, client.chat.ticks())
    if wait > 0:
        client.line(client.server, _later(client.nick, about, wait))
        return
    try:
        found = await client.chat.metadata.of_many(rooms, people, set(keys))
    except ChatError:  # the store is busy
        client.line(client.server, _later(client.nick, about, 5))
        return
    if client.closed:
        return
    _show(client, about, found)
    if len(found) == MOST_AT_ONCE:
        text = f"Only {MOST_AT_ONCE} values are shown; ask for people one by one"
        client.fail("METADATA", "INCOMPLETE", text, about, kind="NOTE")


def _seen(client: IrcClient, name: str) -> tuple[list[Room], list[Person]]:
    """The channels and people that a name stands for, each once."""
    rooms: list[Room] = []
    people: dict[Person, None] = {}
    if name == ALL:
        rooms = list(client.channels)
        people[client.me] = None
        for key in client.monitored:
            person = client.people.find(key)
            if person is not None and person.online:
                people[person] = None
    else:
        target = _target(client, name)
        if isinstance(target, Room):
            rooms.append(target)
        else:
            people[target] = None
    for room in rooms:
        people.update(dict.fromkeys(client.clients.present(room)))
    return rooms, list(people)


_ASKED: dict[str, tuple[Asked, int, int]] = {
    "GET": (_get, 1, 15),
    "LIST": (_list, 0, 0),
    "SET": (_set, 1, 2),
    "CLEAR": (_clear, 0, 0),
    "SUB": (_subscribe, 1, 15),
    "UNSUB": (_unsubscribe, 1, 15),
    "SUBS": (_subscriptions, 0, 0),
    "SYNC": (_sync, 0, 0),
}
"""What each subcommand does, and how many parameters it takes."""
