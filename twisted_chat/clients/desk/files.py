"""Sending and fetching files from a desk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorTime

from ...core.attachments import size_in_words
from ...core.errors import ChatError
from ...core.text import shown
from ..files.downloads import Fetched
from ..files.transfer import Transfer
from ..sync.messages import Outgoing
from ..sync.user import User
from .front import DeskInterface, Progress
from .paths import meant

A_MOMENT = 2.0  # seconds; what is done by then needs no word of its beginning


class FileCommands:
    """Sends and fetches the files that a person names."""

    def __init__(self, desk: DeskInterface, clock: IReactorTime) -> None:
        self._desk = desk
        self._clock = clock
        self._told: set[int] = set()  # transfers of which somebody was told who wants to leave

    @property
    def _user(self) -> User:
        return self._desk.user

    async def send(self, place: str, path: str) -> Outgoing:
        """Send a file; the message that names it, which is on its way."""
        found = await self._user.transfers.run(partial(meant, path))
        message: Outgoing = await self._outcome(self._user.transfers.send(place, found))
        return message

    async def get(self, file: int, path: str = "") -> Fetched:
        """Fetch a file; where it is."""
        whereto = await self._user.transfers.run(partial(_whereto, path)) if path else None
        found: Fetched = await self._outcome(self._user.transfers.fetch(file, whereto))
        return found

    async def _outcome(self, transfer: Transfer) -> Any:
        call = self._clock.callLater(A_MOMENT, self._say_begun, transfer)
        try:
            return await transfer.finished
        finally:
            if call.active():
                call.cancel()

    def _say_begun(self, transfer: Transfer) -> None:
        size = f", {size_in_words(transfer.size)}" if transfer.size else ""
        self._desk.say(f"({_doing(transfer)}{size}; cancel {transfer.number} stops it)")

    def cancel(self, number: int | None) -> None:
        """Stop a transfer; the only one needs no number."""
        running = self._user.transfers.running
        if number is None and len(running) == 1:
            number = next(iter(running))
        if number is None and running:
            raise ChatError("args", f"{len(running)} files are on their way: cancel which of them?")
        if number not in running:
            what = "Nothing" if number is None else f"No transfer {number}"
            raise ChatError("no_such_transfer", f"{what} is on its way: transfers shows what is.")
        self._user.transfers.cancel(running[number])

    def listed(self) -> list[str]:
        """What is being sent and fetched, as lines."""
        running = self._user.transfers.running
        if not running:
            return ["(Nothing is being sent or fetched.)"]
        return [f"{number}  {_so_far(one)}" for number, one in running.items()]

    def may_leave(self) -> bool:
        """Whether the person may leave: nothing is on its way, or they were told what is."""
        running = self._user.transfers.running
        if not running or running.keys() <= self._told:
            return True
        self._told = set(running)
        doing = "; ".join(_so_far(one) for one in running.values())
        self._desk.tell(f"({doing}. Leave once more to leave it at that.)", "error")
        return False


def _whereto(text: str) -> Path:
    """Where a file is to be; this looks at the disk."""
    path = meant(text)
    if text.rstrip("'\"").endswith("/") and not path.is_dir():
        raise ChatError("no_folder", f"There is no folder {shown(str(path))}.")
    return path


def fetched_sentence(fetched: Fetched) -> str:
    """The sentence about a file that was fetched."""
    return f"(Fetched, {size_in_words(fetched.size)}: {shown(str(fetched.path))})"


def progress(transfer: Transfer) -> Progress:
    """A transfer as a line of status shows it."""
    return Progress(
        transfer.number,
        transfer.sends,
        shown(transfer.name),
        transfer.done,
        transfer.size,
        transfer.percent,
        transfer.speed,
        transfer.seconds_left,
        shown(transfer.trouble),
    )


def _doing(transfer: Transfer) -> str:
    name = shown(transfer.name)
    return f"Sending {name} to {shown(transfer.place)}" if transfer.sends else f"Fetching {name}"


def _so_far(transfer: Transfer) -> str:
    trouble = f" ({shown(transfer.trouble).rstrip('.')})" if transfer.trouble else ""
    return f"{_doing(transfer)}: {transfer.percent} %{trouble}"
