"""What one may type at a client beside the server's commands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core.commands import Arg, Form, Row, Table, Who

GROUP = "Here"


@dataclass(frozen=True, slots=True)
class Switch:
    place: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    pass


@dataclass(frozen=True, slots=True)
class Reply:
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Jump:
    message: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    pass


@dataclass(frozen=True, slots=True)
class Send:
    place: str
    path: str


@dataclass(frozen=True, slots=True)
class Get:
    file: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    transfer: int | None = None


@dataclass(frozen=True, slots=True)
class Transfers:
    pass


@dataclass(frozen=True, slots=True)
class Verify:
    user: str = ""
    ok: bool = False


@dataclass(frozen=True, slots=True)
class Passphrase:
    pass


LOCAL = Table()


def _enter(name: str, make: type[object], help: str, *args: Arg) -> None:
    LOCAL.add(Row(name, make, help, args, (), Who.GUEST, GROUP, False, False))


_MESSAGE = Arg("message", Form.MESSAGE, shown="number")
_enter(
    "switch",
    Switch,
    "talk in another conversation from now on; alone, list them",
    Arg("place", optional=True, shown="#room|user"),
)
_enter("next", Next, "switch to the next conversation with something unread")
_enter("reply", Reply, "answer a message, naming it", _MESSAGE, Arg("text", Form.REST))
_enter("jump", Jump, "show a message and what was said around it", _MESSAGE)
_enter(
    "send",
    Send,
    "send a file of this computer's; one that is dragged in becomes such a line",
    Arg("place", shown="#room|user"),
    Arg("path", Form.REST),
)
_enter(
    "get",
    Get,
    "fetch a file, into your downloads or to a path",
    Arg("file", Form.NUMBER, shown="number"),
    Arg("path", Form.REST, optional=True),
)
_enter(
    "cancel",
    Cancel,
    "stop sending or fetching",
    Arg("transfer", Form.NUMBER, optional=True, shown="number"),
)
_enter("transfers", Transfers, "what is being sent and fetched, by its numbers")
_enter(
    "verify",
    Verify,
    "compare six words with somebody, so that nobody is between you; ok when they are the same",
    Arg("user", optional=True),
    Arg("ok", Form.FLAG, optional=True, keyword="ok"),
)
_enter("passphrase", Passphrase, "protect the keys that are kept on this computer")
_enter("reconnect", Reconnect, "try at once to connect again")


def is_shadowed(name: str, aliases: Iterable[str]) -> bool:
    """Whether this program carries out a command of the server's in its own way."""
    return any(LOCAL.named(word) is not None for word in (name, *aliases))
