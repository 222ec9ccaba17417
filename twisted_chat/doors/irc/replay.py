"""What was said while a client was not there, shown when it comes in.

The session waits meanwhile: it is shown everything up to its position here, and everything after
it by the delivery. The account's place moves only when the client proves that it has heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...chat.commands.history import MOST_UNSEEN
from ...core.entries import PAGE_BYTES, size_of
from ...core.errors import ChatError
from ...core.events import Closed
from ...store import pages, queries
from ...store.rows import Page
from . import chathistory, playback

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ...core.entries import Entry
    from ...core.rooms import Room
    from .door import IrcTalk


MOST_REPLAYED = 4 * PAGE_BYTES  # of one answer; beyond it one is told only how to ask for more


class Missed(NamedTuple):
    """The newest of what was missed in a conversation, and how many messages are older."""

    room: Room
    entries: list[Entry]
    older: int


async def missed(talk: IrcTalk, room: Room, upto: int) -> None:
    """Show what no session of the account was shown of a room up to a number."""
    if talk.has("draft/chathistory"):
        return  # who can ask for history asks for what they want
    view = _view(talk, room, upto)
    if view is not None:
        await _show(talk, [(room, view)])


async def private(talk: IrcTalk) -> None:
    """The same for private conversations, up to where the session is.

    Who comes for the first time is shown them even if they can ask for history: clients ask
    who has written to them since they were here last, and would never hear of these.
    """
    assert talk.session is not None
    views = []
    for room in talk.me.pairs.values():
        view = _view(talk, room, talk.session.position(room))
        if view is not None:
            views.append((room, view))
    if views and not (talk.has("draft/chathistory") and await _was_here(talk)):
        await _show(talk, views)


async def _was_here(talk: IrcTalk) -> bool:
    """Whether an IRC client of the account's was shown anything before."""
    assert talk.session is not None
    number, device = talk.me.id, talk.session.device
    try:
        return bool(
            await talk.chat.store.read(lambda db: queries.device_cursors(db, number, device))
        )
    except ChatError as error:
        talk.close(Closed(error.code, error.sentence))
        return True


def _view(talk: IrcTalk, room: Room, upto: int) -> pages.View | None:
    """What is to be shown of a conversation, if anything is."""
    me = talk.me
    if me.guest or me.shown is None:
        return None
    after = max(me.shown.get(room.id, 0), room.readable_since(me))
    if after >= upto:
        return None
    kinds = playback.EVENTS if talk.has("draft/event-playback") else None
    return pages.View(room.id, after, upto, (*playback.hidden(talk), me.id), kinds)


async def _show(talk: IrcTalk, views: list[tuple[Room, pages.View]]) -> None:
    """Show the newest of what there is to be seen, conversation by conversation."""
    me, left = talk.me, MOST_REPLAYED - talk.answers.size

    def ask(db: Connection) -> list[Missed]:
        found, used = [], 0
        for room, view in views:
            page = Page([], more=True)
            if used < left:
                page = pages.before(db, view, None, MOST_UNSEEN)
                used += sum(map(size_of, page.entries))
            older = 0
            if page.more:
                upto = page.entries[0].seq - 1 if page.entries else view.upto
                older = queries.unread(db, me.id, [(room.id, view.since, upto)])[room.id]
            found.append(Missed(room, page.entries, older))
        return found

    try:
        answer = await talk.chat.store.read(ask)
    except ChatError as error:
        # What was missed is still there at the next login.
        talk.close(Closed(error.code, error.sentence))
        return
    for one in answer:
        if not talk.closed and (one.entries or one.older) and one.room.has(me):
            _show_one(talk, one)


def _show_one(talk: IrcTalk, found: Missed) -> None:
    room, place = found.room, found.room.label(talk.me)
    if found.older:
        many = "message is" if found.older == 1 else "messages are"
        to = place if room.pair is None else talk.nick
        which, where = "", f"LATEST {place} *"
        if found.entries:
            first = talk.dialect.msgid(room, found.entries[0].seq)
            which, where = "older ", f"BEFORE {place} msgid={first}"
        talk.line(
            talk.company.server,
            f"NOTICE {to} :{found.older:,} {which}{many} there:"
            f" /quote CHATHISTORY {where} {MOST_UNSEEN}",
        )
    if not found.entries:
        return
    stamped = not talk.has("server-time")
    with playback.batch(talk, "chathistory", place) as reference:
        playback.show(talk, chathistory.worth_showing(found.entries), reference, stamped)
    talk.hearing.uncertain = True
