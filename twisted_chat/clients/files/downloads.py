"""Fetching one file: it grows under another name, and gets its own when it is whole."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.internet.defer import CancelledError

from ...core.errors import ChatError
from ...core.text import shown
from ..connection.link import NONSENSE, Lost
from .filenames import safe_name
from .packing import Damaged, Packed, Ticket
from .partial import Facts, Part, wanted_at, wanted_in
from .threads import InOrder

if TYPE_CHECKING:
    from ..connection.file_connection import FileConnection
    from .transfer import Transfer
    from .transfers import Transfers

MOST_DAMAGED = 2  # times that what came may not be what it must be
# After these, what is there is gone on with when the file is asked for again.
GOES_ON = frozenset({"disk", "untrusted", "left"})


class Fetched(NamedTuple):
    """A file that is here."""

    file: int
    path: Path
    size: int  # its own
    sha256: str  # of what is stored of it


class Download:
    """One file on its way to this computer."""

    def __init__(
        self,
        transfers: Transfers,
        transfer: Transfer,
        file: int,
        path: Path | None,
        folder: Path,
    ) -> None:
        """With a `path`, it is to be there; else in the folder, under its own name."""
        self._transfers = transfers
        self._transfer = transfer
        self._file = file
        self._path = path
        self._folder = folder
        self._do = InOrder(transfers.run)
        self._part: Part | None = None
        self._ticket: Ticket | None = None
        self._damaged = 0
        self._keep = True

    async def carry_out(self) -> Fetched:
        """Fetch it; where it is."""
        try:
            return await self._transfers.again_and_again(self._transfer, self._once)
        except (ChatError, CancelledError) as error:
            why = error if isinstance(error, ChatError) else self._transfer.stopped
            self._keep = why is None or why.code in GOES_ON
            raise
        finally:
            await self._do(self._close)

    def _close(self) -> None:
        if self._part is not None:
            if not self._keep:
                self._part.remove()
            self._part.close()

    async def _once(self) -> Fetched:
        """One attempt."""
        ticket = _ticket(await self._transfers.user.ask("get", file=self._file))
        part = await self._begun(ticket)
        try:
            if part.position < ticket.size:
                connection = await self._transfers.reach()
                try:
                    await self._carry(part, connection, ticket)
                finally:
                    connection.close()
            path = await self._do(part.finish)
            self._transfer.is_whole = True
            return Fetched(ticket.file, path, part.size, ticket.sha256)
        except Damaged:
            self._damaged += 1
            if self._damaged < MOST_DAMAGED:
                await self._do(part.begin_again)
                raise Lost("What came was damaged: it is fetched again.") from None
            raise ChatError(
                "damaged",
                f"{shown(part.wanted.name)} is not what was sent, and was not kept: ask who"
                " sent it to send it again.",
            ) from None

    async def _begun(self, ticket: Ticket) -> Part:
        """The part that is here of it."""
        before = self._ticket
        self._ticket = ticket
        if self._part is not None and before is not None:
            if (before.size, before.sha256) != (ticket.size, ticket.sha256):
                raise Lost(NONSENSE)
            await self._do(self._part.interrupted)
            return self._part
        packed = await self._transfers.packing.unpack(ticket)
        part = await self._do(partial(self._open, ticket, packed))
        self._transfer.name, self._transfer.size = part.wanted.name, ticket.size
        while await self._do(part.hash_on):
            self._transfer.moved(part.position)
        await self._do(part.check_room)
        return part

    def _open(self, ticket: Ticket, packed: Packed) -> Part:
        name = safe_name(packed.name, f"file-{ticket.file}")
        wanted = wanted_at(self._path, name) if self._path else wanted_in(self._folder, name)
        whose = f"{self._transfers.user.life.server} {ticket.file} {ticket.size} {ticket.sha256}"
        mark = sha256(whose.encode()).hexdigest()[:12]
        self._part = Part(wanted, Facts(mark, ticket.size, ticket.sha256, packed.coding))
        return self._part

    async def _carry(self, part: Part, connection: FileConnection, ticket: Ticket) -> None:
        position = part.position
        answer = await connection.ask("download", ticket=ticket.ticket, **{"from": position})
        if (answer.get("from"), answer.get("size")) != (position, ticket.size):
            raise Lost(NONSENSE)
        self._transfer.moved(position)
        while part.position < ticket.size:
            data = await connection.more()
            await self._do(partial(part.take, data))
            self._transfer.moved(part.position)


def _ticket(answer: dict[str, Any]) -> Ticket:
    try:
        return Ticket(
            int(answer["file"]),
            str(answer["name"]),
            int(answer["size"]),
            str(answer["sha256"]),
            str(answer["ticket"]),
            str(answer["room"]),
            int(answer["seq"]),
        )
    except (KeyError, TypeError, ValueError):
        raise Lost(NONSENSE) from None
