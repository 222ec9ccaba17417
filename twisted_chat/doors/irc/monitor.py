"""Asking whether people are here: MONITOR, ISON and USERHOST."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import ChatError
from ...core.names import fold
from ...core.rooms import Person
from . import metadata
from .client import IrcClient
from .message import LONGEST_LIST, Message, in_lines, shortened
from .people import NICKSERV, SERVICES, folded
from .refusals import Refused

MONITORED = 100  # names of one client
LOOK_UP = 0.2  # what one more name costs, in commands
MOST_HOSTS = 5  # nicks of one USERHOST


def monitor(client: IrcClient, message: Message) -> None:
    asked = message.params[1].split(",") if len(message.params) > 1 else []
    names = [name for name in asked if name]
    client.charge(len(names) * LOOK_UP)
    match message.params[0].upper():
        case "+":
            _add(client, names)
        case "-":
            for name in names:
                client.unmonitor(folded(name))
        case "C":
            for key in tuple(client.monitored):
                client.unmonitor(key)
        case "L":
            tell_list(client, "732", client.monitored.values())
            client.numeric("733", text="That is all of the list")
        case "S":
            tell_status(client, client.monitored.values())
        case _:
            raise Refused("461", "MONITOR", text="Say + - C L or S after MONITOR")


def _add(client: IrcClient, names: list[str]) -> None:
    added, left = [], []
    for name in names:
        if not _could_be(name) or folded(name) in client.monitored:
            continue
        if len(client.monitored) >= MONITORED:
            left.append(shortened(name))
        else:
            client.monitor(folded(name), name)
            added.append(name)
    tell_status(client, added)
    if left:
        targets = ",".join(left)
        client.numeric("734", str(MONITORED), targets, text="Your list is full")


def _could_be(name: str) -> bool:
    """Whether this could be somebody's name."""
    try:
        fold(name)
    except ChatError:
        return False
    return True


def tell_status(client: IrcClient, names: Iterable[str]) -> None:
    """Send who of these people is here, and who is not."""
    here, gone = [], []
    for name in names:
        person = online(client, name)
        if person is None:
            gone.append(name)
        else:
            here.append(client.people.mask(person.name))
    tell_list(client, "730", here)
    tell_list(client, "731", gone)
    client.response.add_rendered(
        metadata.may_ask(client, [mask.partition("!")[0] for mask in here])
    )


def tell_list(client: IrcClient, number: str, targets: Iterable[str]) -> None:
    """Send targets on as many lines as they take."""
    for line in in_lines(targets, ",", LONGEST_LIST):
        client.numeric(number, text=line)


def online(client: IrcClient, name: str) -> Person | None:
    """The person of that name if they are online, else None."""
    person = client.people.find(name)
    return None if person is None or person.erased or not person.online else person


def ison(client: IrcClient, message: Message) -> None:
    here = []
    asked = " ".join(message.params).split()
    client.charge(len(asked) * LOOK_UP)
    for name in asked:
        person = online(client, name)
        if person is not None:
            here.append(person.name)
        elif name.lower() in SERVICES:
            here.append(NICKSERV)
    client.numeric("303", text=" ".join(here))


def userhost(client: IrcClient, message: Message) -> None:
    found = []
    for name in " ".join(message.params).split()[:MOST_HOSTS]:
        person = online(client, name)
        if person is not None:
            star = "*" if client.clients.is_oper(person) else ""
            sign = "-" if person.away else "+"
            found.append(f"{person.name}{star}={sign}{person.user}@{person.host}")
    client.numeric("302", text=" ".join(found))
