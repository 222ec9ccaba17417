"""What is passed on between IRC clients and kept nowhere: tags without words, and CTCP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from ...chat.commands.lookup import somebody_named
from ...chat.commands.messages import speaking_place
from ...chat.composing import check_tags
from ...core.errors import ChatError
from . import outcomes, refusals
from .commands import saying, shortened
from .isupport import TARGETS
from .message import Message, encoded, write_tags
from .numerics import Refused

if TYPE_CHECKING:
    from ...chat.session import Session
    from ...core.rooms import Room
    from .door import IrcDoor
    from .responses import Answers

TAGGING = frozenset(("message-tags", "server-time", "account-tag"))
"""The capabilities that decide which tags a line has."""


@saying("TAGMSG", "TAGMSG <nick or channel>: pass tags on, without words")
def pass_tags_on(client: IrcDoor, message: Message, answers: Answers) -> None:
    if not message.params or not message.params[0]:
        raise Refused("411")
    tags = {key: value for key, value in message.tags.items() if key.startswith("+")}
    check_tags(write_tags(tags)[1:-1])
    targets = message.params[0].split(",")
    if len(targets) > TARGETS:
        raise Refused("407", shortened(targets[TARGETS]))
    client.charge(len(targets) - 1)
    for target in dict.fromkeys(targets):
        try:
            in_turn(client, answers, target, partial(_pass_tags, client, target, tags, answers))
        except (ChatError, Refused) as error:
            refusals.of_saying(client, answers, error, target)


def _pass_tags(client: IrcDoor, target: str, tags: dict[str, str], answers: Answers) -> None:
    room, place, others = _reached(client, target)
    knowing = [other for other in others if other.has("message-tags")]
    _pass_on(client, f"TAGMSG {place}", tags, knowing, answers)
    if room is not None and tags.get("+typing") == "active":
        client.chat.typists.typing(client.me, room, but=_is_on_irc)


def in_turn(client: IrcDoor, answers: Answers, target: str, pass_on: Callable[[], None]) -> None:
    """Pass something on, behind everything that the client has said before."""
    if not client.sending_more:
        pass_on()
        return

    def now(client: IrcDoor, answers: Answers, result: None, target: str, said: None) -> None:
        pass_on()

    outcomes.wait_for(client.chat.store.all_said(), client, answers, now, target, None)


def _is_on_irc(session: Session) -> bool:
    return session.door.dialect.name == "irc"


def pass_ctcp_on(client: IrcDoor, command: str, target: str, text: str, answers: Answers) -> None:
    """Let another client answer what is asked of it in CTCP, where the channel allows that."""
    in_turn(client, answers, target, partial(_pass_ctcp, client, command, target, text, answers))


def _pass_ctcp(client: IrcDoor, command: str, target: str, text: str, answers: Answers) -> None:
    room, place, others = _reached(client, target)
    person = None if place.startswith("#") else client.clients.person(place)
    if person is not None and not person.online:
        raise Refused("401", place, text=f"{place} is not here, and that is kept nowhere")
    if room is not None and room.rules.no_ctcp:
        raise Refused("404", place, text="No CTCP is passed on there (+C)")
    line = f"{command} {place} :\x01{text.strip(chr(1))}\x01"
    _pass_on(client, line, {}, others, answers)


def _reached(client: IrcDoor, target: str) -> tuple[Room | None, str, Iterable[IrcDoor]]:
    """The conversation, if it has begun, what it is called, and the other clients there."""
    assert client.session is not None
    known, me = client.clients, client.me
    if not target.startswith("#") and known.person(target) is me:
        return None, me.name, known.reading(me)
    room = speaking_place(client.chat, client.session, target)
    if room is not None and room.pair is None:
        place, there = room.name, known.in_room(room)
    else:
        person = somebody_named(client.chat, target)
        place, there = person.name, [*known.of(person), *known.of(me)]
    others = [one for one in there if one is not client and me.id not in one.me.ignores]
    return room, place, [one for one in others if one.keeps_up]


def _pass_on(
    client: IrcDoor,
    line: str,
    tags: dict[str, str],
    others: Iterable[IrcDoor],
    answers: Answers,
) -> None:
    """Show a line to others, and to its author's client if it wants to see that; under one id."""
    clients, me = client.clients, client.me
    msgid = {"msgid": clients.unkept_msgid(next(client.chat.unkept))}

    def known(other: IrcDoor) -> dict[str, str]:
        own = msgid if other.has("message-tags") else {}
        return {**clients.now_tags(other, me), **own, **tags}

    written: dict[frozenset[str], bytes] = {}
    for other in others:
        caps = frozenset(TAGGING & other.caps)
        if caps not in written:
            tagged = f"{write_tags(known(other))}:{clients.mask(me.name)} {line}"
            written[caps] = encoded([tagged])
        other.write(written[caps])
    if client.has("echo-message") and (client.has("message-tags") or not line.startswith("TAGMSG")):
        answers.add(f":{clients.mask(me.name)} {line}", known(client))
