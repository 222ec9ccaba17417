"""A small picture of the chat: who is in which room, what was said there, who may do what.

It knows nothing of sockets, batches or databases; the server has to agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LOBBY = "#lobby"
MEMBER, OPERATOR, OWNER = 0, 1, 2


class Refused(Exception):
    """What was asked is not allowed; the argument is the error's code."""


@dataclass
class Thing:
    """One entry of a room's log."""

    kind: str
    by: str
    text: str = ""
    target: int = 0
    whom: str = ""
    versions: set[str] = field(default_factory=set)  # all that a message has ever said
    deleted: bool = False


@dataclass(eq=False)
class Place:
    """A room, the lobby or a private conversation."""

    name: str
    hidden: bool = False
    pair: tuple[str, str] | None = None
    deleted: bool = False
    roles: dict[str, int] = field(default_factory=dict)
    joined_at: dict[str, int] = field(default_factory=dict)
    banned: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)
    log: list[Thing] = field(default_factory=list)

    @property
    def last(self) -> int:
        return len(self.log)

    def has(self, who: str) -> bool:
        """Whether somebody is in it."""
        return self.name == LOBBY or who in (self.pair or self.roles)

    def label(self, who: str) -> str:
        """What somebody calls it."""
        return self.name if self.pair is None else self.pair[self.pair[0] == who]

    def since(self, who: str) -> int:
        """Somebody may read what has a greater number."""
        return self.joined_at[who] - 1 if self.hidden and who in self.joined_at else 0

    def add(self, kind: str, by: str, text: str = "", target: int = 0, whom: str = "") -> int:
        """One more entry; its number."""
        self.log.append(Thing(kind, by, text, target, whom, {text}))
        return self.last

    def messages(self, who: str, after: int = 0) -> list[tuple[int, Thing]]:
        """The messages that history shows to somebody, deleted ones without their words."""
        start = max(after, self.since(who))
        numbered = list(enumerate(self.log, 1))[start:]
        return [(seq, thing) for seq, thing in numbered if thing.kind == "message"]


