"""What administrators do, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, Form, Who, command
from .arguments import DURATION, REASON, TEXT, USER


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
