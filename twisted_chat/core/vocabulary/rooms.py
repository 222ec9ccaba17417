"""Rooms, and keeping order in them."""

from __future__ import annotations

from ..commands import Arg, Command, Form, Who, command
from ..results import Joined, ModesAre, People, RoomList, TopicIs
from .arguments import AFTER, DURATION, REASON, ROOM, USER


@command(
    "create",
    ROOM,
    Arg("private", Form.FLAG, optional=True, keyword="private"),
    who=Who.GUEST,
    group="Rooms",
    help="make a room; a private one is hidden, and people join it by invitation",
    gives=(Joined,),
)
class Create(Command, frozen=True):
    room: str
    private: bool = False


@command(
    "join",
    ROOM,
    Arg("key", optional=True),
    who=Who.GUEST,
    group="Rooms",
    help="become a member of a room",
    gives=(Joined,),
)
class Join(Command, frozen=True):
    room: str
    key: str = ""


@command("leave", ROOM, REASON, who=Who.GUEST, group="Rooms", help="leave a room")
class Leave(Command, frozen=True):
    room: str
    reason: str = ""


@command(
    "rooms",
    AFTER,
    who=Who.GUEST,
    group="Rooms",
    help="the rooms you can see",
    gives=(RoomList,),
)
class Rooms(Command, frozen=True):
    after: str = ""


@command(
    "members",
    ROOM,
    AFTER,
    who=Who.GUEST,
    group="Rooms",
    help="who is in a room",
    gives=(People,),
)
class Members(Command, frozen=True):
    room: str
    after: str = ""


@command("invite", ROOM, USER, who=Who.GUEST, group="Rooms", help="invite somebody to a room")
class Invite(Command, frozen=True):
    room: str
    user: str


@command(
    "topic",
    ROOM,
    Arg("text", Form.REST, optional=True, nothing="-"),
    who=Who.GUEST,
    group="Rooms",
    help="show or set a room's topic; - removes it",
    gives=(TopicIs,),
)
class Topic(Command, frozen=True):
    room: str
    text: str | None = None


@command(
    "rename",
    ROOM,
    Arg("name"),
    REASON,
    who=Who.GUEST,
    group="Rooms",
    help="give a room another name: rename #coil #wires; the old one leads there for a week",
)
class Rename(Command, frozen=True):
    room: str
    name: str
    reason: str = ""


@command("op", ROOM, USER, who=Who.GUEST, group="Moderation", help="make a member an operator")
class Op(Command, frozen=True):
    room: str
    user: str


@command("deop", ROOM, USER, who=Who.GUEST, group="Moderation", help="make an operator a member")
class Deop(Command, frozen=True):
    room: str
    user: str


@command(
    "voice",
    ROOM,
    USER,
    who=Who.GUEST,
    group="Moderation",
    help="let somebody speak in a moderated room",
)
class Voice(Command, frozen=True):
    room: str
    user: str


@command("devoice", ROOM, USER, who=Who.GUEST, group="Moderation", help="end what voice gave")
class Devoice(Command, frozen=True):
    room: str
    user: str


@command(
    "mode",
    ROOM,
    Arg("changes", Form.REST, optional=True),
    who=Who.GUEST,
    group="Moderation",
    help="show a room's rules, or change them: mode #room +m, mode #room +b bob",
    gives=(ModesAre,),
)
class Mode(Command, frozen=True):
    room: str
    changes: str = ""


@command(
    "kick", ROOM, USER, REASON, who=Who.GUEST, group="Moderation", help="remove somebody from it"
)
class Kick(Command, frozen=True):
    room: str
    user: str
    reason: str = ""


@command(
    "ban", ROOM, USER, DURATION, who=Who.GUEST, group="Moderation", help="kick, and refuse joining"
)
class Ban(Command, frozen=True):
    room: str
    user: str
    duration: str = ""


@command("unban", ROOM, USER, who=Who.GUEST, group="Moderation", help="let somebody join again")
class Unban(Command, frozen=True):
    room: str
    user: str


@command(
    "mute", ROOM, USER, DURATION, who=Who.GUEST, group="Moderation", help="let somebody only read"
)
class Mute(Command, frozen=True):
    room: str
    user: str
    duration: str = ""


@command("unmute", ROOM, USER, who=Who.GUEST, group="Moderation", help="let somebody speak again")
class Unmute(Command, frozen=True):
    room: str
    user: str


@command("undelete", ROOM, group="Moderation", help="bring back a room within 7 days")
class Undelete(Command, frozen=True):
    room: str
