"""The server's operators: OPER, KILL, WALLOPS, REHASH, STATS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...chat.accounts.login_attempts import OPERATOR
from ...chat.commands.administration import figures, note
from ...core.events import Closed
from ...core.text import check_formatted, shown, without_forbidden
from .commands import command, shortened, words_in
from .message import Message, encoded
from .numerics import Refused
from .server_info import only_this_server
from .whois import person_here

if TYPE_CHECKING:
    from .door import IrcTalk

MOST_TRIES = 5  # of OPER on one connection


def _note(talk: IrcTalk, done: str, **facts: str) -> None:
    """Say in the log what an operator has done, and from where."""
    assert talk.session is not None
    note(talk.chat, talk.session, done, **facts)


@command("OPER", 2, help="OPER <name> <password>: become an operator of the server")
async def oper(talk: IrcTalk, message: Message) -> None:
    opers = talk.chat.settings.opers
    if not opers:
        raise Refused("491")
    talk.oper_tries += 1
    if talk.oper_tries > MOST_TRIES:
        talk.close(Closed("too_many_tries", "That was tried too often: goodbye."))
        return
    name, password = message.params[:2]
    kept = next((one.hash for one in opers if one.name == name), None)
    signin, counted = talk.chat.signin, OPERATOR + name
    with signin.attempts.attempt(counted, talk.network):
        verdict = await signin.passwords.verify(password, kept, talk.network)
    if kept is None or not verdict.ok:
        talk.log.warn(
            "OPER {name} failed for {who} at {where}",
            name=shown(name)[:32],
            who=talk.nick,
            where=talk.address,
        )
        wrong = signin.attempts.failed(counted, talk.network, "The name or the password is wrong.")
        raise Refused("464", text=wrong.sentence)
    signin.attempts.succeeded(counted, talk.network)
    talk.oper = True
    talk.modes.add("o")
    _note(talk, "is an operator of the server now, as {name}", name=name)
    talk.numeric("381", text="You are an operator of the server now")
    talk.line(talk.company.mask(talk.nick), f"MODE {talk.nick} :+o")


@command("KILL", 1, oper=True, help="KILL <nick> <reason>: end somebody's connections")
def kill(talk: IrcTalk, message: Message) -> None:
    person = person_here(talk, message.params[0])
    by, reason = talk.nick, words_in(message, 1) or "no reason was given"
    _note(talk, "kills {whom}: {reason}", whom=person.name, reason=shown(reason))
    for session in talk.chat.sessions.of(person):
        session.parting = f"Killed by {by}: {reason}"
    line = encoded([f":{talk.company.mask(by)} KILL {person.name} :{reason}"])
    for other in talk.company.talks_of(person):
        other.write(line)
    talk.chat.close_seats(person, Closed("ended", f"Killed by {by}: {reason}"))


@command("WALLOPS", 1, oper=True, help="WALLOPS <text>: tell everybody with user mode w")
def wallops(talk: IrcTalk, message: Message) -> None:
    text = check_formatted(without_forbidden(message.params[0]), 400)
    _note(talk, "tells something to the operators (WALLOPS)")
    line = encoded([f":{talk.company.mask(talk.nick)} WALLOPS :{text}"])
    for other in tuple(talk.company.talks):
        if "w" in other.modes or other.oper:
            other.write(line)


@command("REHASH", oper=True, help="REHASH: read the files again that the server was given")
def rehash(talk: IrcTalk, message: Message) -> None:
    _note(talk, "has the files read again (REHASH)")
    talk.chat.reload_motd()
    talk.chat.files_changed()
    talk.numeric("382", "files", text="The message of the day and the certificate are read again")


@command("STATS", help="STATS u: how long the server is up; more for its operators")
async def stats(talk: IrcTalk, message: Message) -> None:
    letter = message.params[0][:1] if message.params else ""
    only_this_server(talk, message, 1)
    if letter == "u":
        up = int(talk.chat.ticks() - talk.chat.started)
        days, rest = divmod(up, 86_400)
        hours, rest = divmod(rest, 3600)
        clock = f"{hours}:{rest // 60:02}:{rest % 60:02}"
        talk.numeric("242", text=f"Server Up {days} days {clock}")
    elif letter == "o" and talk.oper:
        for one in talk.chat.settings.opers:
            talk.numeric("243", "O", "*", "*", shortened(one.name))
    elif letter == "m" and talk.oper:
        for key, value in (await figures(talk.chat)).items():
            talk.numeric("249", letter, text=f"{key}: {value}")
    talk.numeric("219", shortened(letter) if letter else "*", text="That is all")
