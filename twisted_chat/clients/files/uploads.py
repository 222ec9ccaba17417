"""Sending one file: it is looked at, offered, carried, and named by a message."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ...core.text import shown
from ..connection.link import NONSENSE, Lost
from ..sync.outbox import Outgoing
from .filenames import told_name
from .packing import Packed, Uploaded
from .source import Source
from .threads import InOrder

if TYPE_CHECKING:
    from ..connection.file_connection import FileConnection
    from .transfer import Transfer
    from .transfers import Transfers

ORDINARY_MOST = 100_000_000  # bytes of a file, where a server does not say
# Times that a server may have everything and not say that it has stored it. Connections that
# break at this very moment are no fault of the server, so there are some more than a few.
MOST_IN_VAIN = 10


class Upload:
    """One file on its way to the server."""

    def __init__(self, transfers: Transfers, transfer: Transfer, path: Path) -> None:
        self._transfers = transfers
        self._transfer = transfer
        self._path = path
        self._do = InOrder(transfers.run)
        self._source: Source | None = None
        self._packed = Packed("")
        self._in_vain = 0

    async def carry_out(self) -> Outgoing:
        """Send it; the message that names it is kept in the outbox when the server has it."""
        transfers, transfer = self._transfers, self._transfer
        try:
            source = await self._do(self._open)
            size, name = source.size, told_name(self._path.name)
            self._packed = await transfers.packing.pack(transfer.place, name, size)
            source.take(self._packed.coding)
            transfer.size = source.stored
            while await self._do(source.hash_on):
                transfer.moved(0)  # a large file takes its time
            file = await transfers.again_and_again(transfer, lambda: self._once(source))
            transfer.is_whole = True
            uploaded = Uploaded(transfer.place, file, name, size, self._packed)
            return transfers.packing.say(uploaded)
        finally:
            await self._do(self._close)

    def _open(self) -> Source:
        most = self._transfers.user.hello.get("max_file", ORDINARY_MOST)
        self._source = Source(self._path, int(most))
        return self._source

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()

    async def _once(self, source: Source) -> int:
        """One attempt: the number of the file, when the server has all of it."""
        offer = await self._transfers.user.ask(
            "offer",
            room=self._transfer.place,
            name=self._packed.name,
            size=source.stored,
            sha256=source.sha256,
        )
        try:
            file, ticket, there = int(offer["file"]), str(offer["ticket"]), int(offer["from"])
        except (KeyError, TypeError, ValueError):
            raise Lost(NONSENSE) from None
        self._transfer.moved(min(max(there, 0), source.stored))
        connection = await self._transfers.reach()
        try:
            await self._carry(source, connection, ticket)
        finally:
            connection.close()
        return file

    async def _carry(self, source: Source, connection: FileConnection, ticket: str) -> None:
        answer = await connection.ask("upload", ticket=ticket)
        position = answer.get("from")
        if not isinstance(position, int) or not 0 <= position <= source.stored:
            raise Lost(NONSENSE)
        self._transfer.moved(position)
        if position < source.stored:
            self._in_vain = 0  # what was sent before has not all arrived
        while position < source.stored:
            piece = await self._do(partial(source.read, position))
            await connection.send(piece)
            position += len(piece)
            self._transfer.moved(position)
        self._in_vain += 1
        try:
            await connection.stored()
        except Lost:
            if self._in_vain < MOST_IN_VAIN:
                raise
            raise ChatError(
                "in_vain",
                f"The server has had all of {shown(self._path.name)} {MOST_IN_VAIN} times and never"
                " said that it has stored it: ask who runs it.",
            ) from None
