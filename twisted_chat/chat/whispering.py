"""What is said to those who are here and kept nowhere: in private with guests, and to a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import ChatError
from ..core.events import Whisper
from ..core.results import Whispered
from ..core.roster import Person
from .composing import check_tags, composed
from .session import Session

if TYPE_CHECKING:
    from .chat import Chat


class Manner(NamedTuple):
    """How something is said: see `Whisper`."""

    place: str = ""  # what everybody calls the conversation; in private, the other's name
    to: str = ""
    manner: str = ""
    tags: str = ""


async def whisper(
    chat: Chat, session: Session, people: Sequence[Person], text: str, how: Manner
) -> Whispered:
    """Say something to these people, after everything that was said before."""
    composed(chat, None, text, manner=how.manner)
    check_tags(how.tags)
    await chat.store.all_said()
    person, now, number = session.person, chat.wall(), next(chat.unkept)

    def said(label: str) -> Whisper:
        place, by = how.place or label, person.name
        return Whisper(place, by, text, now, how.manner, how.to, how.tags, number)

    told = said(person.name)
    heard = sum(_tell(chat, other, told, person) for other in people if other is not person)
    label = how.place or people[0].name
    if not how.place and not heard:
        raise ChatError(
            "guest",
            f"{label} is not here, and what a guest says or is told in private is kept nowhere:"
            " this was not delivered.",
        )
    for own in chat.sessions.of(person):
        if own is not session and own.reads:
            own.receive(said(label))
    return Whispered(label, heard, number, now)


def _tell(chat: Chat, person: Person, told: Whisper, by: Person) -> bool:
    """Tell somebody who is here, and say whether anybody was; nobody learns that it is ignored."""
    sessions = [session for session in chat.sessions.of(person) if session.reads]
    if by.id not in person.ignores:
        for session in sessions:
            session.receive(told)
    return bool(sessions)