class Model:
    """All places, and the rules."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {LOBBY: Place(LOBBY)}
        self.ended: list[Place] = []  # with their last member; their names may be in use again

    def of(self, who: str) -> list[Place]:
        """All places somebody is in."""
        return [p for p in self.places.values() if p.has(who) and not p.deleted]

    def pair(self, one: str, other: str) -> Place:
        """The private conversation of two people."""
        first, second = sorted((one, other))
        name = f"{first}+{second}"
        return self.places.setdefault(name, Place(name, pair=(first, second)))

    def things(self, who: str, label: str, seq: int) -> list[Thing]:
        """What the number may be in the places that somebody has known by that label."""
        if label[0] != "#":
            places = [self.pair(who, label)]
        else:
            places = [place for place in self.ended if place.name == label]
            places += [self.places[label]] if label in self.places else []
        return [place.log[seq - 1] for place in places if seq <= place.last]

    # --- who may see and do what --------------------------------------------------------

    def visible(self, who: str, room: str) -> Place:
        place = self.places.get(room)
        if place is None or place.deleted:
            raise Refused("no_such_room")
        if place.hidden and not place.has(who) and who not in place.invited:
            raise Refused("no_such_room")
        return place

    def joined(self, who: str, room: str) -> Place:
        place = self.visible(who, room)
        if not place.has(who):
            raise Refused("not_a_member")
        return place

    def moderated(self, who: str, room: str, role: int = OPERATOR) -> Place:
        place = self.joined(who, room)
        if place.roles.get(who, MEMBER) < role:
            raise Refused("not_allowed")
        return place

    def target(self, who: str, room: str, other: str) -> Place:
        """A room in which somebody may act upon somebody else."""
        place = self.moderated(who, room)
        if place.name == LOBBY:
            raise Refused("not_allowed")
        if who == other:
            raise Refused("args")
        if place.roles.get(other, MEMBER) >= place.roles[who]:
            raise Refused("not_allowed")
        return place

    # --- what is done -------------------------------------------------------------------

    def creates(self, who: str, room: str, hidden: bool) -> Place:
        if room in self.places:
            raise Refused("not_available")
        place = self.places[room] = Place(room, hidden)
        place.roles[who], place.joined_at[who] = OWNER, 1
        place.add("join", who)
        return place

    def joins(self, who: str, room: str) -> Place | None:
        """The room, unless somebody is in it already."""
        place = self.visible(who, room)
        if place.has(who):
            return None
        if who in place.banned:
            raise Refused("banned")
        place.invited.discard(who)
        place.roles[who], place.joined_at[who] = MEMBER, place.last + 1
        place.add("join", who)
        return place

    def leaves(self, who: str, room: str) -> Place:
        """The room that was left; with its last member goes one in which nothing was said."""
        place = self.joined(who, room)
        if place.name == LOBBY:
            raise Refused("not_allowed")
        if list(place.roles) == [who]:
            if any(thing.kind == "message" for thing in place.log):
                raise Refused("not_allowed")
            self.ended.append(self.places.pop(room))
            place.deleted = True
            return place
        owned = place.roles[who] == OWNER
        return self._out(place, who, "leave", who) if not owned else self._hands_over(place, who)

    def _hands_over(self, place: Place, who: str) -> Place:
        """An owner who leaves gives the room to the operator or member who came first."""
        self._out(place, who, "leave", who)
        heir = max(place.roles, key=lambda other: (place.roles[other], -place.joined_at[other]))
        place.roles[heir] = OWNER
        place.add("owner", who, whom=heir)
        return place

    def invites(self, who: str, room: str, other: str) -> None:
        place = self.joined(who, room)
        if place.hidden:
            self.moderated(who, room)
        if place.has(other):
            raise Refused("args")
        if other in place.banned:
            raise Refused("banned")
        place.invited.add(other)

    def kicks(self, who: str, room: str, other: str) -> Place:
        place = self.target(who, room, other)
        if not place.has(other):
            raise Refused("no_such_user")
        return self._out(place, other, "kick", who)

    def bans(self, who: str, room: str, other: str) -> Place:
        place = self.target(who, room, other)
        place.banned.add(other)
        return self._out(place, other, "ban", who)

    def _out(self, place: Place, who: str, kind: str, by: str) -> Place:
        place.roles.pop(who, None)
        place.invited.discard(who)
        place.add(kind, by, whom=who)
        return place

    def unbans(self, who: str, room: str, other: str) -> Place:
        place = self.moderated(who, room)
        if other not in place.banned:
            raise Refused("args")
        place.banned.discard(other)
        place.add("unban", who, whom=other)
        return place

    def mutes(self, who: str, room: str, other: str) -> Place:
        place = self.target(who, room, other)
        if not place.has(other):
            raise Refused("no_such_user")
        place.muted.add(other)
        place.add("mute", who, whom=other)
        return place

    def unmutes(self, who: str, room: str, other: str) -> Place:
        place = self.target(who, room, other)
        if other not in place.muted:
            raise Refused("args")
        place.muted.discard(other)
        place.add("unmute", who, whom=other)
        return place

    def ops(self, who: str, room: str, other: str) -> Place:
        place = self.target(who, room, other)
        if not place.has(other):
            raise Refused("no_such_user")
        if place.roles[other] == OPERATOR:
            raise Refused("args")
        place.roles[other] = OPERATOR
        place.add("op", who, whom=other)
        return place

    def deletes_room(self, who: str, room: str) -> Place:
        place = self.moderated(who, room, OWNER)
        place.deleted = True
        return place

    def undeletes(self, who: str, room: str) -> Place:
        place = self.places.get(room)
        if place is None or not place.deleted or place.roles.get(who) != OWNER:
            raise Refused("no_such_room")
        place.deleted = False
        return place

    def says(self, who: str, room: str, text: str) -> Place:
        place = self.joined(who, room)
        if who in place.muted:
            raise Refused("muted")
        place.add("message", who, text)
        return place

    def writes(self, who: str, other: str, text: str) -> Place:
        if who == other:
            raise Refused("args")
        place = self.pair(who, other)
        place.add("message", who, text)
        return place

    def _message(self, who: str, place: Place, seq: int) -> Thing:
        if not place.since(who) < seq <= place.last:
            raise Refused("no_such_message")
        return place.log[seq - 1]

    def edits(self, who: str, place: Place, seq: int, text: str) -> Place:
        if place.pair is None:
            self.joined(who, place.name)
        thing = self._message(who, place, seq)
        if thing.kind != "message" or thing.deleted:
            raise Refused("no_such_message")
        if thing.by != who:
            raise Refused("not_allowed")
        if who in place.muted:
            raise Refused("muted")
        thing.text = text
        thing.versions.add(text)
        place.add("edit", who, text, seq)
        return place

    def deletes(self, who: str, place: Place, seq: int) -> Place:
        if place.pair is None:
            self.joined(who, place.name)
        thing = self._message(who, place, seq)
        if thing.kind != "message" or thing.deleted:
            raise Refused("no_such_message")
        if thing.by != who and place.roles.get(who, MEMBER) < OPERATOR:
            raise Refused("not_allowed")
        thing.deleted = True
        thing.text = ""
        thing.versions.add("")
        for other in place.log:
            if other.kind == "edit" and other.target == seq:
                other.versions.add("")
        place.add("delete", who, target=seq)
        return place
