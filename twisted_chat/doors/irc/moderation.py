"""Keeping order: MODE of channels, KICK, INVITE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...chat.commands import perform
from ...chat.commands.lookup import person_named, visible_room
from ...core import vocabulary as words
from ...core.errors import ChatError
from ...core.rooms import Role, Room
from ...core.text import formatted
from . import user_modes
from .channels import room_shown
from .commands import command
from .isupport import MODES
from .message import Message, shortened, words_in
from .refusals import Refused

if TYPE_CHECKING:
    from .door import IrcDoor

LISTS = {"b": ("367", "368"), "e": ("348", "349"), "I": ("346", "347")}
SWITCHES = "imnstCR"
ROLES = {
    ("o", True): words.Op,
    ("o", False): words.Deop,
    ("v", True): words.Voice,
    ("v", False): words.Devoice,
}
TAKES_ARGUMENT = frozenset("ovbeIk")


@command("MODE", 1, help="MODE <channel or your nick> [<modes> [<arguments>]]: see or set modes")
async def mode(client: IrcDoor, message: Message) -> None:
    target, *rest = message.params
    if not target.startswith("#"):
        user_modes.change(client, target, rest)
        return
    assert client.session is not None
    room = visible_room(client.chat, client.session, target)
    if not rest or not rest[0].strip("+-"):
        _tell_modes(client, room)
        return
    await _change(client, room, rest[0], rest[1:])


def _tell_modes(client: IrcDoor, room: Room) -> None:
    if (room.hidden or room.rules.secret) and not room.has(client.me):
        raise Refused("403", shortened(room.name))
    inside = room.has(client.me)
    client.numeric("324", room.name, *room.rules.letters(with_key=inside).split())
    client.numeric("329", room.name, str(room.created // 1000))


async def _change(client: IrcDoor, room: Room, letters: str, arguments: list[str]) -> None:
    """Carry the changes out in their order, those of the rules together."""
    rules: list[tuple[bool, str, str]] = []
    shown_lists: set[str] = set()
    for adding, letter, argument in _changes(letters, arguments):
        if letter in LISTS and not argument:
            if letter not in shown_lists:
                shown_lists.add(letter)
                _tell_list(client, room, letter)
            continue
        if not room.has(client.me):
            raise Refused("442", room.name)
        client.charge(1)
        if letter in "ov":
            await _apply_rules(client, room, rules)
            rules = []
            await _set_role(client, room, adding, letter, argument)
        elif letter in LISTS or letter in "kl" or letter in SWITCHES:
            rules.append((adding, letter, argument))
        else:
            client.numeric("472", shortened(letter), text="is no channel mode here")
    await _apply_rules(client, room, rules)


def _changes(letters: str, arguments: list[str]) -> Iterator[tuple[bool, str, str]]:
    adding, left = True, list(arguments)
    count = 0
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
            continue
        takes = letter in TAKES_ARGUMENT or (letter == "l" and adding)
        argument = left.pop(0) if takes and left else ""
        count += 1
        if count > MODES:
            return
        yield adding, letter, argument


async def _apply_rules(client: IrcDoor, room: Room, changes: list[tuple[bool, str, str]]) -> None:
    """Change the rules: all at once, and one by one if something is wrong with one of them."""
    assert client.session is not None
    rest = []
    for adding, letter, argument in changes:
        account = _banned_account(client, room, argument) if letter == "b" and not adding else ""
        if account:
            await perform(client.chat, client.session, words.Unban(room.name, account))
        else:
            rest.append((adding, letter, argument))
    if not rest:
        return
    try:
        await perform(client.chat, client.session, words.Mode(room.name, _written(rest)))
    except ChatError as error:
        if error.code != "args" or len(rest) == 1:
            _refuse(client, room, rest[0], error)
            return
        for one in rest:
            await _apply_rules(client, room, [one])


def _refuse(client: IrcDoor, room: Room, change: tuple[bool, str, str], error: ChatError) -> None:
    _, letter, argument = change
    if error.code != "args":
        client.refuse(error, room.name)
    elif argument or letter == "k":
        client.numeric("696", room.name, letter, shortened(argument), text=error.sentence)
    else:
        client.numeric("461", "MODE", text=error.sentence)


def _written(changes: list[tuple[bool, str, str]]) -> str:
    letters = "".join(("+" if adding else "-") + letter for adding, letter, _ in changes)
    return " ".join([letters, *[argument for *_, argument in changes if argument]])


def _banned_account(client: IrcDoor, room: Room, mask: str) -> str:
    """The account that such a mask keeps out by its name, as `ban` does at every door."""
    name = mask.removesuffix("!*@*")
    person = client.clients.person(name)
    return person.name if person is not None and person.id in room.bans else ""


async def _set_role(client: IrcDoor, room: Room, adding: bool, letter: str, name: str) -> None:
    assert client.session is not None
    if not name:
        client.numeric("461", "MODE", text="Say whom")
        return
    person = client.clients.person(name)
    if person is None or person.erased:
        client.numeric("401", shortened(name), text="There is nobody of that name here")
        return
    if not room.has(person):
        client.numeric("441", person.name, room.name, text="They are not in that channel")
        return
    make = ROLES[letter, adding]
    try:
        await perform(client.chat, client.session, make(room.name, person.name))
    except ChatError as error:
        if error.code != "args":  # it is so already
            client.refuse(error, room.name)


def _tell_list(client: IrcDoor, room: Room, letter: str) -> None:
    """The masks of a list; of bans also the accounts that are kept out or muted by name."""
    one, end = LISTS[letter]
    if (room.hidden or room.rules.secret) and not room.has(client.me):
        raise Refused("442", room.name)
    if letter != "b" and room.role_of(client.me) < Role.OPERATOR:
        raise Refused("482", room.name)
    kept = {"b": room.rules.bans, "e": room.rules.exceptions, "I": room.rules.invitations}[letter]
    for mask, (by, time) in kept.items():
        client.numeric(one, room.name, mask, by, str(time // 1000))
    if letter == "b":
        people = client.chat.roster.people
        named = [people[number].name for number in room.bans if number in people]
        muted = [people[number].name for number in room.mutes if number in people]
        for mask in [f"{name}!*@*" for name in named] + [f"~m:{name}!*@*" for name in muted]:
            client.numeric(one, room.name, mask, client.clients.server, str(room.created // 1000))
    client.numeric(end, room.name, text="That is all of the list")


@command("KICK", 2, help="KICK <channel> <nick> [<reason>]: put somebody out")
async def kick(client: IrcDoor, message: Message) -> None:
    place, nicks = message.params[:2]
    assert client.session is not None
    room = room_shown(client, place)
    for index, nick in enumerate(nicks.split(",")):
        client.charge(index > 0)
        person = client.clients.person(nick)
        if person is None or person.erased:
            client.numeric("401", shortened(nick), text="There is nobody of that name here")
        elif not room.has(person):
            client.numeric("441", person.name, room.name, text="They are not in that channel")
        else:
            why = words_in(message, 2)
            try:
                await perform(client.chat, client.session, words.Kick(room.name, person.name, why))
            except ChatError as error:
                if error.code == "args":
                    raise Refused("482", room.name, text="That is you: PART the channel") from None
                client.refuse(error, room.name)


@command("INVITE", 2, help="INVITE <nick> <channel>: let somebody in")
async def invite(client: IrcDoor, message: Message) -> None:
    nick, place = message.params[:2]
    assert client.session is not None
    person = person_named(client.chat, nick)
    room = room_shown(client, place)
    if room.has(person):
        raise Refused("443", person.name, room.name)
    await perform(client.chat, client.session, words.Invite(room.name, person.name))
    client.numeric("341", person.name, room.name)
    if person.away:
        client.numeric("301", person.name, text=formatted(person.away))
