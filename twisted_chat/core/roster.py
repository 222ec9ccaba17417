"""Who exists and who is here: accounts, guests and their sessions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from .entries import WORDS, Entry
from .names import LONGEST, Name, NameBook

if TYPE_CHECKING:
    from .rooms import Room


def host_of(named: Name) -> str:
    """What stands for an account's host: its own, since masks that ban are made of it."""
    name = named.folded
    if len(name.encode()) > LONGEST:  # there are scripts of three and four bytes a letter
        name = sha256(name.encode()).hexdigest()[:12]
    return f"{name}.account"


class Person:
    """An account, or a guest (whose id is negative and who leaves no trace)."""

    __slots__ = (
        "admin",
        "away",
        "becoming",
        "created",
        "devices",
        "erased",
        "host",
        "id",
        "ignores",
        "intro",
        "last_seen",
        "name",
        "named",
        "named_at",
        "noted",
        "online",
        "pairs",
        "rooms",
        "secrets",
        "shown",
        "suspended_until",
        "user",
    )

    def __init__(self, id: int, named: Name) -> None:
        self.id = id
        self.named = named
        self.name = named.shown
        self.named_at = 0  # of a guest: since when it is called so, in milliseconds since 1970
        self.intro = ""
        self.admin = False
        self.user = "chat"  # what masks see of it beside the name; a door may know better
        self.host = "guest" if id < 0 else host_of(named)
        self.erased = False  # the name stays taken, and that is all that stays
        self.devices = ""  # another one whenever its devices or their keys are; empty without
        self.secrets = 0  # raised when its password changes: who came with the old one is late
        self.away = ""
        self.suspended_until: int | None = None
        self.created = 0  # when the account was made, in milliseconds since 1970
        self.last_seen = 0
        self.online = False  # whether they have a session
        self.rooms: tuple[Room, ...] = ()  # joined rooms; the lobby is everybody's
        self.noted: set[Room] = set()  # of a guest: rooms that keep a ban, a mute or an invitation
        self.becoming = False  # a guest whose account is being made
        self.pairs: dict[int, Room] = {}  # private conversations by the other's id
        self.ignores: frozenset[int] = frozenset()
        # What some session of this account has been shown, per room id; None
        # until it is read at the first sign-in.
        self.shown: dict[int, int] | None = None

    @property
    def guest(self) -> bool:
        return self.id < 0

    @property
    def account(self) -> int | None:
        """The number that the store knows this person by; None for a guest, whom it does not."""
        return None if self.id < 0 else self.id

    @property
    def gone(self) -> bool:
        """Whether this is a guest that is no more, and is to be put nowhere."""
        return self.guest and not self.online

    def hides(self, entry: Entry) -> bool:
        """Whether an entry is something said by somebody whom this person ignores."""
        return entry.sender in self.ignores and entry.kind in WORDS


class Roster:
    """Every person by id and by name, and who of them is online."""

    def __init__(self) -> None:
        self.names: NameBook[Person] = NameBook()
        self.people: dict[int, Person] = {}
        self.online: dict[int, Person] = {}
        self.guests = 0
        self.erased = 0
        self._next_guest = -1

    @property
    def accounts(self) -> int:
        """How many accounts there are, guests and erased ones left out."""
        return len(self.people) - self.guests - self.erased

    def add(self, person: Person) -> None:
        """Make a person known."""
        self.people[person.id] = person
        self.names.register(person.named, person, protected=person.admin)
        self.guests += person.guest
        self.erased += person.erased

    def forget(self, person: Person) -> None:
        """Drop a person; the name is free again."""
        if self.people.pop(person.id, None) is not None:
            self.names.forget(person.named)
            self.guests -= person.guest

    def new_guest(self, named: Name) -> Person:
        """A guest under a free name."""
        person = Person(self._next_guest, named)
        self._next_guest -= 1
        self.add(person)
        return person

    def rename(self, guest: Person, named: Name) -> None:
        """A guest has another name, which is free."""
        self.names.forget(guest.named)
        guest.named, guest.name = named, named.shown
        self.names.register(named, guest)

    def erase(self, person: Person) -> None:
        """An account is no more; its name stays in the book, so that nobody else can take it."""
        person.erased = True
        person.admin = False
        person.intro = person.away = ""
        person.shown = None
        self.erased += 1

    def become_account(self, guest: Person, number: int) -> None:
        """A guest has become an account under its name."""
        for room in {*guest.rooms, *guest.noted}:
            room.renumber(guest.id, number)
        guest.noted.clear()
        del self.people[guest.id]
        if self.online.pop(guest.id, None) is not None:
            self.online[number] = guest
        self.guests -= 1
        guest.id = number
        self.people[number] = guest

    def others_online(self, person: Person) -> list[Person]:
        """Everybody online but the one who asks, in order of name."""
        others = (other for other in self.online.values() if other is not person)
        return sorted(others, key=lambda other: other.named.folded)
