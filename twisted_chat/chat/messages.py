"""Messages: what may be said where, the way to the disk, and the answer to who said it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from twisted.internet.defer import Deferred

from ..core.draft import Draft
from ..core.entries import UNREADABLE, Entry
from ..core.errors import ChatError
from ..core.events import Whisper
from ..core.results import Sent, Whispered
from ..core.rooms import Person, Room, RoomBook
from ..store import Batch, Post
from .async_store import AsyncStore, Outcome
from .device_keys import DeviceKeys
from .rooms import Membership
from .session import Session, Sessions


class Messages:
    """Checks what people say, stores it, and tells what becomes of it.

    `max_message` is how many bytes a text may have.
    """

    def __init__(
        self,
        max_message: int,
        store: AsyncStore,
        sessions: Sessions,
        rooms: RoomBook,
        membership: Membership,
        devices: DeviceKeys,
        wall: Callable[[], int],
    ) -> None:
        self._max_message = max_message
        self._store = store
        self._sessions = sessions
        self._rooms = rooms
        self._membership = membership
        self._devices = devices
        self._wall = wall
        self._unkept = count(wall())

    def all_said(self) -> Deferred[None]:
        """Return what fires when everything that was said before is stored and shown."""
        return self._store.all_said()

    def next_unkept(self) -> int:
        """Return a number for something that is said and kept nowhere."""
        return next(self._unkept)

    def check(self, room: Room | None, draft: Draft) -> None:
        """Refuse what may not be said in a conversation; None is one that has not begun.

        This is the one place that decides between words and what is sealed. `check_version` says
        whether it was sealed for the right devices.
        """
        if draft.form in UNREADABLE:
            if room is None or not room.encrypted:
                raise ChatError(
                    "not_encrypted",
                    "This conversation is not encrypted: say it in words, or encrypt it.",
                )
        elif room is not None and not self._rooms.takes_words(room):
            raise only_sealed()
        draft.check(self._max_message)

    def check_version(self, room: Room, draft: Draft) -> None:
        """Refuse what was sealed for other devices than there are now."""
        if draft.sealed and draft.version != self._devices.version(room):
            raise ChatError(
                "stale",
                "People or devices have changed here: get their keys, and seal it for these.",
            )

    def say(self, session: Session, room: Room, draft: Draft) -> Deferred[Sent]:
        """Store a message; fires when it is committed and shown to those who are here."""
        self._store.check()
        person = session.person
        self._membership.may_speak(person, room)
        self.check(room, draft)
        if draft.form in UNREADABLE:
            if person.guest:
                raise ChatError("guest", "A guest has no keys to encrypt with.")
            self.check_version(room, draft)
        sending = Sending(self, session, room, draft)
        self._store.post(sending)
        return sending

    async def whisper(
        self,
        session: Session,
        people: Sequence[Person],
        draft: Draft,
        place: str = "",
        to: str = "",
    ) -> Whispered:
        """Say something to those of these people who are here; it is kept nowhere.

        They are told after everything that was said before. Without a `place` it is said in
        private, to one of them; else `place` is what everybody calls the conversation, and `to`
        says who of it is meant, such as `@#room`.
        """
        self.check(None, draft)
        await self._store.all_said()
        person, now, number = session.person, self._wall(), self.next_unkept()

        def said(label: str) -> Whisper:
            return Whisper.of(draft, place or label, person.name, now, to, number)

        told = said(person.name)
        heard = sum(self._tell(other, told, person) for other in people if other is not person)
        label = place or people[0].name
        if not place and not heard:
            raise ChatError(
                "guest",
                f"{label} is not here, and what a guest says or is told in private is kept nowhere:"
                " this was not delivered.",
            )
        for own in self._sessions.of(person):
            if own is not session and own.reads:
                own.receive(said(label))
        return Whispered(label, heard, number, now)

    def _tell(self, person: Person, told: Whisper, by: Person) -> bool:
        """Tell a person, and return whether they are here; nobody learns that they are ignored."""
        sessions = [session for session in self._sessions.of(person) if session.reads]
        if by.id not in person.ignores:
            for session in sessions:
                session.receive(told)
        return bool(sessions)

    def sent(self, person: Person, room: Room, entry: Entry, again: bool = False) -> Sent:
        """Return the answer to somebody whose message is stored."""
        inside = room.has(person)  # or they speak from outside
        known = inside or not room.hidden  # who was put out is told nothing more of it
        online, offline = self._membership.audience(room) if known else (0, 0)
        return Sent(
            room=room.label(person),
            seq=entry.seq,
            time=entry.time,
            now=online - (inside and person.online),
            later=offline - (inside and not person.online and not person.guest),
            again=again,
        )


class Sending(Post, Deferred[Sent]):
    """A message on its way to the disk, which fires with the answer to who said it."""

    def __init__(self, messages: Messages, session: Session, room: Room, draft: Draft) -> None:
        person = session.person
        Post.__init__(self, room.id, person.account, person.name, draft)
        Deferred.__init__(self)
        self._messages = messages
        self._room = room
        self.session = session

    def answer(self) -> None:
        if self.entry is None:
            assert self.error is not None
            self.errback(self.error)
        else:
            person = self.session.person
            self.callback(self._messages.sent(person, self._room, self.entry, self.again))


def origins(batch: Batch) -> dict[int, Session]:
    """Return which session said an entry, by the entry's id."""
    found: dict[int, Session] = {}
    for work in batch.works:
        if isinstance(work, Post):
            if isinstance(work, Sending) and work.entry is not None and not work.again:
                found[work.entry.id] = work.session
        elif isinstance(work.done, Outcome) and work.done.origin is not None and not work.error:
            said = (item for item in work.result if isinstance(item, Entry))
            found.update((entry.id, work.done.origin) for entry in said)
    return found


def only_sealed(what: str = "This conversation") -> ChatError:
    """Return the refusal of words where there may be none."""
    return ChatError(
        "encrypted",
        f"{what} is encrypted: only a client that has the keys can read and write there"
        " (python -m twisted_chat.client HOST PORT).",
    )
