"""METADATA: what people and channels say of themselves, and being told when that changes.

`draft/metadata-3`: changes are told with 761 and 766, and what was there before a client could see
somebody is asked for by the client (774 says that it may).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from math import ceil
from typing import TYPE_CHECKING

from ...chat.metadata import LONGEST_KEY, LONGEST_VALUE, MOST_AT_ONCE, is_key, is_value
from ...chat.session import State
from ...core.errors import ChatError
from ...core.limits import SlidingWindow
from ...core.rooms import Room
from ...store.metadata import MOST_KEYS
from . import names
from .commands import When, command, shortened
from .message import LONGEST_LINE, Message, encoded, in_lines
from .playback import batch

if TYPE_CHECKING:
    from ...chat.metadata import Target
    from ...core.roster import Person
    from .clients import Company
    from .door import IrcTalk

CAPABILITY = "draft/metadata-3"
MOST_SUBSCRIBED = 50  # keys of one client
LONGEST_KEYS = LONGEST_LINE - 140  # bytes; the server's name and the nick stand before them
SYNCS = 20  # that one person may ask for in so many seconds; each asks the store
ALL_SYNCS = 500
SYNC_SPAN = 10.0
ALL = "*ALL"  # stands for everybody and every channel that a client sees

Asked = Callable[["IrcTalk", str, tuple[str, ...]], Awaitable[None] | None]


def limits() -> str:
    """What the capability says of itself."""
    return (
        f"before-connect,max-subs={MOST_SUBSCRIBED},max-keys={MOST_KEYS},"
        f"max-key-bytes={LONGEST_KEY},max-value-bytes={LONGEST_VALUE}"
    )


def knows(talk: IrcTalk) -> bool:
    """Whether a client is told of metadata."""
    return talk.has(CAPABILITY, "batch")


class Subscriptions:
    """Which IRC clients want to be told of which keys."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._by_key: dict[str, dict[IrcTalk, None]] = {}
        limited = company.chat.settings.flood_limit > 0
        self.syncs = SlidingWindow(SYNCS, ALL_SYNCS, SYNC_SPAN) if limited else None

    def add(self, talk: IrcTalk, key: str) -> None:
        self._by_key.setdefault(key, {})[talk] = talk.subscribed[key] = None

    def drop(self, talk: IrcTalk, key: str) -> None:
        if key in talk.subscribed:
            del talk.subscribed[key], self._by_key[key][talk]
            if not self._by_key[key]:
                del self._by_key[key]

    def clear(self, talk: IrcTalk) -> None:
        for key in tuple(talk.subscribed):
            self.drop(talk, key)

    def tell(self, target: Target, key: str, value: str | None, but: IrcTalk) -> None:
        """Tell everybody who sees the target and wants to know, but for the client itself."""
        wanting = self._by_key.get(key)
        if not wanting:
            return
        company = self._company
        if isinstance(target, Room):
            seeing = dict.fromkeys(company.in_room(target))
        else:
            seeing = company.acquainted(target)
            seeing.update(dict.fromkeys(company.watchers(target.named.folded)))
        for talk in wanting.keys() & seeing.keys():
            session = talk.session
            if talk is but or session is None or not knows(talk):
                continue
            if session.state is State.LIVE:
                talk.write(encoded([f":{company.server} {_value(talk.nick, target, key, value)}"]))
            else:
                talk.unsynced = True

    def tend(self, talk: IrcTalk) -> None:
        """Tell a client that reads again that something has changed meanwhile."""
        session = talk.session
        if talk.unsynced and session is not None and session.state is State.LIVE:
            talk.unsynced = False
            talk.write(encoded([f":{talk.company.server} {_later(talk.nick, ALL, 0)}"]))


def _value(nick: str, target: Target | str, key: str, value: str | None) -> str:
    """761 or 766: the value of a key, or that there is none."""
    name = target if isinstance(target, str) else target.name
    if value is None:
        return f"766 {nick} {name} {key} :That key is not set"
    return f"761 {nick} {name} {key} * :{value}"


def _later(nick: str, target: str, seconds: float) -> str:
    return f"774 {nick} {target} {ceil(seconds)} :Ask for it with METADATA {target} SYNC"


