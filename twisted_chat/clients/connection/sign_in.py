"""Signing in: with the token that is kept, as a person says, or with a given password.

`Account` carries out what a `SignInHandler` decides. `UnattendedSignIn` is the handler where nobody
can be asked: in a pipe, from cron, as a bot.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from ...core.errors import ChatError, StartError, reason_of
from ...core.results import Standing
from ..sync.conversations import Conversations
from ..sync.storage import Run, Storage, private_folder
from .link import NONSENSE, Link, Lost
from .trust import Judgement

Welcome = Callable[[dict[str, Any]], None]
Unlock = Callable[[Path, Storage, str], Awaitable[None]]


class SignInHandler(Protocol):
    """What a person has to decide, or the program that acts for them."""

    def trusts(self, judgement: Judgement) -> Awaitable[bool]:
        """Whether a server that is new, or has a new key, is to be trusted."""

    def enter_account(self, account: Account, name: str) -> Awaitable[None]:
        """Sign in to the account; `name` is the one that was given, if any."""

    def unlock(self, refusal: str) -> Awaitable[str]:
        """The passphrase of the keys kept here; `refusal` says what was wrong with the last one."""


class Account:
    """The account that this client uses at the server, and its slot on this computer."""

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
        self.storage: Storage | None = None
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
        if self.storage is None and not self._folder(name.lower()).exists():
            return False  # whatever was typed for a name leaves no trace
        if not self._take(name).facts.get("token"):
            return False
        storage = await self._opened(name)
        token = storage.facts["token"]
        try:
            answer = await self._ask("resume", token=token, **self._positions())
        except ChatError as error:
            if error.code != "bad_token":
                raise
            await storage.remember(token="")
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

    async def _opened(self, name: str) -> Storage:
        """The slot of that name, with the keys in it."""
        storage = self._take(name)
        await self._unlock(self._folder(name.lower()), storage, name)
        return storage

    def _only_oneself(self, name: str) -> None:
        """Refuse another name, in which what is still to be sent must not be sent."""
        if self.name and name.lower() != self.name.lower():
            raise ChatError(
                "another_name",
                f"This is {self.name}'s client: end it, and start one for {name}.",
            )

    def _take(self, name: str) -> Storage:
        """The slot of that name; another one's is released."""
        self._only_oneself(name)
        folded = name.lower()
        if self.storage is not None and self._slot_of != folded:
            self.storage.close()
            self.storage = None
        if self.storage is None:
            self._slot_of = folded
            folder = self._folder(folded)
            try:
                self.storage = Storage(private_folder(folder), self._run)
            except (OSError, sqlite3.Error) as error:
                raise ChatError(
                    "disk",
                    f"What is kept for {name} in {folder} cannot be used ({reason_of(error)}):"
                    " repair it, or move it away.",
                ) from None
            self._conversations.recall(self.storage.places)
        return self.storage

    def owed(self, name: str) -> int:
        """Return how many messages are kept for a name that were not sent yet."""
        if self.storage is None and (not name or not self._folder(name.lower()).exists()):
            return 0
        try:
            return len(self._take(name).unsent)
        except ChatError:
            return 0

    def _positions(self) -> dict[str, Any]:
        epoch = self.storage.facts.get("epoch", "") if self.storage is not None else ""
        known = self._conversations.all
        return {
            "epoch": epoch,
            "positions": {label: one.position for label, one in known.items()} if epoch else {},
        }

    def _entered(self, answer: dict[str, Any]) -> None:
        """What follows the answer on the wire is taken in at once, so this may not wait."""
        try:
            self.name, self.guest = str(answer["name"]), bool(answer["guest"])
            if self.storage is not None and not self.guest:
                self._keep(self.storage, answer)
            self._welcome(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Lost(NONSENSE) from None

    def _keep(self, storage: Storage, answer: dict[str, Any]) -> None:
        before = storage.facts.get("epoch", "")
        answer["reset"] = answer["reset"] or before not in ("", answer["epoch"])
        write = storage.begin_anew if answer["reset"] else storage.remember
        kept = write(token=str(answer["token"]), epoch=str(answer["epoch"]))
        kept.addErrback(lambda failure: None)

    async def _ask(self, do: str, **arguments: Any) -> Any:
        assert self.link is not None
        return await self.link.ask(do, **arguments)

    async def close(self) -> None:
        """Release the slot."""
        if self.storage is not None:
            storage, self.storage = self.storage, None
            await storage.close()


VARIABLE = "TWISTED_CHAT_PASSWORD"
PASSPHRASE = "TWISTED_CHAT_PASSPHRASE"
MOST_BYTES = 64 * 1024  # of a line that may be a password


class UnattendedSignIn:
    """Signs in with a password that was given beforehand."""

    def __init__(
        self, server: str, tell: Callable[[str], None], password: str = "", register: bool = False
    ) -> None:
        """`tell` is for sentences that somebody should see; `register` makes a new account."""
        self._server = server
        self._tell = tell
        self._password = password
        self._register = register

    async def trusts(self, judgement: Judgement) -> bool:
        """Trust a key that was never seen before, and show it, so that it can be compared."""
        self._tell(judgement.sentence)
        return True

    async def enter_account(self, account: Account, name: str) -> None:
        """Sign in; the token that is kept, if any, was tried before."""
        if not name:
            raise ChatError(
                "args", f"Nobody was at {self._server} from here yet: say under which name to go."
            )
        standing = await account.standing(name)
        if standing.guest and not self._register:
            await account.come_as_guest(name)
        elif not standing.known and not self._register:
            raise ChatError(
                "no_such_user",
                f"Nobody at {self._server} is called {name}: --register makes the account.",
            )
        elif not self._password:
            raise ChatError(
                "no_password",
                f"{name} needs a password at {self._server}:"
                f" give it with --password-file or in {VARIABLE}.",
            )
        elif standing.known:
            await account.log_in(name, self._password)
        else:
            await account.register(name, self._password)

    async def unlock(self, refusal: str) -> str:
        """Return the passphrase of the keys that are kept here, from the environment."""
        passphrase = os.environ.get(PASSPHRASE, "")
        if refusal or not passphrase:
            reason = refusal or "The keys kept here have a passphrase."
            # Nobody can be asked again, so it is not "bad_passphrase", after which one is.
            raise ChatError("no_passphrase", f"{reason} Give it in {PASSPHRASE}.")
        return passphrase


def given_password(file: str, tell: Callable[[str], None]) -> str:
    """Return the password from the named file or from the environment; empty if there is none."""
    if not file:
        return os.environ.get(VARIABLE, "")
    try:
        with Path(file).open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            line = opened.readline(MOST_BYTES)
            text = line.decode().rstrip("\r\n")
    except OSError as error:
        raise StartError(f"{file} cannot be read: {reason_of(error)}.") from None
    except UnicodeDecodeError:
        raise StartError(f"The password in {file} is not UTF-8.") from None
    if not text:
        raise StartError(f"There is no password in the first line of {file}.")
    if mode & 0o077:
        tell(f"Others on this computer may read the password in {file}: chmod 600 {file}")
    return text
