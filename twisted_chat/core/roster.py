"""Who exists and who is here: accounts, guests and their sessions."""

from __future__ import annotations

from .names import Name, NameBook
from .rooms import Person


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
