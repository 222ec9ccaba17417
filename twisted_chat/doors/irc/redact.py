"""REDACT: taking back what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...chat.commands import perform
from ...core import vocabulary as words
from ...core.errors import ChatError
from .chathistory import conversation_named
from .commands import command, shortened, words_in
from .message import Message
from .references import message_in

if TYPE_CHECKING:
    from .door import IrcDoor

FORBIDDEN = frozenset(("not_allowed", "guest", "not_a_member"))


@command("REDACT", 2, help="REDACT <nick or channel> <msgid> [<reason>]: take back a message")
async def redact(client: IrcDoor, message: Message) -> None:
    name, msgid = message.params[:2]
    target, written = shortened(name), shortened(msgid)
    assert client.session is not None
    try:
        room = conversation_named(client, name)
    except ChatError as error:
        client.fail("REDACT", "INVALID_TARGET", error.sentence, target)
        return
    seq = message_in(client.clients, room, msgid)
    if room is None or seq is None:
        client.fail("REDACT", "UNKNOWN_MSGID", "There is no such message here", target, written)
        return
    what = words.Delete(f"{room.label(client.me)}/{seq}", reason=words_in(message, 2))
    try:
        await perform(client.chat, client.session, what)
    except ChatError as error:
        if error.code == "no_such_message":
            client.fail("REDACT", "UNKNOWN_MSGID", error.sentence, target, written)
        elif error.code in FORBIDDEN:
            client.fail("REDACT", "REDACT_FORBIDDEN", error.sentence, target, written)
        else:
            raise
