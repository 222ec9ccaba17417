"""What a desk and its front need of each other: lines, questions and the status."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import StrEnum
from typing import NamedTuple, Protocol

from ..connection.trust import Judgement
from ..sync.user import User
from .lines import Line


class Front(Protocol):
    """A terminal, a pipe or a window."""

    echoes: bool
    """Whether one's own messages are shown like those of others; else their numbers are said."""

    def show(self, line: Line) -> None:
        """Show a line, below what is there."""

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        """Ask for a line: show the prompt, and nothing of what is typed if it is `secret`.

        A prompt may have several lines. It is one question at a time; one that is cancelled
        takes its prompt away.
        """

    def trusts(self, judgement: Judgement) -> Awaitable[bool]:
        """Whether a new server, or one with a new key, is to be trusted."""

    def changed(self) -> None:
        """What `Desk.status` says may have changed."""

    def alert(self, line: Line) -> None:
        """Somebody speaks to this person in particular."""


class DeskInterface(Protocol):
    """What the parts of a desk need of it."""

    user: User
    here: str  # the conversation that the person looks at

    def say(self, *lines: str) -> None:
        """Show what came of something that the person did."""

    def tell(self, text: str, style: str = "server", place: str = "") -> None:
        """Show a sentence."""

    def put(self, line: Line) -> None:
        """Show a line."""

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        """Ask the person for a line, and show nothing of it if it is `secret`."""

    def changed(self) -> None:
        """What the status says may have changed."""


class Unread(NamedTuple):
    """A conversation with something to read."""

    label: str
    messages: int
    mentions: int


class Progress(NamedTuple):
    """A file that is sent or fetched."""

    number: int
    sends: bool
    name: str
    done: int  # bytes
    size: int
    percent: int
    speed: float  # bytes a second, or 0
    left: float | None  # seconds, if that can be said
    trouble: str  # why nothing moves, if nothing does


class Secrecy(StrEnum):
    """How secret a conversation is, in words."""

    NONE = ""
    ENCRYPTED = "encrypted"
    VERIFIED = "encrypted, verified"
    VERIFIED_ONLY = "encrypted, verified only"  # a room in which only verified devices read


class LastSent(NamedTuple):
    """One's last message in a conversation, and what has become of it."""

    number: int
    state: str  # stored, delivered or read


class Status(NamedTuple):
    """What a line of status shows."""

    connection: str  # a word or two: connected, connecting, waiting 8 s
    online: bool
    tls: bool
    server: str
    name: str
    here: str  # the current conversation
    topic: str
    people: tuple[str, ...]  # who is online, oneself included
    unread: tuple[Unread, ...]
    typing: tuple[str, ...]  # who types in the current conversation
    unsent: tuple[str, ...]  # texts of one's own that are not stored yet, oldest first
    last: LastSent | None  # in the current conversation
    secrecy: Secrecy = Secrecy.NONE  # of the current conversation
    transfers: tuple[Progress, ...] = ()

    @property
    def lock(self) -> str:
        """How the connection is protected, in words."""
        return "TLS" if self.tls else "no TLS"
