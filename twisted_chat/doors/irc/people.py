"""How people look to IRC clients: masks, real names, bots, and who was here lately."""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import NamedTuple

from ...chat.chat import Chat
from ...core.addresses import Network
from ...core.errors import ChatError
from ...core.names import fold
from ...core.rooms import Person, Role, Room, host_of
from ...core.text import shown
from .message import shortened

MOST_REMEMBERED = 500  # of those who are gone, for WHOWAS
MOST_MASKS = 20_000  # names whose mask is kept at hand
NICKSERV = "NickServ"
SERVICES = frozenset((NICKSERV.lower(),))  # names of what is no person and answers all the same


class Departed(NamedTuple):
    """Somebody who was here lately."""

    name: str
    user: str
    host: str
    realname: str
    time: int


class PresenceChange:
    """What has become of somebody since the IRC clients were told about them last."""

    __slots__ = ("here", "known", "mask", "name", "person", "reason", "rooms")

    def __init__(self, person: Person, mask: str, known: bool) -> None:
        self.person = person
        self.name = person.name
        self.mask = mask  # by which the clients know them
        self.known = known  # they were here when the clients were told last
        self.here = False
        self.reason = ""
        self.rooms: tuple[Room, ...] = ()  # in which they were when they went

    @property
    def back(self) -> bool:
        """Whether they were away for a moment, and are as they were."""
        return self.known and self.here

    def places(self) -> set[Room]:
        """The rooms in which there is something to tell."""
        return {*self.rooms, *(self.person.rooms if self.here else ())}


class People:
    """What the IRC clients of a server know about people."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.server = _server_name(chat.settings.name)
        self.epoch = chat.epoch[:8]
        self.realnames: dict[int, str] = {}  # as somebody's client gave it, by the person's id
        self.bots: set[str] = set()  # names of those who say that they are programs
        self.departed: deque[Departed] = deque(maxlen=MOST_REMEMBERED)
        # Those about whom the clients are still to be told that they have come or gone.
        self.unannounced: dict[Person, PresenceChange] = {}
        self._masks: dict[str, str] = {}

    def find(self, name: str) -> Person | None:
        """The person with a name."""
        return self._chat.roster.names.find(name)

    def mask(self, author: str) -> str:
        """`nick!user@host` of somebody, or of a name that was somebody's."""
        mask = self._masks.get(author)
        if mask is None:
            if len(self._masks) > MOST_MASKS:
                self._masks.clear()
            person = self.find(author)
            user, host = ("chat", "gone") if person is None else (person.user, person.host)
            mask = self._masks[author] = f"{shortened(author)}!{user}@{host}"
        return mask

    def forget_masks(self, *names: str) -> None:
        """Somebody looks otherwise from now on."""
        for name in names:
            self._masks.pop(name, None)

    def set_look(self, person: Person, user: str, realname: str, network: Network) -> None:
        """Give somebody the look that their client asks for, unless they are here already."""
        if person.online:
            self.realnames.setdefault(person.id, realname)
            return
        person.user = user
        if person.guest:
            person.host = f"guest-{_short_hash(network.name)}"
        self.realnames[person.id] = realname
        self.forget_masks(person.name)

    def became_account(self, person: Person) -> None:
        """A guest's name is an account's now."""
        person.host = host_of(person.named)
        self.forget_masks(person.name)

    def rename(self, old: str, new: str) -> None:
        """A guest has another name."""
        self.forget_masks(old, new)
        if old in self.bots:
            self.bots.remove(old)
            self.bots.add(new)

    def remember(self, person: Person, name: str = "") -> None:
        """Somebody has gone, or has that name no longer. WHOWAS knows it for a while."""
        name = name or person.name
        look = (person.user, person.host, self.realname_of(person.name))
        self.departed.append(Departed(name, *look, self._chat.wall()))
        if not person.online:
            self.realnames.pop(person.id, None)
            self.bots.discard(name)
            self.forget_masks(*([name] if person.guest else []))

    def account_of(self, name: str) -> str:
        """The account's name; `*` for a guest."""
        person = self.find(name)
        return "*" if person is None or person.guest else person.name

    def realname_of(self, name: str) -> str:
        """What somebody says about themselves in a line, safe to be sent."""
        person = self.find(name)
        if person is None:
            return shown(name)
        return shown(self.realnames.get(person.id) or person.intro or person.name)

    def is_bot(self, name: str) -> bool:
        """Whether they have said that they are a program."""
        return name in self.bots


def folded(name: str) -> str:
    """A name the same however it is written."""
    try:
        return fold(name).folded
    except ChatError:
        return name.lower()[:64]


def status_signs(room: Room, person: Person) -> str:
    """The signs of what somebody may do in a room: @ and +."""
    signs = "@" if room.role_of(person) >= Role.OPERATOR else ""
    member = room.members.get(person.id)
    return signs + "+" if member is not None and member.voice else signs


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _server_name(name: str) -> str:
    """The server's name as it may stand at the head of a line: one word with a dot in it."""
    word = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in name)
    word = word.strip("-.")[:60] or "chat"
    return word if "." in word else f"{word}.chat"
