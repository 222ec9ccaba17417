"""Saying things: PRIVMSG and NOTICE, in one line or in several."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ...chat.commands import perform
from ...chat.commands.lookup import joined_room
from ...chat.composing import check_tags, composed
from ...chat.session import State
from ...core import vocabulary as words
from ...core.entries import MANNERS, Entry, Kind
from ...core.errors import ChatError
from ...core.events import Whisper
from ...core.results import Result, Sent, Whispered
from ...core.rooms import Role
from ...core.text import formatted
from . import multiline, nickserv, outcomes, refusals, tagmsg
from .commands import saying, shortened, spoken
from .isupport import TARGETS
from .message import Message, encoded, write_tags
from .numerics import Refused

if TYPE_CHECKING:
    from .door import IrcDoor
    from .responses import Answers

STATUS = "@+"  # before the name of a channel: only its operators, or those with a voice too


@saying("PRIVMSG", "PRIVMSG <nick or channel>[,…] <text>: say it there")
def say(client: IrcDoor, message: Message, answers: Answers) -> None:
    _send(client, message, answers, "")


@saying("NOTICE", "NOTICE <nick or channel>[,…] <text>: say it without answer")
def tell(client: IrcDoor, message: Message, answers: Answers) -> None:
    _send(client, message, answers, "notice")


def _send(client: IrcDoor, message: Message, answers: Answers, manner: str) -> None:
    if "batch" in message.tags and client.has("draft/multiline"):
        multiline.hold(client, message, answers)
        return
    if not message.params or not message.params[0]:
        raise Refused("411")
    if len(message.params) < 2 or not message.params[1]:
        raise Refused("412")
    text = spoken(message.params[1])
    if not text:
        raise Refused("412")
    _send_to_each(client, message, text, answers, manner)


@saying("BATCH", "BATCH +<reference> draft/multiline <nick or channel>: several lines follow")
def batch(client: IrcDoor, message: Message, answers: Answers) -> None:
    finished = multiline.taken(client, message, answers)
    if finished is None:
        return
    answers.command, answers.label = finished.command, finished.label
    text = client.clients.composed.note(client.nick, finished.lines)
    manner = "notice" if finished.command == "NOTICE" else ""
    whole = Message(finished.command, (finished.target, text), tags=finished.tags)
    _send_to_each(client, whole, text, answers, manner)


def _send_to_each(
    client: IrcDoor, message: Message, text: str, answers: Answers, manner: str
) -> None:
    targets = [message.params[0]]
    if "," in targets[0]:
        targets = list(dict.fromkeys(targets[0].split(",")))
    if len(targets) > TARGETS:
        raise Refused("407", shortened(targets[TARGETS]))
    client.charge(len(targets) - 1)
    asks = text.startswith("\x01")
    if asks and (acted := action_in(text)):
        text, manner, asks = acted, "action", False
    alone = len(targets) == 1
    tags = _passed_on(message)
    for target in targets:
        try:
            if asks:
                tagmsg.pass_ctcp_on(client, message.command, target, text, answers)
            elif target[:1] in STATUS and target[1:2] == "#":
                _to_a_few(client, target, text, manner, tags, answers)
            else:
                _to_all(client, target, text, manner, tags, answers, alone)
        except (ChatError, Refused) as error:
            refusals.of_saying(client, answers, error, target)


def _passed_on(message: Message) -> str:
    """The tags that are for other clients, as they are written."""
    if not message.tags:
        return ""
    return write_tags({k: v for k, v in message.tags.items() if k.startswith("+")})[1:-1]


def action_in(text: str) -> str:
    """What somebody does, said by way of CTCP; nothing for other CTCP, which is never DCC."""
    word, _, rest = text.strip("\x01").partition(" ")
    if word.upper() == "DCC":
        raise Refused("404", "*", text="DCC is not for here: send a file with a client of the chat")
    return rest if word.upper() == "ACTION" else ""


class Awaited(NamedTuple):
    """What was said and is not stored yet, and what is told with the answer to it."""

    said: words.Say | words.Message
    away: str  # the line that tells that the other is away
    whole: bool  # the echo is all of the answer, and is shown where the room has it


def _to_all(
    client: IrcDoor,
    target: str,
    text: str,
    manner: str,
    tags: str,
    answers: Answers,
    alone: bool,
) -> None:
    """Say something to a person, or to everybody in a channel; `alone` if nowhere else as well."""
    assert client.session is not None
    if target.lower() in nickserv.NAMES:
        raise Refused("407", nickserv.NICKSERV, text="Say that to NickServ alone")
    if target[:1] != "#" and client.clients.person(target) is client.me:
        told = partial(_to_oneself, client, text, manner, tags, answers)
        tagmsg.in_turn(client, answers, target, told)
        return
    away, cid = _away_line(client, target, manner), None
    whole = alone and not away and _is_shown_own(client, target)
    if answers.label and client.has("echo-message"):
        cid = client.labelled(answers.label if whole else None)
    make = words.Say if target.startswith("#") else words.Message
    said = make(target, text, cid, manner=manner, tags=tags)
    try:
        done = perform(client.chat, client.session, said)
    except ChatError:
        client.forget_label(cid)
        raise
    if cid is not None:
        done.addErrback(_was_refused, client, cid)
    outcomes.wait_for(done, client, answers, _was_said, target, Awaited(said, away, whole))


def _away_line(client: IrcDoor, target: str, manner: str) -> str:
    """301, when somebody is written to who is away; nothing otherwise."""
    other = None if target.startswith("#") or manner == "notice" else client.clients.person(target)
    if other is None or not other.away:
        return ""
    return f":{client.clients.server} 301 {client.nick} {other.name} :{formatted(other.away)}"


def _was_refused(failure: Failure, client: IrcDoor, cid: str) -> Failure:
    client.forget_label(cid)
    return failure


def _was_said(
    client: IrcDoor, answers: Answers, result: Result, target: str, awaited: Awaited
) -> None:
    """Answer somebody whose words are stored, or were shown to whom they were for."""
    said, cid = awaited.said, awaited.said.cid
    if isinstance(result, Whispered):
        client.forget_label(cid)
        echo = Whisper(target, client.nick, said.text, result.time, said.manner, id=result.id)
        _echo_whisper(client, result.room, replace(echo, tags=said.tags), answers)
    elif isinstance(result, Sent) and client.has("echo-message"):
        in_place = _is_shown_own(client, target)
        live = client.session is not None and client.session.state is State.LIVE
        if live or not in_place:
            # What the delivery has not shown by now it never will.
            in_place = not client.forget_label(cid) and in_place
        if in_place and (cid is None or awaited.whole):
            answers.label = ""  # the echo has it, or will have it when the client reads
        else:
            _echo(client, target, said, result, answers)
    if awaited.away:
        answers.add(awaited.away)


def _to_oneself(client: IrcDoor, text: str, manner: str, tags: str, answers: Answers) -> None:
    """Words to oneself are kept nowhere: clients send them to find out whether they are heard."""
    me, chat = client.me, client.chat
    composed(chat, None, text, manner=manner)
    check_tags(tags)
    number = next(chat.unkept)
    told = Whisper(me.name, me.name, text, chat.wall(), manner, tags=tags, id=number)
    for own in client.clients.reading(me):
        own.write(encoded(own.dialect.whisper(me.name, told)))
    _echo_whisper(client, me.name, told, answers)


def _to_a_few(
    client: IrcDoor, target: str, text: str, manner: str, tags: str, answers: Answers
) -> None:
    """Say something to those of a channel only who have some standing there; it is kept nowhere."""
    session, chat, me = client.session, client.chat, client.me
    assert session is not None
    room = joined_room(chat, session, target[1:])
    chat.may_speak(me, room)
    of_rank = [
        member.person
        for member in room.members.values()
        if member.role >= Role.OPERATOR or (target[0] == "+" and member.voice)
    ]
    to = target[0] + room.name
    others = [person for person in of_rank if person is not me and person.online]
    done = Deferred.fromCoroutine(chat.whisper(session, others, text, room.name, to, manner, tags))
    echo = Whisper(room.name, me.name, text, 0, manner, to, tags)
    outcomes.wait_for(done, client, answers, _was_told, to, echo)


def _was_told(client: IrcDoor, answers: Answers, result: Whispered, to: str, echo: Whisper) -> None:
    _echo_whisper(client, to, replace(echo, time=result.time, id=result.id), answers)


def _echo_whisper(client: IrcDoor, to: str, echo: Whisper, answers: Answers) -> None:
    if client.has("echo-message"):
        for line in client.dialect.whisper(to, echo):
            answers.add_rendered(line)


def _is_shown_own(client: IrcDoor, target: str) -> bool:
    """Whether one is shown what one says there: not from outside of a channel."""
    room = client.chat.rooms.find(target) if target.startswith("#") else None
    return room is None or client.shows(room)


def _echo(
    client: IrcDoor, target: str, said: words.Say | words.Message, result: Sent, answers: Answers
) -> None:
    """Show a message to its author with the answer, since it is not shown in its place."""
    chat, me = client.chat, client.me
    other = client.clients.person(target)
    room = me.pairs.get(other.id) if other is not None else chat.rooms.find(target)
    if room is None:
        return
    entry = Entry(
        0,
        room.id,
        result.seq,
        Kind.MESSAGE,
        result.time,
        None if me.guest else me.id,
        me.name,
        said.text,
        form=MANNERS[said.manner],
        tags=said.tags,
    )
    for line in client.dialect.lines(room, room.label(me), entry):
        answers.add_rendered(line)
