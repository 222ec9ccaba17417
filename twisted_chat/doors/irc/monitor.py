"""Asking whether people are here: MONITOR, ISON and USERHOST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.names import fold
from . import metadata, nickserv
from .commands import command
from .isupport import MONITORED
from .message import Message, in_lines, shortened
from .names import folded
from .presence_lines import LONGEST_LIST
from .refusals import Refused

if TYPE_CHECKING:
    from ...core.roster import Person
    from .door import IrcDoor

LOOK_UP = 0.2  # what looking for one more person costs of a command's right
MOST_HOSTS = 5  # nicks of one USERHOST


@command("MONITOR", 1, help="MONITOR +|-|C|L|S [<nick>,…]: be told when they come and go")
def monitor(client: IrcDoor, message: Message) -> None:
    asked = message.params[1].split(",") if len(message.params) > 1 else []
    names = [name for name in asked if name]
    client.charge(len(names) * LOOK_UP)
    match message.params[0].upper():
        case "+":
            _add(client, names)
        case "-":
            for name in names:
                client.clients.stop_watching(client, folded(name))
        case "C":
            for key in tuple(client.monitored):
                client.clients.stop_watching(client, key)
        case "L":
            tell_list(client, "732", client.monitored.values())
            client.numeric("733", text="That is all of the list")
        case "S":
            tell_status(client, client.monitored.values())
        case _:
            raise Refused("461", "MONITOR", text="Say + - C L or S after MONITOR")


def _add(client: IrcDoor, names: list[str]) -> None:
    added, left = [], []
    for name in names:
        if not _could_be(name) or folded(name) in client.monitored:
            continue
        if len(client.monitored) >= MONITORED:
            left.append(shortened(name))
        else:
            client.clients.watch(client, folded(name), name)
            added.append(name)
    tell_status(client, added)
    if left:
        targets = ",".join(left)
        client.numeric("734", str(MONITORED), targets, text="Your list is full")


def _could_be(name: str) -> bool:
    """Whether somebody could be called so."""
    try:
        fold(name)
    except ChatError:
        return False
    return True


def tell_status(client: IrcDoor, names: Iterable[str]) -> None:
    """Who of these people is here, and who is not."""
    here, gone = [], []
    for name in names:
        person = online(client, name)
        if person is None:
            gone.append(name)
        else:
            here.append(client.clients.mask(person.name))
    tell_list(client, "730", here)
    tell_list(client, "731", gone)
    client.response.add_rendered(
        metadata.may_ask(client, [mask.partition("!")[0] for mask in here])
    )


def tell_list(client: IrcDoor, number: str, targets: Iterable[str]) -> None:
    """Targets on as many lines as they take."""
    for line in in_lines(targets, ",", LONGEST_LIST):
        client.numeric(number, text=line)


def online(client: IrcDoor, name: str) -> Person | None:
    """Somebody who is here under that name."""
    person = client.clients.person(name)
    return None if person is None or person.erased or not person.online else person


@command("ISON", 1, help="ISON <nick> …: who of them is here")
def is_on(client: IrcDoor, message: Message) -> None:
    here = []
    asked = " ".join(message.params).split()
    client.charge(len(asked) * LOOK_UP)
    for name in asked:
        person = online(client, name)
        if person is not None:
            here.append(person.name)
        elif name.lower() in nickserv.NAMES:
            here.append(nickserv.NICKSERV)
    client.numeric("303", text=" ".join(here))


@command("USERHOST", 1, help="USERHOST <nick> …: what up to five of them look like")
def user_host(client: IrcDoor, message: Message) -> None:
    found = []
    for name in " ".join(message.params).split()[:MOST_HOSTS]:
        person = online(client, name)
        if person is not None:
            star = "*" if client.clients.is_oper(person) else ""
            sign = "-" if person.away else "+"
            found.append(f"{person.name}{star}={sign}{person.user}@{person.host}")
    client.numeric("302", text=" ".join(found))
