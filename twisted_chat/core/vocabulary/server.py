"""What administrators do, and what is left."""

from __future__ import annotations

from ..commands import Arg, Command, Form, Who, command
from ..results import Guide, NewPassword, Numbers
from .arguments import DURATION, REASON, TEXT, USER


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
    Arg("about", Form.REST, optional=True, shown="command"),
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
