"""What IRC clients can ask for beyond plain IRC, and which of it changes their bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from ...core.text import MAX_LINES
from . import isupport, metadata, sasl

if TYPE_CHECKING:
    from .door import IrcTalk


class Capability(Struct, frozen=True):
    """One row of what CAP LS lists."""

    name: str
    renders: bool = False  # whether it changes what delivered lines look like
    offered: Callable[[IrcTalk], bool] = lambda talk: True
    value: Callable[[IrcTalk], str] = lambda talk: ""
    fixed: bool = False  # is told, and cannot be asked for


def _sasl(talk: IrcTalk) -> str:
    return ",".join(sasl.mechanisms(talk))


def _sts(talk: IrcTalk) -> str:
    where = talk.connection.destination
    if talk.connection.secure:
        return f"duration={talk.chat.settings.sts}"
    return f"duration={talk.chat.settings.sts},port={where[1] if where else 0}"


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
            offered=lambda talk: talk.chat.settings.registration_open and not talk.exposed,
            value=lambda talk: "before-connect",
        ),
        Capability("draft/channel-rename", renders=True),
        Capability("draft/chathistory"),
        Capability("draft/event-playback"),
        Capability(isupport.CAPABILITY),
        Capability("draft/message-redaction", renders=True),
        Capability(metadata.CAPABILITY, value=lambda talk: metadata.limits()),
        Capability(
            "draft/multiline",
            renders=True,
            value=lambda talk: f"max-bytes={talk.chat.settings.max_message},max-lines={MAX_LINES}",
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
        Capability("sasl", offered=lambda talk: not talk.exposed, value=_sasl),
        Capability("server-time", renders=True),
        Capability("setname"),
        Capability("soju.im/search"),
        Capability("standard-replies"),
        Capability("userhost-in-names"),
        Capability("sts", offered=lambda talk: talk.chat.settings.sts > 0, value=_sts, fixed=True),
    )
}

RENDERING = frozenset(name for name, row in CAPABILITIES.items() if row.renders)
