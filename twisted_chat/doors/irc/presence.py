"""Presence: who comes, goes, changes and is away, as IRC clients are told it.

Those who come are shown to have joined the rooms they are in, and those who go have quit. This is
told at once as long as there is little to tell. Beyond that it is gathered and told once a second,
each client with one write. When somebody goes and comes back meanwhile, only clients that were
sent the names in a room in between are told.

A client that does not read, or is being shown what it has missed, is told when that is over:
everybody who has come or gone meanwhile has quit, and has joined again if they are here. So what
a client believes is right in the end, whatever has happened in whatever order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from twisted.internet.interfaces import IDelayedCall

from ...chat.commands import check
from ...chat.commands.account import LONGEST_INTRO, mark_away
from ...chat.session import State
from ...core import command_table as words
from ...core.errors import ChatError
from ...core.formatting import unformatted
from ...core.rooms import Person, Room
from ...core.text import check_formatted, check_text, formatted, shown, without_forbidden
from . import channels, metadata, read_markers
from .client import Clients, IrcClient
from .message import LONGEST_LIST, Message, encoded, in_lines, pieces, write_tags
from .monitor import tell_status
from .people import PresenceChange, folded, status_signs
from .refusals import Failed, failed
from .render import IrcDialect, timestamp

MODE_LETTERS = str.maketrans("@+", "ov")
PAUSE = 1.0  # seconds
AT_ONCE = 30  # people who may come or go within a second before it is gathered
LONGEST_REASON = 250  # bytes of why somebody has quit
LONGEST_REALNAME = 150  # characters
ABSENT = "*"  # said by a client that has connected by itself, so that nobody sits at it
NOBODY = "Nobody is at the client"


def _may_tell(client: IrcClient, names: Iterable[str]) -> bool:
    """Whether a client can be told something now; if not, `settle` tells it about these names."""
    session = client.session
    if client.closed or session is None:
        return False
    if session.state is State.LIVE:
        return True
    client.unsettled.update(dict.fromkeys(names))
    return False


def _is_in(person: Person, room: Room) -> bool:
    """Whether somebody is in a room that is not deleted."""
    return room.has(person) and room.deleted_at is None


# Clients for which this is the same are told a change in the same bytes: the dialect, two
# capabilities, and the rooms in which there is something to tell.
_View = tuple[IrcDialect, bool, bool, tuple[Room, ...]]


class Announcement:
    """What clients are sent about some changes, rendered once for all that see the same."""

    def __init__(
        self,
        clients: Clients,
        changes: list[PresenceChange],
        sent_names: Collection[IrcClient] = (),
    ) -> None:
        self._clients = clients
        self._sent_names = sent_names
        self._changes = changes
        self._time = timestamp(clients.chat.wall())
        self._people = {change.person for change in changes}
        self._rendered: dict[_View, tuple[list[tuple[Person, bytes]], bytes]] = {}
        lobby = clients.chat.rooms.lobby
        self._in_room: dict[Room, list[int]] = {lobby: list(range(len(changes)))}
        for index, change in enumerate(changes):
            for room in change.places():
                self._in_room.setdefault(room, []).append(index)

    def writes(self) -> list[tuple[IrcClient, bytes]]:
        """The clients that are to be written to, with their bytes."""
        names = [change.name for change in self._changes]
        written: dict[IrcClient, bytes] = {}
        for client, rooms in self._in_rooms().items():
            if _may_tell(client, names):
                written[client] = self._seen(client, rooms)
        for client, (here, gone) in self._monitored().items():
            if not _may_tell(client, names):
                continue
            head = f":{client.server} {{}} {client.nick} :"
            told = [head.format("731") + line for line in in_lines(gone, ",", LONGEST_LIST)]
            told += [head.format("730") + line for line in in_lines(here, ",", LONGEST_LIST)]
            told += metadata.may_ask(client, [mask.partition("!")[0] for mask in here])
            written[client] = written.get(client, b"") + encoded(told)
        return [(client, data) for client, data in written.items() if data]

    def _in_rooms(self) -> dict[IrcClient, list[Room]]:
        """The clients that are shown a room in which there is something to tell, with the rooms."""
        found: dict[IrcClient, list[Room]] = {}
        for room in self._in_room:
            for client in self._clients.in_channel.of(room):
                found.setdefault(client, []).append(room)
        return found

    def _seen(self, client: IrcClient, rooms: list[Room]) -> bytes:
        """What a client in these rooms sees, which is all but what concerns its own person."""
        sent_names = client in self._sent_names
        key = (client.dialect, client.has("away-notify"), sent_names, tuple(rooms))
        if key not in self._rendered:
            parts = self._parts(client, rooms)
            self._rendered[key] = parts, b"".join([data for _, data in parts])
        parts, whole = self._rendered[key]
        if client.person in self._people:
            return b"".join([data for person, data in parts if person is not client.person])
        return whole

    def _parts(self, client: IrcClient, rooms: list[Room]) -> list[tuple[Person, bytes]]:
        parts = []
        for index in sorted({index for room in rooms for index in self._in_room[room]}):
            change = self._changes[index]
            person = change.person
            if change.back and client not in self._sent_names:
                continue
            if not change.here:
                lines = [f"{self._tags(client, person)}:{change.mask} QUIT :{change.reason}"]
            elif person.online:
                lines = self.joins(client, person, rooms)
            else:
                continue
            parts.append((person, encoded(lines)))
        return parts

    def joins(self, client: IrcClient, person: Person, rooms: Iterable[Room]) -> list[str]:
        """Somebody joins those of the rooms that they are in, with their modes, and may be away."""
        people, lines = self._clients.people, []
        mask, tags = people.mask(person.name), self._tags(client, person)
        there = [room for room in rooms if _is_in(person, room)]
        for room in sorted(there, key=lambda room: room.id):
            lines.append(f"{tags}:{mask} {client.dialect.join(person.name, room.name)}")
            signs = status_signs(room, person)
            if signs:
                letters = signs.translate(MODE_LETTERS)
                names = " ".join([person.name] * len(letters))
                lines.append(f":{people.server} MODE {room.name} +{letters} {names}")
        if lines and person.away and client.has("away-notify"):
            lines.append(f"{tags}:{mask} AWAY :{formatted(person.away)}")
        return lines

    def _tags(self, client: IrcClient, person: Person) -> str:
        tags = {}
        if client.has("server-time"):
            tags["time"] = self._time
        if client.has("account-tag") and not person.guest:
            tags["account"] = person.name
        if client.has("message-tags") and self._clients.people.is_bot(person.name):
            tags["bot"] = ""
        return write_tags(tags)

    def _monitored(self) -> dict[IrcClient, tuple[list[str], list[str]]]:
        """The clients that monitor somebody: who of them is here, and who is gone."""
        clients = self._clients
        found: dict[IrcClient, tuple[list[str], list[str]]] = {}
        for change in self._changes:
            for client in clients.monitors.of(folded(change.name)):
                here, gone = found.setdefault(client, ([], []))
                if change.here:
                    here.append(clients.people.mask(change.name))
                else:
                    gone.append(change.name)
        return found


class Presence:
    """Watches the chat for all IRC clients, and tells them who comes, goes and changes."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._people = clients.people
        self._chat = clients.chat
        self._told = 0  # since the second began
        self._second: IDelayedCall | None = None

    # --- people come and go -----------------------------------------------------------------

    def came(self, person: Person) -> None:
        mask = self._people.mask(person.name)
        change = self._people.unannounced.get(person)
        if change is not None and change.mask != mask:
            self._announce()  # that one has gone, and looks otherwise now
            change = None
        if change is None:
            change = self._people.unannounced[person] = PresenceChange(person, mask, known=False)
        change.here = True
        self._announce_or_gather()

    def went(self, person: Person, reason: str) -> None:
        people = self._people
        people.remember(person)
        change = people.unannounced.get(person)
        if change is None:
            mask = people.mask(person.name)
            change = people.unannounced[person] = PresenceChange(person, mask, known=True)
        change.here = False
        change.rooms = tuple({*change.rooms, *person.rooms})
        change.reason = pieces(formatted(reason or "Connection closed"), LONGEST_REASON)[0]
        self._announce_or_gather()

    def _announce_or_gather(self) -> None:
        if self._second is None:
            self._told = 0
            self._second = self._chat.clock.callLater(PAUSE, self._next_second)
        self._told += 1
        if self._told <= AT_ONCE:
            self._announce()

    def _next_second(self) -> None:
        self._second, self._told = None, 0
        if self._people.unannounced:
            self._second = self._chat.clock.callLater(PAUSE, self._next_second)
            self._announce()

    def _announce(self) -> None:
        """Tell everything that there is to tell."""
        clients, people = self._clients, self._people
        changes, people.unannounced = list(people.unannounced.values()), {}
        sent_names, clients.sent_names = clients.sent_names, set()
        if not changes or self._chat.stopping:
            return
        for client, data in Announcement(clients, changes, sent_names).writes():
            client.write(data)

    # --- people and rooms change ------------------------------------------------------------

    def renamed(self, person: Person, old_name: str) -> None:
        self._announce()  # so that everybody knows who it is that has another name
        clients, people = self._clients, self._people
        before = f"{old_name}!{person.user}@{person.host}"
        people.remember(person, old_name)
        people.rename(old_name, person.name)
        for client in clients.neighbors(person):
            if old_name in client.unsettled:
                client.unsettled[person.name] = None
            if client.person is person:
                client.line(before, f"NICK :{person.name}", client.tags_now(person))
            else:
                _tell(client, person, before, f"NICK :{person.name}", old_name)
        old, new = folded(old_name), person.named.folded
        if old != new:
            self._tell_monitors(old, "731", old_name)
            self._tell_monitors(new, "730", people.mask(person.name))

    def away_changed(self, person: Person) -> None:
        if not person.online:
            return  # nobody is told about them now
        text = f"AWAY :{formatted(person.away)}" if person.away else "AWAY"
        tell_change(self._clients, person, text, "away-notify")
        for client in self._clients.of(person):
            tell_own_away(client)

    def became_account(self, person: Person) -> None:
        people = self._people
        before = people.mask(person.name)
        people.became_account(person)
        for client in self._clients.of(person):
            people.realnames[person.id] = client.registration.realname
        if before != people.mask(person.name):
            self._tell_look(person, before)
        tell_change(
            self._clients, person, f"ACCOUNT {person.name}", "account-notify", themselves=True
        )

    def invited(self, room: Room, by: Person, person: Person) -> None:
        mask = self._people.mask(by.name)
        for client in self._clients.in_channel.of(room):
            if client.has("invite-notify") and client.person not in (by, person):
                _tell(client, by, mask, f"INVITE {person.name} {room.name}")

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        """Every client that has joined the room is told, now and not later."""
        read_markers.rename(self._clients, old, room.name)
        for client in self._clients.in_channel.of(room):
            channels.rename_channel(client, room, old, by, reason)

    def _tell_look(self, person: Person, before: str) -> None:
        """Somebody has another user or host: clients that do not know CHGHOST see them join."""
        clients = self._clients
        announcement, near = Announcement(clients, []), clients.neighbors(person)
        look = f"CHGHOST {person.user} {person.host}"
        for client in _recipients(clients, person):
            if client.has("chghost"):
                _tell(client, person, before, look)
            elif client.person is not person and client in near:
                lines = announcement.joins(client, person, client.channels)
                if _may_tell(client, (person.name,)):
                    client.write(encoded([f":{before} QUIT :Changing host", *lines]))

    def _tell_monitors(self, key: str, number: str, target: str) -> None:
        for client in self._clients.monitors.of(key):
            nick = target.partition("!")[0]
            if not _may_tell(client, (nick,)):
                continue
            told = [f":{client.server} {number} {client.nick} :{target}"]
            if number == "730":
                told += metadata.may_ask(client, [nick])
            client.write(encoded(told))


