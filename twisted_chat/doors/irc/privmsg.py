"""Messages: PRIVMSG, NOTICE, TAGMSG, and BATCH for several lines; REDACT takes them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ...chat.commands import send
from ...chat.commands.lookup import joined_room, somebody_named
from ...chat.commands.messages import speaking_place
from ...chat.session import Session, State
from ...core import command_table as words
from ...core.draft import Draft, check_tags
from ...core.entries import Entry, Form, Kind
from ...core.errors import ChatError
from ...core.events import Whisper
from ...core.results import Result, Sent, Whispered
from ...core.rooms import Role, Room
from ...core.text import formatted
from . import multiline
from .chathistory import conversation_named, message_in
from .client import IrcClient
from .message import Message, encoded, shortened, spoken, words_in, write_tags
from .people import NICKSERV, SERVICES
from .refusals import REFUSALS, Failed, Refused, failed

TARGETS = 4  # of one PRIVMSG, NOTICE or TAGMSG
TAG_CAPABILITIES = frozenset(("message-tags", "server-time", "account-tag"))
"""The capabilities that decide which tags a line has."""

STATUS = "@+"  # before the name of a channel: only its operators, or those with a voice too


def privmsg(client: IrcClient, message: Message) -> None:
    _send(client, message, Form.WORDS)


def notice(client: IrcClient, message: Message) -> None:
    _send(client, message, Form.NOTICE)


def _send(client: IrcClient, message: Message, form: Form) -> None:
    if "batch" in message.tags and client.has(multiline.TYPE):
        _add_to_batch(client, message)
        return
    if not message.params or not message.params[0]:
        raise Refused("411")
    if len(message.params) < 2 or not message.params[1]:
        raise Refused("412")
    text = spoken(message.params[1])
    if not text:
        raise Refused("412")
    _send_to_each(client, message, text, form)


def _send_to_each(client: IrcClient, message: Message, text: str, form: Form) -> None:
    targets = _targets(client, message)
    ctcp = text.startswith("\x01")
    if ctcp and (acted := _action_in(text)):
        text, form, ctcp = acted, Form.ACTION, False
    alone = len(targets) == 1
    draft = Draft(text, form=form, tags=write_tags(_client_tags(message))[1:-1])
    for target in targets:
        try:
            if ctcp:
                _in_turn(client, target, partial(_send_ctcp, client, message.command, target, text))
            elif target[:1] in STATUS and target[1:2] == "#":
                _send_by_status(client, target, draft)
            else:
                _send_to(client, target, draft, alone)
        except REFUSALS as error:
            client.refuse(error, target)


def _targets(client: IrcClient, message: Message) -> list[str]:
    """The targets of a message, each once. Raises Refused if there are too many."""
    targets = [message.params[0]]
    if "," in targets[0]:
        targets = list(dict.fromkeys(targets[0].split(",")))
    if len(targets) > TARGETS:
        raise Refused("407", shortened(targets[TARGETS]))
    client.charge(len(targets) - 1)
    return targets


def _client_tags(message: Message) -> dict[str, str]:
    """The tags that are meant for other clients."""
    return {key: value for key, value in message.tags.items() if key.startswith("+")}


def _action_in(text: str) -> str:
    """The text of a CTCP ACTION; empty for other CTCP. Raises Refused for DCC."""
    word, _, rest = text.strip("\x01").partition(" ")
    if word.upper() == "DCC":
        raise Refused("404", "*", text="DCC is not for here: send a file with a client of the chat")
    return rest if word.upper() == "ACTION" else ""


class Awaited(NamedTuple):
    """A message that is not stored yet, and what is sent with the answer to it."""

    said: Draft
    away: str  # the line that says that the other person is away
    whole: bool  # the echo is all of the answer, and is shown where the room has it


def _send_to(client: IrcClient, target: str, draft: Draft, alone: bool) -> None:
    """Send a message to a person, or to everybody in a channel.

    `alone` says that this is its only target.
    """
    if target.lower() in SERVICES:
        raise Refused("407", NICKSERV, text="Say that to NickServ alone")
    if target[:1] != "#" and client.people.find(target) is client.me:
        _in_turn(client, target, partial(_send_to_self, client, draft))
        return
    away = _away_line(client, target, draft.form)
    whole = alone and not away and _is_shown_own(client, target)
    labels, label = client.clients.labels, client.response.label
    if label and client.has("echo-message"):
        expected = labels.expect(client.label_scope, label if whole else None)
        draft = replace(draft, cid=expected)
    try:
        done = send(client.chat, client.own_session, target, draft)
    except ChatError:
        labels.drop(draft.cid)
        raise
    if draft.cid is not None:
        done.addErrback(_was_refused, client, draft.cid)
    client.wait_for(done, target, _was_sent, target, Awaited(draft, away, whole))


def _away_line(client: IrcClient, target: str, form: Form) -> str:
    """301, if the person who is written to is away; else empty."""
    answers = not target.startswith("#") and form is not Form.NOTICE
    other = client.people.find(target) if answers else None
    if other is None or not other.away:
        return ""
    return f":{client.server} 301 {client.nick} {other.name} :{formatted(other.away)}"


def _was_refused(failure: Failure, client: IrcClient, cid: str) -> Failure:
    client.clients.labels.drop(cid)
    return failure


def _was_sent(client: IrcClient, result: Result, target: str, awaited: Awaited) -> None:
    """Answer a message that was stored, or shown to the people it was for."""
    said, cid = awaited.said, awaited.said.cid
    if isinstance(result, Whispered):
        client.clients.labels.drop(cid)
        echo = Whisper.of(said, target, client.nick, result.time, id=result.id)
        _echo_whisper(client, result.room, echo)
    elif isinstance(result, Sent) and client.has("echo-message"):
        in_place = _is_shown_own(client, target)
        live = client.session is not None and client.session.state is State.LIVE
        if live or not in_place:
            # What the delivery has not shown by now it never will.
            in_place = not client.clients.labels.drop(cid) and in_place
        if in_place and (cid is None or awaited.whole):
            client.response.label = ""  # the echo has it, or will have it when the client reads
        else:
            _echo(client, target, said, result)
    if awaited.away:
        client.response.add(awaited.away)


def _send_to_self(client: IrcClient, draft: Draft) -> None:
    """Send a message to its author only. Clients do so to find out whether the server answers."""
    me, chat = client.me, client.chat
    chat.messages.check(None, draft)
    told = Whisper.of(draft, me.name, me.name, chat.wall(), id=chat.messages.next_unkept())
    for own in [one for one in client.clients.of(me) if one.reads]:
        own.write(encoded(own.dialect.whisper(me.name, told)))
    _echo_whisper(client, me.name, told)


def _send_by_status(client: IrcClient, target: str, draft: Draft) -> None:
    """Send a message to a channel's operators, or also to those with a voice; it is not stored."""
    session, chat, me = client.own_session, client.chat, client.me
    room = joined_room(chat, session, target[1:])
    chat.membership.may_speak(me, room)
    of_rank = [
        member.person
        for member in room.members.values()
        if member.role >= Role.OPERATOR or (target[0] == "+" and member.voice)
    ]
    to = target[0] + room.name
    others = [person for person in of_rank if person is not me and person.online]
    done = Deferred.fromCoroutine(chat.messages.whisper(session, others, draft, room.name, to))
    echo = Whisper.of(draft, room.name, me.name, 0, to)
    client.wait_for(done, to, _whisper_sent, to, echo)


