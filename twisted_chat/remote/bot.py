"""An alias of `twisted_chat.bot`, whose name this was."""

from ..bot import Bot, Message, run

__all__ = ["Bot", "Message", "run"]