def settle(client: IrcClient) -> None:
    """Put right what a client believes about people of whom it could not be told before."""
    people = client.people
    names, client.unsettled = client.unsettled, {}
    announcement = Announcement(client.clients, [])
    lines = []
    for name in names:
        person = people.find(name)
        if person is client.person:
            continue
        lines.append(f":{people.mask(name)} QUIT :Not here when you were not reading")
        if person is not None and person.online:
            lines += announcement.joins(client, person, client.channels)
    client.write(encoded(lines))
    monitored = [client.monitored.get(folded(name)) for name in names]
    tell_status(client, [name for name in monitored if name is not None])


def tell_change(
    clients: Clients, person: Person, text: str, cap: str, themselves: bool = False
) -> None:
    """Tell the clients with a capability about a change of somebody; their own as well if asked."""
    mask = clients.people.mask(person.name)
    for client in _recipients(clients, person):
        if client.has(cap) and (themselves or client.person is not person):
            _tell(client, person, mask, text)


def _recipients(clients: Clients, person: Person) -> list[IrcClient]:
    """The clients that share a room with somebody, or monitor what they do anywhere."""
    found = clients.neighbors(person)
    for client in clients.monitors.of(person.named.folded):
        if client.has("extended-monitor"):
            found.setdefault(client)
    return list(found)


