"""What may be said in which conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.draft import Draft
from ..core.errors import ChatError
from ..core.rooms import Room

if TYPE_CHECKING:
    from .chat import Chat


def check_draft(chat: Chat, room: Room | None, draft: Draft) -> None:
    """Refuse what may not be said in that conversation; None is one that has not begun.

    This is the one place that decides between words and what is sealed. Whether it was sealed for
    the right devices is for `check_version` to say.
    """
    if draft.sealed:
        if room is None or not room.encrypted:
            raise ChatError(
                "not_encrypted",
                "This conversation is not encrypted: say it in words, or encrypt it.",
            )
    elif room is not None and not chat.rooms.takes_words(room):
        raise only_sealed()
    draft.check(chat.settings.max_message)


def check_version(chat: Chat, room: Room, draft: Draft) -> None:
    """Refuse what was sealed for other devices than there are now."""
    if draft.sealed and draft.version != chat.devices.version(room):
        raise ChatError(
            "stale", "People or devices have changed here: get their keys, and seal it for these."
        )


def only_sealed(what: str = "This conversation") -> ChatError:
    """The refusal of words where there may be none."""
    return ChatError(
        "encrypted",
        f"{what} is encrypted: only a client that has the keys can read and write there"
        " (python -m twisted_chat.client HOST PORT).",
    )
