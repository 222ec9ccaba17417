"""Where the web door is, as somebody has to call it who is connected here, and its own names."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlsplit

from ...connection.interface import Connection
from ...core.addresses import bracketed
from ...core.doors import DoorKind
from ...settings import Settings
from .http import Request

FILES = "/files"  # where files are sent to, and below which they lie
ONCE = "once"  # below that: what a ticket opens, instead of a link


def takes_files(settings: Settings) -> bool:
    """Whether files are taken over HTTP, if there is HTTP."""
    return settings.max_file > 0


def address(settings: Settings, connection: Connection) -> str:
    """The scheme, the host and the port; empty where there is no address that is known to be good.

    A client that has come with TLS is told no address without it.
    """
    place = connection.destination
    port = None if place is None else connection.open_doors.port_of(DoorKind.WEB, place[1])
    if settings.web_address:
        open_here = port is not None or DoorKind.WEB not in settings.closed_doors
        unsafe = connection.tls and not settings.web_address.startswith("https:")
        return settings.web_address if open_here and not unsafe else ""
    if place is None or port is None:
        return ""
    host, here = place
    # Every port takes TLS where there is any; a proxy that has it may be at this port only.
    if connection.tls and port != here and settings.tls == "off":
        return ""
    scheme, usual = ("https", 443) if connection.tls else ("http", 80)
    return f"{scheme}://{bracketed(host)}" + ("" if port == usual else f":{port}")


def takes_files_at(settings: Settings, connection: Connection) -> str:
    """Where somebody who is connected here can send files to; empty if it is nowhere."""
    base = address(settings, connection) if takes_files(settings) else ""
    return base and base + FILES


def goes_by(asked: Request, settings: Settings, connection: Connection) -> bool:
    """Whether the host in a request is an address or one of the server's own names.

    Any other name may be an attacker's. While a page from it is open, they can point the name at
    this server (DNS rebinding), and the browser still takes both for one site. An address cannot
    be pointed elsewhere. Over TLS, a request without an origin may use the name from the handshake:
    it comes from no page, and a browser has compared that name with the certificate.
    """
    name = asked.place[0].lower().removesuffix(".")
    if not name or _is_address(name) or name in _own_names():
        return True
    chosen = (settings.web_address, *settings.web_origins)
    if any(name == urlsplit(one).hostname for one in chosen if one):
        return True
    wildcard = f"*.{name.partition('.')[2]}"
    if any(one in (name, wildcard) for one in connection.certified_names):
        return True
    return "origin" not in asked.fields and name == connection.asked_for_name.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@cache
def _own_names() -> frozenset[str]:
    """The names of this machine, on itself and in its own network."""
    name = gethostname().lower()
    short = name.partition(".")[0]
    return frozenset({"localhost", name, short, f"{short}.local"} - {""})
