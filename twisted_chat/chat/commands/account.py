"""One's own account: password, sessions, and its end."""

from __future__ import annotations

from typing import cast

from ...core import vocabulary as words
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import DeviceLine, DeviceList, Done, Left, Result
from ...core.rooms import Role
from ..chat import Chat
from ..session import Session


async def password(chat: Chat, session: Session, command: words.Password) -> Result:
    person = session.person
    if person.guest:
        await chat.guests.adopt(session, command.new)
        return Done(f"{person.name} is an account now: log in with this password next time.")
    await chat.accounts.change_password(session, command.old, command.new)
    chat.close_seats(
        person, Closed("password_changed", "Your password was changed: log in again."), session
    )
    return Done("Your password is changed, and your other sessions have ended.")


async def devices(chat: Chat, session: Session, command: words.Devices) -> Result:
    seats = cast("tuple[Session, ...]", session.person.seats)
    if command.end is None:
        now = chat.ticks()
        return DeviceList(
            tuple(
                DeviceLine(
                    number,
                    seat.device,
                    seat.door.dialect.name,
                    seat.address,
                    int((now - seat.since) // 60),
                    seat is session,
                )
                for number, seat in enumerate(seats, 1)
            )
        )
    if not 1 <= command.end <= len(seats):
        raise ChatError("args", f"You have sessions 1 to {len(seats)}: type devices to see them.")
    seat = seats[command.end - 1]
    if seat is session:
        return Left()
    if seat.token:
        await chat.signin.revoke(seat)
    if seat.token != session.token:  # all sessions in text are one device
        chat.files.revoke(session.person, lambda device: device == seat.token)
    seat.close(Closed("ended", "This session was ended from another one of yours."))
    return Done(f"Session {command.end} has ended.")


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
    chat.close_seats(person, goodbye, session)
    return Left(goodbye)
