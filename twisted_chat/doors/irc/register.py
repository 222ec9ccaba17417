"""REGISTER and VERIFY: making one's nick an account, before registration and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from . import accounts
from .commands import When, command
from .message import Message, shortened
from .names import folded
from .refusals import Refused

if TYPE_CHECKING:
    from .door import IrcDoor

CODES = {
    "bad_name": "BAD_ACCOUNT_NAME",
    "not_allowed": "BAD_ACCOUNT_NAME",
    "name_taken": "ACCOUNT_EXISTS",
    "bad_password": "UNACCEPTABLE_PASSWORD",
}
"""The chat's refusals as the draft has them; any other is for a time only."""


@command("REGISTER", 3, when=When.ALWAYS, help="REGISTER * * <password>: make your nick an account")
async def register(client: IrcDoor, message: Message) -> None:
    account, _, password = message.params[:3]
    nick = "" if client.nick == "*" else client.nick
    if already := accounts.account_of(client):
        _fail(client, "REGISTER", "ALREADY_AUTHENTICATED", already, f"You are {already} already.")
    elif not nick:
        _fail(client, "REGISTER", "NEED_NICK", "*", "Say first what you are to be called: NICK")
    elif account != "*" and folded(account) != folded(nick):
        text = f"An account is called like your nick, which is {nick}."
        _fail(client, "REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", account, text)
    elif not client.registered and (kept_out := client.registration.check_server_password()):
        raise Refused("464", text=kept_out.sentence)
    else:
        await _make(client, nick, password)


async def _make(client: IrcDoor, nick: str, password: str) -> None:
    try:
        await accounts.make(client, password)
    except ChatError as error:
        if not client.closed:
            code = CODES.get(error.code, "TEMPORARILY_UNAVAILABLE")
            _fail(client, "REGISTER", code, nick, error.sentence)
        return
    if client.closed:
        return
    name = accounts.account_of(client)
    text = f"{name} is your account now."
    client.line(client.clients.server, f"REGISTER SUCCESS {name} :{text}")
    person = client.chat.signin.find(name)
    assert person is not None
    accounts.tell(client, person)
    await client.registration.go_on()


@command("VERIFY", 2, when=When.ALWAYS)
def verify(client: IrcDoor, message: Message) -> None:
    account = message.params[0]
    if already := accounts.account_of(client):
        _fail(client, "VERIFY", "ALREADY_AUTHENTICATED", already, f"You are {already} already.")
        return
    text = "Accounts are good as soon as they are made: there is nothing to verify."
    _fail(client, "VERIFY", "INVALID_CODE", account, text)


def _fail(client: IrcDoor, command: str, code: str, account: str, text: str) -> None:
    client.fail(command, code, text, shortened(account))
