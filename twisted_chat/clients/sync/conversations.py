"""What is known of the conversations a user is in: every entry once, in order, and what is unread.

Events come in as they arrive. The entry with the next number is taken, one that came before is
dropped, and where numbers are missing the rest waits until they were asked for. Nothing here does
I/O but the one request that fills a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ...core import attachments
from ...core.attachments import Attachment
from ...core.entries import MANNERS, WORDS, Entry, Form, Kind, State
from ...core.errors import ChatError
from ...core.names import fold, room_name
from ..connection.link import Event
from .storage import Position

MOST_NUMBER = 1 << 53  # what a server counts does not reach it

_KINDS = {kind.name.lower(): kind for kind in Kind}


def number(said: object) -> int:
    """Return a number of the server's; raise ValueError for what cannot be one."""
    if type(said) is not int or not 0 <= said < MOST_NUMBER:
        raise ValueError(f"{said!r} is no number")
    return said


def entry_of(event: Event) -> Entry | None:
    """Return the entry that an event is about; None if its text is hidden or its kind unknown."""
    kind = _KINDS.get(event["event"])
    if kind is None:
        return None
    text, form = _text_of(kind, event)
    target = event.get("target")
    return Entry(
        id=number(event.get("id") or 0),
        room=0,
        seq=number(event["seq"]),
        kind=kind,
        time=int(event.get("time", 0)),
        sender=None,
        author=str(event.get("from", event.get("by", ""))),
        text=text,
        target=None if target is None else number(target),
        subject=str(event.get("whom", "")),
        cid=event.get("cid"),
        state=State.DELETED
        if event.get("deleted")
        else State.EDITED
        if event.get("edited")
        else State.AS_SAID,
        form=form,
    )


def _text_of(kind: Kind, event: Event) -> tuple[str, Form]:
    """The text of an entry, and what it is; only what somebody says may be sealed."""
    if kind is Kind.DELETE and event.get("sealed"):
        return str(event["sealed"]), Form.SEALED
    if kind not in WORDS and kind is not Kind.KEYS:
        return str(event.get("text", "")), Form.WORDS
    sealed, file = str(event.get("sealed") or ""), event.get("file")
    if kind is Kind.MESSAGE and file is not None and not event.get("deleted"):
        facts = (number(file["file"]), number(file["size"]), str(file["sha256"]))
        text = attachments.written(Attachment(*facts, str(file.get("name", "")), sealed))
        return text, Form.SEALED_FILE if sealed else Form.FILE
    if sealed:
        return sealed, Form.SEALED
    return str(event.get("text", "")), MANNERS.get(str(event.get("manner", "")), Form.WORDS)


MOST_KEPT = 1000  # entries of one conversation in memory
LOBBY = "#lobby"

_LABEL = re.compile(r"#?[^\s\[\]()/:#]{1,128}")  # what could begin a line like another's is none


@lru_cache(maxsize=1024)
def folded(label: str) -> str:
    """A conversation's name as the server folds it, however somebody has written it."""
    if label.isascii():
        return label.lower()
    try:
        return (room_name if label.startswith("#") else fold)(label).folded
    except ChatError:
        return label.lower()


class Conversation:
    """One conversation."""

    def __init__(self, label: str, number: int = 0, position: int = 0) -> None:
        self.label = label
        self.id = number
        self.position = position  # everything up to here has come
        self.read = position  # up to here the person has read
        self.topic = ""
        self.encrypted = False
        self.unread = 0
        self.mentions = 0
        self.before = 0  # unread messages of others that came before those in memory
        self.entries: dict[int, Entry] = {}  # the newest, in order, as they are now
        self.delivered: dict[str, int] = {}  # how far others were delivered, by their names
        self.seen: dict[str, int] = {}  # and have read
        self.waiting: dict[int, Event] = {}  # behind a gap
        self.filling = False
        self.awaited: list[tuple[int, Callable[[], None]]] = []  # who waits for which position

    def when_at(self, seq: int, then: Callable[[], None]) -> None:
        """Call this as soon as everything up to a number has come."""
        if self.position >= seq:
            then()
        else:
            self.awaited.append((seq, then))

    def reached(self) -> None:
        """The position has changed."""
        if self.awaited:
            due = [then for seq, then in self.awaited if seq <= self.position]
            self.awaited = [one for one in self.awaited if one[0] > self.position]
            for then in due:
                then()

    @property
    def private(self) -> bool:
        return not self.label.startswith("#")

    def keep(self, entry: Entry) -> None:
        """Take an entry in, and what it does to an earlier one."""
        self.entries[entry.seq] = entry
        if len(self.entries) > MOST_KEPT:
            del self.entries[next(iter(self.entries))]
        if entry.kind is Kind.TOPIC:
            self.topic = entry.text
        elif entry.kind is Kind.ENCRYPT:
            self.encrypted = True
        changed = self.entries.get(entry.target or 0)
        if changed is None:
            return
        if entry.kind is Kind.EDIT and entry.author == changed.author:
            self.entries[changed.seq] = _as(changed, entry.text, State.EDITED, entry.form)
        elif entry.kind is Kind.DELETE:
            self.entries[changed.seq] = _as(changed, "", State.DELETED)

    def state_of(self, seq: int) -> str:
        """What has become of a message of one's own: stored, delivered or read."""
        if any(at >= seq for at in self.seen.values()):
            return "read"
        if any(at >= seq for at in self.delivered.values()):
            return "delivered"
        return "stored"