def _tell(client: IrcClient, person: Person, source: str, text: str, *names: str) -> None:
    if client.person is person:
        client.line(source, text, client.tags_now(person))
    elif _may_tell(client, (person.name, *names)):
        tags = write_tags(client.tags_now(person))
        client.write(encoded([f"{tags}:{source} {text}"]))


def tell_own_away(client: IrcClient) -> None:
    """305 or 306: whether the client's person is away."""
    if client.me.away:
        client.numeric("306", text="You are marked as being away")
    else:
        client.numeric("305", text="You are no longer marked as being away")


# --- AWAY and SETNAME ------------------------------------------------------------------------


async def away(client: IrcClient, message: Message) -> None:
    asked = message.params[0] if message.params else ""
    text = without_forbidden(asked) or asked
    if client.registered and text == ABSENT:
        await _set_absent(client)
    elif client.registered:
        await _set_away(client, text)
    elif client.has("draft/pre-away"):
        client.registration.away = text
    else:
        raise client.not_registered()


async def _set_away(client: IrcClient, text: str) -> None:
    """Mark the client's person as away, or as back if the text is empty."""
    me = client.me
    before = me.away
    if text:
        check(client.chat, me, words.Away)
        # It ends with this client, so it must not outlive the server either.
        await mark_away(client.chat, me, check_formatted(text, LONGEST_INTRO), kept=False)
    else:
        await client.perform(words.Back())
    client.said_away = me.away
    if me.away == before:
        tell_own_away(client)  # nothing has changed, so nobody was told


