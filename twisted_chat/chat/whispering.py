"""What is said to those who are here and kept nowhere: in private with guests, and to a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.draft import Draft
from ..core.errors import ChatError
from ..core.events import Whisper
from ..core.results import Whispered
from ..core.roster import Person
from .composing import check_draft
from .session import Session

if TYPE_CHECKING:
    from .chat import Chat


async def whisper(
    chat: Chat,
    session: Session,
    people: Sequence[Person],
    draft: Draft,
    place: str = "",
    to: str = "",
) -> Whispered:
    """Say something to those of these people who are here, after everything that was said before.

    Without a `place` it is said in private, to one of them; else `place` is what everybody
    calls the conversation, and `to` says who of it is meant, such as `@#room`.
    """
    check_draft(chat, None, draft)
    await chat.store.all_said()
    person, now, number = session.person, chat.wall(), next(chat.unkept)

    def said(label: str) -> Whisper:
        return Whisper.of(draft, place or label, person.name, now, to, number)

    told = said(person.name)
    heard = sum(_tell(chat, other, told, person) for other in people if other is not person)
    label = place or people[0].name
    if not place and not heard:
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
