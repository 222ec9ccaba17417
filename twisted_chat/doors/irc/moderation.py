"""MODE of channels and users, KICK and INVITE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...chat.commands.lookup import person_named, visible_room
from ...core import command_table as words
from ...core.errors import ChatError
from ...core.rooms import Role, Room
from ...core.text import formatted
from .channels import room_shown
from .client import IrcClient
from .message import Message, shortened, words_in
from .people import folded
from .refusals import Refused

MODES = 20  # changes in one MODE
LISTS = {"b": ("367", "368"), "e": ("348", "349"), "I": ("346", "347")}
SWITCHES = "imnstCR"
ROLES = {
    ("o", True): words.Op,
    ("o", False): words.Deop,
    ("v", True): words.Voice,
    ("v", False): words.Devoice,
}
TAKES_ARGUMENT = frozenset("ovbeIk")
USER_MODES = frozenset("iwB")  # which everybody may set
ALL_USER_MODES = USER_MODES | {"o"}  # which OPER sets, and anybody may give up


async def mode(client: IrcClient, message: Message) -> None:
    target, *rest = message.params
    if not target.startswith("#"):
        _change_own(client, target, rest)
        return
    room = visible_room(client.chat, client.own_session, target)
    if not rest or not rest[0].strip("+-"):
        _tell_modes(client, room)
        return
    await _change(client, room, rest[0], rest[1:])


def _tell_modes(client: IrcClient, room: Room) -> None:
    if not client.may_look_into(room):
        raise Refused("403", shortened(room.name))
    inside = room.has(client.me)
    client.numeric("324", room.name, *room.rules.letters(with_key=inside).split())
    client.numeric("329", room.name, str(room.created // 1000))


async def _change(client: IrcClient, room: Room, letters: str, arguments: list[str]) -> None:
    """Make the changes in their order; changes of the rules are made together."""
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
            client.refuse(Refused("472", shortened(letter)))
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


async def _apply_rules(client: IrcClient, room: Room, changes: list[tuple[bool, str, str]]) -> None:
    """Change the rules: all at once, and one by one if something is wrong with one of them."""
    rest = []
    for adding, letter, argument in changes:
        account = _banned_account(client, room, argument) if letter == "b" and not adding else ""
        if account:
            await client.perform(words.Unban(room.name, account))
        else:
            rest.append((adding, letter, argument))
    if not rest:
        return
    try:
        await client.perform(words.Mode(room.name, _written(rest)))
    except ChatError as error:
        if error.code != "args" or len(rest) == 1:
            _refuse(client, room, rest[0], error)
            return
        for one in rest:
            await _apply_rules(client, room, [one])


def _refuse(client: IrcClient, room: Room, change: tuple[bool, str, str], error: ChatError) -> None:
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


def _banned_account(client: IrcClient, room: Room, mask: str) -> str:
    """The account that a mask bans by its name, as `ban` does at every door; else empty."""
    name = mask.removesuffix("!*@*")
    person = client.people.find(name)
    return person.name if person is not None and person.id in room.bans else ""


async def _set_role(client: IrcClient, room: Room, adding: bool, letter: str, name: str) -> None:
    if not name:
        client.numeric("461", "MODE", text="Say whom")
        return
    person = client.people.find(name)
    if person is None or person.erased:
        client.refuse(Refused("401", shortened(name)))
        return
    if not room.has(person):
        client.refuse(Refused("441", person.name, room.name))
        return
    make = ROLES[letter, adding]
    try:
        await client.perform(make(room.name, person.name))
    except ChatError as error:
        if error.code != "args":  # nothing to change
            client.refuse(error, room.name)


def _tell_list(client: IrcClient, room: Room, letter: str) -> None:
    """Send the masks of a list; for bans also the accounts that are banned or muted by name."""
    one, end = LISTS[letter]
    if not client.may_look_into(room):
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
            client.numeric(one, room.name, mask, client.server, str(room.created // 1000))
    client.numeric(end, room.name, text="That is all of the list")


async def kick(client: IrcClient, message: Message) -> None:
    place, nicks = message.params[:2]
    room = room_shown(client, place)
    for index, nick in enumerate(nicks.split(",")):
        client.charge(index > 0)
        person = client.people.find(nick)
        if person is None or person.erased:
            client.refuse(Refused("401", shortened(nick)))
        elif not room.has(person):
            client.refuse(Refused("441", person.name, room.name))
        else:
            why = words_in(message, 2)
            try:
                await client.perform(words.Kick(room.name, person.name, why))
            except ChatError as error:
                if error.code == "args":
                    raise Refused("482", room.name, text="That is you: PART the channel") from None
                client.refuse(error, room.name)


async def invite(client: IrcClient, message: Message) -> None:
    nick, place = message.params[:2]
    person = person_named(client.chat, nick)
    room = room_shown(client, place)
    if room.has(person):
        raise Refused("443", person.name, room.name)
    await client.perform(words.Invite(room.name, person.name))
    client.numeric("341", person.name, room.name)
    if person.away:
        client.numeric("301", person.name, text=formatted(person.away))


# --- modes of users --------------------------------------------------------------------------


def _change_own(client: IrcClient, target: str, rest: Sequence[str]) -> None:
    """Show the client's modes, or change them."""
    if folded(target) != folded(client.nick):
        if client.people.find(target) is None:
            raise Refused("401", shortened(target))
        raise Refused("502")
    if not rest:
        client.numeric("221", f"+{''.join(sorted(client.modes))}")
        return
    before = frozenset(client.modes)
    unknown = _apply_own(client, rest[0])
    if unknown:
        client.numeric("501", text=f"There is no user mode {shortened(unknown)} here")
    done = _difference(before, frozenset(client.modes))
    if done:
        client.line(client.people.mask(client.nick), f"MODE {client.nick} :{done}")


def _apply_own(client: IrcClient, letters: str) -> str:
    """Change what may be changed. Returns the letters that mean nothing."""
    adding, unknown = True, ""
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
        elif letter not in ALL_USER_MODES:
            unknown += letter
        elif not adding:
            client.modes.discard(letter)
            client.oper = client.oper and letter != "o"
        elif letter in USER_MODES:
            client.modes.add(letter)
    client.clients.note_bot(client.me)
    return unknown


def _difference(before: frozenset[str], after: frozenset[str]) -> str:
    added, taken = "".join(sorted(after - before)), "".join(sorted(before - after))
    return (f"+{added}" if added else "") + (f"-{taken}" if taken else "")