def _as(entry: Entry, text: str, state: State, form: Form = Form.WORDS) -> Entry:
    return Entry(
        entry.id,
        entry.room,
        entry.seq,
        entry.kind,
        entry.time,
        entry.sender,
        entry.author,
        text=text,
        cid=entry.cid,
        state=state,
        form=form,
    )


class Conversations:
    """All conversations of one user."""

    def __init__(
        self,
        fill: Callable[[str, int, int], None],
        take: Callable[[Conversation, Entry, Event], None],
        missing: Callable[[Conversation, int, int], None],
        set_back: Callable[[Conversation, int], None],
    ) -> None:
        """`fill` asks for the entries of a gap; `take` and `missing` are told what came of it.

        `set_back` is told where a conversation ends of which more was seen.
        """
        self.unseal: Callable[[Conversation, Entry], Entry | None] = lambda _, entry: entry
        """Reads what is sealed; None for what is nothing to show."""
        self.is_for_good: Callable[[str], bool] = lambda label: False
        """Whether a conversation of that name is encrypted, whatever the server says of it."""
        self.is_anothers: Callable[[str, int], bool] = lambda label, number: False
        """Whether a number is known as that of an encrypted conversation of another name."""
        self._fill = fill
        self._take = take
        self._missing = missing
        self._set_back = set_back
        self.all: dict[str, Conversation] = {}
        self.name = ""  # one's own
        self._mention = re.compile("(?!)")

    def get(self, label: str) -> Conversation | None:
        """The conversation of that name, however it is written."""
        found = self.all.get(label)
        if found is not None:
            return found
        wanted = folded(label)
        return next((one for one in self.all.values() if folded(one.label) == wanted), None)

    def _new(self, label: str, number: int = 0, position: int = 0) -> Conversation:
        """Make a conversation that was not known; raise ValueError if its name is not valid."""
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is no name of a conversation")
        conversation = Conversation(label, number, position)
        conversation.encrypted = self.is_for_good(label)
        return conversation

    def recall(self, places: Mapping[str, Position]) -> None:
        """Begin where an earlier run of the client has ended."""
        self.all = {
            label: Conversation(label, place.id, place.seq) for label, place in places.items()
        }

    def begin(
        self, name: str, rooms: Mapping[str, Mapping[str, Any]], reset: bool
    ) -> list[tuple[str, str]]:
        """Take over what a sign-in says; what is gone is forgotten.

        Returns the old and the new name of each room that was renamed meanwhile.
        """
        self.name = name
        self._mention = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        kept, self.all = self.all, {}
        renamed = [] if reset else self._follow_names(kept, rooms)
        for label, room in rooms.items():
            conversation, begins = kept.get(label), number(room["from"])
            another = conversation is not None and conversation.id not in (0, room["id"])
            lost = self._has_lost(conversation, room) and not reset
            if conversation is None or another or reset or lost:
                conversation = self._new(label, position=begins)
            elif conversation.position < begins:
                self._missing(conversation, conversation.position + 1, begins)
                conversation.position = begins
            conversation.id = self._number_of(label, room["id"])
            conversation.filling = False
            conversation.waiting.clear()
            conversation.topic = room["topic"]
            conversation.encrypted = bool(room.get("encrypted")) or conversation.encrypted
            self.all[label] = conversation
            if not conversation.entries:
                conversation.before = int(room.get("unread", 0))
            if conversation.read < number(room["read"]) or not conversation.entries:
                conversation.read = room["read"]
            self._count(conversation)
            if lost:
                self._set_back(conversation, number(room["last"]))
            if another and not reset and begins:
                # The position that was given was that of another room of this name.
                conversation.position, conversation.filling = 0, True
                self._fill(label, 0, begins)
        return renamed

    def _number_of(self, label: str, said: object) -> int:
        """The number of a conversation as the server says it; 0 if it cannot be that one's."""
        its = number(said)
        return 0 if self.is_anothers(label, its) else its

    @staticmethod
    def _has_lost(conversation: Conversation | None, room: Mapping[str, Any]) -> bool:
        """Whether the server has less of a conversation than was seen; it has been set back then.

        The numbers that were seen may be given anew, so the conversation begins again.
        """
        same = conversation is not None and conversation.id == room["id"]
        return same and conversation is not None and conversation.position > number(room["last"])

    def _follow_names(
        self, kept: dict[str, Conversation], rooms: Mapping[str, Mapping[str, Any]]
    ) -> list[tuple[str, str]]:
        """Know rooms that were renamed meanwhile by their numbers, unless they are encrypted.

        Who has seen a conversation encrypted under a name is led away from it by nobody.
        """
        gone = {
            one.id: label
            for label, one in kept.items()
            if label not in rooms and one.id and not one.private and not self.is_for_good(label)
        }
        renamed = []
        for label, room in rooms.items():
            before = gone.get(room["id"]) if _LABEL.fullmatch(label) else None
            if label not in kept and before is not None and not self.is_for_good(label):
                kept[label] = kept.pop(before)
                kept[label].label = label
                renamed.append((before, label))
        return renamed

    def _count(self, conversation: Conversation) -> None:
        """How much is unread."""
        unread = [one for one in conversation.entries.values() if one.seq > conversation.read]
        new = [one for one in unread if self._is_for_me(one) and one.state is not State.DELETED]
        if conversation.read >= min(conversation.entries, default=conversation.position + 1) - 1:
            conversation.before = 0
        conversation.unread = len(new) + conversation.before
        conversation.mentions = sum(self.mentions(conversation, one) for one in new)

    def _is_for_me(self, entry: Entry) -> bool:
        return entry.kind is Kind.MESSAGE and entry.author != self.name

    def mentions(self, conversation: Conversation, entry: Entry) -> bool:
        """Whether somebody else says something to this person in particular."""
        return self._is_for_me(entry) and bool(
            conversation.private or self._mention.search(entry.text)
        )

    def joined(self, label: str, said: object, last: object, encrypted: bool = False) -> None:
        """The user is in a room now; entries after `last` follow."""
        conversation, begins = self.get(label), number(last)
        its = self._number_of(label, said)
        if conversation is None or its not in (0, conversation.id):
            conversation = self.all[label] = self._new(label, its, begins)
        elif begins > conversation.position:
            conversation.position = conversation.read = begins
        conversation.encrypted = conversation.encrypted or encrypted

    def renamed(self, old: str, label: str) -> bool:
        """A room has another name and is the same; False if it was not known by the old one."""
        conversation = self.all.get(old)
        if conversation is None or label in self.all or not _LABEL.fullmatch(label):
            return False
        del self.all[old]
        self.all[label] = conversation
        conversation.label, conversation.filling = label, False
        waiting, conversation.waiting = conversation.waiting, {}
        for _, event in sorted(waiting.items()):
            self.happened({**event, "room": label})
        return True

    def left(self, label: str) -> None:
        self.all.pop(label, None)

    def happened(self, event: Event) -> None:
        """An entry has come, in order or not."""
        label = event["room"]
        conversation = self.all.get(label)
        if conversation is None:
            conversation = self.all[label] = self._new(label)
        seq = number(event["seq"])
        if seq <= conversation.position:
            return
        if conversation.filling or seq > conversation.position + 1:
            conversation.waiting[seq] = event
            if not conversation.filling:
                conversation.filling = True
                self._fill(label, conversation.position, seq - 1)
            return
        self._accept(conversation, event)

    def filled(self, label: str, upto: int, events: list[Event], more: bool) -> None:
        """The answer to what was asked for to fill a gap."""
        conversation = self.all.get(label)
        if conversation is None or not conversation.filling:
            return
        before = conversation.position
        for event in events:
            self._accept_late(conversation, event)
        if more and conversation.position > before:
            self._fill(label, conversation.position, upto)
            return
        conversation.filling = False
        if conversation.position < upto:
            self._missing(conversation, conversation.position + 1, upto)
            conversation.position = upto
        waiting, conversation.waiting = conversation.waiting, {}
        for _, event in sorted(waiting.items()):
            self.happened(event)
        self._count(conversation)
        conversation.reached()

    def _accept_late(self, conversation: Conversation, event: Event) -> None:
        if number(event["seq"]) <= conversation.position:
            return
        if conversation.position and event["seq"] > conversation.position + 1:
            self._missing(conversation, conversation.position + 1, event["seq"] - 1)
        self._accept(conversation, event)

    def _accept(self, conversation: Conversation, event: Event) -> None:
        conversation.position = event["seq"]
        entry = entry_of(event)
        if entry is not None:
            entry = self.unseal(conversation, entry)
        if entry is not None:
            self._keep(conversation, entry, event)
        conversation.reached()

    def _keep(self, conversation: Conversation, entry: Entry, event: Event) -> None:
        conversation.keep(entry)
        if self._is_for_me(entry):
            if entry.seq > conversation.read:
                conversation.unread += 1
                conversation.mentions += self.mentions(conversation, entry)
        elif conversation.unread == 0:
            conversation.read = max(conversation.read, entry.seq)
        elif entry.kind is Kind.DELETE:
            self._count(conversation)
        self._take(conversation, entry, event)

    def mark_read(self, conversation: Conversation, upto: int | None = None) -> bool:
        """The person has read it up to a number, or all; return whether that was unread."""
        upto = conversation.position if upto is None else min(upto, conversation.position)
        news = upto > conversation.read or bool(conversation.unread)
        if upto > conversation.read:
            conversation.read = upto
        self._count(conversation)
        return news