def _whisper_sent(client: IrcClient, result: Whispered, to: str, echo: Whisper) -> None:
    _echo_whisper(client, to, replace(echo, time=result.time, id=result.id))


def _echo_whisper(client: IrcClient, to: str, echo: Whisper) -> None:
    if client.has("echo-message"):
        client.response.add_rendered(client.dialect.whisper(to, echo))


def _is_shown_own(client: IrcClient, target: str) -> bool:
    """Whether the client is shown its own messages there: not from outside of a channel."""
    room = client.chat.rooms.find(target) if target.startswith("#") else None
    return room is None or client.has_joined(room)


def _echo(client: IrcClient, target: str, said: Draft, result: Sent) -> None:
    """Show a message to its author in the answer, since it is not shown in the room's order."""
    chat, me = client.chat, client.me
    other = client.people.find(target)
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
        form=said.form,
        tags=said.tags,
    )
    client.response.add_rendered(client.dialect.lines(room, room.label(me), entry))


# --- messages of several lines ---------------------------------------------------------------


def batch(client: IrcClient, message: Message) -> None:
    if not client.has(multiline.TYPE):
        raise Refused("421", "BATCH")
    if not message.params or message.params[0][:1] not in ("+", "-"):
        raise Refused("461", "BATCH")
    sign, reference = message.params[0][0], message.params[0][1:]
    try:
        if "batch" in message.tags:
            raise multiline.invalid("A batch cannot be in another one")
        if sign == "+":
            _open_batch(client, reference, message)
        else:
            _close_batch(client, reference)
    except Failed as error:
        _refuse_batch(client, error)


