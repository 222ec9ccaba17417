"""The address of a server: host, port, and the name and room to use there."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ...core.addresses import bracketed
from ...core.errors import StartError

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 9999
SCHEME = "chat://"


class Address(NamedTuple):
    """A server, and the name and the room to use there, if they are known."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    name: str = ""
    room: str = ""

    @property
    def server(self) -> str:
        """The server alone, as `host:port`."""
        return f"{bracketed(self.host)}:{self.port}"


def from_url(text: str) -> Address:
    """The address that `chat://name@host:port/#room` stands for."""
    # A room's sign would begin a fragment, which is what nobody means here.
    parts = urlsplit(text.replace("#", "%23"))
    try:
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        raise StartError(f"{_short(text)} has no port in it that is a number to 65535.") from None
    if parts.password is not None:
        raise StartError("A password does not belong into an address: use --password-file.")
    room = unquote(parts.path.removeprefix("/"))
    name = unquote(parts.username or "")
    return checked(Address(parts.hostname or DEFAULT_HOST, port, name, room))


def checked(address: Address) -> Address:
    """Return the address with its host in lower case; StartError says what is wrong with it."""
    host, port = address.host.lower(), address.port  # one server has one name, and one pin
    if not re.fullmatch(r"[^\s/@#?]{1,253}", host) or not host.isprintable():
        raise StartError(f"{_short(host)} is not the name of a host.")
    if ":" in host:
        try:
            ip_address(host)
        except ValueError:
            raise StartError(f"{_short(host)} is not the name of a host.") from None
    if not 0 < port < 65536:
        raise StartError(f"A port is a number from 1 to 65535, and {port} is not.")
    return address._replace(host=host)


def port_number(text: str) -> int:
    """The number of a port from the command line."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise StartError(f"A port is a number from 1 to 65535, and {_short(text)} is not.")
    return int(text)


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= 64 else shown[:64] + "…"
