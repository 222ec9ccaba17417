"""The one page: what this server is, and how each client connects to it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from typing import NamedTuple

from msgspec import Struct, field

from ...core.addresses import bracketed
from ...core.doors import DoorKind

STYLE = """
:root { color-scheme: light dark; --line: #d6d6dc; --quiet: #5c5c66; --code: #f3f3f6 }
@media (prefers-color-scheme: dark) {
:root { --line: #3a3a42; --quiet: #a2a2ad; --code: #232329 }
}
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto }
body { padding: 0 1.2rem; overflow-wrap: break-word }
h1 { font-size: 1.7rem; line-height: 1.2; margin-bottom: .2rem }
h2 { font-size: 1.05rem; margin: 2rem 0 .4rem }
h2 { border-top: 1px solid var(--line); padding-top: 1.2rem }
p { margin: .4rem 0 } .quiet { color: var(--quiet) }
pre { background: var(--code); border-radius: .4rem; margin: .5rem 0 }
pre { padding: .7rem .9rem; overflow-x: auto }
code { font: .9rem/1.5 ui-monospace, monospace }
"""
POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)


class Place(NamedTuple):
    """Where somebody connects to."""

    host: str
    port: str


class Facts(Struct, frozen=True):
    """What the page tells of the server."""

    name: str
    tls: bool  # it takes TLS
    own_certificate: bool = False  # which no computer trusts by itself
    registration: bool = True  # people may make accounts by themselves
    guests: bool = False
    places: Mapping[DoorKind, Place] = field(default_factory=dict)  # of what one can talk in


def page(facts: Facts) -> str:
    """The page, with every word of the operator's and the browser's escaped."""
    places = facts.places
    parts = [
        *(_programs_of_ours(places[DoorKind.JSON]) if DoorKind.JSON in places else ()),
        *(_irc(places[DoorKind.IRC], facts) if DoorKind.IRC in places else ()),
        *(_plain(places[DoorKind.TEXT], facts.tls) if DoorKind.TEXT in places else ()),
        *(_json(places[DoorKind.JSON]) if DoorKind.JSON in places else ()),
        *(_trust(next(iter(places.values()))) if facts.own_certificate and places else ()),
    ]
    name = escape(facts.name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{name}</h1>
<p class="quiet">A chat server. Whatever you come with, you are in the same rooms as everybody.</p>
<p>{_way_in(facts)}</p>
{"".join(parts)}</body>
</html>
"""


def _way_in(facts: Facts) -> str:
    guests = " A free name is yours without a password while you are here." if facts.guests else ""
    if not facts.registration:
        return f"Ask who runs this server for an account.{guests}"
    return f"Choose a name when you come in for the first time; it is yours.{guests}"


def _section(title: str, about: str, *blocks: Iterable[str]) -> Iterable[str]:
    """A part of the page; `title` and `about` are markup, the lines of the blocks are words."""
    yield f"<h2>{title}</h2>\n<p>{about}</p>\n"
    for lines in blocks:
        yield f"<pre><code>{escape(chr(10).join(lines))}</code></pre>\n"


def _programs_of_ours(place: Place) -> Iterable[str]:
    return _section(
        "The chat’s own client",
        "In a terminal or in a window, with files and with encryption from end to end.",
        [
            f"python -m twisted_chat.client {place.host} {place.port}",
            f"python -m twisted_chat.gui {place.host} {place.port}",
        ],
    )


def _irc(place: Place, facts: Facts) -> Iterable[str]:
    over = "with TLS" if facts.tls else "without TLS"
    new = (
        " If you have no name here yet, leave out what says sasl the first time, and make it yours"
        " with <code>/quote REGISTER NAME * PASSWORD</code>."
        if facts.registration
        else ""
    )
    host, port, tls = place.host, place.port, facts.tls
    pinned = tls and facts.own_certificate
    secure = "-tls -notls_verify -tls_pinned_cert FINGERPRINT " if pinned else "-tls "
    return _section(
        "IRC clients",
        f"Server <code>{escape(host)}</code>, port <code>{escape(port)}</code>, {over}; your name"
        f" and password are those of SASL (PLAIN).{new} WeeChat (before version 4 it is"
        " <code>ssl</code> instead of <code>tls</code>), Irssi and Halloy:",
        [
            f"/server add chat {host}/{port} {'-tls' if tls else '-notls'}",
            *(["/set irc.server.chat.tls_fingerprint FINGERPRINT"] if pinned else ()),
            "/set irc.server.chat.sasl_username NAME",
            "/set irc.server.chat.sasl_password PASSWORD",
            "/connect chat",
        ],
        [
            "/network add -sasl_mechanism PLAIN -sasl_username NAME -sasl_password PASSWORD chat",
            f"/server add -network chat {secure if tls else ''}{host} {port}",
            "/connect chat",
        ],
        [
            "[servers.chat]",
            'nickname = "NAME"',
            f'server = "{host}"',
            f"port = {port}",
            f"use_tls = {str(tls).lower()}",
            "[servers.chat.sasl.plain]",
            'username = "NAME"',
            'password = "PASSWORD"',
        ],
    )


def _plain(place: Place, tls: bool) -> Iterable[str]:
    lines = [f"nc {place.host} {place.port}"]
    if tls:
        lines = [
            f"ncat --ssl {place.host} {place.port}",
            f"openssl s_client -quiet -connect {bracketed(place.host)}:{place.port}",
        ]
    return _section(
        "Nothing but a terminal", "One of these, and <code>help</code> when you are in.", lines
    )


def _json(place: Place) -> Iterable[str]:
    return _section(
        "Programs",
        f"Lines of JSON to port <code>{escape(place.port)}</code>; each is answered by its id.",
        [
            '{"id": 1, "do": "login", "name": "NAME", "password": "PASSWORD"}',
            '{"id": 2, "do": "send", "room": "#lobby", "text": "hello", "cid": "1"}',
        ],
    )


def _trust(place: Place) -> Iterable[str]:
    return _section(
        "The certificate",
        "It is the server’s own, which the chat’s client remembers and others have to be told to"
        " trust. This shows its fingerprint, which Irssi takes with the colons in it and WeeChat"
        " without them; who runs the server finds it in the log and can say whether it is the right"
        " one. Halloy cannot be told:"
        " it takes any certificate with <code>dangerously_accept_invalid_certs = true</code>, or"
        " none of this kind.",
        [
            f"openssl s_client -connect {bracketed(place.host)}:{place.port}"
            " </dev/null 2>/dev/null |",
            "  openssl x509 -noout -fingerprint -sha256",
        ],
    )
