"""What one may type at a client beside the server's commands."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.commands import Arg, ArgType, Command, Row, Table, Who

GROUP = "Here"


class Switch(Command, frozen=True):
    place: str = ""


class Next(Command, frozen=True):
    pass


class Reply(Command, frozen=True):
    message: str
    text: str


class Jump(Command, frozen=True):
    message: str


class Reconnect(Command, frozen=True):
    pass


class Send(Command, frozen=True):
    place: str
    path: str


class Get(Command, frozen=True):
    file: int
    path: str = ""


class Cancel(Command, frozen=True):
    transfer: int | None = None


class Transfers(Command, frozen=True):
    pass


class Verify(Command, frozen=True):
    user: str = ""
    ok: bool = False


class Readers(Command, frozen=True):
    room: str = ""
    verified: bool = False
    all: bool = False
    admit: str = ""


class Passphrase(Command, frozen=True):
    pass


LOCAL = Table()


def _enter(name: str, make: type[Command], help: str, *args: Arg) -> None:
    LOCAL.add(Row(name, make, help, args, (), Who.GUEST, GROUP, False, False))


_MESSAGE = Arg("message", ArgType.MESSAGE, shown="number")
_enter(
    "switch",
    Switch,
    "talk in another conversation from now on; alone, list them",
    Arg("place", optional=True, shown="#room|user"),
)
_enter("next", Next, "switch to the next conversation with something unread")
_enter("reply", Reply, "answer a message, naming it", _MESSAGE, Arg("text", ArgType.REST))
_enter("jump", Jump, "show a message and what was said around it", _MESSAGE)
_enter(
    "send",
    Send,
    "send a file of this computer's; one that is dragged in becomes such a line",
    Arg("place", shown="#room|user"),
    Arg("path", ArgType.REST),
)
_enter(
    "get",
    Get,
    "fetch a file, into your downloads or to a path",
    Arg("file", ArgType.NUMBER, shown="number"),
    Arg("path", ArgType.REST, optional=True),
)
_enter(
    "cancel",
    Cancel,
    "stop sending or fetching",
    Arg("transfer", ArgType.NUMBER, optional=True, shown="number"),
)
_enter("transfers", Transfers, "what is being sent and fetched, by its numbers")
_enter(
    "verify",
    Verify,
    "compare six words with somebody, so that nobody is between you; ok when they are the same",
    Arg("user", optional=True),
    Arg("ok", ArgType.FLAG, optional=True, keyword="ok"),
)
_enter(
    "readers",
    Readers,
    "who can read an encrypted room; let only verified devices read there, or all; admit somebody",
    Arg("room", ArgType.ROOM, optional=True, shown="#room"),
    Arg("verified", ArgType.FLAG, optional=True, keyword="verified"),
    Arg("all", ArgType.FLAG, optional=True, keyword="all"),
    Arg("admit", optional=True, keyword="admit", shown="user"),
)
_enter("passphrase", Passphrase, "protect the keys that are kept on this computer")
_enter("reconnect", Reconnect, "try at once to connect again")


def is_shadowed(name: str, aliases: Iterable[str]) -> bool:
    """Whether this program carries out a command of the server's in its own way."""
    return any(LOCAL.named(word) is not None for word in (name, *aliases))
