"""Saying things."""

from __future__ import annotations

from ..commands import Arg, Command, Form, Who, command
from ..results import Sent, SentToSeveral, Whispered
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
    gives=(Sent,),
)
class Broadcast(Command, frozen=True):
    text: str
    cid: str | None = None
    manner: str = ""  # or "action", or "notice"


@command(
    "broadcast user",
    Arg("users", Form.MANY, shown="user"),
    Arg("text", Form.REST, keyword="message"),
    group="Talking",
    help="send one message to several people, each in private",
    gives=(SentToSeveral,),
)
class BroadcastUsers(Command, frozen=True):
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
    help="send a private message; people who are offline get it at their next login",
    gives=(
        Sent,
        Whispered,
    ),
)
class Message(Command, frozen=True):
    user: str
    text: str
    cid: str | None = None
    sealed: str = ""  # instead of a text, by clients that have the keys,
    version: str = ""  # and for which devices
    manner: str = ""


@command(
    "say",
    ROOM,
    TEXT,
    who=Who.GUEST,
    group="Talking",
    sends=True,
    help="say something in a room",
    gives=(
        Sent,
        Whispered,
    ),
)
class Say(Command, frozen=True):
    room: str
    text: str
    cid: str | None = None
    sealed: str = ""
    version: str = ""
    manner: str = ""


@command(
    "me",
    TEXT,
    who=Who.GUEST,
    group="Talking",
    sends=True,
    help="say what you are doing, where you talk: me waves",
    gives=(
        Sent,
        Whispered,
    ),
)
class Act(Command, frozen=True):
    text: str
    place: str = LOBBY
    cid: str | None = None


@command(
    "talk",
    Arg("place", optional=True, shown="#room|user"),
    who=Who.GUEST,
    group="Talking",
    help="send every line there from now on; /talk ends it",
)
class Talk(Command, frozen=True):
    place: str = ""


@command("edit", MESSAGE, TEXT, group="Talking", help="change what you said")
class Edit(Command, frozen=True):
    message: str
    text: str
    sealed: str = ""
    version: str = ""


@command(
    "delete",
    Arg("what", Form.MESSAGE, shown="number|#room"),
    who=Who.GUEST,
    group="Talking",
    help="delete a message of yours, or a room of yours",
)
class Delete(Command, frozen=True):
    what: str
    sure: bool = False
    reason: str = ""  # of a message, which everybody there is told
    sealed: str = ""  # instead of the reason, where all is encrypted
    version: str = ""
