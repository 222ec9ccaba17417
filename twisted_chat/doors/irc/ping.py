"""PING, PONG, QUIT and what else is about the connection itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.text import without_controls
from .commands import When, command
from .message import Message, words_in
from .refusals import Refused

if TYPE_CHECKING:
    from .door import IrcDoor


@command("PING", when=When.ALWAYS)
async def ping(client: IrcDoor, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("409")
    session = client.session
    if session is not None:
        # Clients take the answer for a sign that they have all that there was when they asked.
        await session.caught_up()
    server = client.clients.server
    client.line(server, f"PONG {server} :{without_controls(message.params[0])}")


@command("PONG", when=When.ALWAYS)
def pong(client: IrcDoor, message: Message) -> None:
    if message.params:
        client.liveness.answered(message.params[-1])


@command("QUIT", when=When.ALWAYS, help="QUIT [<reason>]: leave")
def quit(client: IrcDoor, message: Message) -> None:
    reason = words_in(message, 0)
    session = client.session
    if session is not None:
        session.parting = f"Quit: {reason}" if reason else "Quit"
        if client.connection.flushed():
            # Who says goodbye has read what has arrived.
            client.chat.cursors.note_all_shown(session)
    client.leave(f"ERROR :Goodbye{': ' + reason if reason else ''}\r\n".encode())
