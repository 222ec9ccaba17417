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
    from .clients import Company
    from .door import IrcTalk

PAUSE = 1.0
AT_ONCE = 30  # who may come or go within a second before it is gathered
LONGEST_REASON = 250  # bytes of why somebody has quit


class Presence:
    """Looks on for all IRC clients."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._chat = company.chat
        self._news: dict[Person, News] = {}
        self._asked: set[IrcTalk] = set()  # who was told meanwhile who is in a room
        self._told = 0  # since the second began
        self._second: IDelayedCall | None = None

    # --- coming and going -------------------------------------------------------------------

    def came(self, person: Person) -> None:
        company = self._company
        mask = company.mask(person.name)
        news = self._news.get(person)
        if news is not None and news.mask != mask:
            self._tell()  # that one has gone, and looks otherwise now
            news = None
        if news is None:
            news = self._news[person] = News(person, mask, known=False)
        news.here = True
        self._tell_or_gather()

    def went(self, person: Person, reason: str) -> None:
        company = self._company
        company.remember(person)
        news = self._news.get(person)
        if news is None:
            news = self._news[person] = News(person, company.mask(person.name), known=True)
        news.here = False
        news.rooms = tuple({*news.rooms, *person.rooms})
        news.reason = pieces(formatted(reason or "Connection closed"), LONGEST_REASON)[0]
        self._tell_or_gather()

    def has_asked(self, talk: IrcTalk) -> None:
        """A client is told who is in a room."""
        if self._news:
            self._asked.add(talk)

    def is_being_told(self, name: str) -> bool:
        """Whether the clients are still to hear that somebody has come or gone."""
        person = self._company.person(name)
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
        telling = Telling(self._company, list(news.values()), asked)
        for talk, data in telling.writes():
            talk.write(data)

    def settle(self, talk: IrcTalk) -> None:
        """Put right what a client believes that could not be told before."""
        names, talk.unsettled = talk.unsettled, {}
        telling = Telling(self._company, [], ())
        lines = []
        for name in names:
            person = self._company.person(name)
            if person is talk.person:
                continue
            lines.append(f":{self._company.mask(name)} QUIT :Not here when you were not reading")
            if person is not None and person.online:
                rooms = [room for room in self._company.rooms_of(talk) if is_in(person, room)]
                lines += telling.arrival(talk, person, rooms)
        talk.write(encoded(lines))
        monitored = [talk.monitored.get(folded(name)) for name in names]
        tell_status(talk, [name for name in monitored if name is not None])

    # --- changes ----------------------------------------------------------------------------

    def renamed(self, person: Person, old_name: str) -> None:
        self._tell()  # so that everybody knows who it is that is called otherwise
        company = self._company
        before = f"{old_name}!{person.user}@{person.host}"
        company.remember(person, old_name)
        company.rename(old_name, person.name)
        for talk in company.acquainted(person):
            if old_name in talk.unsettled:
                talk.unsettled[person.name] = None
            if talk.person is person:
                talk.line(before, f"NICK :{person.name}", company.now_tags(talk, person))
            else:
                self._tell_one(talk, person, before, f"NICK :{person.name}", old_name)
        old, new = folded(old_name), person.named.folded
        if old != new:
            self._tell_watchers(old, "731", old_name)
            self._tell_watchers(new, "730", company.mask(person.name))

    def away_changed(self, person: Person) -> None:
        if not person.online:
            return  # nobody sees it who is told of presence
        text = f"AWAY :{formatted(person.away)}" if person.away else "AWAY"
        self._tell_change(person, text, "away-notify")
        for talk in self._company.talks_of(person):
            self.tell_own_away(talk)

    def tell_own_away(self, talk: IrcTalk) -> None:
        """305 or 306: whether one is away."""
        if talk.me.away:
            talk.numeric("306", text="You are marked as being away")
        else:
            talk.numeric("305", text="You are no longer marked as being away")

    def became_account(self, person: Person) -> None:
        company = self._company
        before = company.mask(person.name)
        company.became_account(person)
        after = company.mask(person.name)
        if before != after:
            self._tell_look(person, before)
        text = f"ACCOUNT {person.name}"
        self._tell_change(person, text, "account-notify", itself=True)

    def name_set(self, person: Person, text: str) -> None:
        """Somebody says something else of itself."""
        self._tell_change(person, f"SETNAME :{shown(text)}", "setname", itself=True)

    def invited(self, room: Room, by: Person, person: Person) -> None:
        """Somebody has been invited; those in the room are told who asked to know."""
        mask = self._company.mask(by.name)
        for talk in self._company.in_room(room):
            if talk.has("invite-notify") and talk.person not in (by, person):
                self._tell_one(talk, by, mask, f"INVITE {person.name} {room.name}")

    def room_renamed(self, room: Room, old: str, by: Person, reason: str) -> None:
        """A room has another name: every client that has joined it is told, now and not later."""
        self._company.markers.rename(old, room.name)
        for talk in self._company.in_room(room):
            arrival.rename_room(talk, room, old, by, reason)

    def _tell_look(self, person: Person, before: str) -> None:
        """Somebody's user or host is another; who does not know of such sees it come anew."""
        company = self._company
        telling, near = Telling(company, [], ()), company.acquainted(person)
        look = f"CHGHOST {person.user} {person.host}"
        for talk in self._hearers(person):
            if talk.has("chghost"):
                self._tell_one(talk, person, before, look)
            elif talk.person is not person and talk in near:
                rooms = [room for room in company.rooms_of(talk) if is_in(person, room)]
                lines = telling.arrival(talk, person, rooms)
                if may_tell(talk, (person.name,)):
                    talk.write(encoded([f":{before} QUIT :Changing host", *lines]))

    def _tell_change(self, person: Person, text: str, cap: str, itself: bool = False) -> None:
        mask = self._company.mask(person.name)
        for talk in self._hearers(person):
            if talk.has(cap) and (itself or talk.person is not person):
                self._tell_one(talk, person, mask, text)

    def _hearers(self, person: Person) -> list[IrcTalk]:
        """Who shares a room with somebody, or has asked to hear of it wherever it is."""
        company = self._company
        hearers = company.acquainted(person)
        for talk in company.watchers(person.named.folded):
            if talk.has("extended-monitor") and talk not in hearers:
                hearers[talk] = None
        return list(hearers)

    def _tell_one(self, talk: IrcTalk, person: Person, source: str, text: str, *names: str) -> None:
        if talk.person is person:
            talk.line(source, text, self._company.now_tags(talk, person))
        elif may_tell(talk, (person.name, *names)):
            tags = write_tags(self._company.now_tags(talk, person))
            talk.write(encoded([f"{tags}:{source} {text}"]))

    def _tell_watchers(self, key: str, number: str, target: str) -> None:
        for talk in self._company.watchers(key):
            if not may_tell(talk, (target.partition("!")[0],)):
                continue
            told = [f":{self._company.server} {number} {talk.nick} :{target}"]
            if number == "730":
                told += metadata.may_ask(talk, [target.partition("!")[0]])
            talk.write(encoded(told))
