"""The rules of a room: showing and changing them."""

from __future__ import annotations

from ..chat import Chat
from ..core import rules as rulebook
from ..core import vocabulary as words
from ..core.entries import Kind
from ..core.errors import ChatError
from ..core.results import Done, ModesAre, Result
from ..core.rooms import LOBBY, Room
from ..core.rules import Change, Rules
from ..session import Session
from ..store import Ledger
from . import performs
from .finding import moderated_room, visible_room

MAKES_NO_SENSE_IN_LOBBY = frozenset("ikls")


@performs(words.Mode)
async def mode(chat: Chat, session: Session, command: words.Mode) -> Result:
    if not command.changes:
        room = visible_room(chat, session, command.room)
        letters = room.rules.letters(with_key=room.has(session.person))
        return ModesAre(room.name, letters, rulebook.in_words(letters))
    room = moderated_room(chat, session, command.room)
    changes = rulebook.parse(command.changes)
    if room is chat.rooms.lobby and not MAKES_NO_SENSE_IN_LOBBY.isdisjoint(
        change.letter for change in changes
    ):
        raise ChatError("not_allowed", f"Everybody is in {LOBBY}; nobody can be kept out of it.")
    await _set(chat, session, room, changes)
    return Done()


async def _set(chat: Chat, session: Session, room: Room, changes: tuple[Change, ...]) -> None:
    """Change the rules; what takes a right away holds at once, what gives one when it is kept."""
    by, now = session.person, chat.wall()
    before = room.rules
    after, done = before.with_changes(changes, by.name, now)
    if not done:
        return

    def apply(ledger: Ledger) -> None:
        ledger.set_room(room.id, rules=after.written(), hidden=after.hidden)
        ledger.post(room.id, Kind.MODE, by.id, by.name, done)

    room.rules = _stricter(before, changes, by.name, now)
    try:
        await chat.change(apply)
    except ChatError:
        if room.rules is not after:
            room.rules = before
        raise
    room.rules = after


def _stricter(rules: Rules, changes: tuple[Change, ...], by: str, now: int) -> Rules:
    """The rules with those changes only that take a right away."""
    strict = [change for change in changes if change.adding is (change.letter not in "eI")]
    return rules.with_changes(strict, by, now)[0]
