"""The former place of bots, kept for programs that import it: see `twisted_chat.bot`."""
