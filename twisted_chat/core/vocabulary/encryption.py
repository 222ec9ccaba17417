"""Encryption from end to end, as far as the server has a part in it."""

from __future__ import annotations

from ..commands import Arg, Command, command


@command(
    "encrypt",
    Arg("place", shown="#room|user"),
    group="Talking",
    help="let only clients with the keys read a conversation from now on; for good",
)
class Encrypt(Command, frozen=True):
    place: str
    sure: bool = False
