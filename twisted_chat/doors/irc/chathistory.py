"""What was said before: CHATHISTORY, SEARCH, GET for files, and what is replayed to a client that
comes in.

The session waits meanwhile: it is shown everything up to its position here, and everything after
it by the delivery. The account's place moves only when the client proves that it has the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ...chat.commands.lookup import account_named, conversation, person_named
from ...chat.history import MOST_UNSEEN, At, Missed, Query, View, Way, scopes
from ...console.render import clock_time
from ...core import command_table as words
from ...core.attachments import size_in_words
from ...core.entries import PAGE_BYTES, Entry, Kind
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import FileTicket
from ...core.rooms import Room
from ...core.text import shown
from ..file_transfer import shell_lines
from ..web.address import ONCE, takes_files_at
from ..web.http import in_link
from .client import Clients, IrcClient
from .message import Message, read_tags, shortened
from .refusals import Failed, failed
from .render import target_of, timestamp

HISTORY = 500  # messages of one CHATHISTORY
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
EVENTS = tuple(int(kind) for kind in Kind if kind is not Kind.KEYS)
"""What history has for clients that ask for more than messages; keys are for programs."""

# Of one answer. Beyond it the client is told only how to ask for more.
MOST_REPLAYED = 4 * PAGE_BYTES
FOUND = 100  # messages, when a client does not say how many
SEARCHED_BY = frozenset(("in", "from", "after", "before", "text", "limit"))
LONGEST_NUMBER = 15  # digits of the number of a file

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_ID = re.compile(r"([0-9a-f]+)-(\d{1,15})-(\d{1,15})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def chathistory(client: IrcClient, message: Message) -> None:
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
        raise Failed(unclear.code, unclear.text, asked, *target, *written) from None


def _check_count(asked: str, given: tuple[str, ...]) -> None:
    """Refuse a subcommand that there is not, or a wrong number of parameters."""
    expected = PARAMS.get(asked)
    if expected is None:
        raise Unclear("INVALID_PARAMS", "", "Ask for LATEST, BEFORE, AFTER, AROUND or BETWEEN")
    if len(given) != expected:
        amount = "much" if len(given) > expected else "little"
        raise Unclear("INVALID_PARAMS", "", f"That is too {amount} after CHATHISTORY {asked}")


def _limit(written: str, most: int, name: str = "") -> int:
    if not (written.isascii() and written.isdigit()) or len(written) > 9 or int(written) < 1:
        raise Unclear("INVALID_PARAMS", name or written, "The limit is a number from 1 on")
    return min(int(written), most)


# --- messages --------------------------------------------------------------------------------


async def _messages(client: IrcClient, asked: str, given: tuple[str, ...]) -> None:
    """Answer with one page of a conversation."""
    name, *places, written = given[1:]
    limit = _limit(written, HISTORY)
    try:
        room = conversation_named(client, name)
    except ChatError:
        text = "Messages could not be retrieved"
        raise Failed("INVALID_TARGET", text, asked, shortened(name)) from None
    way, relative_to = _places(client, asked, room, places)
    if room is None:
        other = person_named(client.chat, name)
        with client.batch("chathistory", other.name, tags=END):
            return
    try:
        view = _view_of(client, room)
        page = await client.chat.history.page(client.own_session, way, view, relative_to, limit)
    except ChatError as error:
        raise failed("CHATHISTORY", error, asked, shortened(name)) from None
    if client.closed or not room.has(client.me):
        return
    tags = None if page.more else END
    with client.batch("chathistory", room.label(client.me), tags=tags):
        _show_entries(client, _without_edits(page.entries))


def conversation_named(client: IrcClient, name: str) -> Room | None:
    """A conversation of the client's person; None for one in which nothing was said yet."""
    if not name.startswith("#"):
        other = client.people.find(name)
        if other is not None and not other.erased and other.id not in client.me.pairs:
            return None
    return conversation(client.chat, client.own_session, name)


def _places(
    client: IrcClient, asked: str, room: Room | None, written: list[str]
) -> tuple[Way, Sequence[At | None]]:
    """The way in which a page is asked for, and the places that it is relative to."""
    if asked == "LATEST" and written == ["*"]:
        return "before", [None]
    return WAYS[asked], [_place(client.clients, room, one) for one in written]


def _view_of(client: IrcClient, room: Room) -> View:
    """What the client may see of a conversation, up to where the delivery shows it the rest."""
    since = max(room.readable_since(client.me), 0)
    upto = client.own_session.position(room)
    kinds = EVENTS if client.has("draft/event-playback") else None
    return View(room.id, since, upto, _ignored(client), kinds)


def _without_edits(entries: list[Entry]) -> list[Entry]:
    """Leave out edits of messages that are among the entries, which have the new text already."""
    there = {entry.seq for entry in entries if entry.kind is Kind.MESSAGE}
    return [entry for entry in entries if entry.kind is not Kind.EDIT or entry.target not in there]


