"""Every command there is, in the order in which help shows them."""

# Help shows the commands in the order of these imports.
# isort: off
from .talking import Broadcast, BroadcastUsers, Message, Say, Talk, Edit, Delete
from .encrypting import Encrypt
from .looking import (
    History,
    Search,
    WhoElse,
    WhoLast,
    WhoIs,
    PersonalIntro,
    Away,
    Back,
    Ignore,
    Unignore,
)
from .files import Offer, Files, Get
from .rooms import (
    Create,
    Join,
    Leave,
    Rooms,
    Members,
    Invite,
    Topic,
    Op,
    Deop,
    Kick,
    Ban,
    Unban,
    Mute,
    Unmute,
    Undelete,
)
from .account import Password, Devices, DeleteAccount
from .server import BanUser, UnbanUser, ResetPassword, Announce, Stats, Shutdown, Help, Logout
# isort: on

__all__ = [
    "Announce",
    "Away",
    "Back",
    "Ban",
    "BanUser",
    "Broadcast",
    "BroadcastUsers",
    "Create",
    "Delete",
    "DeleteAccount",
    "Deop",
    "Devices",
    "Edit",
    "Encrypt",
    "Files",
    "Get",
    "Help",
    "History",
    "Ignore",
    "Invite",
    "Join",
    "Kick",
    "Leave",
    "Logout",
    "Members",
    "Message",
    "Mute",
    "Offer",
    "Op",
    "Password",
    "PersonalIntro",
    "ResetPassword",
    "Rooms",
    "Say",
    "Search",
    "Shutdown",
    "Stats",
    "Talk",
    "Topic",
    "Unban",
    "UnbanUser",
    "Undelete",
    "Unignore",
    "Unmute",
    "WhoElse",
    "WhoIs",
    "WhoLast",
]
