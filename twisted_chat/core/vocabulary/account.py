"""One's own account."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, Form, Who, command


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