def _open_batch(client: IrcClient, reference: str, message: Message) -> None:
    kind, target, *_ = (*message.params[1:], "", "")
    if client.open_batch is not None and not client.open_batch.failed:
        raise multiline.invalid("Another batch is open already")
    if not reference or len(reference) > multiline.LONGEST_REFERENCE:
        raise multiline.invalid("A batch has a reference")
    opened = multiline.Batch(
        reference, client.chat.ticks(), target, client.response.label, dict(message.tags)
    )
    client.open_batch = opened
    opened.check(kind)
    client.response.label = ""  # the end of the batch is answered, and has the label


def _add_to_batch(client: IrcClient, message: Message) -> None:
    """Keep a line until its batch is complete."""
    current = client.open_batch
    try:
        if current is None or message.tags["batch"] != current.reference:
            raise multiline.invalid("There is no such batch")
        if not current.failed:
            client.connection.kept(current.add(message, client.chat.settings.max_message))
    except Failed as error:
        _refuse_batch(client, error)
    else:
        client.response.label = ""


def _close_batch(client: IrcClient, reference: str) -> None:
    """Send the message that the batch is, unless it has failed before."""
    closed = client.open_batch
    if closed is None or closed.reference != reference:
        raise multiline.invalid("There is no such batch")
    client.open_batch = None
    if closed.failed:
        return
    if closed.blank:
        raise multiline.invalid("There is nothing but blank lines in that")
    client.response.command, client.response.label = closed.command, closed.label
    text = client.clients.line_cuts.note(client.nick, closed.lines)
    whole = Message(closed.command, (closed.target, text), tags=closed.tags)
    form = Form.NOTICE if closed.command == "NOTICE" else Form.WORDS
    _send_to_each(client, whole, text, form)


def _refuse_batch(client: IrcClient, error: Failed) -> None:
    """Say what is wrong with a batch, and ignore what still comes of it."""
    current, response = client.open_batch, client.response
    if current is not None:
        current.fail()
        response.label = response.label or current.label
    client.refuse(error, command="BATCH")


def close_late_batch(client: IrcClient, now: float) -> None:
    """Give up a batch that was left open for too long."""
    current = client.open_batch
    if current is None or current.failed or now - current.since < multiline.OPEN_FOR:
        return
    if client.response.awaited:
        return  # another command is being answered: try again the next time
    text = f"The batch was not ended in {multiline.OPEN_FOR:.0f} seconds, so nothing of it was sent"
    _refuse_batch(client, Failed("TIMEOUT", text, shortened(current.reference)))


# --- what is not stored: TAGMSG and CTCP -----------------------------------------------------


def tagmsg(client: IrcClient, message: Message) -> None:
    if not message.params or not message.params[0]:
        raise Refused("411")
    tags = _client_tags(message)
    check_tags(write_tags(tags)[1:-1])
    for target in _targets(client, message):
        try:
            _in_turn(client, target, partial(_send_tags, client, target, tags))
        except REFUSALS as error:
            client.refuse(error, target)


