"""What each command does. `perform` makes the checks that are the same for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred, fail

from ...core import command_table as words
from ...core.commands import Command
from ...core.draft import Draft
from ...core.errors import ChatError
from ...core.results import Result
from ..chat import Chat
from ..session import Session
from . import (
    account,
    administration,
    directory,
    encryption,
    files,
    history,
    messages,
    moderation,
    rooms,
)
from .permission import check

__all__ = ["check", "perform", "send"]

Action = Callable[[Chat, Session, Any], "Result | Awaitable[Result]"]

ACTIONS: dict[type[Command], Action] = {
    words.Password: account.password,
    words.Devices: account.devices,
    words.DeleteAccount: account.delete_account,
    words.PersonalIntro: account.personal_intro,
    words.Away: account.away,
    words.Back: account.back,
    words.Ignore: account.ignore,
    words.Unignore: account.unignore,
    words.Logout: account.logout,
    words.BanUser: administration.ban_user,
    words.UnbanUser: administration.unban_user,
    words.ResetPassword: administration.reset_password,
    words.Announce: administration.announce,
    words.Stats: administration.stats,
    words.Shutdown: administration.shutdown,
    words.Encrypt: encryption.encrypt,
    words.Offer: files.offer,
    words.Files: files.list_files,
    words.Get: files.get,
    words.History: history.history,
    words.Search: history.find,
    words.WhoElse: directory.who_else,
    words.WhoLast: directory.who_last,
    words.WhoIs: directory.who_is,
    words.Rooms: directory.rooms,
    words.Members: directory.members,
    words.Help: directory.help,
    words.Broadcast: messages.broadcast,
    words.Say: messages.say,
    words.Act: messages.act,
    words.Message: messages.message,
    words.BroadcastUsers: messages.broadcast_users,
    words.Talk: messages.talk,
    words.Edit: messages.edit,
    words.Delete: messages.delete,
    words.Op: moderation.op,
    words.Deop: moderation.deop,
    words.Voice: moderation.voice,
    words.Devoice: moderation.devoice,
    words.Kick: moderation.kick,
    words.Ban: moderation.ban,
    words.Unban: moderation.unban,
    words.Mute: moderation.mute,
    words.Unmute: moderation.unmute,
    words.Create: rooms.create,
    words.Join: rooms.join,
    words.Leave: rooms.leave,
    words.Invite: rooms.invite,
    words.Topic: rooms.topic,
    words.Rename: rooms.rename,
    words.Undelete: rooms.undelete,
    words.Mode: moderation.mode,
}


def perform(chat: Chat, session: Session, command: Command) -> Deferred[Result]:
    """Carry out a command; a ChatError raised here or later is the refusal."""
    make = type(command)
    return _carry_out(chat, session, make, ACTIONS[make], command)


def send(chat: Chat, session: Session, place: str, draft: Draft) -> Deferred[Result]:
    """Say something in a room (`#name`) or to a person, as `perform` does for a command."""
    if draft.file is not None:
        return _carry_out(chat, session, words.Offer, files.say_file, place, draft)
    if place.startswith("#"):
        return _carry_out(chat, session, words.Say, messages.say_in_room, place, draft)
    return _carry_out(chat, session, words.Message, messages.say_in_private, place, draft)


def _carry_out(
    chat: Chat,
    session: Session,
    command: type[Command],
    action: Callable[..., Result | Awaitable[Result]],
    *arguments: object,
) -> Deferred[Result]:
    session.asked_at = chat.ticks()
    check(chat, session.person, command)
    try:
        outcome = action(chat, session, *arguments)
    except ChatError:
        raise
    except Exception:
        return fail()  # a fault of the program's, which the door reports like any other answer
    if isinstance(outcome, Deferred):
        return outcome
    if isinstance(outcome, Result):
        done: Deferred[Result] = Deferred()
        done.callback(outcome)
        return done
    return Deferred.fromCoroutine(outcome)  # type: ignore[arg-type]
