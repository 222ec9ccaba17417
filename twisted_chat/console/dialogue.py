"""The dialogues of a terminal, at the server's text door and in a client's own.

`SignInDialogue` asks for a name and what proves it, `Dialogue` for what a command leaves open.
Neither knows the server: the terminal carries out what a person asks for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace

from ..core import command_table as words
from ..core.command_table import TABLE, Help, Logout
from ..core.commands import Command
from ..core.errors import ChatError
from ..core.results import MOST_NAMES, Page, Result, Standing
from .parse import Typed

MOST_SLIPS = 3  # passwords that are typed differently the second time


class Terminal(Protocol):
    """Where a person reads and types, as far as a dialogue can see it."""

    @property
    def guest(self) -> bool:
        """Whether the person who has logged in here has no account."""

    def ask(self, prompt: str, secret: bool = False) -> Awaitable[str]:
        """Show a prompt and wait for the line typed after it, unseen if it is `secret`."""

    def say(self, *lines: str) -> None:
        """Show lines."""

    def refuse(self, error: ChatError) -> None:
        """Say what was wrong."""

    def perform(self, command: Command) -> Awaitable[Result]:
        """Carry out a command; a ChatError is the refusal."""

    def show(self, result: Result) -> None:
        """Show what came of a command."""

    def talk(self, place: str) -> Awaitable[None]:
        """Say every line there from now on, or nowhere any more."""

    def log_out(self, word: str) -> None:
        """End it, with the word that the person typed for it."""


class Dialogue:
    """Carries out what was typed, and asks for what it leaves open."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._search: words.Search | None = None  # the next page of the last search

    async def carry_out(self, typed: Typed) -> None:
        """Do what a line asks for; raise ChatError if that cannot be."""
        match typed.row.make:
            case words.Talk:
                await self._terminal.talk(str(typed.values.get("place", "")))
            case words.Logout:
                self._terminal.log_out(typed.word)
            case words.Password:
                await self._password()
            case words.Search:
                await self._find(typed)
            case _:
                await self._guide(typed)

    async def _do(self, command: Any) -> Result | None:
        """Carry out a command and show what came of it; None if the person is not sure of it."""
        terminal = self._terminal
        try:
            result = await terminal.perform(command)
        except ChatError as error:
            if error.code != "confirm" or not hasattr(command, "sure"):
                raise
            answer = await terminal.ask(f"{error.sentence}\nType yes to go on: ")
            if answer.strip().lower() != "yes":
                terminal.say("(Nothing was done)")
                return None
            result = await terminal.perform(replace(command, sure=True))
        terminal.show(result)
        return result

    async def _guide(self, typed: Typed) -> None:
        """Ask for what was left out, one thing after another."""
        if typed.missing and typed.row.lists_online and "user" not in typed.values:
            await self._do(words.WhoElse())
        answers = {}
        for arg in typed.missing:
            answer = (await self._terminal.ask(arg.ask)).strip()
            if not answer and not arg.or_empty:
                self._terminal.say("(Nothing was done)")
                return
            answers[arg.field] = answer
        await self._do(typed.command(**answers))

    async def _password(self) -> None:
        ask = self._terminal.ask
        old = "" if self._terminal.guest else await ask("Enter your password: ", secret=True)
        for _ in range(MOST_SLIPS):
            new = await ask("Enter new password: ", secret=True)
            if await ask("Enter new password again: ", secret=True) == new:
                await self._do(words.Password(new=new, old=old))
                return
            self._terminal.say("(The two passwords are not the same: choose again.)")
        raise ChatError("args", "The two were never the same: your password is what it was.")

    async def _find(self, typed: Typed) -> None:
        """Search; without words, for the next page of the last search."""
        command = typed.command()
        assert isinstance(command, words.Search)
        if not command.words:
            if self._search is None:
                raise ChatError("query", "Type what to look for: search <words>.")
            command = self._search
        page = await self._do(command)
        assert isinstance(page, Page)
        more = page.older is not None
        self._search = replace(command, page=page.older) if more else None


ABOUT_NAMES = (
    "Type the name that you want to be known by here, and then a password.",
    "A name that is new is yours from then on; you choose its password by typing it twice.",
    "tata leaves.",
)

SignedIn = TypeVar("SignedIn")  # what a sign-in returns


class SignInDialogue(ABC, Generic[SignedIn]):
    """Asks for a name and what proves it; subclasses check them."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @abstractmethod
    async def standing(self, name: str) -> Standing:
        """What the name is to the server, or a refusal that says why nobody here can take it."""

    @abstractmethod
    async def log_in(self, name: str, password: str) -> SignedIn:
        """Sign in to an account; `wrong_password` is the refusal after which one tries again."""

    @abstractmethod
    async def register(self, name: str, password: str) -> SignedIn:
        """Make an account."""

    @abstractmethod
    async def come_as_guest(self, name: str) -> SignedIn:
        """Come in without an account."""

    async def sign_in(self, name: str = "") -> SignedIn | None:
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

    async def prove(self, name: str) -> SignedIn:
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

    async def _known(self, name: str) -> SignedIn:
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
