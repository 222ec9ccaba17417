"""The rules of a room: showing and changing them."""

from __future__ import annotations

from ...core import rules as rulebook
from ...core import vocabulary as words
from ...core.entries import Kind
from ...core.errors import ChatError
from ...core.results import Done, MaskLine, ModesAre, Result
from ...core.rooms import LOBBY, Role, Room, Tightening
from ...core.rules import LISTS, Change, Rules
from ...store import Ledger
from ..chat import Chat
from ..session import Session
from .lookup import known_room, moderated_room

MAKES_NO_SENSE_IN_LOBBY = frozenset("IRiklns")


async def mode(chat: Chat, session: Session, command: words.Mode) -> Result:
    if not command.changes:
        return _shown(session, known_room(chat, session, command.room))
    room = moderated_room(chat, session, command.room)
    changes = rulebook.parse(command.changes)
    if room is chat.rooms.lobby and not MAKES_NO_SENSE_IN_LOBBY.isdisjoint(
        change.letter for change in changes
    ):
        raise ChatError("not_allowed", f"Everybody is in {LOBBY}; nobody can be kept out of it.")
    await _set(chat, session, room, changes)
    return Done()


def _shown(session: Session, room: Room) -> ModesAre:
    """The rules as far as they are for this person to know."""
    person, rules = session.person, room.rules
    inside = room.has(person)
    letters = rules.letters(with_key=inside)
    operator = room.role_of(person) >= Role.OPERATOR
    lists = LISTS if operator else ("b",) if inside else ()
    masks = tuple(
        MaskLine(letter, mask, by, time)
        for letter in lists
        for mask, (by, time) in rules.masks(letter).items()
    )
    return ModesAre(room.name, letters, rulebook.in_words(letters), masks)


async def _set(chat: Chat, session: Session, room: Room, changes: tuple[Change, ...]) -> None:
    """Change the rules; what takes a right away holds at once, what gives one when it is kept."""
    by, now = session.person, chat.wall()
    if not room.kept_rules.with_changes(changes, by.name, now)[1] and room.settled:
        return

    def apply(ledger: Ledger) -> Rules:
        # From what is stored, for others may be changing the same rules.
        rules, done = ledger.rules(room.id).with_changes(changes, by.name, now)
        if done:
            ledger.set_rules(room.id, rules)
            ledger.post(room.id, Kind.MODE, by.account, by.name, done)
        return rules

    tightening = Tightening(changes, by.name, now)
    room.tighten(tightening)
    try:
        room.keep_rules(await chat.store.change(apply))
    finally:
        room.relax(tightening)
