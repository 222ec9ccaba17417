"""What the application expects of a door, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..core.addresses import Network
from ..core.entries import Entry
from ..core.events import Closed, Event
from ..core.rooms import Person, Room


class Dialect(Protocol):
    """Turns what happens into bytes; one object serves all sessions that speak it."""

    @property
    def name(self) -> str:
        """What lists of sessions call it."""

    @property
    def plain(self) -> bool:
        """Whether the server keeps count of what such a client was shown."""

    def entries(self, room: Room, entries: Sequence[Entry]) -> list[bytes]:
        """The entries of a room as everybody sees them, one piece each."""

    def entry(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        """One entry as this person sees it."""

    def own(self, room: Room, entry: Entry, viewer: Person, here: bool) -> bytes:
        """A message shown to its own author; `here` at the session that said it."""

    def hidden(self, room: Room, entry: Entry, viewer: Person) -> bytes:
        """What stands for an entry that its viewer chose not to see."""

    def event(self, event: Event) -> bytes:
        """An event."""


class Door(Protocol):
    """The object that serves one client, as the application sees it."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def address(self) -> str:
        """The address of the client, for lists and the log."""

    @property
    def host(self) -> str:
        """The same without the port; empty on a Unix socket."""

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can listen in."""

    @property
    def network(self) -> Network:
        """The network that the address belongs to, for limits."""

    @property
    def certificate(self) -> str:
        """The fingerprint of the certificate that the client has come with; empty without one."""

    def charge(self, things: float) -> None:
        """Charge for what was asked for at once beyond one thing."""

    def write(self, data: bytes) -> None:
        """Send bytes that the dialect made."""

    def receive(self, event: Event) -> None:
        """Show an event that is meant for this client."""

    def flushed(self) -> bool | None:
        """Whether the peer has all that was written; None where that cannot be known."""

    def acknowledged(self) -> int | None:
        """How many bytes the peer's system has acknowledged; None if the peer itself says it."""

    def close(self, reason: Closed | None) -> None:
        """Say why, if there is anything to say, and end the connection."""