# --- conversations ---------------------------------------------------------------------------


async def _targets(client: IrcClient, given: tuple[str, ...]) -> None:
    """Answer with the conversations whose last message was between two times."""
    limit = _limit(given[3], LISTED)
    first, second = (_listed_time(written) for written in given[1:3])
    rooms = {room.id: room for room in client.chat.delivery.shown_to(client.own_session)}
    left_out = _ignored(client)
    try:
        times = await client.chat.history.last_times(
            client.own_session, list(rooms.values()), left_out
        )
    except ChatError as error:
        raise failed("CHATHISTORY", error, "TARGETS", "*") from None
    low, high = min(first, second), max(first, second)
    still = {room: time for room, time in times.items() if rooms[room].has(client.me)}
    found = sorted((time, room) for room, time in still.items() if low < time < high)
    more = len(found) > limit
    found = found[:limit] if first <= second else found[-limit:]
    server, tags = client.server, None if more else END
    with client.batch("draft/chathistory-targets", tags=tags):
        for time, room in found:
            name = rooms[room].label(client.me)
            client.line(server, f"CHATHISTORY TARGETS {name} {timestamp(time)}")


def _listed_time(written: str) -> int:
    kind, equals, value = written.partition("=")
    if not equals or kind not in ("timestamp", "msgid"):
        raise Unclear("INVALID_PARAMS", written, "Give two times: timestamp=…")
    if kind == "msgid":
        raise Unclear("INVALID_MSGREFTYPE", written, "Conversations are listed by timestamp=")
    return time_of(value, written)


# --- how clients name places in history ------------------------------------------------------


class Unclear(Failed):
    """A parameter that should name a place in history does not."""

    def __init__(self, code: str, written: str, text: str) -> None:
        super().__init__(code, text, shortened(written))
        self.written = shortened(written)


def time_of(time: str, written: str = "") -> int:
    """The milliseconds since 1970 of a time as server-time has it.

    Raises Unclear, with all that was written, if it is none.
    """
    written = written or time
    found = _TIME.fullmatch(time)
    if found is None:
        raise _no_time(written)
    *parts, fraction = found.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        # A leap second is as good as the one before it.
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise _no_time(written) from None
    seconds = moment - _EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * 1000 + int(f"{fraction or 0:0<3}"[:3])


def _no_time(written: str) -> Unclear:
    return Unclear("INVALID_PARAMS", written, "A time is written 2026-12-31T23:59:59.999Z")


def _place(clients: Clients, room: Room | None, written: str) -> At:
    """The place that a reference names in a conversation."""
    kind, equals, value = written.partition("=")
    if equals and kind == "timestamp":
        return At(time=time_of(value, written))
    if equals and kind == "msgid":
        seq = message_in(clients, room, value)
        if seq is None:
            raise Unclear("MESSAGE_ERROR", written, "There is no such message here")
        return At(seq=seq)
    if equals:
        raise Unclear("INVALID_MSGREFTYPE", written, "Name a message by timestamp= or msgid=")
    raise Unclear("INVALID_PARAMS", written, "Name a message by timestamp= or msgid=")


def message_in(clients: Clients, room: Room | None, msgid: str) -> int | None:
    """The number of the message with this id; None if it is not in the conversation."""
    found = _ID.fullmatch(msgid)
    if (
        found is None
        or room is None
        or found[1] != clients.people.epoch
        or int(found[2]) != room.id
    ):
        return None
    return int(found[3])


# --- showing entries -------------------------------------------------------------------------


def _ignored(client: IrcClient) -> tuple[int, ...]:
    """The people whose messages the client's person does not want to see."""
    return tuple(sorted(client.me.ignores))


def _show_entries(client: IrcClient, entries: Iterable[Entry]) -> None:
    """Add entries to the answer, with their times before the text for clients without times."""
    chat, me = client.chat, client.me
    stamped = not client.has("server-time")
    for entry in entries:
        room = chat.rooms.rooms.get(entry.room)
        if room is None or me.hides(entry) or not room.may_read(me, entry.seq):
            continue  # this may have changed while the store was asked
        stamp = f"[{clock_time(entry.time, chat.wall())}] " if stamped else ""
        target = target_of(room, entry, me)
        client.response.add_rendered(client.dialect.replayed(room, target, entry, stamp))


# --- what was missed -------------------------------------------------------------------------


async def replay_channel(client: IrcClient, room: Room, upto: int) -> None:
    """Show what no session of the account was shown of a room up to a number."""
    if client.has("draft/chathistory"):
        return  # a client that can ask for history asks for what it wants
    view = _missed_view(client, room, upto)
    if view is not None:
        await _replay(client, [(room, view)])


