"""All IRC clients of one server: how people look to them, and who of them is told what."""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from time import gmtime, strftime
from typing import TYPE_CHECKING, NamedTuple, cast

from ...chat.session import Session, State
from ...core.limits import SlidingWindow
from ...core.roster import host_of
from ...core.text import shown
from . import privmsg
from .message import shortened
from .metadata import Subscriptions
from .multiline import LineCuts
from .presence import Presence
from .read_markers import Markers
from .render import IrcDialect, timestamp
from .responses import Labels
from .webirc import LOGGED

if TYPE_CHECKING:
    from ...chat.chat import Chat
    from ...core.rooms import Room
    from ...core.roster import Person
    from .door import IrcDoor

MOST_REMEMBERED = 500  # of those who are gone, for WHOWAS
LOOK_EVERY = 5.0  # seconds
MOST_MASKS = 20_000  # names whose look is kept at hand


class Gone(NamedTuple):
    """Somebody who was here lately."""

    name: str
    user: str
    host: str
    realname: str
    time: int


class Clients:
    """What the IRC clients share."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.server = _server_name(chat.settings.name)
        self.description = shown(chat.settings.description or chat.settings.name)
        self.epoch = chat.epoch[:8]
        self.started = strftime("%Y-%m-%d %H:%M UTC", gmtime(chat.wall() / 1000))
        self.most_online = 0
        self.unregistered = 0
        self._next_look = 0.0
        self.registered: dict[IrcDoor, None] = {}  # those that are registered
        self.realnames: dict[int, str] = {}  # as somebody's client gave it, by the person's id
        self.bots: set[str] = set()  # names of those that say they are programs
        self._shown: dict[Room, dict[IrcDoor, None]] = {}  # who has joined a room, as it sees it
        self._watchers: dict[str, dict[IrcDoor, None]] = {}  # by the folded name that they monitor
        self.gone: deque[Gone] = deque(maxlen=MOST_REMEMBERED)
        self.line_cuts = LineCuts()
        self.labels = Labels()
        self.markers = Markers(self)
        self.subscriptions = Subscriptions(self)
        self.webirc_log = SlidingWindow(*LOGGED)
        self._dialects: dict[frozenset[str], IrcDialect] = {}
        self._masks: dict[str, str] = {}
        self.presence = Presence(self)
        chat.onlookers.append(self.presence)

    def dialect(self, caps: frozenset[str]) -> IrcDialect:
        """The dialect of clients with these capabilities; the same object for all of them."""
        dialect = self._dialects.get(caps)
        if dialect is None:
            dialect = self._dialects[caps] = IrcDialect(self, caps)
        return dialect

    # --- coming and going -------------------------------------------------------------------

    def opened(self, client: IrcDoor) -> None:
        """A connection speaks IRC."""
        self.unregistered += 1
        client.counted = True

    def add(self, client: IrcDoor) -> None:
        """A client has registered."""
        self._count_off(client)
        self.registered[client] = None

    def remove(self, client: IrcDoor) -> None:
        """A connection is gone."""
        self._count_off(client)
        self.registered.pop(client, None)
        self.labels.forget(client.label_scope)
        for room in self.rooms_of(client):
            self.hides(client, room)
        for key in tuple(client.monitored):
            self.stop_watching(client, key)
        self.subscriptions.clear(client)
        if client.person is not None:
            self.note_bot(client.person)
            if not self.of(client.person):
                self.markers.forget(client.person)

    def _count_off(self, client: IrcDoor) -> None:
        self.unregistered -= client.counted
        client.counted = False

    def tend(self, now: float) -> None:
        """Ask the silent whether they are there, and tell what could not be told before."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        for client in tuple(self.registered):
            client.liveness.tend(now)
            privmsg.close_late_batch(client, now)
            self.subscriptions.tend(client)
            session = client.session
            if client.unsettled and session is not None and session.state is State.LIVE:
                self.presence.settle(client)

    # --- how people look --------------------------------------------------------------------

    def person(self, name: str) -> Person | None:
        """Whoever has a name."""
        return self.chat.roster.names.find(name)

    def mask(self, author: str) -> str:
        """`nick!user@host` of somebody, or of a name that was somebody's."""
        mask = self._masks.get(author)
        if mask is None:
            if len(self._masks) > MOST_MASKS:
                self._masks.clear()
            person = self.person(author)
            user, host = ("chat", "gone") if person is None else (person.user, person.host)
            mask = self._masks[author] = f"{shortened(author)}!{user}@{host}"
        return mask

    def forget_look(self, *names: str) -> None:
        """Somebody looks otherwise from now on."""
        for name in names:
            self._masks.pop(name, None)

    def looks(self, person: Person, user: str, realname: str, network: str) -> None:
        """A client says what its person is to look like, who looks so as long as it is here."""
        if person.online:
            self.realnames.setdefault(person.id, realname)
            return
        person.user = user
        if person.guest:
            person.host = f"guest-{_short(network)}"
        self.realnames[person.id] = realname
        self.forget_look(person.name)

    def became_account(self, person: Person) -> None:
        """A guest's name is an account's now."""
        person.host = host_of(person.named)
        self.forget_look(person.name)
        for client in self.of(person):
            self.realnames[person.id] = client.registration.realname

    def rename(self, old: str, new: str) -> None:
        """A guest is called otherwise."""
        self.forget_look(old, new)
        if old in self.bots:
            self.bots.remove(old)
            self.bots.add(new)

    def remember(self, person: Person, name: str = "") -> None:
        """Somebody has gone, or is called so no longer: WHOWAS knows it for a while."""
        name = name or person.name
        look = (person.user, person.host, self.realname_of(person.name))
        self.gone.append(Gone(name, *look, self.chat.wall()))
        if not person.online:
            self.realnames.pop(person.id, None)
            self.bots.discard(name)
            self.forget_look(*([name] if person.guest else []))

    def account_of(self, name: str) -> str:
        """The account's name; `*` for a guest."""
        person = self.person(name)
        return "*" if person is None or person.guest else person.name

    def realname_of(self, name: str) -> str:
        """What somebody says of himself in a line."""
        person = self.person(name)
        if person is None:
            return name
        return self.realnames.get(person.id) or person.intro or person.name

    def is_bot(self, name: str) -> bool:
        """Whether it has said that it is a program."""
        return name in self.bots

    def note_bot(self, person: Person) -> None:
        """One of somebody's clients may say something else about that."""
        if any("B" in client.modes for client in self.of(person)):
            self.bots.add(person.name)
        else:
            self.bots.discard(person.name)

    def now_tags(self, client: IrcDoor, person: Person) -> dict[str, str]:
        """The tags of something that a person does now and that is no entry."""
        tags = {}
        if client.has("server-time"):
            tags["time"] = timestamp(self.chat.wall())
        if client.has("account-tag") and not person.guest:
            tags["account"] = person.name
        return tags

    def unkept_msgid(self, number: int) -> str:
        """What something that is kept nowhere is called by."""
        return f"{self.epoch}-0-{number}"

    def is_oper(self, person: Person) -> bool:
        """Whether one of somebody's clients is an operator's, or it administers the server."""
        return person.admin or any(client.oper for client in self.of(person))

    def is_invisible(self, person: Person) -> bool:
        """Whether only those see it in lists who share a room with it."""
        return any("i" in client.modes for client in self.of(person))

    def people(self) -> set[Person]:
        """Everybody who is here with an IRC client."""
        return {client.me for client in self.registered}

    def is_secure(self, session: Session) -> bool:
        """Whether nobody can listen in on a session."""
        return session.door.secure

    # --- who sees what ----------------------------------------------------------------------

    def of(self, person: Person) -> list[IrcDoor]:
        """Somebody's IRC clients."""
        doors = [cast(Session, seat).door for seat in person.seats]
        return [door for door in doors if door in self.registered]

    def reading(self, person: Person) -> list[IrcDoor]:
        """Those of them that read: nothing is queued for the others that is not kept."""
        return [one for one in self.of(person) if one.session is not None and one.session.reads]

    def shows(self, client: IrcDoor, room: Room) -> bool:
        """A client is shown a room from now on; False if it is already."""
        there = self._shown.setdefault(room, {})
        if client in there:
            return False
        there[client] = client.rooms[room] = None
        return True

    def hides(self, client: IrcDoor, room: Room) -> bool:
        """It is shown a room no longer; False if it was not."""
        if room not in client.rooms:
            return False
        del client.rooms[room], self._shown[room][client]
        if not self._shown[room]:
            del self._shown[room]
        return True

    def rooms_of(self, client: IrcDoor) -> list[Room]:
        """The rooms that a client has joined, as it sees it."""
        return list(client.rooms)

    def in_room(self, room: Room) -> list[IrcDoor]:
        """The IRC clients that are shown a room."""
        return list(self._shown.get(room, ()))

    def acquainted(self, person: Person) -> dict[IrcDoor, None]:
        """The IRC clients that share a room with somebody, its own included."""
        found = dict.fromkeys(self.of(person))
        for room in (self.chat.rooms.lobby, *person.rooms):
            found.update(self._shown.get(room, {}))
        return found

    def watch(self, client: IrcDoor, key: str, name: str) -> None:
        """A client wants to be told when somebody of that name comes and goes."""
        client.monitored[key] = name
        self._watchers.setdefault(key, {})[client] = None

    def stop_watching(self, client: IrcDoor, key: str) -> None:
        """It wants so no longer."""
        if client.monitored.pop(key, None) is not None:
            del self._watchers[key][client]
            if not self._watchers[key]:
                del self._watchers[key]

    def watchers(self, key: str) -> list[IrcDoor]:
        """Who wants to be told of a name."""
        return list(self._watchers.get(key, ()))


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _server_name(name: str) -> str:
    """The server's name as it may stand at the head of a line: one word with a dot in it."""
    word = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in name)
    word = word.strip("-.")[:60] or "chat"
    return word if "." in word else f"{word}.chat"
