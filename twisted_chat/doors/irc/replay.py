"""What was said while a client was not there, shown when it comes in.

The session waits meanwhile: it is shown everything up to its position here, and everything after
it by the delivery. The account's place moves only when the client proves that it has heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...chat.history import MOST_UNSEEN, Missed, View
from ...core.entries import PAGE_BYTES
from ...core.errors import ChatError
from ...core.events import Closed
from . import chathistory, playback

if TYPE_CHECKING:
    from ...core.rooms import Room
    from .door import IrcDoor


MOST_REPLAYED = 4 * PAGE_BYTES  # of one answer; beyond it one is told only how to ask for more


async def missed(client: IrcDoor, room: Room, upto: int) -> None:
    """Show what no session of the account was shown of a room up to a number."""
    if client.has("draft/chathistory"):
        return  # who can ask for history asks for what they want
    view = _view(client, room, upto)
    if view is not None:
        await _show(client, [(room, view)])


async def private(client: IrcDoor) -> None:
    """The same for private conversations, up to where the session is.

    Who comes for the first time is shown them even if they can ask for history: clients ask
    who has written to them since they were here last, and would never hear of these.
    """
    assert client.session is not None
    views = []
    for room in client.me.pairs.values():
        view = _view(client, room, client.session.position(room))
        if view is not None:
            views.append((room, view))
    if views and not (client.has("draft/chathistory") and await _was_here(client)):
        await _show(client, views)


async def _was_here(client: IrcDoor) -> bool:
    """Whether an IRC client of the account's was shown anything before."""
    assert client.session is not None
    try:
        return await client.chat.cursors.was_shown_any(client.session)
    except ChatError as error:
        client.close(Closed(error.code, error.sentence))
        return True


def _view(client: IrcDoor, room: Room, upto: int) -> View | None:
    """What is to be shown of a conversation, if anything is."""
    me = client.me
    if me.guest or me.shown is None:
        return None
    after = max(me.shown.get(room.id, 0), room.readable_since(me))
    if after >= upto:
        return None
    kinds = playback.EVENTS if client.has("draft/event-playback") else None
    return View(room.id, after, upto, (*playback.hidden(client), me.id), kinds)


async def _show(client: IrcDoor, views: list[tuple[Room, View]]) -> None:
    """Show the newest of what there is to be seen, conversation by conversation."""
    me, left = client.me, MOST_REPLAYED - client.response.size
    try:
        answer = await client.chat.history.missed(me, views, left)
    except ChatError as error:
        # What was missed is still there at the next login.
        client.close(Closed(error.code, error.sentence))
        return
    for one in answer:
        if not client.closed and (one.entries or one.older) and one.room.has(me):
            _show_one(client, one)


def _show_one(client: IrcDoor, found: Missed) -> None:
    room, place = found.room, found.room.label(client.me)
    if found.older:
        many = "message is" if found.older == 1 else "messages are"
        to = place if room.pair is None else client.nick
        which, where = "", f"LATEST {place} *"
        if found.entries:
            first = client.dialect.msgid(room, found.entries[0].seq)
            which, where = "older ", f"BEFORE {place} msgid={first}"
        client.line(
            client.clients.server,
            f"NOTICE {to} :{found.older:,} {which}{many} there:"
            f" /quote CHATHISTORY {where} {MOST_UNSEEN}",
        )
    if not found.entries:
        return
    with client.batch("chathistory", place):
        playback.show(client, chathistory.worth_showing(found.entries))
    client.liveness.uncertain = True
