"""AWAY and SETNAME: what one says of oneself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ...chat.commands import check, perform
from ...chat.commands.listing import LONGEST_INTRO, mark_away
from ...core import vocabulary as words
from ...core.errors import ChatError
from ...core.formatting import unformatted
from ...core.text import check_formatted, check_text, without_forbidden
from .commands import When, command, not_registered
from .message import Message

if TYPE_CHECKING:
    from .door import IrcTalk

LONGEST_REALNAME = 150  # characters
ABSENT = "*"  # said by a client that has come by itself: nobody sits at it
NOBODY = "Nobody is at the client"


@command("AWAY", when=When.ALWAYS, help="AWAY [<text>]: be shown as away, or be back")
async def away(talk: IrcTalk, message: Message) -> None:
    asked = message.params[0] if message.params else ""
    text = without_forbidden(asked) or asked
    if talk.registered and text == ABSENT:
        await be_absent(talk)
    elif talk.registered:
        await change(talk, text)
    elif talk.has("draft/pre-away"):
        talk.registration.away = text
    else:
        raise not_registered(talk)


async def change(talk: IrcTalk, text: str) -> None:
    """Be away, or back with an empty text; the clients of a person are told what it is now."""
    session, me = talk.session, talk.me
    assert session is not None
    before = me.away
    if text:
        check(talk.chat, me, words.Away(text))
        # It ends with this client, so it must not outlive the server either.
        await mark_away(talk.chat, me, check_formatted(text, LONGEST_INTRO), kept=False)
    else:
        await perform(talk.chat, session, words.Back())
    talk.said_away = me.away
    if me.away == before:
        talk.company.presence.tell_own_away(talk)  # nothing has changed, so nobody was told


async def arrive(talk: IrcTalk) -> None:
    """Take up what was said before registration."""
    text = talk.registration.away
    try:
        if text == ABSENT:
            await be_absent(talk)
        elif text is not None:
            await change(talk, text)
        elif talk.me.away == NOBODY:
            await change(talk, "")  # somebody sits at this one
        elif talk.me.away:
            talk.company.presence.tell_own_away(talk)  # as was said elsewhere
    except ChatError as error:
        talk.notice(error.sentence)


async def be_absent(talk: IrcTalk) -> None:
    """Nobody sits at this client: as if it were not here, if there are others."""
    if len(talk.me.seats) > 1 or talk.me.away:
        talk.company.presence.tell_own_away(talk)
    else:
        await change(talk, NOBODY)


def leave(talk: IrcTalk) -> None:
    """What a client has said of being away is over with it, unless another one says so too."""
    said, talk.said_away = talk.said_away, ""
    if talk.session is None or not said or talk.me.away != said:
        return
    if not any(other.said_away == said for other in talk.company.talks_of(talk.me)):
        with suppress(ChatError):
            back = perform(talk.chat, talk.session, words.Back())
            back.addErrback(lambda failure: failure.trap(ChatError))


@command("SETNAME", 1, help="SETNAME <text>: what is shown of you beside your nick")
def set_name(talk: IrcTalk, message: Message) -> None:
    text = unformatted(message.params[0])
    if len(text) > LONGEST_REALNAME:
        most = f"That is longer than {LONGEST_REALNAME} characters."
        talk.fail("SETNAME", "INVALID_REALNAME", most)
        return
    try:
        check_text(text, 4 * LONGEST_REALNAME)
    except ChatError as error:
        talk.fail("SETNAME", "INVALID_REALNAME", error.sentence)
        return
    talk.registration.realname = text
    talk.company.realnames[talk.me.id] = text
    talk.company.presence.name_set(talk.me, text)