# --- what a client is told without asking ------------------------------------------------------


async def arrive(talk: IrcTalk) -> None:
    """A client has registered: keep what it has said before, and show what there is of its own."""
    early, talk.early_metadata = talk.early_metadata, {}
    store, me = talk.chat.metadata, talk.me
    for key, value in early.items():
        try:
            if await store.put(me, me, key, value):
                talk.company.subscriptions.tell(me, key, value, talk)
        except ChatError as error:
            _fail(talk, error, "*", key)
    if talk.closed or not knows(talk):
        return
    try:
        kept = await store.of(me)
    except ChatError:
        talk.line(talk.company.server, _later(talk.nick, me.name, 5))
        return
    if not talk.closed:
        _show(talk, me.name, [(me, key, value) for key, value in kept.items()])


def may_ask(talk: IrcTalk, targets: Iterable[str]) -> list[str]:
    """Lines that say to a client of what it sees now that it may ask for the metadata."""
    if not knows(talk):
        return []
    server, lines = talk.company.server, []
    for target in targets:
        if talk.subscribed:
            lines.append(f":{server} {_later(talk.nick, target, 0)}")
        else:
            reference = f"m{len(lines)}"
            lines.append(f":{server} BATCH +{reference} metadata {target}")
            lines.append(f":{server} BATCH -{reference}")
    return lines


# --- METADATA ------------------------------------------------------------------------------------


@command(
    "METADATA", when=When.ALWAYS, help="METADATA <nick or channel> LIST: what it says of itself"
)
async def metadata(talk: IrcTalk, message: Message) -> None:
    target, word, *rest = (*message.params, "", "")[: max(2, len(message.params))]
    asked = _ASKED.get(word.upper())
    if asked is None or not target:
        text = "There is no such subcommand" if word else "Not enough parameters"
        talk.fail("METADATA", "INVALID_PARAMS", text, shortened(word))
        return
    run, least, most = asked
    if not least <= len(rest) <= most:
        text = "Not enough parameters" if len(rest) < least else "Too many parameters"
        talk.fail("METADATA", "INVALID_PARAMS", text, word.upper())
        return
    if not talk.registered and target != "*":
        _fail_target(talk, target)
        return
    try:
        outcome = run(talk, target, tuple(rest))
        if outcome is not None:
            await outcome
    except ChatError as error:
        _fail(talk, error, target, rest[0] if rest else "*")


def _fail(talk: IrcTalk, error: ChatError, target: str, key: str) -> None:
    target, key = shortened(target), shortened(key)
    match error.code:
        case "no_such_room" | "no_such_user" | "bad_name":
            _fail_target(talk, target)
        case "list_full":
            talk.fail("METADATA", "LIMIT_REACHED", error.sentence, target, str(MOST_KEYS))
        case "not_allowed":
            talk.fail("METADATA", "KEY_NO_PERMISSION", error.sentence, target, key)
        case _:  # the store is busy or full, or too much changes
            after = str(error.details.get("retry_after", 5))
            talk.fail("METADATA", "RATE_LIMITED", error.sentence, target, key, after)


def _fail_target(talk: IrcTalk, target: str) -> None:
    text = "There is nobody and no channel of that name that you can see"
    talk.fail("METADATA", "INVALID_TARGET", text, shortened(target))


def _target(talk: IrcTalk, name: str) -> Target:
    """Somebody, or a channel that the client may see into."""
    if name == "*":
        return talk.me
    room = talk.chat.rooms.find(name) if name.startswith("#") else None
    if room is not None and room.deleted_at is None and _may_see(talk, room):
        return room
    person = None if name.startswith("#") else talk.company.person(name)
    if person is None or person.erased:
        raise ChatError("no_such_user", "")
    return person


def _may_see(talk: IrcTalk, room: Room) -> bool:
    return room.has(talk.me) or not (room.rules.secret or room.hidden)


def _changeable(talk: IrcTalk, name: str) -> Target:
    """The same, where the client may say what there is."""
    target, store = _target(talk, name), talk.chat.metadata
    if not (store.may_change(talk.me, target) or talk.company.is_oper(talk.me)):
        raise ChatError("not_allowed", "That is for themselves, or for operators of the channel.")
    return target


