"""Files."""

from __future__ import annotations

from ..commands import Arg, Command, Form, command
from ..results import FileList, FileTicket, Offered


@command(
    "offer",
    Arg("room", shown="#room|user"),
    Arg("name", Form.REST, shown="path"),
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
    Arg("before", Form.NUMBER, optional=True, keyword="before", shown="number"),
    group="Files",
    help="the newest files you may have, or those of one conversation",
    gives=(FileList,),
)
class Files(Command, frozen=True):
    place: str = ""
    before: int | None = None


@command(
    "get",
    Arg("file", Form.NUMBER, shown="number"),
    group="Files",
    help="show how to fetch a file",
    gives=(FileTicket,),
)
class Get(Command, frozen=True):
    file: int
