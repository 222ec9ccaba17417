"""Every command there is, in the order in which help shows them.

Each is a frozen `Command`, with its row of `TABLE` above it.
"""

from __future__ import annotations

from .commands import Arg, ArgType, Command, Table, Who
from .results import (
    DeviceList,
    FileList,
    FileTicket,
    Guide,
    Joined,
    ModesAre,
    NewPassword,
    Numbers,
    Offered,
    Page,
    People,
    Profile,
    RoomList,
    Sent,
    SentToSeveral,
    TopicIs,
    Whispered,
)
from .rooms import LOBBY

TABLE = Table()
command = TABLE.command

TEXT = Arg("text", ArgType.REST)
USER = Arg("user")
ROOM = Arg("room", ArgType.ROOM, shown="#room")
REASON = Arg("reason", ArgType.REST, optional=True)
DURATION = Arg("duration", ArgType.DURATION, optional=True, shown="10m|2h|7d")
AFTER = Arg("after", optional=True, keyword="after", shown="name")
MESSAGE = Arg("message", ArgType.MESSAGE, shown="number")


# --- talking ----------------------------------------------------------------------------------


@command(
    "broadcast message",
    Arg("text", ArgType.REST, ask="Message: "),
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
    Arg("users", ArgType.MANY, shown="user"),
    Arg("text", ArgType.REST, keyword="message"),
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
    Arg("text", ArgType.REST, ask="Message: "),
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
    Arg("what", ArgType.MESSAGE, shown="number|#room"),
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


# --- encryption -------------------------------------------------------------------------------


@command(
    "encrypt",
    Arg("place", shown="#room|user"),
    group="Talking",
    help="let only clients with the keys read a conversation from now on; for good",
)
class Encrypt(Command, frozen=True):
    place: str
    sure: bool = False


# --- reading back, and who is here ------------------------------------------------------------


@command(
    "history",
    Arg("place", optional=True, shown="#room|user"),
    Arg("count", ArgType.NUMBER, optional=True, shown="n"),
    Arg("before", ArgType.NUMBER, optional=True, keyword="before", shown="number"),
    aliases=("CH",),
    who=Who.GUEST,
    group="Reading",
    help="the newest messages you may see, or those of one conversation",
    gives=(Page,),
)
class History(Command, frozen=True):
    place: str = ""
    count: int = 20
    before: int | None = None


@command(
    "search",
    Arg("words", ArgType.REST, optional=True),
    group="Reading",
    help="find messages; narrow with from:user in:#room before:2026-12-31 after:2026-01-01; "
    "alone it shows the next page",
    gives=(Page,),
)
class Search(Command, frozen=True):
    words: str = ""
    page: int | None = None


@command(
    "whoelse",
    AFTER,
    aliases=("whoeles",),
    who=Who.GUEST,
    group="People",
    help="who else is online",
    gives=(People,),
)
class WhoElse(Command, frozen=True):
    after: str = ""


@command(
    "wholast",
    Arg("minutes", ArgType.NUMBER),
    AFTER,
    who=Who.GUEST,
    group="People",
    help="who was online in the last minutes (0 to 60)",
    gives=(People,),
)
class WhoLast(Command, frozen=True):
    minutes: int
    after: str = ""


@command(
    "whois",
    USER,
    who=Who.GUEST,
    group="People",
    help="what is known about somebody",
    gives=(Profile,),
)
class WhoIs(Command, frozen=True):
    user: str


@command(
    "personalintro",
    Arg("text", ArgType.REST, ask="Please enter your personal introduction:\n", or_empty=True),
    group="People",
    help="introduce yourself; shown in whoelse, wholast and whois",
)
class PersonalIntro(Command, frozen=True):
    text: str


@command(
    "away",
    Arg("text", ArgType.REST, optional=True),
    who=Who.GUEST,
    group="People",
    help="be shown as away in whoelse and whois",
)
class Away(Command, frozen=True):
    text: str = ""


@command("back", who=Who.GUEST, group="People", help="end being away")
class Back(Command, frozen=True):
    pass


@command("ignore", USER, group="People", help="hide what somebody says")
class Ignore(Command, frozen=True):
    user: str


@command("unignore", USER, group="People", help="end ignoring somebody")
class Unignore(Command, frozen=True):
    user: str


# --- files ------------------------------------------------------------------------------------


@command(
    "offer",
    Arg("room", shown="#room|user"),
    Arg("name", ArgType.REST, shown="path"),
    aliases=("send",),
    group="Files",
    help="send a file (only with the chat's own client)",
    gives=(Offered,),
)
class Offer(Command, frozen=True):
    room: str
    name: str
    size: int = -1
    sha256: str = ""


@command(
    "files",
    Arg("place", optional=True, shown="#room|user"),
    Arg("before", ArgType.NUMBER, optional=True, keyword="before", shown="number"),
    group="Files",
    help="the newest files you may have, or those of one conversation",
    gives=(FileList,),
)
class Files(Command, frozen=True):
    place: str = ""
    before: int | None = None


@command(
    "get",
    Arg("file", ArgType.NUMBER, shown="number"),
    group="Files",
    help="show how to fetch a file",
    gives=(FileTicket,),
)
class Get(Command, frozen=True):
    file: int


# --- rooms ------------------------------------------------------------------------------------


@command(
    "create",
    ROOM,
    Arg("private", ArgType.FLAG, optional=True, keyword="private"),
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
    Arg("text", ArgType.REST, optional=True, nothing="-"),
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
    Arg("changes", ArgType.REST, optional=True),
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


# --- one's own account ------------------------------------------------------------------------


@command(
    "password",
    who=Who.GUEST,
    group="Your account",
    help="change your password; makes a guest's name an account",
)
class Password(Command, frozen=True):
    new: str = ""
    old: str = ""


@command(
    "devices",
    Arg("end", ArgType.NUMBER, optional=True, keyword="end", shown="number"),
    group="Your account",
    help="your open sessions; end one of them",
    gives=(DeviceList,),
)
class Devices(Command, frozen=True):
    end: int | None = None


@command("delete-account", group="Your account", help="erase your account")
class DeleteAccount(Command, frozen=True):
    sure: bool = False


# --- the server and those who run it ----------------------------------------------------------


@command(
    "ban-user",
    USER,
    DURATION,
    REASON,
    who=Who.ADMIN,
    group="Administrators",
    help="ban an account from the server",
)
class BanUser(Command, frozen=True):
    user: str
    duration: str = ""
    reason: str = ""


@command("unban-user", USER, who=Who.ADMIN, group="Administrators", help="end an account's ban")
class UnbanUser(Command, frozen=True):
    user: str


@command(
    "reset-password",
    USER,
    who=Who.ADMIN,
    group="Administrators",
    help="give an account a new password, which is shown to you",
    gives=(NewPassword,),
)
class ResetPassword(Command, frozen=True):
    user: str


@command("announce", TEXT, who=Who.ADMIN, group="Administrators", help="tell everyone online")
class Announce(Command, frozen=True):
    text: str


@command(
    "stats",
    who=Who.ADMIN,
    group="Administrators",
    help="show figures about the server",
    gives=(Numbers,),
)
class Stats(Command, frozen=True):
    pass


@command("shutdown", who=Who.ADMIN, group="Administrators", help="stop the server")
class Shutdown(Command, frozen=True):
    sure: bool = False


@command(
    "help",
    Arg("about", ArgType.REST, optional=True, shown="command"),
    who=Who.GUEST,
    group="Everything else",
    help="all commands, or one of them",
    gives=(Guide,),
)
class Help(Command, frozen=True):
    about: str = ""


@command(
    "logout",
    aliases=("EX", "exit", "quit", "tata"),
    who=Who.GUEST,
    group="Everything else",
    help="leave",
)
class Logout(Command, frozen=True):
    pass
