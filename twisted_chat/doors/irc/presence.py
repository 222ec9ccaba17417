"""Who comes, goes and changes, as IRC's clients are told it.

Whoever comes is shown to have joined the rooms it is in, and whoever goes has quit. It is told at
once as long as there is little to tell; beyond that it is gathered and told once a second, each
client with one write. Who goes and comes back meanwhile is told only to those who have asked in
between who is there.

A client that does not read, or is being shown what it has missed, is told when that is over: that
whoever has come or gone meanwhile has quit, and has joined again if it is here. So what a client
believes is right in the end, whatever has happened in whatever order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall

from ...chat.chat import STOPPING
from ...core.rooms import Room
from ...core.roster import Person
from ...core.text import formatted, shown
from . import arrival, metadata
from .message import encoded, pieces, write_tags
from .monitor import tell_status
from .names import folded
from .presence_lines import News, Telling, is_in, may_tell

if TYPE_CHECKING:
    from .clients import Clients
    from .door import IrcDoor

PAUSE = 1.0
AT_ONCE = 30  # who may come or go within a second before it is gathered
LONGEST_REASON = 250  # bytes of why somebody has quit


class Presence:
    """Looks on for all IRC clients."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._chat = clients.chat
        self._news: dict[Person, News] = {}
        self._asked: set[IrcDoor] = set()  # who was told meanwhile who is in a room
        self._told = 0  # since the second began
        self._second: IDelayedCall | None = None

    # --- coming and going -------------------------------------------------------------------

    def came(self, person: Person) -> None:
        clients = self._clients
        mask = clients.mask(person.name)
        news = self._news.get(person)
        if news is not None and news.mask != mask:
            self._tell()  # that one has gone, and looks otherwise now
            news = None
        if news is None:
            news = self._news[person] = News(person, mask, known=False)
        news.here = True
        self._tell_or_gather()

    def went(self, person: Person, reason: str) -> None:
        clients = self._clients
        clients.remember(person)
        news = self._news.get(person)
        if news is None:
            news = self._news[person] = News(person, clients.mask(person.name), known=True)
        news.here = False
        news.rooms = tuple({*news.rooms, *person.rooms})
        news.reason = pieces(formatted(reason or "Connection closed"), LONGEST_REASON)[0]
        self._tell_or_gather()

    def has_asked(self, client: IrcDoor) -> None:
        """A client is told who is in a room."""
        if self._news:
            self._asked.add(client)

    def is_being_told(self, name: str) -> bool:
        """Whether the clients are still to hear that somebody has come or gone."""
        person = self._clients.person(name)
        return person in self._news

    def _tell_or_gather(self) -> None:
        if self._second is None:
            self._told = 0
            self._second = self._chat.clock.callLater(PAUSE, self._next_second)
        self._told += 1
        if self._told <= AT_ONCE:
            self._tell()

    def _next_second(self) -> None:
        self._second, self._told = None, 0
        if self._news:
            self._second = self._chat.clock.callLater(PAUSE, self._next_second)
            self._tell()

    def _tell(self) -> None:
        """Tell all that there is to tell."""
        news, self._news = self._news, {}
        asked, self._asked = self._asked, set()
        if not news or self._chat.store.refusing is STOPPING:
            return
        telling = Telling(self._clients, list(news.values()), asked)
        for client, data in telling.writes():
            client.write(data)

    def settle(self, client: IrcDoor) -> None:
        """Put right what a client believes that could not be told before."""
        names, client.unsettled = client.unsettled, {}
        telling = Telling(self._clients, [], ())
        lines = []
        for name in names:
            person = self._clients.person(name)
            if person is client.person:
                continue
            lines.append(f":{self._clients.mask(name)} QUIT :Not here when you were not reading")
            if person is not None and person.online:
                rooms = [room for room in self._clients.rooms_of(client) if is_in(person, room)]
                lines += telling.arrival(client, person, rooms)
        client.write(encoded(lines))
        monitored = [client.monitored.get(folded(name)) for name in names]
        tell_status(client, [name for name in monitored if name is not None])

    # --- changes ----------------------------------------------------------------------------

    def renamed(self, person: Person, old_name: str) -> None:
        self._tell()  # so that everybody knows who it is that is called otherwise
        clients = self._clients
        before = f"{old_name}!{person.user}@{person.host}"
        clients.remember(person, old_name)
        clients.rename(old_name, person.name)
        for client in clients.acquainted(person):
            if old_name in client.unsettled:
                client.unsettled[person.name] = None
            if client.person is person:
                client.line(before, f"NICK :{person.name}", clients.now_tags(client, person))
            else:
                self._tell_one(client, person, before, f"NICK :{person.name}", old_name)
        old, new = folded(old_name), person.named.folded
        if old != new:
            self._tell_watchers(old, "731", old_name)
            self._tell_watchers(new, "730", clients.mask(person.name))

    def away_changed(self, person: Person) -> None:
        if not person.online:
            return  # nobody sees it who is told of presence
        text = f"AWAY :{formatted(person.away)}" if person.away else "AWAY"
        self._tell_change(person, text, "away-notify")
        for client in self._clients.of(person):
            self.tell_own_away(client)

    def tell_own_away(self, client: IrcDoor) -> None:
        """305 or 306: whether one is away."""
        if client.me.away:
            client.numeric("306", text="You are marked as being away")
        else:
            client.numeric("305", text="You are no longer marked as being away")

    def became_account(self, person: Person) -> None:
        clients = self._clients
        before = clients.mask(person.name)
        clients.became_account(person)
        after = clients.mask(person.name)
        if before != after:
            self._tell_look(person, before)
        text = f"ACCOUNT {person.name}"
        self._tell_change(person, text, "account-notify", itself=True)

    def name_set(self, person: Person, text: str) -> None:
        """Somebody says something else of itself."""
        self._tell_change(person, f"SETNAME :{shown(text)}", "setname", itself=True)

    def invited(self, room: Room, by: Person, person: Person) -> None:
        """Somebody has been invited; those in the room are told who asked to know."""
        mask = self._clients.mask(by.name)
        for client in self._clients.in_room(room):
            if client.has("invite-notify") and client.person not in (by, person):
                self._tell_one(client, by, mask, f"INVITE {person.name} {room.name}")

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        """A room has another name: every client that has joined it is told, now and not later."""
        self._clients.markers.rename(old, room.name)
        for client in self._clients.in_room(room):
            arrival.rename_room(client, room, old, by, reason)

    def _tell_look(self, person: Person, before: str) -> None:
        """Somebody's user or host is another; who does not know of such sees it come anew."""
        clients = self._clients
        telling, near = Telling(clients, [], ()), clients.acquainted(person)
        look = f"CHGHOST {person.user} {person.host}"
        for client in self._hearers(person):
            if client.has("chghost"):
                self._tell_one(client, person, before, look)
            elif client.person is not person and client in near:
                rooms = [room for room in clients.rooms_of(client) if is_in(person, room)]
                lines = telling.arrival(client, person, rooms)
                if may_tell(client, (person.name,)):
                    client.write(encoded([f":{before} QUIT :Changing host", *lines]))

    def _tell_change(self, person: Person, text: str, cap: str, itself: bool = False) -> None:
        mask = self._clients.mask(person.name)
        for client in self._hearers(person):
            if client.has(cap) and (itself or client.person is not person):
                self._tell_one(client, person, mask, text)

    def _hearers(self, person: Person) -> list[IrcDoor]:
        """Who shares a room with somebody, or has asked to hear of it wherever it is."""
        clients = self._clients
        hearers = clients.acquainted(person)
        for client in clients.watchers(person.named.folded):
            if client.has("extended-monitor") and client not in hearers:
                hearers[client] = None
        return list(hearers)

    def _tell_one(
        self, client: IrcDoor, person: Person, source: str, text: str, *names: str
    ) -> None:
        if client.person is person:
            client.line(source, text, self._clients.now_tags(client, person))
        elif may_tell(client, (person.name, *names)):
            tags = write_tags(self._clients.now_tags(client, person))
            client.write(encoded([f"{tags}:{source} {text}"]))

    def _tell_watchers(self, key: str, number: str, target: str) -> None:
        for client in self._clients.watchers(key):
            if not may_tell(client, (target.partition("!")[0],)):
                continue
            told = [f":{self._clients.server} {number} {client.nick} :{target}"]
            if number == "730":
                told += metadata.may_ask(client, [target.partition("!")[0]])
            client.write(encoded(told))
