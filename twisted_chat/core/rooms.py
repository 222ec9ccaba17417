"""People and rooms: the lobby, group rooms and private conversations, and the book of them all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import sha256
from typing import Any, NamedTuple

from .entries import WORDS, Entry
from .names import LONGEST, Name, NameBook
from .rules import RuleChange, Rules

LOBBY = "#lobby"
TAIL = 256  # how many of a room's newest entries are kept in memory,
TAIL_TEXT = 64 * 1024  # and how many characters of text in them


class RoomKind(IntEnum):
    """What sort of conversation a room is; the numbers are stored."""

    LOBBY = 1
    GROUP = 2
    PAIR = 3


class Role(IntEnum):
    """What a member may do in a room; the numbers are stored."""

    MEMBER = 0
    OPERATOR = 1
    OWNER = 2


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


class Member:
    """Somebody's place in a room."""

    __slots__ = ("person", "role", "since", "voice")

    def __init__(self, person: Person, role: Role, since: int, voice: bool = False) -> None:
        self.person = person
        self.role = role
        self.voice = voice  # they may speak where only some may
        self.since = since  # in a hidden room, what came before is not theirs to read


class Tightening(NamedTuple):
    """Changes of a room's rules that are about to be stored."""

    changes: tuple[RuleChange, ...]
    by: str
    time: int  # milliseconds since 1970