async def apply_early_away(client: IrcClient) -> None:
    """Be away as was said before registration, or as another client of the person's has said."""
    text = client.registration.away
    try:
        if text == ABSENT:
            await _set_absent(client)
        elif text is not None:
            await _set_away(client, text)
        elif client.me.away == NOBODY:
            await _set_away(client, "")  # somebody sits at this one
        elif client.me.away:
            tell_own_away(client)  # as was said elsewhere
    except ChatError as error:
        client.notice(error.sentence)


async def _set_absent(client: IrcClient) -> None:
    """Mark the person as away since nobody sits at this client, unless they have others."""
    if len(client.chat.sessions.of(client.me)) > 1 or client.me.away:
        tell_own_away(client)
    else:
        await _set_away(client, NOBODY)


def withdraw_away(client: IrcClient) -> None:
    """Mark the person as back when the client that said they are away has gone.

    Nothing changes if another client of theirs has said the same.
    """
    said, client.said_away = client.said_away, ""
    if client.session is None or not said or client.me.away != said:
        return
    if not any(other.said_away == said for other in client.clients.of(client.me)):
        with suppress(ChatError):
            back = client.perform(words.Back())
            back.addErrback(lambda failure: failure.trap(ChatError))


def setname(client: IrcClient, message: Message) -> None:
    text = unformatted(message.params[0])
    if len(text) > LONGEST_REALNAME:
        most = f"That is longer than {LONGEST_REALNAME} characters."
        raise Failed("INVALID_REALNAME", most)
    try:
        check_text(text, 4 * LONGEST_REALNAME)
    except ChatError as error:
        raise failed("SETNAME", error) from None
    client.registration.realname = text
    client.people.realnames[client.me.id] = text
    changed = f"SETNAME :{shown(text)}"
    tell_change(client.clients, client.me, changed, "setname", themselves=True)
