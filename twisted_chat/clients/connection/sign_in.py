"""Signing in: with the token that was kept, or as somebody says who is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...core.errors import ChatError, reason_of
from ...core.standing import Standing
from ..sync.conversations import Conversations
from ..sync.folders import private_folder
from ..sync.storage import Run, Shelf
from .link import NONSENSE, Link, Lost

if TYPE_CHECKING:
    from .trust import Judgement

Welcome = Callable[[dict[str, Any]], None]
Unlock = Callable[[Path, Shelf, str], Awaitable[None]]


class Entrance(Protocol):
    """What has to be decided by a person, or by whoever speaks for one."""

    def trusts(self, judgement: Judgement) -> Awaitable[bool]:
        """Whether a server that is new, or has a new key, is to be trusted."""

    def enter_account(self, account: Account, name: str) -> Awaitable[None]:
        """Sign in to the account; `name` is the one that was given, if any."""

    def unlock(self, refusal: str) -> Awaitable[str]:
        """The passphrase of the keys kept here; `refusal` says what was wrong with the last one."""


class Account:
    """Who one is at a server, and the slot on this computer that belongs to it."""

    def __init__(
        self,
        folder: Callable[[str], Path],
        run: Run[Any],
        conversations: Conversations,
        unlock: Unlock,
        welcome: Welcome,
    ) -> None:
        """`folder` is where the slots of a name are, `unlock` opens the keys that are kept in one,
        `welcome` is told of a sign-in."""
        self._unlock = unlock
        self._folder = folder
        self._run = run
        self._conversations = conversations
        self._welcome = welcome
        self._slot_of = ""
        self.link: Link | None = None  # while there is one
        self.shelf: Shelf | None = None
        self.name = ""
        self.guest = False

    # --- the ways in -------------------------------------------------------------------------

    async def standing(self, name: str) -> Standing:
        """What a name is to the server, or a refusal that says why it cannot be taken."""
        answer = await self._ask("known", name=name)
        return Standing(answer["known"], answer["guest"])

    async def resume(self, name: str) -> bool:
        """Sign in with the token that is kept, if there is a good one."""
        self._only_oneself(name)
        if self.shelf is None and not self._folder(name.lower()).exists():
            return False  # whatever was typed for a name leaves no trace
        if not self._take(name).facts.get("token"):
            return False
        shelf = await self._opened(name)
        token = shelf.facts["token"]
        try:
            answer = await self._ask("resume", token=token, **self._positions())
        except ChatError as error:
            if error.code != "bad_token":
                raise
            await shelf.remember(token="")
            return False
        self._entered(answer)
        return True

    async def log_in(self, name: str, password: str) -> None:
        """Sign in with a password."""
        device = (await self._opened(name)).facts["device"]
        self._entered(
            await self._ask(
                "login", name=name, password=password, device=device, **self._positions()
            )
        )

    async def register(self, name: str, password: str) -> None:
        """Make an account."""
        device = (await self._opened(name)).facts["device"]
        self._entered(await self._ask("register", name=name, password=password, device=device))

    async def come_as_guest(self, name: str) -> None:
        """Come in without an account; nothing of it is kept."""
        self._only_oneself(name)
        await self.close()
        self._entered(await self._ask("guest", name=name))

    # --- what is kept ------------------------------------------------------------------------

    async def _opened(self, name: str) -> Shelf:
        """The slot of that name, with the keys in it."""
        shelf = self._take(name)
        await self._unlock(self._folder(name.lower()), shelf, name)
        return shelf

    def _only_oneself(self, name: str) -> None:
        """What one has still to say is never said by somebody else."""
        if self.name and name.lower() != self.name.lower():
            raise ChatError(
                "another_name",
                f"This is {self.name}'s client: end it, and start one for {name}.",
            )

    def _take(self, name: str) -> Shelf:
        """The slot of that name; another one's is given back."""
        self._only_oneself(name)
        folded = name.lower()
        if self.shelf is not None and self._slot_of != folded:
            self.shelf.close()
            self.shelf = None
        if self.shelf is None:
            self._slot_of = folded
            folder = self._folder(folded)
            try:
                self.shelf = Shelf(private_folder(folder), self._run)
            except (OSError, sqlite3.Error) as error:
                raise ChatError(
                    "disk",
                    f"What is kept for {name} in {folder} cannot be used ({reason_of(error)}):"
                    " repair it, or move it away.",
                ) from None
            self._conversations.recall(self.shelf.places)
        return self.shelf

    def owed(self, name: str) -> int:
        """How many messages are kept for a name, of which nobody was told yet."""
        if self.shelf is None and (not name or not self._folder(name.lower()).exists()):
            return 0
        try:
            return len(self._take(name).unsent)
        except ChatError:
            return 0

    def _positions(self) -> dict[str, Any]:
        epoch = self.shelf.facts.get("epoch", "") if self.shelf is not None else ""
        known = self._conversations.all
        return {
            "epoch": epoch,
            "positions": {label: one.position for label, one in known.items()} if epoch else {},
        }

    def _entered(self, answer: dict[str, Any]) -> None:
        """What follows the answer on the wire is taken in at once, so this may not wait."""
        try:
            self.name, self.guest = str(answer["name"]), bool(answer["guest"])
            if self.shelf is not None and not self.guest:
                self._keep(self.shelf, answer)
            self._welcome(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Lost(NONSENSE) from None

    def _keep(self, shelf: Shelf, answer: dict[str, Any]) -> None:
        before = shelf.facts.get("epoch", "")
        answer["reset"] = answer["reset"] or before not in ("", answer["epoch"])
        write = shelf.begin_anew if answer["reset"] else shelf.remember
        kept = write(token=str(answer["token"]), epoch=str(answer["epoch"]))
        kept.addErrback(lambda failure: None)

    async def _ask(self, do: str, **arguments: Any) -> Any:
        assert self.link is not None
        return await self.link.ask(do, **arguments)

    async def close(self) -> None:
        """Give the slot back."""
        if self.shelf is not None:
            shelf, self.shelf = self.shelf, None
            await shelf.close()
