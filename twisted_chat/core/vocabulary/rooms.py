"""Rooms, and keeping order in them."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, Form, Who, command
from .arguments import DURATION, REASON, ROOM, USER


@command(
    "create",
    ROOM,
    Arg("private", Form.FLAG, optional=True, keyword="private"),
    who=Who.GUEST,
    group="Rooms",
    help="make a room; a private one is by invitation and unseen by others",
)
@dataclass(frozen=True, slots=True)
class Create:
    room: str
    private: bool = False


@command(
    "join",
    ROOM,
    Arg("key", optional=True),
    who=Who.GUEST,
    group="Rooms",
    help="become a member of a room",
)
@dataclass(frozen=True, slots=True)
class Join:
    room: str
    key: str = ""


@command("leave", ROOM, REASON, who=Who.GUEST, group="Rooms", help="leave a room")
@dataclass(frozen=True, slots=True)
class Leave:
    room: str
    reason: str = ""


@command("rooms", who=Who.GUEST, group="Rooms", help="the rooms you can see")
@dataclass(frozen=True, slots=True)
class Rooms:
    pass


@command("members", ROOM, who=Who.GUEST, group="Rooms", help="who is in a room")
@dataclass(frozen=True, slots=True)
class Members:
    room: str


@command("invite", ROOM, USER, who=Who.GUEST, group="Rooms", help="let somebody into a room")
@dataclass(frozen=True, slots=True)
class Invite:
    room: str
    user: str


@command(
    "topic",
    ROOM,
    Arg("text", Form.REST, optional=True),
    who=Who.GUEST,
    group="Rooms",
    help="show or set a room's topic",
)
@dataclass(frozen=True, slots=True)
class Topic:
    room: str
    text: str | None = None


@command("op", ROOM, USER, who=Who.GUEST, group="Moderation", help="make a member an operator")
@dataclass(frozen=True, slots=True)
class Op:
    room: str
    user: str


@command("deop", ROOM, USER, who=Who.GUEST, group="Moderation", help="take that back")
@dataclass(frozen=True, slots=True)
class Deop:
    room: str
    user: str


@command(
    "voice",
    ROOM,
    USER,
    who=Who.GUEST,
    group="Moderation",
    help="let somebody speak where only some may",
)
@dataclass(frozen=True, slots=True)
class Voice:
    room: str
    user: str


@command("devoice", ROOM, USER, who=Who.GUEST, group="Moderation", help="take that back")
@dataclass(frozen=True, slots=True)
class Devoice:
    room: str
    user: str


@command(
    "mode",
    ROOM,
    Arg("changes", Form.REST, optional=True),
    who=Who.GUEST,
    group="Moderation",
    help="show a room's rules, or change them: mode #room +m, mode #room +b bob",
)
@dataclass(frozen=True, slots=True)
class Mode:
    room: str
    changes: str = ""


@command(
    "kick", ROOM, USER, REASON, who=Who.GUEST, group="Moderation", help="put somebody out of a room"
)
@dataclass(frozen=True, slots=True)
class Kick:
    room: str
    user: str
    reason: str = ""


@command("ban", ROOM, USER, DURATION, who=Who.GUEST, group="Moderation", help="kick, and keep out")
@dataclass(frozen=True, slots=True)
class Ban:
    room: str
    user: str
    duration: str = ""


@command("unban", ROOM, USER, who=Who.GUEST, group="Moderation", help="let somebody join again")
@dataclass(frozen=True, slots=True)
class Unban:
    room: str
    user: str


@command(
    "mute", ROOM, USER, DURATION, who=Who.GUEST, group="Moderation", help="let somebody only read"
)
@dataclass(frozen=True, slots=True)
class Mute:
    room: str
    user: str
    duration: str = ""


@command("unmute", ROOM, USER, who=Who.GUEST, group="Moderation", help="let somebody speak again")
@dataclass(frozen=True, slots=True)
class Unmute:
    room: str
    user: str


@command("undelete", ROOM, group="Moderation", help="bring back a room within 7 days")
@dataclass(frozen=True, slots=True)
class Undelete:
    room: str
