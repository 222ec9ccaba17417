"""The dialogues of a terminal, at the server's text door and in a client's own.

Nothing here knows the server: what somebody asks for is carried out by the terminal.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from msgspec.structs import replace

from ..core import vocabulary as words
from ..core.commands import Command
from ..core.errors import ChatError
from ..core.results import Page, Result
from .parse import Typed

MOST_SLIPS = 3  # passwords that are typed differently the second time


class Terminal(Protocol):
    """Where a person reads and types, as far as a dialogue can see it."""

    @property
    def guest(self) -> bool:
        """Whether whoever has logged in here has no account."""

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
        """Do what a line asks for; a ChatError says why that cannot be."""
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
