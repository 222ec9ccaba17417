"""Saying things."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, Form, Who, command
from ..rooms import LOBBY
from .arguments import MESSAGE, ROOM, TEXT


@command(
    "broadcast message",
    Arg("text", Form.REST, ask="Message: "),
    aliases=("BM",),
    who=Who.GUEST,
    group="Talking",
    sends=True,
    help="say something to everyone",
)
@dataclass(frozen=True, slots=True)
class Broadcast:
    text: str
    cid: str | None = None
    manner: str = ""  # or "action", or "notice"
    tags: str = ""  # what an IRC client adds for others


@command(
    "broadcast user",
    Arg("users", Form.MANY, shown="user"),
    Arg("text", Form.REST, keyword="message"),
    group="Talking",
    help="send one message to several people, each in private",
)
@dataclass(frozen=True, slots=True)
class BroadcastUsers:
    users: tuple[str, ...]
    text: str


@command(
    "message",
    Arg("user", ask="To: "),
    Arg("text", Form.REST, ask="Message: "),
    aliases=("PM",),
    who=Who.GUEST,
    group="Talking",
    sends=True,
    lists_online=True,
    help="send a private message; the absent get it at their next login",
)
@dataclass(frozen=True, slots=True)
class Message:
    user: str
    text: str
    cid: str | None = None
    sealed: str = ""  # instead of a text, by clients that have the keys,
    version: str = ""  # and for which devices
    manner: str = ""
    tags: str = ""


@command(
    "say", ROOM, TEXT, who=Who.GUEST, group="Talking", sends=True, help="say something in a room"
)
@dataclass(frozen=True, slots=True)
class Say:
    room: str
    text: str
    cid: str | None = None
    sealed: str = ""
    version: str = ""
    manner: str = ""
    tags: str = ""


@command(
    "me",
    TEXT,
    who=Who.GUEST,
    group="Talking",
    sends=True,
    help="tell what you do, where you talk: me waves",
)
@dataclass(frozen=True, slots=True)
class Act:
    text: str
    place: str = LOBBY
    cid: str | None = None


@command(
    "talk",
    Arg("place", optional=True, shown="#room|user"),
    who=Who.GUEST,
    group="Talking",
    help="say every line there from now on; /talk ends it",
)
@dataclass(frozen=True, slots=True)
class Talk:
    place: str = ""


@command("edit", MESSAGE, TEXT, group="Talking", help="change what you said")
@dataclass(frozen=True, slots=True)
class Edit:
    message: str
    text: str
    sealed: str = ""
    version: str = ""


@command(
    "delete",
    Arg("what", Form.MESSAGE, shown="number|#room"),
    who=Who.GUEST,
    group="Talking",
    help="take back what you said, or delete a room of yours",
)
@dataclass(frozen=True, slots=True)
class Delete:
    what: str
    sure: bool = False
    reason: str = ""  # of a message, which everybody there is told
