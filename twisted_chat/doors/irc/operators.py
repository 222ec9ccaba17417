"""The server's operators: OPER, KILL, WALLOPS, REHASH, STATS."""

from __future__ import annotations

from ...chat.accounts.login_attempts import OPERATOR
from ...chat.commands.administration import figures, note
from ...core.events import Closed
from ...core.text import check_formatted, shown, without_forbidden
from .client import IrcClient
from .message import Message, encoded, shortened, words_in
from .refusals import Refused
from .server_info import only_this_server
from .whois import person_here

MOST_TRIES = 5  # of OPER on one connection


def _note(client: IrcClient, done: str, **facts: str) -> None:
    """Log what an operator has done, and from where."""
    note(client.chat, client.own_session, done, **facts)


async def oper(client: IrcClient, message: Message) -> None:
    opers = client.chat.settings.opers
    if not opers:
        raise Refused("491")
    client.oper_tries += 1
    if client.oper_tries > MOST_TRIES:
        client.close(Closed("too_many_tries", "That was tried too often: goodbye."))
        return
    name, password = message.params[:2]
    kept = next((one.hash for one in opers if one.name == name), None)
    signin, counted = client.chat.signin, OPERATOR + name
    with signin.attempts.attempt(counted, client.network):
        verdict = await signin.passwords.verify(password, kept, client.network)
    if kept is None or not verdict.ok:
        client.log.warn(
            "OPER {name} failed for {who} at {where}",
            name=shown(name)[:32],
            who=client.nick,
            where=client.address,
        )
        wrong = signin.attempts.failed(
            counted, client.network, "The name or the password is wrong."
        )
        raise Refused("464", text=wrong.sentence)
    signin.attempts.succeeded(counted, client.network)
    client.oper = True
    client.modes.add("o")
    _note(client, "is an operator of the server now, as {name}", name=name)
    client.numeric("381", text="You are an operator of the server now")
    client.line(client.people.mask(client.nick), f"MODE {client.nick} :+o")


def kill(client: IrcClient, message: Message) -> None:
    person = person_here(client, message.params[0])
    by, reason = client.nick, words_in(message, 1) or "no reason was given"
    _note(client, "kills {whom}: {reason}", whom=person.name, reason=shown(reason))
    for session in client.chat.sessions.of(person):
        session.parting = f"Killed by {by}: {reason}"
    line = encoded([f":{client.people.mask(by)} KILL {person.name} :{reason}"])
    for other in client.clients.of(person):
        other.write(line)
    client.chat.close_sessions(person, Closed("ended", f"Killed by {by}: {reason}"))


def wallops(client: IrcClient, message: Message) -> None:
    text = check_formatted(without_forbidden(message.params[0]), 400)
    _note(client, "tells something to the operators (WALLOPS)")
    line = encoded([f":{client.people.mask(client.nick)} WALLOPS :{text}"])
    for other in tuple(client.clients.registered):
        if "w" in other.modes or other.oper:
            other.write(line)


def rehash(client: IrcClient, message: Message) -> None:
    _note(client, "has the files read again (REHASH)")
    client.chat.reload_motd()
    client.chat.files_changed()
    client.numeric("382", "files", text="The message of the day and the certificate are read again")


async def stats(client: IrcClient, message: Message) -> None:
    letter = message.params[0][:1] if message.params else ""
    only_this_server(client, message, 1)
    if letter == "u":
        up = int(client.chat.ticks() - client.chat.started)
        days, rest = divmod(up, 86_400)
        hours, rest = divmod(rest, 3600)
        clock = f"{hours}:{rest // 60:02}:{rest % 60:02}"
        client.numeric("242", text=f"Server Up {days} days {clock}")
    elif letter == "o" and client.oper:
        for one in client.chat.settings.opers:
            client.numeric("243", "O", "*", "*", shortened(one.name))
    elif letter == "m" and client.oper:
        for key, value in (await figures(client.chat)).items():
            client.numeric("249", letter, text=f"{key}: {value}")
    client.numeric("219", shortened(letter) if letter else "*", text="That is all")