class Room:
    """A conversation with one order of entries; members are kept for group rooms only.

    Everybody is in the lobby, and a private conversation is its two people.
    """

    __slots__ = (
        "_tail",
        "_tail_text",
        "_tightenings",
        "bans",
        "coming",
        "created",
        "deleted_at",
        "devices",
        "encrypted",
        "id",
        "invited",
        "kept_rules",
        "kind",
        "last_seq",
        "members",
        "mutes",
        "name",
        "named",
        "online",
        "pair",
        "rules",
        "topic",
    )

    def __init__(self, id: int, name: Name, kind: RoomKind) -> None:
        self.id = id
        self.named = name
        self.name = name.shown
        self.kind = kind
        self.rules = Rules()  # those that hold now
        self.kept_rules = self.rules  # those that are stored
        self._tightenings: list[Tightening] = []
        self.created = 0  # milliseconds since 1970
        self.encrypted = False  # for good: what is said here is sealed
        self.devices = ""  # the version of its people's devices, once it was worked out
        self.topic = ""
        self.deleted_at: int | None = None
        self.last_seq = 0  # the newest entry that has been delivered
        self.members: dict[int, Member] = {}
        self.bans: dict[int, int | None] = {}  # person's id → until when, None for ever
        self.mutes: dict[int, int] = {}  # person's id → until when it may only read
        self.invited: set[int] = set()
        self.coming: set[int] = set()  # who is let in, and not stored as a member yet
        self.online = 0  # how many of the members are online
        self.pair: tuple[Person, Person] | None = None
        self._tail: deque[Entry] = deque()
        self._tail_text = 0

    @property
    def hidden(self) -> bool:
        """Whether nobody who is not invited may know of it."""
        return self.rules.hidden

    def rename(self, name: Name) -> None:
        """It is called otherwise from now on."""
        self.named, self.name = name, name.shown

    def keep_rules(self, rules: Rules) -> None:
        """These rules are stored."""
        self.kept_rules = rules
        self._find_rules()

    def tighten(self, tightening: Tightening) -> None:
        """What these changes take away is gone at once, until it is stored or cannot be."""
        self._tightenings.append(tightening)
        self._find_rules()

    def relax(self, tightening: Tightening) -> None:
        """These changes are stored, or will never be."""
        self._tightenings.remove(tightening)
        self._find_rules()

    @property
    def settled(self) -> bool:
        """Whether no change of the rules is on its way."""
        return not self._tightenings

    def _find_rules(self) -> None:
        rules = self.kept_rules
        for changes, by, time in self._tightenings:
            rules = rules.stricter(changes, by, time)
        self.rules = rules

    def append(self, entries: Sequence[Entry]) -> None:
        """Take note of committed entries, in order."""
        self.last_seq = entries[-1].seq
        tail = self._tail
        tail.extend(entries)
        self._tail_text += sum([len(entry.text) for entry in entries])
        while len(tail) > TAIL or self._tail_text > TAIL_TEXT:
            self._tail_text -= len(tail.popleft().text)

    @property
    def recent_size(self) -> int:
        """How many characters of text are kept in memory."""
        return self._tail_text

    def recent(self, after: int) -> list[Entry] | None:
        """All entries after that number, or None when memory does not reach back to it."""
        tail = self._tail
        if not tail or tail[0].seq > after + 1:
            return None
        return [entry for entry in tail if entry.seq > after]

    def forget_recent(self) -> None:
        """Something in the tail was changed or is cold: it is read from the store from now on."""
        self._tail.clear()
        self._tail_text = 0

    def has(self, person: Person) -> bool:
        """Whether this person is in the conversation now."""
        if self.kind is RoomKind.GROUP:
            return person.id in self.members
        if self.pair is not None:
            return person in self.pair
        return True

    def open_to(self, outsider: Person) -> bool:
        """Whether somebody who is no member may say something there."""
        rules = self.rules
        if rules.members_only or self.encrypted or (rules.accounts_only and outsider.guest):
            return False
        return not self.hidden

    def people(self) -> list[Person]:
        """Who is in a group room or a private conversation."""
        if self.pair is not None:
            return list(self.pair)
        return [member.person for member in self.members.values()]

    def put(self, member: Member) -> None:
        """Make somebody a member, or change what it is."""
        self.members[member.person.id] = member
        self.devices = ""

    def take_out(self, person: Person) -> Member | None:
        """End a membership."""
        member = self.members.pop(person.id, None)
        if member is not None:
            self.devices = ""
        return member

    def role_of(self, person: Person) -> Role:
        """The person's role; administrators run the lobby."""
        member = self.members.get(person.id)
        if member is not None:
            return member.role
        if self.kind is RoomKind.LOBBY and person.admin:
            return Role.OPERATOR
        return Role.MEMBER

    def has_voice(self, person: Person) -> bool:
        """Whether somebody may speak there where only some may."""
        member = self.members.get(person.id)
        return self.role_of(person) >= Role.OPERATOR or (member is not None and member.voice)

    def readable_since(self, person: Person) -> int:
        """This person may read the entries with a greater number."""
        member = self.members.get(person.id)
        return member.since if self.hidden and member is not None else 0

    def may_read(self, person: Person, seq: int) -> bool:
        """Whether this person may read the entry of that number, at this moment."""
        there = self.deleted_at is None and self.has(person)
        return there and seq > self.readable_since(person)

    def heir(self, owner: Person | None = None) -> Member | None:
        """Who owns the room when its owner leaves: the operator or member who came first."""
        others = [
            member
            for member in self.members.values()
            if member.person is not owner and not member.person.erased
        ]
        return max(others, key=lambda member: (member.role, -member.since), default=None)

    def forget(self, person: Person) -> None:
        """Keep nothing about somebody whose account is erased."""
        self.take_out(person)
        self.bans.pop(person.id, None)
        self.mutes.pop(person.id, None)
        self.invited.discard(person.id)

    def renumber(self, old: int, new: int) -> None:
        """Somebody who was known by one number is known by another."""
        tables: tuple[dict[int, Any], ...] = (self.members, self.bans, self.mutes)
        for kept in tables:
            if old in kept:
                kept[new] = kept.pop(old)
        if old in self.invited:
            self.invited.remove(old)
            self.invited.add(new)
        self.devices = ""

    def banned(self, person: Person, now: int) -> bool:
        if person.id not in self.bans:
            return False
        until = self.bans[person.id]
        return until is None or until > now

    def other(self, person: Person) -> Person:
        """The one at the other end of a private conversation."""
        assert self.pair is not None
        return self.pair[1] if person is self.pair[0] else self.pair[0]

    def label(self, viewer: Person) -> str:
        """What this person calls the conversation: `#room`, or the other's name."""
        return self.name if self.pair is None else self.other(viewer).name


def pair_of(id: int, one: Person, two: Person) -> Room:
    """The private conversation of two people, which both know from now on."""
    room = Room(id, Name("", "", ""), RoomKind.PAIR)
    room.pair = (one, two)
    one.pairs[two.id] = room
    two.pairs[one.id] = room
    return room