async def replay_private(client: IrcClient) -> None:
    """The same for private conversations, up to where the session is.

    A client that comes for the first time is shown them even if it can ask for history: clients
    ask who has written since they were here last, and would never learn of these.
    """
    views = []
    for room in client.me.pairs.values():
        view = _missed_view(client, room, client.own_session.position(room))
        if view is not None:
            views.append((room, view))
    if views and not (client.has("draft/chathistory") and await _was_here(client)):
        await _replay(client, views)


async def _was_here(client: IrcClient) -> bool:
    """Whether an IRC client of the account's was shown anything before."""
    try:
        return await client.chat.cursors.was_shown_any(client.own_session)
    except ChatError as error:
        client.close(Closed(error.code, error.sentence))
        return True


def _missed_view(client: IrcClient, room: Room, upto: int) -> View | None:
    """What is to be shown of a conversation, if anything is."""
    me = client.me
    if me.guest or me.shown is None:
        return None
    after = max(me.shown.get(room.id, 0), room.readable_since(me))
    if after >= upto:
        return None
    kinds = EVENTS if client.has("draft/event-playback") else None
    return View(room.id, after, upto, (*_ignored(client), me.id), kinds)


async def _replay(client: IrcClient, views: list[tuple[Room, View]]) -> None:
    """Show the newest messages of these views, conversation by conversation."""
    me, left = client.me, MOST_REPLAYED - client.response.size

    try:
        answer = await client.chat.history.missed(me, views, left)
    except ChatError as error:
        # What was missed is still there at the next login.
        client.close(Closed(error.code, error.sentence))
        return
    for one in answer:
        if not client.closed and (one.entries or one.older) and one.room.has(me):
            _replay_one(client, one)


def _replay_one(client: IrcClient, found: Missed) -> None:
    room, place = found.room, found.room.label(client.me)
    if found.older:
        many = "message is" if found.older == 1 else "messages are"
        to = place if room.pair is None else client.nick
        which, where = "", f"LATEST {place} *"
        if found.entries:
            first = client.dialect.msgid(room, found.entries[0].seq)
            which, where = "older ", f"BEFORE {place} msgid={first}"
        client.line(
            client.server,
            f"NOTICE {to} :{found.older:,} {which}{many} there:"
            f" /quote CHATHISTORY {where} {MOST_UNSEEN}",
        )
    if not found.entries:
        return
    with client.batch("chathistory", place):
        _show_entries(client, _without_edits(found.entries))
    client.liveness.unproven = True


# --- SEARCH ----------------------------------------------------------------------------------


async def search(client: IrcClient, message: Message) -> None:
    wanted = _query(client, read_tags(message.params[0]) if message.params else {})
    try:
        page = await client.chat.history.search(client.own_session, wanted)
    except ChatError as error:
        if error.code == "query":
            raise Unclear("INVALID_PARAMS", "text", error.sentence) from None
        raise failed("SEARCH", error) from None
    if client.closed:
        return
    found = [line.entry for line in client.chat.history.lines(client.me, page.entries)]
    with client.batch("soju.im/search"):
        _show_entries(client, found)


def _query(client: IrcClient, asked: dict[str, str]) -> Query:
    """What a client looks for; `Unclear` names the attribute that is wrong."""
    for name in asked:
        if name not in SEARCHED_BY:
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
    after, before = _search_time(asked, "after"), _search_time(asked, "before")
    return Query(
        words=asked.get("text", ""),
        scopes=scopes(client.me, rooms),
        author=author,
        after_time=None if after is None else after - 1,
        before_time=None if before is None else before + 1,
        limit=_limit(asked.get("limit", str(FOUND)), HISTORY, "limit"),
        anything=True,
    )


def _search_time(asked: dict[str, str], name: str) -> int | None:
    try:
        return time_of(asked[name]) if name in asked else None
    except Unclear as unclear:
        raise Unclear("INVALID_PARAMS", name, unclear.text) from None


# --- GET -------------------------------------------------------------------------------------


async def get(client: IrcClient, message: Message) -> None:
    number = message.params[0]
    if not (number.isascii() and number.isdecimal()) or len(number) > LONGEST_NUMBER:
        raise ChatError("args", "A file is named by its number: GET 5.")
    found = await client.perform(words.Get(int(number)))
    assert isinstance(found, FileTicket)
    if not client.closed:
        for line in _file_lines(client, found):
            client.notice(line)


def _file_lines(client: IrcClient, ticket: FileTicket) -> tuple[str, ...]:
    where = takes_files_at(client.chat.settings, client.connection)
    if not where or not ticket.name:
        return shell_lines(ticket, client.connection.destination, client.tls)
    what = f"{shown(ticket.name)}, {size_in_words(ticket.size)}"
    link = f"{where}/{ONCE}/{ticket.ticket}/{in_link(ticket.name)}"
    return (f"(To have {what}, open this link; it works once, and for an hour)", link)
