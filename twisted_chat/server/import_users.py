"""Takes in the accounts of a file, one `<username> <password>` a line, in the background."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from ..chat.accounts.passwords import weakness
from ..core.errors import ChatError, StartError, reason_of

if TYPE_CHECKING:
    from ..chat.chat import Chat

AT_ONCE = max(1, (os.cpu_count() or 1) // 4)  # logging in must not wait for this
LINES_A_TURN = 50  # known names in one turn of the reactor
AGAIN = 1.0  # seconds until a line is tried again when the passwords are busy

# What is wrong is said without quoting the line: it has a password in it.
REFUSALS = {
    "name_taken": "its name is taken, or looks like one that is",
    "bad_name": "its name is not allowed",
    "bad_password": "its password is not allowed",
    "args": "it needs a name, a space and a password",
}

log = Logger()


def open_users(file: Path) -> BufferedReader:
    """The file, open; StartError says why it cannot be."""
    try:
        return file.open("rb")
    except OSError as error:
        raise StartError(f"The file of users {file} cannot be read: {reason_of(error)}.") from None


class Newcomers:
    """The accounts of one file on their way into the chat."""

    def __init__(self, chat: Chat, clock: IReactorTime, file: BufferedReader) -> None:
        self._chat = chat
        self._clock = clock
        self._file = file
        self._made = 0
        self._known = 0
        self._refused = 0
        self._weak = 0
        self._stopped = False

    async def take_in(self) -> None:
        """Make the accounts that are missing, and report how many that were."""
        with self._file:
            lines = await deferToThread(self._file.readlines)
        numbered = enumerate(lines, 1)
        workers = [Deferred.fromCoroutine(self._work(numbered)) for _ in range(AT_ONCE)]
        await DeferredList(workers, fireOnOneErrback=True, consumeErrors=True)
        if not self._stopped:
            log.info(
                "New accounts from {file}: {made}; there already: {known}; left out: {refused}",
                made=self._made,
                known=self._known,
                refused=self._refused,
                file=self._file.name,
            )

        if self._weak:
            log.warn(
                "New accounts with a password of fewer than {shortest} characters, or with their"
                " name for a password, which are easy to guess: {count}",
                count=self._weak,
                shortest=self._chat.settings.password_min,
            )

    def stop(self) -> None:
        """Make no more."""
        self._stopped = True

    async def _work(self, lines: Iterator[tuple[int, bytes]]) -> None:
        for count, (number, line) in enumerate(lines):
            if self._stopped:
                return
            if count % LINES_A_TURN == 0:
                await deferLater(self._clock, 0)
            while (wait := await self._take(number, line)) > 0 and not self._stopped:
                await deferLater(self._clock, wait)

    async def _take(self, number: int, line: bytes) -> float:
        """Take one line in; the answer is for how long to wait before trying it again."""
        if not line.strip():
            return 0
        try:
            name, password = self._read(line)
            if self._chat.signin.find(name) is not None:
                self._known += 1
                return 0
            free = self._chat.signin.new_name(name, local=True)
            await self._chat.signin.make_account(free, password)
            self._weak += weakness(password, name, self._chat.settings.password_min) is not None
        except ChatError as error:
            if error.code == "busy":
                return AGAIN
            self._refused += 1
            log.warn(
                "Line {number} of {file} is left out: {reason}",
                number=number,
                file=self._file.name,
                reason=REFUSALS.get(error.code, f"it was refused ({error.code})"),
            )
        else:
            self._made += 1
        return 0

    def _read(self, line: bytes) -> tuple[str, str]:
        try:
            name, password = line.decode("utf-8").rstrip("\r\n").lstrip("\ufeff ").split(None, 1)
        except ValueError:
            raise ChatError("args", "A name and a password are needed.") from None
        return name, password