def _shown_name(talk: IrcTalk, target: str) -> str:
    """How the answers call what a client has named."""
    return talk.nick if target == "*" and talk.registered else target


async def _get(talk: IrcTalk, name: str, keys: tuple[str, ...]) -> None:
    values = await _values(talk, name)
    _show_values(talk, name, [(key, values.get(key)) for key in keys])


async def _list(talk: IrcTalk, name: str, rest: tuple[str, ...]) -> None:
    _show_values(talk, name, (await _values(talk, name)).items())


async def _values(talk: IrcTalk, name: str) -> dict[str, str]:
    if not talk.registered:
        return talk.early_metadata
    return await talk.chat.metadata.of(_target(talk, name))


def _show_values(talk: IrcTalk, name: str, values: Iterable[tuple[str, str | None]]) -> None:
    name, server = _shown_name(talk, name), talk.company.server
    with batch(talk, "metadata", name) as reference:
        tags = {"batch": reference} if reference else None
        for key, value in values:
            if is_key(key):
                talk.line(server, _value(talk.nick, name, key, value), tags)
            else:
                text = f"WARN METADATA INVALID_KEY {shortened(key)} :That cannot be a key"
                talk.line(server, text, tags)


def _show(talk: IrcTalk, about: str, found: Iterable[tuple[Target, str, str]]) -> None:
    with batch(talk, "metadata", about) as reference:
        tags = {"batch": reference} if reference else None
        for target, key, value in found:
            talk.line(talk.company.server, _value(talk.nick, target, key, value), tags)


async def _set(talk: IrcTalk, name: str, rest: tuple[str, ...]) -> None:
    key, value = rest[0], (rest[1] if len(rest) > 1 else "") or None
    if not is_key(key):
        text = f"A key is up to {LONGEST_KEY} small letters, digits and _ . / -"
        talk.fail("METADATA", "INVALID_KEY", text, shortened(key))
        return
    target = _changeable(talk, name) if talk.registered else None
    if value is not None and not (is_value(value) and _fits(talk, target, key, value)):
        text = f"A value is up to {LONGEST_VALUE} bytes of text, and fits into a line with its key"
        talk.fail("METADATA", "INVALID_VALUE", text, key)
        return
    if target is None:
        _set_early(talk, key, value)
    elif await talk.chat.metadata.put(talk.me, target, key, value):
        _log(talk, target)
        talk.company.subscriptions.tell(target, key, value, talk)
    talk.line(talk.company.server, _value(talk.nick, _shown_name(talk, name), key, value))


def _fits(talk: IrcTalk, target: Target | None, key: str, value: str) -> bool:
    """Whether a line with the value has room for the longest nick in ASCII."""
    longest = "n" * talk.chat.settings.nick_length
    line = _value(longest, longest if target is None else target, key, value)
    return len(f":{talk.company.server} {line}\r\n".encode()) <= LONGEST_LINE


def _set_early(talk: IrcTalk, key: str, value: str | None) -> None:
    if value is None:
        talk.early_metadata.pop(key, None)
    elif key not in talk.early_metadata and len(talk.early_metadata) >= MOST_KEYS:
        raise ChatError("list_full", f"There are {MOST_KEYS} keys already: remove one first.")
    else:
        talk.early_metadata[key] = value


async def _clear(talk: IrcTalk, name: str, rest: tuple[str, ...]) -> None:
    if not talk.registered:
        keys = list(talk.early_metadata)
        talk.early_metadata.clear()
    else:
        target = _changeable(talk, name)
        keys = await talk.chat.metadata.clear(talk.me, target)
        _log(talk, target)
        for key in keys:
            talk.company.subscriptions.tell(target, key, None, talk)
    _show_values(talk, name, [(key, None) for key in keys])


def _log(talk: IrcTalk, target: Target) -> None:
    """Note that an operator of the server has acted on what is somebody else's."""
    if not talk.chat.metadata.may_change(talk.me, target):
        talk.log.info(
            "{who} at {where} has changed the metadata of {target}",
            who=talk.nick,
            where=talk.address,
            target=target.name,
        )


