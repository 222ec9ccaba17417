"""Encryption from end to end, as far as the server has a part in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, command


@command(
    "encrypt",
    Arg("place", shown="#room|user"),
    group="Talking",
    help="let only clients with the keys read a conversation from now on; for good",
)
@dataclass(frozen=True, slots=True)
class Encrypt:
    place: str
    sure: bool = False