def _send_tags(client: IrcClient, target: str, tags: dict[str, str]) -> None:
    room, place, others = _reached(client, target)
    with_tags = [other for other in others if other.has("message-tags")]
    _pass_on(client, f"TAGMSG {place}", tags, with_tags)
    if room is not None and tags.get("+typing") == "active":
        client.chat.typists.typing(client.me, room, but=_is_on_irc)


def _in_turn(client: IrcClient, target: str, send: Callable[[], None]) -> None:
    """Send something after all messages that the client has sent before."""
    if client.sending_more:
        client.wait_for(client.chat.messages.all_said(), target, _now, send)
    else:
        send()


def _now(client: IrcClient, result: None, send: Callable[[], None]) -> None:
    send()


def _is_on_irc(session: Session) -> bool:
    return session.door.dialect.name == "irc"


def _send_ctcp(client: IrcClient, command: str, target: str, text: str) -> None:
    """Pass a CTCP request or answer on, where the channel allows that."""
    room, place, others = _reached(client, target)
    person = None if place.startswith("#") else client.people.find(place)
    if person is not None and not person.online:
        raise Refused("401", place, text=f"{place} is not here, and that is kept nowhere")
    if room is not None and room.rules.no_ctcp:
        raise Refused("404", place, text="No CTCP is passed on there (+C)")
    line = f"{command} {place} :\x01{text.strip(chr(1))}\x01"
    _pass_on(client, line, {}, others)


def _reached(client: IrcClient, target: str) -> tuple[Room | None, str, Iterable[IrcClient]]:
    """The conversation, if it has begun, its name, and the other clients in it."""
    clients, me = client.clients, client.me
    if not target.startswith("#") and client.people.find(target) is me:
        return None, me.name, [one for one in clients.of(me) if one.reads]
    room = speaking_place(client.chat, client.own_session, target)
    if room is not None and room.pair is None:
        place, there = room.name, clients.in_channel.of(room)
    else:
        person = somebody_named(client.chat, target)
        place, there = person.name, [*clients.of(person), *clients.of(me)]
    others = [one for one in there if one is not client and me.id not in one.me.ignores]
    return room, place, [one for one in others if one.keeps_up]


def _pass_on(
    client: IrcClient,
    line: str,
    tags: dict[str, str],
    others: Iterable[IrcClient],
) -> None:
    """Show a line to others, and to its author's client if it asked for echoes, with one id."""
    clients, me = client.clients, client.me
    msgid = {"msgid": f"{client.people.epoch}-0-{client.chat.messages.next_unkept()}"}

    def tags_for(other: IrcClient) -> dict[str, str]:
        own = msgid if other.has("message-tags") else {}
        return {**other.tags_now(me), **own, **tags}

    written: dict[frozenset[str], bytes] = {}
    for other in others:
        caps = frozenset(TAG_CAPABILITIES & other.caps)
        if caps not in written:
            tagged = f"{write_tags(tags_for(other))}:{clients.people.mask(me.name)} {line}"
            written[caps] = encoded([tagged])
        other.write(written[caps])
    if client.has("echo-message") and (client.has("message-tags") or not line.startswith("TAGMSG")):
        client.response.add(f":{clients.people.mask(me.name)} {line}", tags_for(client))


# --- REDACT ----------------------------------------------------------------------------------


async def redact(client: IrcClient, message: Message) -> None:
    name, msgid = message.params[:2]
    target, written = shortened(name), shortened(msgid)
    try:
        room = conversation_named(client, name)
    except ChatError as error:
        raise Failed("INVALID_TARGET", error.sentence, target) from None
    seq = message_in(client.clients, room, msgid)
    if room is None or seq is None:
        raise Failed("UNKNOWN_MSGID", "There is no such message here", target, written)
    what = words.Delete(f"{room.label(client.me)}/{seq}", reason=words_in(message, 2))
    try:
        await client.perform(what)
    except ChatError as error:
        raise failed("REDACT", error, target, written) from None