# --- subscriptions -------------------------------------------------------------------------------


async def _subscribe(talk: IrcTalk, name: str, keys: tuple[str, ...]) -> None:
    _only_oneself(talk, name)
    good, fresh = [], []
    for key in keys:
        if not is_key(key):
            text = "That cannot be a key"
            talk.fail("METADATA", "INVALID_KEY", text, shortened(key), kind="WARN")
            continue
        if key not in talk.subscribed:
            if len(talk.subscribed) >= MOST_SUBSCRIBED:
                text = "You have subscribed to as many keys as there may be"
                talk.fail("METADATA", "LIMIT_REACHED", text, key, str(MOST_SUBSCRIBED))
                break
            talk.company.subscriptions.add(talk, key)
            fresh.append(key)
        good.append(key)
    _tell_keys(talk, "770", good)
    if fresh and talk.registered:
        await _sync_these(talk, ALL, fresh)


def _unsubscribe(talk: IrcTalk, name: str, keys: tuple[str, ...]) -> None:
    _only_oneself(talk, name)
    good = []
    for key in keys:
        if is_key(key):
            talk.company.subscriptions.drop(talk, key)
            good.append(key)
        else:
            text = "That cannot be a key"
            talk.fail("METADATA", "INVALID_KEY", text, shortened(key), kind="WARN")
    _tell_keys(talk, "771", good)


def _subscriptions(talk: IrcTalk, name: str, rest: tuple[str, ...]) -> None:
    _only_oneself(talk, name)
    with batch(talk, "metadata-subs") as reference:
        _tell_keys(talk, "772", talk.subscribed, reference)


def _only_oneself(talk: IrcTalk, name: str) -> None:
    if name != "*" and names.folded(name) != names.folded(talk.nick):
        raise ChatError("no_such_user", "")


def _tell_keys(talk: IrcTalk, number: str, keys: Iterable[str], reference: str = "") -> None:
    """Keys as parameters, on as many lines as they take."""
    tags = {"batch": reference} if reference else None
    for line in in_lines(dict.fromkeys(keys), " ", LONGEST_KEYS):
        talk.line(talk.company.server, f"{number} {talk.nick} {line}", tags)


async def _sync(talk: IrcTalk, name: str, rest: tuple[str, ...]) -> None:
    if not talk.registered:
        raise ChatError("no_such_user", "")
    await _sync_these(talk, name, talk.subscribed)


async def _sync_these(talk: IrcTalk, name: str, keys: Iterable[str]) -> None:
    """Show these keys of what is named and of everybody there."""
    rooms, people = _seen(talk, name)
    about = name if name == ALL else _shown_name(talk, name)
    window, wait = talk.company.subscriptions.syncs, 0.0
    if window is not None:
        wait = window.take(talk.me.id, talk.chat.ticks())
    if wait > 0:
        talk.line(talk.company.server, _later(talk.nick, about, wait))
        return
    try:
        found = await talk.chat.metadata.of_many(rooms, people, set(keys))
    except ChatError:  # the store is busy
        talk.line(talk.company.server, _later(talk.nick, about, 5))
        return
    if talk.closed:
        return
    _show(talk, about, found)
    if len(found) == MOST_AT_ONCE:
        text = f"Only {MOST_AT_ONCE} values are shown; ask for people one by one"
        talk.fail("METADATA", "INCOMPLETE", text, about, kind="NOTE")


def _seen(talk: IrcTalk, name: str) -> tuple[list[Room], list[Person]]:
    """The channels and people that are meant, each once."""
    rooms: list[Room] = []
    people: dict[Person, None] = {}
    if name == ALL:
        rooms = talk.company.rooms_of(talk)
        people[talk.me] = None
        for key in talk.monitored:
            person = talk.company.person(key)
            if person is not None and person.online:
                people[person] = None
    else:
        target = _target(talk, name)
        if isinstance(target, Room):
            rooms.append(target)
        else:
            people[target] = None
    for room in rooms:
        people.update(dict.fromkeys(names.present(talk, room)))
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
