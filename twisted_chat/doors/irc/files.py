"""GET: how an IRC client's user has a file that was sent in a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...chat.commands import perform
from ...core import vocabulary as words
from ...core.attachments import size_in_words
from ...core.errors import ChatError
from ...core.results import FileTicket
from ...core.text import shown
from ..text import files
from ..web.address import ONCE, takes_files_at
from ..web.file_headers import in_link
from .commands import command
from .message import Message

if TYPE_CHECKING:
    from .door import IrcDoor

LONGEST = 15  # digits


@command("GET", 1, help="GET <number>: how to have a file that was sent here")
async def get(client: IrcDoor, message: Message) -> None:
    number = message.params[0]
    if not (number.isascii() and number.isdecimal()) or len(number) > LONGEST:
        raise ChatError("args", "A file is named by its number: GET 5.")
    assert client.session is not None
    found = await perform(client.chat, client.session, words.Get(int(number)))
    if not client.closed:
        for line in _lines(client, cast("FileTicket", found)):
            client.notice(line)


def _lines(client: IrcDoor, ticket: FileTicket) -> tuple[str, ...]:
    where = takes_files_at(client.chat.settings, client.connection)
    if not where or not ticket.name:
        return files.lines(ticket, client.connection.destination, client.tls)
    what = f"{shown(ticket.name)}, {size_in_words(ticket.size)}"
    link = f"{where}/{ONCE}/{ticket.ticket}/{in_link(ticket.name)}"
    return (f"(To have {what}, open this link; it works once, and for an hour)", link)
