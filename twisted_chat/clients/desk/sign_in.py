"""Signing in from a client, in the words of the text door."""

from __future__ import annotations

from ...console.dialogue import SignInDialogue, Terminal
from ...core.errors import ChatError
from ...core.results import Standing
from ..connection.link import Lost
from ..connection.sign_in import Account


class SignIn(SignInDialogue[bool]):
    """The dialogue that signs an account in."""

    def __init__(self, terminal: Terminal, account: Account) -> None:
        super().__init__(terminal)
        self._account = account

    async def prove(self, name: str) -> bool:
        """Sign in by what is kept from before, or else by a password."""
        try:
            return await self._account.resume(name) or await super().prove(name)
        except ChatError as error:
            if error.code == "blocked":
                # To ask for another name here would be to have the next password typed for it.
                raise Lost(error.sentence, error.code) from None
            raise

    async def standing(self, name: str) -> Standing:
        return await self._account.standing(name)

    async def log_in(self, name: str, password: str) -> bool:
        await self._account.log_in(name, password)
        return True

    async def register(self, name: str, password: str) -> bool:
        await self._account.register(name, password)
        return True

    async def come_as_guest(self, name: str) -> bool:
        await self._account.come_as_guest(name)
        return True
