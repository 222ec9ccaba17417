"""From the names that people type to people, rooms and messages."""

from __future__ import annotations

from difflib import SequenceMatcher

from msgspec import Struct

from ...core import durations
from ...core.attachments import WITH_LINKS
from ...core.errors import ChatError
from ...core.names import LONGEST
from ...core.rooms import Person, Role, Room, RoomKind
from ..chat import Chat
from ..session import Session

MOST_COMPARING = 0.002  # seconds of looking for whom somebody may have meant
ALIKE = 0.75  # more than that two names have in common when one may be meant by the other
LONGEST_NUMBER = 15  # digits
LONGEST_REASON = 200  # bytes, of a kick or of leaving


def person_named(chat: Chat, name: str) -> Person:
    """The person of that name; names are no secret."""
    person = chat.roster.names.find(name)
    if person is None or person.erased:
        raise ChatError("no_such_user", _nobody(chat, name))
    return person


def account_named(chat: Chat, name: str) -> Person:
    """The account of that name; a guest is refused."""
    person = somebody_named(chat, name)
    if person.guest:
        raise ChatError("guest", f"{person.name} is a guest: this is possible with accounts only.")
    return person


def somebody_named(chat: Chat, name: str) -> Person:
    """The account or guest of that name, to do something with."""
    if name.startswith("#"):
        raise ChatError("args", f"{name[:33]} is the name of a room, and here belongs a person's.")
    person = person_named(chat, name)
    if person.becoming:
        raise ChatError("not_now", f"{person.name} is just becoming an account: try again.")
    return person


def _nobody(chat: Chat, name: str) -> str:
    shown = name if len(name) <= LONGEST else name[:LONGEST] + "…"
    near = _like(chat, name.lower()[:LONGEST])
    hint = f" Did you mean {near}?" if near else ""
    return f"There is no user called {shown}.{hint}"


def _like(chat: Chat, name: str) -> str:
    """The name of somebody online that is most like that one, as far as there is time to compare.

    Comparing two long names that are alike takes a quarter of a millisecond.
    """
    matcher = SequenceMatcher(b=name)
    best, found = ALIKE, ""
    until = chat.ticks() + MOST_COMPARING
    for person in chat.roster.online.values():
        if chat.ticks() > until:
            break
        matcher.set_seq1(person.name.lower())
        # Each of these is an upper bound of the next, and takes less time.
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            if ratio > best:
                best, found = ratio, person.name
    return found


def visible_room(chat: Chat, session: Session, name: str) -> Room:
    """A room this person may know of; a hidden one answers as if it did not exist."""
    room = chat.rooms.find(name)
    person = session.person
    if room is None or not may_know_of(room, person):
        raise _no_such_room(name)
    return room


def place_of(chat: Chat, person: Person, name: str) -> Room | None:
    """The conversation that a name stands for, whether the person may see it or not.

    For finding what they have said there before; it must not tell anything else of it.
    """
    if name.startswith("#"):
        return chat.rooms.find(name)
    other = chat.roster.names.find(name)
    return None if other is None else person.pairs.get(other.id)


def may_know_of(room: Room, person: Person) -> bool:
    """Whether a room exists for somebody."""
    return room.deleted_at is None and (not room.hidden or may_know(room, person))


def known_room(chat: Chat, session: Session, name: str) -> Room:
    """A room of which this person may know more than its name."""
    room = visible_room(chat, session, name)
    if room.rules.secret and not may_know(room, session.person):
        raise _no_such_room(name)
    return room


def _no_such_room(name: str) -> ChatError:
    shown = name if len(name) <= 33 else name[:33] + "…"
    return ChatError("no_such_room", f"There is no room called {shown}.")


def may_know(room: Room, person: Person) -> bool:
    """Whether somebody may know of a room that is not for everybody."""
    return (
        room.has(person)
        or person.id in room.invited
        or not room.rules.secret
        or room.rules.invites_person(person)
    )


def joined_room(chat: Chat, session: Session, name: str) -> Room:
    """A room this person is in."""
    room = visible_room(chat, session, name)
    if not room.has(session.person):
        raise ChatError("not_a_member", f"You are not in {room.name}: join {room.name} first.")
    return room


def moderated_room(chat: Chat, session: Session, name: str, role: Role = Role.OPERATOR) -> Room:
    """A room in which this person has at least that role."""
    room = joined_room(chat, session, name)
    if room.role_of(session.person) < role:
        needed = "its owner" if role is Role.OWNER else "an operator"
        raise ChatError("not_allowed", f"Only {needed} can do that in {room.name}.")
    return room


def conversation(chat: Chat, session: Session, place: str) -> Room | None:
    """The room or private conversation of that name; None for one not begun yet."""
    if place.startswith("#"):
        return joined_room(chat, session, place)
    other = chat.roster.names.find(place)
    if other is None or other.id not in session.person.pairs:
        somebody_named(chat, place)  # the words of one whose account is erased stay readable
        return None
    return session.person.pairs[other.id]


class Said(Struct, frozen=True):
    """Which message somebody means."""

    room: Room
    seq: int


def message_named(chat: Chat, session: Session, reference: str) -> Said:
    """`17` in the lobby, `#room/17` or `user/17`."""
    place, _, number = reference.rpartition("/")
    if not number.isascii() or not number.isdecimal() or len(number) > LONGEST_NUMBER:
        raise ChatError("args", "A message is named by its number: 17, or #room/17, or user/17.")
    room = conversation(chat, session, place) if place else chat.rooms.lobby
    seq = int(number)
    if room is None or not room.readable_since(session.person) < seq <= room.last_seq:
        raise no_such_message(reference)
    return Said(room, seq)


def kept_file(reference: str) -> int | None:
    """`files/17`, which is a file that is in no message; None for what is named otherwise."""
    place, _, number = reference.rpartition("/")
    decimal = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
    return int(number) if place.lower() == WITH_LINKS and decimal else None


def no_such_message(reference: str) -> ChatError:
    return ChatError("no_such_message", f"There is no message {reference} that you can see.")


def deadline(chat: Chat, duration: str) -> int | None:
    """The time at which a duration from now ends; None if it never does."""
    if not duration:
        return None
    seconds = durations.parse(duration, with_unit=True)
    if not seconds:
        raise ChatError("bad_duration", "It has to last for a second at least.")
    return chat.wall() + seconds * 1000


def groups_of(chat: Chat, person: Person) -> list[Room]:
    """The lobby and the rooms somebody is in."""
    return [room for room in chat.rooms.of(person) if room.kind is not RoomKind.PAIR]
