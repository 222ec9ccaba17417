"""The dialogue in which somebody signs in, at the server's text door and in a client's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from ..core.commands import TABLE
from ..core.errors import ChatError
from ..core.standing import MOST_NAMES, Standing
from ..core.vocabulary import Help, Logout
from .dialogue import MOST_SLIPS, Terminal

ABOUT_NAMES = (
    "Type the name that you want to be known by here, and then a password.",
    "A name that is new is yours from then on; you choose its password by typing it twice.",
    "tata leaves.",
)

Entry = TypeVar("Entry")  # what one has who has signed in


class Entering(ABC, Generic[Entry]):
    """Asks for a name and whatever proves it; how these are checked is for others to say."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @abstractmethod
    async def standing(self, name: str) -> Standing:
        """What the name is to the server, or a refusal that says why nobody here can take it."""

    @abstractmethod
    async def log_in(self, name: str, password: str) -> Entry:
        """Sign in to an account; `wrong_password` is the refusal after which one tries again."""

    @abstractmethod
    async def register(self, name: str, password: str) -> Entry:
        """Make an account."""

    @abstractmethod
    async def come_as_guest(self, name: str) -> Entry:
        """Come in without an account."""

    async def sign_in(self, name: str = "") -> Entry | None:
        """Ask until somebody is in; None after a word to leave, or when it was tried too often.

        A name that is known already is not asked for, the first time.
        """
        for _ in range(MOST_NAMES):
            while not name:
                name = (await self._terminal.ask("Username: ")).strip()
            row = TABLE.named(name.removeprefix("/"))
            if row is not None and row.make is Logout:
                self._terminal.log_out(name)
                return None
            if row is not None and row.make is Help:
                self._terminal.say(*ABOUT_NAMES)
                name = ""
                continue
            try:
                return await self.prove(name)
            except ChatError as error:
                self._terminal.refuse(error)
            name = ""
        return None

    async def prove(self, name: str) -> Entry:
        """Sign in under that name, whatever it takes."""
        standing = await self.standing(name)
        if standing.known:
            return await self._known(name)
        if standing.guest:
            return await self.come_as_guest(name)
        self._terminal.say(f"{name} is a new name here: choose a password for it.")
        for _ in range(MOST_SLIPS):
            password = await self._chosen()
            try:
                return await self.register(name, password)
            except ChatError as error:
                if error.code != "bad_password":
                    raise
                self._terminal.refuse(error)
        raise _nothing_chosen()

    async def _known(self, name: str) -> Entry:
        """Ask for the password until it is right or there are no tries left."""
        while True:
            password = await self._terminal.ask("Enter user's password: ", secret=True)
            try:
                return await self.log_in(name, password)
            except ChatError as error:
                if error.code != "wrong_password":
                    raise
                self._terminal.refuse(error)

    async def _chosen(self) -> str:
        """A password that was typed twice in the same way."""
        for _ in range(MOST_SLIPS):
            password = await self._terminal.ask("Enter Password: ", secret=True)
            if not password:
                raise ChatError("bad_password", "A password cannot be empty: begin again.")
            if await self._terminal.ask("Enter Password again: ", secret=True) == password:
                return password
            self._terminal.say("(The two passwords are not the same: choose again.)")
        raise _nothing_chosen()


def _nothing_chosen() -> ChatError:
    return ChatError("bad_password", "No password was chosen: begin again.")
