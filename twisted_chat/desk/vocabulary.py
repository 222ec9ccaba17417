"""What one may type at a client beside the server's commands."""

from __future__ import annotations

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
    "verify",
    Verify,
    "compare six words with somebody, so that nobody is between you; ok when they are the same",
    Arg("user", optional=True),
    Arg("ok", Form.FLAG, optional=True, keyword="ok"),
)
_enter("passphrase", Passphrase, "protect the keys that are kept on this computer")
_enter("reconnect", Reconnect, "try at once to connect again")
