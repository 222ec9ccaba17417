"""Where the web door is, as somebody has to call it who is connected here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.doorways import Door

if TYPE_CHECKING:
    from ..conversation import Line
    from ..settings import Settings

FILES = "/files"  # where files are sent to, and below which they lie
ONCE = "once"  # below that: what a ticket opens, instead of a link


def takes_files(settings: Settings) -> bool:
    """Whether files are taken over HTTP, if there is HTTP."""
    return settings.max_file > 0


def address(settings: Settings, line: Line) -> str:
    """The scheme, the host and the port; empty where there is no address that is known to be good.

    To whoever has come with TLS none is told that is without.
    """
    place = line.destination
    port = None if place is None else line.offer.port_of(Door.WEB, place[1])
    if settings.web_address:
        open_here = port is not None or Door.WEB not in settings.closed_doors
        unsafe = line.tls and not settings.web_address.startswith("https:")
        return settings.web_address if open_here and not unsafe else ""
    if place is None or port is None:
        return ""
    host, here = place
    # Every port takes TLS where there is any; a proxy that has it may be at this port only.
    if line.tls and port != here and settings.tls == "off":
        return ""
    bracketed = f"[{host}]" if ":" in host else host
    scheme, usual = ("https", 443) if line.tls else ("http", 80)
    return f"{scheme}://{bracketed}" + ("" if port == usual else f":{port}")


def takes_files_at(settings: Settings, line: Line) -> str:
    """Where somebody who is connected here can send files to; empty if it is nowhere."""
    base = address(settings, line) if takes_files(settings) else ""
    return base and base + FILES
