"""What IRC clients can ask for beyond plain IRC, and which of it changes their bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from ...core.text import MAX_LINES
from . import isupport, metadata, sasl

if TYPE_CHECKING:
    from .door import IrcDoor


class Capability(Struct, frozen=True):
    """One row of what CAP LS lists."""

    name: str
    renders: bool = False  # whether it changes what delivered lines look like
    offered: Callable[[IrcDoor], bool] = lambda client: True
    value: Callable[[IrcDoor], str] = lambda client: ""
    fixed: bool = False  # is told, and cannot be asked for


def _sasl(client: IrcDoor) -> str:
    return ",".join(sasl.mechanisms(client))


def _sts(client: IrcDoor) -> str:
    where = client.connection.destination
    if client.connection.secure:
        return f"duration={client.chat.settings.sts}"
    return f"duration={client.chat.settings.sts},port={where[1] if where else 0}"


CAPABILITIES = {
    row.name: row
    for row in (
        Capability("account-notify"),
        Capability("account-tag", renders=True),
        Capability("away-notify", renders=True),
        Capability("batch", renders=True),
        Capability("cap-notify"),
        Capability("chghost"),
        Capability(
            "draft/account-registration",
            offered=lambda client: client.chat.settings.registration_open and not client.exposed,
            value=lambda client: "before-connect",
        ),
        Capability("draft/channel-rename", renders=True),
        Capability("draft/chathistory"),
        Capability("draft/event-playback"),
        Capability(isupport.CAPABILITY),
        Capability("draft/message-redaction", renders=True),
        Capability(metadata.CAPABILITY, value=lambda client: metadata.limits()),
        Capability(
            "draft/multiline",
            renders=True,
            value=lambda client: (
                f"max-bytes={client.chat.settings.max_message},max-lines={MAX_LINES}"
            ),
        ),
        Capability("draft/pre-away"),
        Capability("draft/read-marker"),
        Capability("echo-message", renders=True),
        Capability("extended-join", renders=True),
        Capability("extended-monitor"),
        Capability("invite-notify"),
        Capability("labeled-response", renders=True),
        Capability("message-tags", renders=True),
        Capability("multi-prefix"),
        Capability("no-implicit-names"),
        Capability("sasl", offered=lambda client: not client.exposed, value=_sasl),
        Capability("server-time", renders=True),
        Capability("setname"),
        Capability("soju.im/search"),
        Capability("standard-replies"),
        Capability("userhost-in-names"),
        Capability(
            "sts", offered=lambda client: client.chat.settings.sts > 0, value=_sts, fixed=True
        ),
    )
}

RENDERING = frozenset(name for name, row in CAPABILITIES.items() if row.renders)
