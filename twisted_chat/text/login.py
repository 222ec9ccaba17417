"""The dialogue that begins every text session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.commands import TABLE
from ..core.errors import ChatError
from ..core.events import Closed
from ..core.vocabulary import Logout

if TYPE_CHECKING:
    from ..proving import Proof
    from .talk import TextTalk

MOST_SLIPS = 3  # passwords that are typed differently the second time
MOST_TRIES = 10  # dialogues on one connection that lead nowhere


async def sign_in(talk: TextTalk) -> Proof | None:
    """Ask for a name and whatever proves it; None when that leads nowhere."""
    for _ in range(MOST_TRIES):
        name = ""
        while not name:
            name = (await talk.ask("Username: ")).strip()
            row = TABLE.named(name)
            if row is not None and row.make is Logout:
                talk.log_out(name)
                return None
        try:
            return await _prove(talk, name)
        except ChatError as error:
            talk.refuse(error)
    talk.close(Closed("too_many_tries", "That was tried too often: goodbye."))
    return None


async def _prove(talk: TextTalk, name: str) -> Proof:
    signin = talk.chat.signin
    if signin.find(name) is not None or not _open(talk):
        return await _known(talk, name)
    if talk.chat.settings.guests:
        return signin.guest(name)
    return await _new(talk, name)


def _open(talk: TextTalk) -> bool:
    settings = talk.chat.settings
    return settings.registration_open or settings.guests


async def _known(talk: TextTalk, name: str) -> Proof:
    """Ask for the password until it is right or there are no tries left."""
    while True:
        password = await talk.ask("Enter user's password: ")
        try:
            return await talk.chat.signin.with_password(name, password, talk.connection.network)
        except ChatError as error:
            if error.code != "wrong_password":
                raise
            talk.refuse(error)


async def _new(talk: TextTalk, name: str) -> Proof:
    """Somebody new chooses a password."""
    signin, connection = talk.chat.signin, talk.connection
    signin.new_name(name, connection.local)
    signin.check_registration(connection.network)
    talk.say(f"{name} is a new name here: choose a password for it.")
    password = await _chosen(talk)
    return await signin.register(name, password, connection.network, connection.local)


async def _chosen(talk: TextTalk) -> str:
    """A password that was typed twice in the same way."""
    for _ in range(MOST_SLIPS):
        password = await talk.ask("Enter Password: ")
        if not password:
            raise ChatError("bad_password", "A password cannot be empty: begin again.")
        if await talk.ask("Enter Password again: ") == password:
            return password
        talk.say("(The two passwords are not the same: choose again.)")
    raise ChatError("bad_password", "No password was chosen: begin again.")
