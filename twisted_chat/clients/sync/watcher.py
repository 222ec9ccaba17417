"""What a front is told of a user; it overrides what it wants to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.entries import Entry
from ...core.events import Whisper
from ..connection.link import Event
from ..files.transfer import Transfer
from .conversations import Conversation
from .messages import Outgoing


class Watcher:
    """Gets to know what happens to a user; every method does nothing unless it is overridden."""

    def changed(self) -> None:
        """Something that a line of status shows: the connection, who is online, what is unread."""

    def welcomed(self, answer: dict[str, Any], again: bool) -> None:
        """Signed in; `again` after a connection was lost, when everything goes on."""

    def waiting(self, sentence: str, seconds: float) -> None:
        """The connection was lost for this reason, and is tried again after so long."""

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        """The next entry of a conversation, each once and in order."""

    def done_with(self, conversation: Conversation) -> int:
        """Up to where everything told of it is dealt with; only so far it is confirmed."""
        return conversation.position

    def missing(self, conversation: Conversation, first: int, last: int) -> None:
        """Entries that cannot be had any more."""

    def set_back(self, conversation: Conversation, last: int) -> None:
        """The server has lost what comes after that number, and numbers anew from there."""

    def sending(self, message: Outgoing) -> None:
        """A message of one's own has come further."""

    def transfer(self, transfer: Transfer) -> None:
        """A file that is sent or fetched has come further, or to its end."""

    def receipt(self, conversation: Conversation, who: str) -> None:
        """Somebody was delivered or has read a private conversation up to somewhere."""

    def presence(
        self, joined: Sequence[str], left: Sequence[str], more_joined: int, more_left: int
    ) -> None:
        """Who came online and who went, and how many more than these did."""

    def somebody_types(self, conversation: Conversation, who: str) -> None:
        """Somebody is typing there."""

    def room(self, label: str, joined: bool) -> None:
        """One is in a room now, or in it no longer."""

    def renamed(self, old: str, label: str) -> None:
        """A room that one is in has another name, and is the same."""

    def notice(self, code: str, text: str) -> None:
        """A sentence of the server's."""

    def whisper(self, said: Whisper) -> None:
        """Something was said that is kept nowhere, perhaps at another device of one's own."""

    def about_keys(self, label: str, sentence: str) -> None:
        """Something a person has to know of the devices in a conversation, or of one's own keys."""

    def event(self, event: Event) -> None:
        """Everything that was taken in, as it came; for programs."""
