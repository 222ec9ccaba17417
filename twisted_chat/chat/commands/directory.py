"""Who and what there is: people, rooms and commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ...core import command_table as words
from ...core.command_table import TABLE
from ...core.commands import Who
from ...core.entries import LEAST_SIZE, PAGE_BYTES
from ...core.errors import ChatError
from ...core.names import fold
from ...core.results import Face, Guide, People, Profile, Result, RoomLine, RoomList
from ...core.rooms import Member, Person, Role, Room
from ..chat import Chat
from ..session import Session
from .lookup import groups_of, joined_room, known_room, may_know, person_named

T = TypeVar("T")

ROLES = {Role.MEMBER: "", Role.OPERATOR: "operator", Role.OWNER: "owner"}


def face(person: Person, role: str = "") -> Face:
    """A person as lists show it."""
    return Face(person.name, person.intro, person.away, role, person.online, person.guest)


def who_else(chat: Chat, session: Session, command: words.WhoElse) -> Result:
    others = chat.roster.others_online(session.person)
    return _people("The currently online users are:", _after(command.after, others), face)


def who_last(chat: Chat, session: Session, command: words.WhoLast) -> Result:
    minutes = command.minutes
    if not 0 <= minutes <= 60:
        raise ChatError("args", "wholast looks back 0 to 60 minutes: give a number in between.")
    since = chat.wall() - minutes * 60_000
    recent = sorted(
        (
            person
            for person in chat.roster.people.values()
            if person is not session.person
            and not person.erased
            and (person.online or person.last_seen > since)
        ),
        key=lambda person: person.named.folded,
    )
    span = f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"
    heading = f"The users that are online in the last {span} are:"
    return _people(heading, _after(command.after, recent), face)


def who_is(chat: Chat, session: Session, command: words.WhoIs) -> Result:
    person = person_named(chat, command.user)
    shared = [
        room.name
        for room in groups_of(chat, person)
        if room is not chat.rooms.lobby
        and room.deleted_at is None
        and (not room.rules.secret or room.has(session.person))
    ]
    pair = session.person.pairs.get(person.id)
    return Profile(
        face(person),
        person.last_seen,
        tuple(sorted(shared)),
        person.admin,
        chat.wall(),
        encrypted=pair is not None and pair.encrypted,
    )


def rooms(chat: Chat, session: Session, command: words.Rooms) -> Result:
    person = session.person
    known = [room for room in chat.rooms.group_rooms() if may_know(room, person)]
    later = sorted(room.name for room in known if room.name > command.after)
    found = {room.name: room for room in known}
    rooms, more = _page((found[name] for name in later), lambda room: len(room.topic.encode()))
    lines = tuple(_line(chat, room, joined=room.has(person)) for room in rooms)
    return RoomList(lines, lines[-1].room if more else "")


def _line(chat: Chat, room: Room, joined: bool) -> RoomLine:
    online, offline = chat.membership.audience(room)
    return RoomLine(
        room.name,
        online + offline,
        online,
        joined,
        room.hidden,
        room.topic,
        room.last_seq if joined else 0,
        room.encrypted,
        room.rules.letters(with_key=False),
    )


def members(chat: Chat, session: Session, command: words.Members) -> Result:
    room = known_room(chat, session, command.room)
    if room is chat.rooms.lobby:
        online = sorted(chat.roster.online.values(), key=lambda person: person.named.folded)
        return _people("Everybody is in #lobby; online now:", _after(command.after, online), face)
    if room.rules.secret:
        joined_room(chat, session, command.room)

    def place(member: Member) -> tuple[int, str]:
        return -member.role, member.person.named.folded

    found = sorted(room.members.values(), key=place)
    if command.after:
        last = person_named(chat, command.after)
        seen = -room.role_of(last), last.named.folded
        found = [member for member in found if place(member) > seen]
    encrypted = ", which is encrypted," if room.encrypted else ""
    faces = (face(member.person, _role(member)) for member in found)
    return _people(f"The members of {room.name}{encrypted} are:", faces, lambda one: one)


def _people(heading: str, found: Iterable[T], shown: Callable[[T], Face]) -> People:
    """The first page of the people found, and the name after which the next page begins."""
    faces, more = _page(
        map(shown, found), lambda face: len(face.intro.encode()) + len(face.away.encode())
    )
    return People(heading, faces, faces[-1].name if more else "")


def _after(name: str, people: Iterable[Person]) -> Iterable[Person]:
    """Those whose names come after a name; all of them when there is none."""
    last = fold(name).folded if name else ""
    return (person for person in people if person.named.folded > last)


def _page(found: Iterable[T], size: Callable[[T], int]) -> tuple[tuple[T, ...], bool]:
    """As many as one answer has of what was found, and whether there are more.

    `size` counts the bytes of what is long about one of them.
    """
    page: list[T] = []
    total = 0
    for one in found:
        total += LEAST_SIZE + size(one)
        if page and total > PAGE_BYTES:
            return tuple(page), True
        page.append(one)
    return tuple(page), False


def _role(member: Member) -> str:
    return ROLES[member.role] or ("voice" if member.voice else "")


def help(chat: Chat, session: Session, command: words.Help) -> Result:
    if command.about:
        row, _ = TABLE.find(command.about.strip().lstrip("/"))
        return Guide((row,), one=True)
    most = Who.ADMIN if session.person.admin else Who.GUEST if session.person.guest else Who.ACCOUNT
    return Guide(tuple(row for row in TABLE.rows if row.who <= most))
