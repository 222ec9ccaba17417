"""Which conversations are encrypted: for good, whatever a server says of them later.

It is kept by their numbers, which tell from which entry on nothing may come in clear, and by their
names, so that no other conversation can be put in the place of one. Only the person who leaves
a room gives its name free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from ...core.errors import ChatError
from ..sync.conversations import Conversation, Conversations, folded, number
from ..sync.storage import SINCE, Storage

NAMED = "for good "  # facts: the number of the encrypted conversation of this name
NAME_OF = "name of "  # facts: the name of the one of this number, also after one has left it


class EncryptedRooms:
    """The encrypted conversations of one user."""

    log = Logger()

    def __init__(self, conversations: Conversations, tell: Callable[[str, str], None]) -> None:
        """`tell` is told sentences on a conversation."""
        self._conversations = conversations
        self._tell = tell
        self._storage: Storage | None = None
        self._told: set[str] = set()
        conversations.is_for_good = self.is_for_good
        conversations.is_anothers = self.is_anothers

    def begin(self, storage: Storage | None) -> None:
        """Go on with what is kept in storage; None for a guest."""
        self._storage = storage
        self._told.clear()

    def __call__(self, label: str) -> bool:
        """Whether what is said there is to be encrypted."""
        found = self._conversations.get(label)
        return (found is not None and found.encrypted) or self.is_for_good(label)

    def check(self, do: str, arguments: Mapping[str, Any]) -> None:
        """Refuse to ask for what would tell the server words that it may not know."""
        if do in ("topic", "rename") or not (arguments.get("text") or arguments.get("name")):
            return  # every server sees topics and the names of rooms
        users, message = arguments.get("users"), arguments.get("message")
        named = [arguments.get(name) for name in ("room", "user", "place")]
        named += users if isinstance(users, list | tuple) else []
        named += [message.rpartition("/")[0]] if isinstance(message, str) else []
        for place in named:
            if isinstance(place, str) and self(place):
                raise ChatError(
                    "encrypted",
                    f"What is said to {place} is encrypted, and {do} would send this as words that"
                    " the server can read: nothing was sent.",
                )

    def is_for_good(self, label: str) -> bool:
        """Whether a conversation of this name was encrypted before."""
        return self._storage is not None and NAMED + folded(label) in self._storage.facts

    def is_anothers(self, label: str, number: int) -> bool:
        """Whether a number is known as that of an encrypted conversation of another name.

        What was read is kept by number: a server that gave one to two conversations could show
        the words of one as if they had been said in the other.
        """
        if self._storage is None or not number:
            return False
        facts, own = self._storage.facts, folded(label)
        name = facts.get(f"{NAME_OF}{number}")
        if name is None:  # as an earlier version left it
            named = (key for key, value in facts.items() if value == str(number))
            name = next((key[len(NAMED) :] for key in named if key.startswith(NAMED)), own)
        return name != own

    def since(self, conversation: Conversation) -> int | None:
        """After which number everything has to be encrypted; None if nothing has to be."""
        if self._storage is None:
            return None
        facts = self._storage.facts
        named = facts.get(NAMED + folded(conversation.label))
        if named not in (None, str(conversation.id)):
            return 0  # another one stands in its place, perhaps one that is encrypted as well
        kept = facts.get(f"{SINCE}{conversation.id}") if conversation.id else None
        return int(kept) if kept is not None else None if named is None else 0

    def mark(self, conversation: Conversation, seq: int) -> None:
        """At the latest from this number on a conversation is encrypted."""
        conversation.encrypted = True
        if self._storage is None:
            return
        facts, own = self._storage.facts, str(conversation.id)
        since, named = f"{SINCE}{own}", NAMED + folded(conversation.label)
        before = facts.get(named, "0")
        if before not in ("0", own):
            seq = 0  # it stands in the place of one in which nothing came in clear any more
        new = {}
        if conversation.id and f"{NAME_OF}{own}" not in facts:
            new[f"{NAME_OF}{own}"] = folded(conversation.label)
        if named not in facts or (conversation.id and before != own):
            new[named] = own
        if conversation.id and (since not in facts or seq < int(facts[since])):
            new[since] = str(seq)
        if new:
            self._keep(new)

    def insist(self, label: str) -> None:
        """The server has refused words there; the entry that says why is on its way."""
        found = self._conversations.get(label)
        if found is not None:
            found.encrypted = True
        elif self._storage is not None:
            self._keep({NAMED + folded(label): "0"})

    def release(self, label: str) -> None:
        """The person has left a room: another one may have its name."""
        if self._storage is not None:
            self._storage.forget_fact(NAMED + folded(label)).addErrback(lambda failure: None)

    def entered(self, rooms: Mapping[str, Mapping[str, Any]]) -> None:
        """What the server says after a sign-in."""
        for label, room in rooms.items():
            conversation = self._conversations.all[label]
            if room.get("encrypted"):
                if (
                    self._storage is not None
                    and f"{SINCE}{conversation.id}" not in self._storage.facts
                ):
                    self.mark(conversation, number(room["last"]))
            elif self.since(conversation) is not None:
                self._warn(conversation)

    def joined(self, label: str, last: int, encrypted: bool) -> None:
        """What the server says of a room that one is in from now on."""
        conversation = self._conversations.get(label)
        if conversation is None:
            return
        if encrypted:
            self.mark(conversation, last)
        elif self.since(conversation) is not None:
            self._warn(conversation)

    def _warn(self, conversation: Conversation) -> None:
        """A server says that what is encrypted for good is not."""
        conversation.encrypted = True
        if conversation.label not in self._told:
            self._told.add(conversation.label)
            again = "" if conversation.private else ", or leave it"
            self._tell(
                conversation.label,
                f"The server says that {conversation.label} is not encrypted, which it was before:"
                f" nothing is said or shown there in clear. /encrypt {conversation.label} begins"
                f" anew{again}.",
            )

    def _keep(self, facts: Mapping[str, str]) -> None:
        assert self._storage is not None
        self._storage.remember(**facts).addErrback(
            lambda failure: self.log.failure("A fact was not kept", failure)
        )
