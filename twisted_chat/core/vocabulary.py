"""Every command there is, in the order in which help shows them."""

from __future__ import annotations

from dataclasses import dataclass

from .commands import Arg, Form, Who, command

TEXT = Arg("text", Form.REST)
USER = Arg("user")
ROOM = Arg("room", Form.ROOM, shown="#room")
REASON = Arg("reason", Form.REST, optional=True)
DURATION = Arg("duration", Form.DURATION, optional=True, shown="10m|2h|7d")
MESSAGE = Arg("message", Form.MESSAGE, shown="number")


# --- talking ---------------------------------------------------------------------------


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


@command(
    "say", ROOM, TEXT, who=Who.GUEST, group="Talking", sends=True, help="say something in a room"
)
@dataclass(frozen=True, slots=True)
class Say:
    room: str
    text: str
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


@command(
    "delete",
    Arg("what", Form.MESSAGE, shown="number|#room"),
    group="Talking",
    help="take back what you said, or delete a room of yours",
)
@dataclass(frozen=True, slots=True)
class Delete:
    what: str
    sure: bool = False


# --- reading ---------------------------------------------------------------------------


@command(
    "history",
    Arg("place", optional=True, shown="#room|user"),
    Arg("count", Form.NUMBER, optional=True, shown="n"),
    Arg("before", Form.NUMBER, optional=True, keyword="before", shown="number"),
    aliases=("CH",),
    who=Who.GUEST,
    group="Reading",
    help="the newest messages you may see, or those of one conversation",
)
@dataclass(frozen=True, slots=True)
class History:
    place: str = ""
    count: int = 20
    before: int | None = None


@command(
    "search",
    Arg("words", Form.REST, optional=True),
    group="Reading",
    help="find messages; narrow with from:user in:#room before:2026-12-31 after:2026-01-01; "
    "alone it shows the next page",
)
@dataclass(frozen=True, slots=True)
class Search:
    words: str = ""
    page: int | None = None


# --- people ----------------------------------------------------------------------------


@command("whoelse", aliases=("whoeles",), who=Who.GUEST, group="People", help="who else is online")
@dataclass(frozen=True, slots=True)
class WhoElse:
    pass


@command(
    "wholast",
    Arg("minutes", Form.NUMBER),
    who=Who.GUEST,
    group="People",
    help="who was online in the last minutes (0 to 60)",
)
@dataclass(frozen=True, slots=True)
class WhoLast:
    minutes: int


@command("whois", USER, who=Who.GUEST, group="People", help="what is known about somebody")
@dataclass(frozen=True, slots=True)
class WhoIs:
    user: str


@command(
    "personalintro",
    Arg("text", Form.REST, ask="Please enter your personal introduction:\n"),
    group="People",
    help="introduce yourself; shown in whoelse, wholast and whois",
)
@dataclass(frozen=True, slots=True)
class PersonalIntro:
    text: str


@command(
    "away",
    Arg("text", Form.REST, optional=True),
    group="People",
    help="tell others that you are away",
)
@dataclass(frozen=True, slots=True)
class Away:
    text: str = ""


@command("back", group="People", help="you are back")
@dataclass(frozen=True, slots=True)
class Back:
    pass


@command("ignore", USER, group="People", help="stop seeing what somebody says")
@dataclass(frozen=True, slots=True)
class Ignore:
    user: str


@command("unignore", USER, group="People", help="see it again")
@dataclass(frozen=True, slots=True)
class Unignore:
    user: str


# --- rooms -----------------------------------------------------------------------------


@command(
    "create",
    ROOM,
    Arg("private", Form.FLAG, optional=True, keyword="private"),
    group="Rooms",
    help="make a room; a private one is by invitation and unseen by others",
)
@dataclass(frozen=True, slots=True)
class Create:
    room: str
    private: bool = False


@command("join", ROOM, group="Rooms", help="become a member of a room")
@dataclass(frozen=True, slots=True)
class Join:
    room: str


@command("leave", ROOM, group="Rooms", help="leave a room")
@dataclass(frozen=True, slots=True)
class Leave:
    room: str


@command("rooms", who=Who.GUEST, group="Rooms", help="the rooms you can see")
@dataclass(frozen=True, slots=True)
class Rooms:
    pass


@command("members", ROOM, who=Who.GUEST, group="Rooms", help="who is in a room")
@dataclass(frozen=True, slots=True)
class Members:
    room: str


