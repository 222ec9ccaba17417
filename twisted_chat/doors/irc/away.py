"""AWAY and SETNAME: what one says of oneself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ...chat.commands import check, perform
from ...chat.commands.account import LONGEST_INTRO, mark_away
from ...core import vocabulary as words
from ...core.errors import ChatError
from ...core.formatting import unformatted
from ...core.text import check_formatted, check_text, without_forbidden
from .commands import When, command, not_registered
from .message import Message

if TYPE_CHECKING:
    from .door import IrcDoor

LONGEST_REALNAME = 150  # characters
ABSENT = "*"  # said by a client that has come by itself: nobody sits at it
NOBODY = "Nobody is at the client"


@command("AWAY", when=When.ALWAYS, help="AWAY [<text>]: be shown as away, or be back")
async def away(client: IrcDoor, message: Message) -> None:
    asked = message.params[0] if message.params else ""
    text = without_forbidden(asked) or asked
    if client.registered and text == ABSENT:
        await be_absent(client)
    elif client.registered:
        await change(client, text)
    elif client.has("draft/pre-away"):
        client.registration.away = text
    else:
        raise not_registered(client)


async def change(client: IrcDoor, text: str) -> None:
    """Be away, or back with an empty text; the clients of a person are told what it is now."""
    session, me = client.session, client.me
    assert session is not None
    before = me.away
    if text:
        check(client.chat, me, words.Away)
        # It ends with this client, so it must not outlive the server either.
        await mark_away(client.chat, me, check_formatted(text, LONGEST_INTRO), kept=False)
    else:
        await perform(client.chat, session, words.Back())
    client.said_away = me.away
    if me.away == before:
        client.clients.presence.tell_own_away(client)  # nothing has changed, so nobody was told


async def arrive(client: IrcDoor) -> None:
    """Take up what was said before registration."""
    text = client.registration.away
    try:
        if text == ABSENT:
            await be_absent(client)
        elif text is not None:
            await change(client, text)
        elif client.me.away == NOBODY:
            await change(client, "")  # somebody sits at this one
        elif client.me.away:
            client.clients.presence.tell_own_away(client)  # as was said elsewhere
    except ChatError as error:
        client.notice(error.sentence)


async def be_absent(client: IrcDoor) -> None:
    """Nobody sits at this client: as if it were not here, if there are others."""
    if len(client.me.seats) > 1 or client.me.away:
        client.clients.presence.tell_own_away(client)
    else:
        await change(client, NOBODY)


def leave(client: IrcDoor) -> None:
    """What a client has said of being away is over with it, unless another one says so too."""
    said, client.said_away = client.said_away, ""
    if client.session is None or not said or client.me.away != said:
        return
    if not any(other.said_away == said for other in client.clients.of(client.me)):
        with suppress(ChatError):
            back = perform(client.chat, client.session, words.Back())
            back.addErrback(lambda failure: failure.trap(ChatError))


@command("SETNAME", 1, help="SETNAME <text>: what is shown of you beside your nick")
def set_name(client: IrcDoor, message: Message) -> None:
    text = unformatted(message.params[0])
    if len(text) > LONGEST_REALNAME:
        most = f"That is longer than {LONGEST_REALNAME} characters."
        client.fail("SETNAME", "INVALID_REALNAME", most)
        return
    try:
        check_text(text, 4 * LONGEST_REALNAME)
    except ChatError as error:
        client.fail("SETNAME", "INVALID_REALNAME", error.sentence)
        return
    client.registration.realname = text
    client.clients.realnames[client.me.id] = text
    client.clients.presence.name_set(client.me, text)
