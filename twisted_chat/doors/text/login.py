"""The dialogue that begins every text session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...console.dialogue import SignInDialogue
from ...core.errors import ChatError
from ...core.events import Closed
from ...core.results import Standing

if TYPE_CHECKING:
    from ...chat.accounts.sign_in import Proof
    from .door import TextDoor


async def sign_in(door: TextDoor) -> Proof | None:
    """Ask for a name and whatever proves it; None when that leads nowhere."""
    proof = await TextEntering(door).sign_in()
    if proof is None and not door.closed:
        door.close(Closed("too_many_tries", "That was tried too often: goodbye."))
    return proof


class TextEntering(SignInDialogue["Proof"]):
    """Looks names and passwords up in the chat itself."""

    def __init__(self, door: TextDoor) -> None:
        super().__init__(door)
        self._signin = door.chat.signin
        self._door = door

    async def standing(self, name: str) -> Standing:
        if name.lower().split(None, 1)[:1] == ["fetch-file"]:
            raise ChatError(
                "bad_name",
                "fetch-file is taken only as the first line of a new connection, sent at once:"
                " run the line that you were given as it stands.",
            )
        connection = self._door.connection
        return self._signin.standing(name, connection.network, connection.local)

    async def log_in(self, name: str, password: str) -> Proof:
        return await self._signin.with_password(name, password, self._door.connection.network)

    async def register(self, name: str, password: str) -> Proof:
        connection = self._door.connection
        return await self._signin.register(name, password, connection.network, connection.local)

    async def come_as_guest(self, name: str) -> Proof:
        return self._signin.guest(name)
