"""How somebody with netcat gets a file: the line to run in a shell."""

from __future__ import annotations

import re

from ...core.addresses import bracketed
from ...core.attachments import size_in_words
from ...core.results import FileTicket
from ...core.text import shown

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
SEALED = "(File {file} is encrypted: only a client that has the keys can open it)"


def lines(ticket: FileTicket, destination: tuple[str, int] | None, tls: bool) -> tuple[str, ...]:
    """What to run, for one who has reached the server at that host and port."""
    if not ticket.name:
        return (SEALED.format(file=ticket.file),)
    host, port = destination or ("HOST", "PORT")
    if tls:
        way = f"openssl s_client -quiet -connect {bracketed(host)}:{port} 2>/dev/null"
    else:
        way = f"nc {host} {port}"
    what, name = f"{shown(ticket.name)}, {size_in_words(ticket.size)}", shell_name(ticket)
    return (
        f"(To have {what}, run this line in a shell; it works once, and for an hour)",
        # A second run would only get a sentence, and that is not to take the file's place.
        f"    test -e '{name}' || echo fetch-file {ticket.ticket} | {way} > '{name}'",
    )


def shell_name(ticket: FileTicket) -> str:
    """The file's own name where it means nothing to a shell, and one made of its number else."""
    return ticket.name if _SAFE.fullmatch(ticket.name) else f"file-{ticket.file}"
