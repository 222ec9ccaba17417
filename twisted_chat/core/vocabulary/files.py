"""Files."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands import Arg, Form, command


@command(
    "offer",
    Arg("room", shown="#room|user"),
    Arg("name", Form.REST, shown="path"),
    aliases=("send",),
    group="Files",
    help="send a file, for which it takes the chat's own client",
)
@dataclass(frozen=True, slots=True)
class Offer:
    room: str
    name: str
    size: int = -1
    sha256: str = ""


@command(
    "files",
    Arg("place", optional=True, shown="#room|user"),
    Arg("before", Form.NUMBER, optional=True, keyword="before", shown="number"),
    group="Files",
    help="the newest files you may have, or those of one conversation",
)
@dataclass(frozen=True, slots=True)
class Files:
    place: str = ""
    before: int | None = None


@command(
    "get",
    Arg("file", Form.NUMBER, shown="number"),
    group="Files",
    help="how to have a file",
)
@dataclass(frozen=True, slots=True)
class Get:
    file: int
