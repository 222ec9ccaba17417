"""What a client carries out itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.commands import Command
from . import places
from .commands import (
    Cancel,
    Get,
    Jump,
    Next,
    Passphrase,
    Readers,
    Reconnect,
    Reply,
    Send,
    Switch,
    Transfers,
    Verify,
)
from .files import here

if TYPE_CHECKING:
    from .desk import Desk


async def carry_out(desk: Desk, command: Command) -> None:
    """Carry out a command of the client's own vocabulary."""
    user = desk.user
    match command:
        case Switch(""):
            desk.say(*places.listed(user))
        case Switch(place):
            await desk.go_to(place)
        case Next():
            label = places.next_unread(user, desk.here)
            if label:
                desk.switch(label)
            else:
                desk.say("(There is nothing unread.)")
        case Reply(message, text):
            await desk.say_in(*await places.answering(user, message, text))
        case Jump(message):
            for seen in await places.around(user, message):
                desk.put(seen.as_citation(desk.here))
        case Send(place, path):
            desk.show(await desk.settled(await desk.files.send(place, path)))
        case Get(file, path):
            desk.say(here(await desk.files.get(file, path)))
        case Cancel(number):
            desk.files.cancel(number)
        case Transfers():
            desk.say(*desk.files.listed())
        case Verify(name, ok):
            await desk.encryption.verify(name, ok)
        case Readers():
            await desk.encryption.read_by(command)
        case Passphrase():
            await desk.encryption.protect()
        case Reconnect():
            user.life.hurry()
