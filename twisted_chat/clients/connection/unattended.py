"""Signing in where nobody can be asked: in a pipe, from cron, as a bot."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from ...core.errors import ChatError, StartError, reason_of
from .sign_in import Account
from .trust import Judgement

VARIABLE = "TWISTED_CHAT_PASSWORD"
PASSPHRASE = "TWISTED_CHAT_PASSPHRASE"
MOST_BYTES = 64 * 1024  # of a line that may be a password


class Unattended:
    """Goes in with a password that was given beforehand."""

    def __init__(
        self, server: str, tell: Callable[[str], None], password: str = "", register: bool = False
    ) -> None:
        """`tell` is for sentences that somebody should see; `register` makes a new account."""
        self._server = server
        self._tell = tell
        self._password = password
        self._register = register

    async def trusts(self, judgement: Judgement) -> bool:
        """What was never seen before is trusted, and said, so that it can be compared."""
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
        """What opens the keys that are kept here, from the environment."""
        passphrase = os.environ.get(PASSPHRASE, "")
        if refusal or not passphrase:
            reason = refusal or "The keys kept here have a passphrase."
            # Nobody can be asked again, so it is not "bad_passphrase", after which one is.
            raise ChatError("no_passphrase", f"{reason} Give it in {PASSPHRASE}.")
        return passphrase


def given_password(file: str, tell: Callable[[str], None]) -> str:
    """The password from the file, if one is named, or from the environment; or none."""
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
