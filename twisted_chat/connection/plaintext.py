"""Refusals for clients without TLS, whose words others could read on the way."""

from __future__ import annotations

from ..core.addresses import bracketed
from ..core.errors import ChatError

ONLY_TLS = "This server takes names and passwords over TLS only"
NO_TLS = (
    "This server takes no names and passwords over a network, since it has no TLS:"
    " tell who runs it."
)


def refusal(tls: bool) -> ChatError:
    """Return the refusal for a program; `tls` says whether the server has TLS."""
    sentence = f"{ONLY_TLS}: connect to the same port with TLS." if tls else NO_TLS
    return ChatError("plaintext", sentence)


def ways_in(tls: bool, destination: tuple[str, int] | None) -> tuple[str, ...]:
    """Return the lines that tell a person how to connect to that host and port with TLS."""
    if not tls:
        return (NO_TLS,)
    host, port = destination or ("HOST", "PORT")
    return (
        f"{ONLY_TLS}. Connect in one of these ways:",
        f"    python -m twisted_chat.client {host} {port}",
        f"    openssl s_client -quiet -connect {bracketed(host)}:{port}",
        f"    ncat --ssl {host} {port}",
    )
