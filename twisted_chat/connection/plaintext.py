"""What is said to those whose words others could read on the way."""

from __future__ import annotations

from ..core.addresses import bracketed
from ..core.errors import ChatError

ONLY_TLS = "This server takes names and passwords over TLS only"
NO_TLS = (
    "This server takes no names and passwords over a network, since it has no TLS:"
    " tell who runs it."
)


def refusal(tls: bool) -> ChatError:
    """What a program is refused with."""
    sentence = f"{ONLY_TLS}: connect to the same port with TLS." if tls else NO_TLS
    return ChatError("plaintext", sentence)


def ways_in(tls: bool, destination: tuple[str, int] | None) -> tuple[str, ...]:
    """What a person is told, who has reached the server at that host and port."""
    if not tls:
        return (NO_TLS,)
    host, port = destination or ("HOST", "PORT")
    return (
        f"{ONLY_TLS}. Connect in one of these ways:",
        f"    python -m twisted_chat.client {host} {port}",
        f"    openssl s_client -quiet -connect {bracketed(host)}:{port}",
        f"    ncat --ssl {host} {port}",
    )