@command("invite", ROOM, USER, group="Rooms", help="let somebody into a room")
@dataclass(frozen=True, slots=True)
class Invite:
    room: str
    user: str


@command(
    "topic",
    ROOM,
    Arg("text", Form.REST, optional=True),
    group="Rooms",
    help="show or set a room's topic",
)
@dataclass(frozen=True, slots=True)
class Topic:
    room: str
    text: str | None = None


@command("op", ROOM, USER, group="Moderation", help="make a member an operator")
@dataclass(frozen=True, slots=True)
class Op:
    room: str
    user: str


@command("deop", ROOM, USER, group="Moderation", help="take that back")
@dataclass(frozen=True, slots=True)
class Deop:
    room: str
    user: str


@command("kick", ROOM, USER, REASON, group="Moderation", help="put somebody out of a room")
@dataclass(frozen=True, slots=True)
class Kick:
    room: str
    user: str
    reason: str = ""


@command("ban", ROOM, USER, DURATION, group="Moderation", help="kick, and keep out")
@dataclass(frozen=True, slots=True)
class Ban:
    room: str
    user: str
    duration: str = ""


@command("unban", ROOM, USER, group="Moderation", help="let somebody join again")
@dataclass(frozen=True, slots=True)
class Unban:
    room: str
    user: str


@command("mute", ROOM, USER, DURATION, group="Moderation", help="let somebody only read")
@dataclass(frozen=True, slots=True)
class Mute:
    room: str
    user: str
    duration: str = ""


@command("unmute", ROOM, USER, group="Moderation", help="let somebody speak again")
@dataclass(frozen=True, slots=True)
class Unmute:
    room: str
    user: str


@command("undelete", ROOM, group="Moderation", help="bring back a room within 7 days")
@dataclass(frozen=True, slots=True)
class Undelete:
    room: str


# --- the own account ---------------------------------------------------------------------


@command(
    "password",
    who=Who.GUEST,
    group="Your account",
    help="change your password; makes a guest's name an account",
)
@dataclass(frozen=True, slots=True)
class Password:
    new: str = ""
    old: str = ""


@command(
    "devices",
    Arg("end", Form.NUMBER, optional=True, keyword="end", shown="number"),
    group="Your account",
    help="your open sessions; end one of them",
)
@dataclass(frozen=True, slots=True)
class Devices:
    end: int | None = None


@command("delete-account", group="Your account", help="erase your account")
@dataclass(frozen=True, slots=True)
class DeleteAccount:
    sure: bool = False


# --- administrators ------------------------------------------------------------------------


@command(
    "ban-user",
    USER,
    DURATION,
    REASON,
    who=Who.ADMIN,
    group="Administrators",
    help="keep an account out of the server",
)
@dataclass(frozen=True, slots=True)
class BanUser:
    user: str
    duration: str = ""
    reason: str = ""


@command("unban-user", USER, who=Who.ADMIN, group="Administrators", help="let it in again")
@dataclass(frozen=True, slots=True)
class UnbanUser:
    user: str


@command(
    "reset-password",
    USER,
    who=Who.ADMIN,
    group="Administrators",
    help="give somebody who forgot it a new password",
)
@dataclass(frozen=True, slots=True)
class ResetPassword:
    user: str


@command("announce", TEXT, who=Who.ADMIN, group="Administrators", help="tell everyone online")
@dataclass(frozen=True, slots=True)
class Announce:
    text: str


@command("stats", who=Who.ADMIN, group="Administrators", help="how the server is doing")
@dataclass(frozen=True, slots=True)
class Stats:
    pass


@command("shutdown", who=Who.ADMIN, group="Administrators", help="stop the server")
@dataclass(frozen=True, slots=True)
class Shutdown:
    sure: bool = False


# --- the rest ------------------------------------------------------------------------------


@command(
    "help",
    Arg("about", Form.REST, optional=True, shown="command"),
    who=Who.GUEST,
    group="Everything else",
    help="all commands, or one of them",
)
@dataclass(frozen=True, slots=True)
class Help:
    about: str = ""


@command(
    "logout",
    aliases=("EX", "exit", "quit", "tata"),
    who=Who.GUEST,
    group="Everything else",
    help="leave",
)
@dataclass(frozen=True, slots=True)
class Logout:
    pass
