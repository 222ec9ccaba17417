"""Who may use which command."""

from __future__ import annotations

from ...core.command_table import TABLE
from ...core.commands import Command, Who
from ...core.errors import ChatError
from ...core.rooms import Person
from ..chat import Chat


def check(chat: Chat, person: Person, command: type[Command]) -> None:
    """Refuse a command to a person who may not use it at all."""
    row = TABLE.of(command)
    if person.erased:
        raise ChatError("not_now", "Your account is being erased.")
    if row.who is Who.ADMIN and not person.admin:
        raise ChatError("not_allowed", f"Only an administrator can use {row.name}.")
    if row.who is not Who.GUEST and person.guest:
        way = "type password to make your name an account"
        if not chat.settings.registration_open:
            way = "ask who runs this server for an account"
        raise ChatError("guest", f"A guest cannot use {row.name}: {way}.")
