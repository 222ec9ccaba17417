"""What stands at the sides of the window, out of what is known of the conversations."""

from __future__ import annotations

from ...core.text import shown
from ..desk.front import Status
from ..sync.conversations import LOBBY, Conversation
from ..sync.user import User
from .people import Member, Memberships
from .sidebar import Row


def rows_of(user: User, here: str, looking: bool) -> list[Row]:
    """The conversations: the lobby, then rooms, then people."""
    rows = [
        _row(conversation, looking and conversation.label == here)
        for conversation in user.conversations.all.values()
    ]
    if all(row.label != here for row in rows):
        rows.append(Row(shown(here)))
    return sorted(
        rows, key=lambda row: (row.label != LOBBY, row.label[:1] != "#", row.label.lower())
    )


def _row(conversation: Conversation, looked_at: bool) -> Row:
    label = shown(conversation.label)
    if looked_at:
        return Row(label)
    return Row(label, conversation.unread, conversation.mentions)


def may_encrypt(status: Status, members: list[Member]) -> bool:
    """Whether this person could have the conversation encrypted: a private one, or a room of
    their own."""
    if status.here == LOBBY or status.secrecy:
        return False
    own = (member.role for member in members if member.name == status.name)
    return not status.here.startswith("#") or "owner" in own


def members_of(status: Status, memberships: Memberships) -> list[Member]:
    """The people of the conversation one looks at."""
    online = dict.fromkeys(status.people)
    if not status.online or status.here == LOBBY:
        return [Member(name) for name in online]
    if status.here.startswith("#"):
        return memberships.of(status.here, online)
    both = dict.fromkeys((status.here, status.name))
    return [Member(name, online=name in online) for name in both]
