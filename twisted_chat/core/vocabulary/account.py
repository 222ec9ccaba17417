"""One's own account."""

from __future__ import annotations

from ..commands import Arg, Command, Form, Who, command
from ..results import DeviceList


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
    Arg("end", Form.NUMBER, optional=True, keyword="end", shown="number"),
    group="Your account",
    help="your open sessions; end one of them",
    gives=(DeviceList,),
)
class Devices(Command, frozen=True):
    end: int | None = None


@command("delete-account", group="Your account", help="erase your account")
class DeleteAccount(Command, frozen=True):
    sure: bool = False
