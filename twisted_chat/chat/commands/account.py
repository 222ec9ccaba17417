"""What people change about themselves, and the end of sessions and accounts."""

from __future__ import annotations

from ...core import command_table as words
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import DeviceLine, DeviceList, Done, Left, Result
from ...core.rooms import Person, Role
from ...core.text import check_formatted, check_text
from ..chat import Chat
from ..session import Session
from .lookup import person_named

LONGEST_INTRO = 200  # bytes


async def password(chat: Chat, session: Session, command: words.Password) -> Result:
    person = session.person
    if person.guest:
        await chat.guests.adopt(session, command.new)
        return Done(f"{person.name} is an account now: log in with this password next time.")
    await chat.accounts.change_password(session, command.old, command.new)
    chat.close_sessions(
        person, Closed("password_changed", "Your password was changed: log in again."), session
    )
    return Done("Your password is changed, and your other sessions have ended.")


async def devices(chat: Chat, session: Session, command: words.Devices) -> Result:
    sessions = chat.sessions.of(session.person)
    if command.end is None:
        now = chat.ticks()
        return DeviceList(
            tuple(
                DeviceLine(
                    number,
                    one.device,
                    one.door.dialect.name,
                    one.address,
                    int((now - one.since) // 60),
                    one is session,
                )
                for number, one in enumerate(sessions, 1)
            )
        )
    if not 1 <= command.end <= len(sessions):
        raise ChatError(
            "args", f"You have sessions 1 to {len(sessions)}: type devices to see them."
        )
    ended = sessions[command.end - 1]
    if ended is session:
        return Left()
    if ended.token:
        await chat.signin.revoke(ended)
    if ended.token != session.token:  # all sessions in text are one device
        chat.files.revoke(session.person, lambda device: device == ended.token)
    ended.close(Closed("ended", "This session was ended from another one of yours."))
    return Done(f"Session {command.end} has ended.")


async def personal_intro(chat: Chat, session: Session, command: words.PersonalIntro) -> Result:
    text = check_text(command.text, LONGEST_INTRO) if command.text else ""
    person = session.person
    await chat.store.change(lambda ledger: ledger.accounts.set(person.id, intro=text))
    person.intro = text
    return Done("Your introduction is kept." if text else "You have no introduction now.")


async def away(chat: Chat, session: Session, command: words.Away) -> Result:
    text = check_formatted(command.text or "away", LONGEST_INTRO)
    person = session.person
    await mark_away(chat, person, text)
    return Done("You are marked as away; type back when you are here again.")


async def back(chat: Chat, session: Session, command: words.Back) -> Result:
    person = session.person
    if not person.away:
        return Done("You were not marked as away.")
    await mark_away(chat, person, "")
    return Done("Welcome back.")


async def mark_away(chat: Chat, person: Person, text: str, kept: bool = True) -> None:
    """Mark a person as away, or as back with an empty text.

    If `kept` is true, the mark outlives a restart of the server.
    """
    if kept and not person.guest:
        await chat.store.change(lambda ledger: ledger.accounts.set(person.id, away=text))
    if text != person.away:
        person.away = text
        chat.onlookers.away_changed(person)


async def ignore(chat: Chat, session: Session, command: words.Ignore) -> Result:
    person, other = session.person, person_named(chat, command.user)
    if other is person or other.guest:
        raise ChatError("args", "Name an account other than your own.")
    await chat.store.change(lambda ledger: ledger.accounts.put_ignored(person.id, other.id))
    person.ignores |= {other.id}
    return Done(f"You will not see what {other.name} says, until: unignore {other.name}")


async def unignore(chat: Chat, session: Session, command: words.Unignore) -> Result:
    person, other = session.person, person_named(chat, command.user)
    if other.id not in person.ignores:
        raise ChatError("args", f"You are not ignoring {other.name}.")
    await chat.store.change(lambda ledger: ledger.accounts.drop_ignored(person.id, other.id))
    person.ignores -= {other.id}
    return Done(f"You see what {other.name} says again.")


def logout(chat: Chat, session: Session, command: words.Logout) -> Result:
    return Left()


async def delete_account(chat: Chat, session: Session, command: words.DeleteAccount) -> Result:
    person = session.person
    owned = [room.name for room in person.rooms if room.role_of(person) is Role.OWNER]
    if owned:
        raise ChatError(
            "not_allowed",
            f"You own {', '.join(owned)}: leave or delete that first, then your account.",
        )
    if not command.sure:
        raise ChatError(
            "confirm",
            "At once erased: your password, introduction, memberships, sessions and settings. "
            "What stays: what you said, under your name, which nobody else can take.",
        )
    await chat.accounts.erase(person)
    goodbye = Closed("account_deleted", "Your account is erased. Goodbye.")
    chat.close_sessions(person, goodbye, session)
    return Left(goodbye)
