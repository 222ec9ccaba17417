"""WEBIRC: a web gateway says for whom it connects, before anything else is said.

Whoever looks at a page chats over a WebSocket to the gateway, and the gateway over IRC to here. The
limits and the log are to see them, and not the gateway.
"""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ...core.events import Closed
from .commands import When, command
from .message import Message, shortened, unescape

if TYPE_CHECKING:
    from .door import IrcDoor

HIGHEST_PORT = 65535
LOGGED = (5, 50, 60.0)
"""Refusals that are logged, of one network and of all, in so many seconds."""


@command("WEBIRC", 4, when=When.BEFORE)
def webirc(client: IrcDoor, message: Message) -> None:
    password, gateway, _, host, *rest = message.params
    if not _is_trusted(client, password):
        if client.clients.webirc_log.take(client.network, client.chat.ticks()) == 0:
            client.log.warn(
                "WEBIRC from {where}, calling itself {gateway}, is refused: see --webirc",
                where=client.address,
                gateway=shortened(gateway),
            )
        _refuse(client, "not_allowed", "Invalid WebIRC password")
        return
    if not client.fresh:
        _refuse(client, "syntax", "WEBIRC comes before everything else")
        return
    try:
        address = ip_address(host)
    except ValueError:
        _refuse(client, "args", "The fourth parameter of WEBIRC is an address")
        return
    options = _options(rest[0] if rest else "")
    client.gateway = shortened(gateway)
    host = str(getattr(address, "ipv4_mapped", None) or address)
    port = _port(options.get("remote-port", ""))
    client.connection.speak_for(host, port, "secure" in options)


def _is_trusted(client: IrcDoor, password: str) -> bool:
    """Whether it comes from where a gateway with this password is."""
    given, host = password.encode(), client.connection.host
    return any(
        compare_digest(one.password.encode(), given)
        for one in client.chat.settings.webirc
        if not host or ip_address(host.partition("%")[0]) in one.network
    )


def _options(written: str) -> dict[str, str]:
    found = {}
    for word in written.split(" "):
        key, _, value = word.partition("=")
        found[key] = unescape(value)
    return found


def _port(written: str) -> int:
    plain = written.isascii() and written.isdigit() and len(written) <= 5
    return int(written) if plain and int(written) <= HIGHEST_PORT else 0


def _refuse(client: IrcDoor, code: str, sentence: str) -> None:
    client.close(Closed(code, sentence))
