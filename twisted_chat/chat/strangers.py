"""What somebody may ask who has not signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.standing import Standing

if TYPE_CHECKING:
    from .chat import Chat


def standing(chat: Chat, name: str, network: str, local: bool) -> Standing:
    """What a name is to the server, or a refusal that says why nobody there can take it."""
    settings, signin = chat.settings, chat.signin
    if not signin.tells_names:
        return Standing(known=True)  # where nobody can sign up, strangers learn of no name
    if signin.find(name) is not None:
        return Standing(known=True)
    if settings.guests:
        return Standing(known=False, guest=True)
    signin.new_name(name, local)
    signin.check_registration(network)
    return Standing(known=False)