def mark_of(one: Person, other: Person) -> frozenset[int]:
    """What a private conversation is known by before it has begun."""
    return frozenset((one.id, other.id))


class RoomBook:
    """Every room by id and every group room by name."""

    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}
        self._names: NameBook[Room] = NameBook()
        self.being_made: NameBook[None] = NameBook()
        self.being_renamed: set[Room] = set()
        self._former: NameBook[Room] = NameBook()  # names that rooms had, and lead to them
        self._former_of: dict[Room, dict[Name, int]] = {}  # and until when (milliseconds)
        self.being_encrypted: list[frozenset[int]] = []  # by its two people, or its number
        self.lobby: Room

    def add(self, room: Room) -> None:
        self.rooms[room.id] = room
        if room.kind is not RoomKind.PAIR:
            self._names.register(room.named, room)
        if room.kind is RoomKind.LOBBY:
            self.lobby = room

    def forget(self, room: Room) -> None:
        self.rooms.pop(room.id, None)
        self._names.forget(room.named)
        for name in self._former_of.pop(room, {}):
            self._former.forget(name)

    def find(self, name: str) -> Room | None:
        """The room that has that name or had it lately, hidden and deleted ones included."""
        return self._names.find(name) or self._former.find(name)

    def renamed_from(self, name: str) -> Room | None:
        """The room that had that name lately and has another one now."""
        return self._former.find(name)

    def available(self, name: Name, but: Room | None = None) -> bool:
        """Whether no room, made or being made, has that name, had it lately or looks like it.

        One of its own names is no obstacle to the room that is to be renamed.
        """
        own = {} if but is None else self._former_of.get(but, {})
        if but is not None:
            self._names.forget(but.named)
        for former in own:
            self._former.forget(former)
        try:
            books = (self._names, self._former, self.being_made)
            return not any(book.collides(name) for book in books)
        finally:
            if but is not None:
                self._names.register(but.named, but)
                for former in own:
                    self._former.register(former, but)

    # --- renaming ---------------------------------------------------------------------------

    def former_names(self, room: Room) -> list[Name]:
        """The names that a room had, and that nobody else gets yet."""
        return list(self._former_of.get(room, ()))

    def keep_former(self, room: Room, name: Name, until: int) -> None:
        """A name that a room had leads to it until then."""
        self._former.register(name, room)
        self._former_of.setdefault(room, {})[name] = until

    def rename(self, room: Room, name: Name, until: int) -> None:
        """A room is called otherwise; its old name leads to it until then."""
        old = room.named
        for former in self.former_names(room):
            if former.folded == name.folded:
                self._drop_former(room, former)
        self._names.forget(old)
        room.rename(name)
        self._names.register(name, room)
        if old.folded != name.folded:
            self.keep_former(room, old, until)

    def expire(self, now: int) -> bool:
        """Free the names that have led to other rooms for long enough; whether there were any."""
        due = [
            (room, name)
            for room, names in self._former_of.items()
            for name, until in names.items()
            if until <= now
        ]
        for room, name in due:
            self._drop_former(room, name)
        return bool(due)

    def _drop_former(self, room: Room, name: Name) -> None:
        self._former.forget(name)
        del self._former_of[room][name]
        if not self._former_of[room]:
            del self._former_of[room]

    def takes_words(self, room: Room) -> bool:
        """Whether words may be said there: no more from the moment that it is to be encrypted."""
        return not room.encrypted and (not self.being_encrypted or self._is_left_alone(room))

    def _is_left_alone(self, room: Room) -> bool:
        mark = mark_of(*room.pair) if room.pair is not None else frozenset((room.id,))
        return mark not in self.being_encrypted

    def group_rooms(self) -> Iterable[Room]:
        """The lobby and the group rooms that are not deleted."""
        return (
            room
            for room in self.rooms.values()
            if room.kind is not RoomKind.PAIR and room.deleted_at is None
        )

    def of(self, person: Person) -> list[Room]:
        """All conversations this person is in."""
        return [self.lobby, *person.rooms, *person.pairs.values()]
