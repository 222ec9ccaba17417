"""What IRC clients can ask for beyond plain IRC, and CAP, which they ask with."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ...core.text import MAX_LINES, without_controls
from . import metadata, sasl, server_info
from .client import IrcClient
from .message import LONGEST_LINE, Message, in_lines, repeated
from .refusals import Refused
from .registration import complete_registration


class Capability(Struct, frozen=True):
    """One row of what CAP LS lists."""

    name: str
    offered: Callable[[IrcClient], bool] = lambda client: True
    value: Callable[[IrcClient], str] = lambda client: ""
    fixed: bool = False  # is told, and cannot be asked for


def _sasl(client: IrcClient) -> str:
    return ",".join(sasl.mechanisms(client))


def _sts(client: IrcClient) -> str:
    where = client.connection.destination
    if client.connection.secure:
        return f"duration={client.chat.settings.sts}"
    return f"duration={client.chat.settings.sts},port={where[1] if where else 0}"


CAPABILITIES = {
    row.name: row
    for row in (
        Capability("account-notify"),
        Capability("account-tag"),
        Capability("away-notify"),
        Capability("batch"),
        Capability("cap-notify"),
        Capability("chghost"),
        Capability(
            "draft/account-registration",
            offered=lambda client: client.chat.settings.registration_open and not client.exposed,
            value=lambda client: "before-connect",
        ),
        Capability("draft/channel-rename"),
        Capability("draft/chathistory"),
        Capability("draft/event-playback"),
        Capability(server_info.CAPABILITY),
        Capability("draft/message-redaction"),
        Capability(metadata.CAPABILITY, value=lambda client: metadata.limits()),
        Capability(
            "draft/multiline",
            value=lambda client: (
                f"max-bytes={client.chat.settings.max_message},max-lines={MAX_LINES}"
            ),
        ),
        Capability("draft/pre-away"),
        Capability("draft/read-marker"),
        Capability("echo-message"),
        Capability("extended-join"),
        Capability("extended-monitor"),
        Capability("invite-notify"),
        Capability("labeled-response"),
        Capability("message-tags"),
        Capability("multi-prefix"),
        Capability("no-implicit-names"),
        Capability("sasl", offered=lambda client: not client.exposed, value=_sasl),
        Capability("server-time"),
        Capability("setname"),
        Capability("soju.im/search"),
        Capability("standard-replies"),
        Capability("userhost-in-names"),
        Capability(
            "sts", offered=lambda client: client.chat.settings.sts > 0, value=_sts, fixed=True
        ),
    )
}


async def cap(client: IrcClient, message: Message) -> None:
    word, *rest = message.params
    registration = client.registration
    match word.upper():
        case "LS":
            if rest and rest[0].isascii() and rest[0].isdigit():
                registration.version = max(registration.version, int(rest[0][:5]))
            registration.negotiating = not client.registered
            if registration.version >= 302:
                client.caps.add("cap-notify")
            _list(client, "LS", _offered(client))
        case "LIST":
            _list(client, "LIST", sorted(client.caps))
        case "REQ":
            registration.negotiating = not client.registered
            _request(client, rest[0] if rest else "")
        case "END":
            registration.negotiating = False
            await complete_registration(client)
        case _:
            raise Refused("410", repeated(word), text="There is no such CAP command")


def _offered(client: IrcClient) -> list[str]:
    rows = [row for row in CAPABILITIES.values() if row.offered(client)]
    if client.registration.version < 302:
        # They get one line, and are older than the drafts that would not fit into it.
        rows = [row for row in rows if "/" not in row.name]
    return [_written(client, row) for row in rows]


def _written(client: IrcClient, row: Capability) -> str:
    value = row.value(client) if client.registration.version >= 302 else ""
    return f"{row.name}={value}" if value else row.name


def _list(client: IrcClient, word: str, names: list[str]) -> None:
    """The names on as many lines as they take. Only clients that know version 302 get several."""
    most = LONGEST_LINE - len(f":{client.server} CAP {client.nick} {word} * :\r\n".encode())
    lines = [" ".join(names)]
    if client.registration.version >= 302:
        lines = in_lines(names, " ", most) or lines
    for index, line in enumerate(lines, 1):
        more = "* " if index < len(lines) else ""
        client.line(client.server, f"CAP {client.nick} {word} {more}:{line}")


def _request(client: IrcClient, asked: str) -> None:
    """Take all changes or none."""
    caps = set(client.caps)
    written = without_controls(asked)
    for word in filter(None, asked.split(" ")):
        name = word.removeprefix("-")
        row = CAPABILITIES.get(name)
        wanted = not word.startswith("-")
        if row is None or row.fixed or (wanted and not row.offered(client)):
            client.line(client.server, f"CAP {client.nick} NAK :{written}")
            return
        if wanted:
            caps.add(name)
        elif name == "cap-notify" and client.registration.version >= 302:
            client.line(client.server, f"CAP {client.nick} NAK :{written}")
            return
        else:
            caps.discard(name)
    client.line(client.server, f"CAP {client.nick} ACK :{written}")
    client.flush()
    if metadata.CAPABILITY not in caps:
        client.unsubscribe(*client.subscribed)
    client.set_capabilities(caps)
