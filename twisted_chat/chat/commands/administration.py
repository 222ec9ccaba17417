"""What only the server's administrators can do."""

from __future__ import annotations

import resource
import sys

from ...core import command_table as words
from ...core.durations import spoken
from ...core.errors import ChatError
from ...core.events import Closed, Notice
from ...core.results import Done, NewPassword, Numbers, Result
from ...core.rooms import Person
from ...core.text import check_text
from ...store import FOR_EVER, snapshot
from ..chat import Chat
from ..session import Session
from .lookup import account_named, deadline


def _subordinate(session: Session, person: Person) -> Person:
    if person is session.person or person.admin:
        raise ChatError("not_allowed", "Administrators cannot do that to each other or themselves.")
    return person


def note(chat: Chat, session: Session, done: str, **facts: str) -> None:
    """Log what an administrator or operator has done, and from where."""
    person, where = session.person.name, session.address
    chat.log.info(f"{{by}} at {{where}} {done}", by=person, where=where, **facts)


async def ban_user(chat: Chat, session: Session, command: words.BanUser) -> Result:
    person = _subordinate(session, account_named(chat, command.user))
    until = deadline(chat, command.duration) or FOR_EVER
    if command.reason:
        check_text(command.reason, 200)
    before, person.suspended_until = person.suspended_until, until
    try:
        await chat.accounts.suspend(person, until, command.reason)
    except ChatError:
        person.suspended_until = before
        raise
    why = f": {command.reason}" if command.reason else "."
    chat.close_sessions(person, Closed("suspended", f"You are banned from this server{why}"))
    span = f" for {command.duration}" if command.duration else ""
    done = "bans {whom} from the server{span}{why}"
    note(chat, session, done, whom=person.name, span=span, why=why if command.reason else "")
    return Done(f"{person.name} is banned from this server{span}.")


async def unban_user(chat: Chat, session: Session, command: words.UnbanUser) -> Result:
    person = account_named(chat, command.user)
    if person.suspended_until is None:
        raise ChatError("args", f"{person.name} is not banned.")
    await chat.accounts.suspend(person, None, "")
    person.suspended_until = None
    note(chat, session, "lets {whom} log in again", whom=person.name)
    return Done(f"{person.name} can log in again.")


async def reset_password(chat: Chat, session: Session, command: words.ResetPassword) -> Result:
    person = _subordinate(session, account_named(chat, command.user))
    new = await chat.accounts.reset_password(person)
    note(chat, session, "resets the password of {whom}", whom=person.name)
    chat.close_sessions(
        person, Closed("password_changed", "An administrator has reset your password.")
    )
    return NewPassword(person.name, new)


def announce(chat: Chat, session: Session, command: words.Announce) -> Result:
    text = check_text(command.text, chat.settings.max_message)
    note(chat, session, "announces something to everybody")
    chat.sessions.tell_all(Notice("announcement", f"Announcement by {session.person.name}: {text}"))
    return Done()


async def stats(chat: Chat, session: Session, command: words.Stats) -> Result:
    return Numbers(await figures(chat))


async def figures(chat: Chat) -> dict[str, int | float | str]:
    """How the server is doing."""
    stored = await chat.store.read(snapshot.counts)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "up": spoken(int(chat.ticks() - chat.started)),
        "people online": len(chat.roster.online),
        "sessions": len(chat.sessions),
        "guests": chat.roster.guests,
        **stored._asdict(),
        "peak memory, MiB": usage.ru_maxrss // 1024,
        "processor seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "python": sys.version.split()[0],
    }


async def shutdown(chat: Chat, session: Session, command: words.Shutdown) -> Result:
    if not command.sure:
        others = len(chat.roster.online) - 1
        whom = "1 other" if others == 1 else f"{others:,} others"
        raise ChatError("confirm", f"This stops the server, for you and {whom} online.")
    note(chat, session, "shuts the server down")
    chat.clock.callLater(0, chat.stop_server)
    return Done("The server is stopping.")
