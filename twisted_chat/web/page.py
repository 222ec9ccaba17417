"""The one page: what this server is, and how each client connects to it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import NamedTuple

STYLE = """
:root { color-scheme: light dark; --line: #d6d6dc; --quiet: #5c5c66; --code: #f3f3f6 }
@media (prefers-color-scheme: dark) {
:root { --line: #3a3a42; --quiet: #a2a2ad; --code: #232329 }
}
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto }
body { padding: 0 1.2rem }
h1 { font-size: 1.7rem; margin-bottom: .2rem }
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
    """Where the server is, as whoever looks at the page has reached it."""

    host: str
    port: str
    tls: bool  # it takes TLS there

    @property
    def bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def page(name: str, place: Place, irc: bool, text: bool, registration: bool) -> str:
    """The page, with every word of the operator's and the browser's escaped."""
    parts = [_terminal(place)]
    if irc:
        parts.append(_irc(place))
    if text:
        parts.append(_netcat(place))
    parts.append(_programs(place))
    sign_up = (
        "Choose a name when you come in for the first time; it is yours with its password."
        if registration
        else "Ask who runs this server for an account."
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(name)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(name)}</h1>
<p class="quiet">A chat server. All these clients are in the same rooms, on this one port.</p>
<p>{sign_up}</p>
{"".join(parts)}
</body>
</html>
"""


def _section(title: str, about: str, *lines: str) -> str:
    code = escape("\n".join(lines))
    return f"<h2>{title}</h2>\n<p>{about}</p>\n<pre><code>{code}</code></pre>\n"


def _terminal(place: Place) -> str:
    return _section(
        "The chat's own client",
        "In a terminal, with files and encryption from end to end; or in a window.",
        f"python -m twisted_chat.client {place.host} {place.port}",
        f"python -m twisted_chat.gui {place.host} {place.port}",
    )


def _irc(place: Place) -> str:
    tls = " -ssl" if place.tls else ""
    irssi = " -tls" if place.tls else ""
    over = ", with TLS" if place.tls else ""
    return _section(
        "IRC",
        f"Any IRC client: host {escape(place.host)}, port {escape(place.port)}{over}, and your name"
        " and password for SASL. In WeeChat and Irssi:",
        f"/server add chat {place.host}/{place.port}{tls}",
        "/connect chat",
        f"/connect{irssi} {place.host} {place.port}",
    )


def _netcat(place: Place) -> str:
    lines: tuple[str, ...]
    if place.tls:
        lines = (
            f"openssl s_client -quiet -connect {place.bracketed}:{place.port}",
            f"ncat --ssl {place.host} {place.port}",
        )
    else:
        lines = (f"nc {place.host} {place.port}",)
    return _section("Nothing but a terminal", "Type <code>help</code> when you are in.", *lines)


def _programs(place: Place) -> str:
    return _section(
        "Programs",
        "Lines of JSON, on the same port:",
        '{"id": 1, "do": "login", "name": "…", "password": "…"}',
        '{"id": 2, "do": "send", "room": "#lobby", "text": "hello", "cid": "…"}',
    )
