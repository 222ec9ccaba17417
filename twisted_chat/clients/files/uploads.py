"""Sending one file: it is read, offered, sent on a connection of its own, and named by a message.

`Source` is the file on this computer. Its methods block, and run on other threads.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial
from hashlib import sha256
from pathlib import Path

from ...core.attachments import size_in_words
from ...core.errors import ChatError, reason_of
from ...core.text import shown
from ..connection.file_connection import FileConnection
from ..connection.link import NONSENSE, Lost
from ..sync.messages import Outgoing
from .codec import Codec, Encoding, FileEncryption, Uploaded, blocks_of, stored_size
from .filenames import told_name
from .transfer import SerialWorker, Server, Transfer

ORDINARY_MOST = 100_000_000  # bytes of a file, where a server does not say
# Times that a server may have everything and not say that it has stored it. Connections that
# break at this very moment are no fault of the server, so there are some more than a few.
MOST_IN_VAIN = 10


class Upload:
    """One file on its way to the server."""

    def __init__(
        self, server: Server, encryption: FileEncryption, transfer: Transfer, path: Path
    ) -> None:
        self._server = server
        self._encryption = encryption
        self._transfer = transfer
        self._path = path
        self._do = SerialWorker(server.run)
        self._source: Source | None = None
        self._encoding = Encoding("")
        self._in_vain = 0

    async def carry_out(self) -> Outgoing:
        """Send it; the message that names it is kept in the outbox when the server has it."""
        transfer = self._transfer
        try:
            source = await self._do(self._open)
            size, name = source.size, told_name(self._path.name)
            self._encoding = self._encryption.outgoing(transfer.place, name, size)
            source.take(self._encoding.codec)
            transfer.size = source.stored
            while await self._do(source.hash_on):
                transfer.moved(0)  # a large file takes its time
            file = await self._server.retry(transfer, lambda: self._once(source))
            transfer.is_whole = True
            uploaded = Uploaded(transfer.place, file, name, size, self._encoding)
            return self._encryption.say(uploaded)
        finally:
            await self._do(self._close)

    def _open(self) -> Source:
        most = self._server.hello.get("max_file", ORDINARY_MOST)
        self._source = Source(self._path, int(most))
        return self._source

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()

    async def _once(self, source: Source) -> int:
        """One attempt: the number of the file, when the server has all of it."""
        offer = await self._server.ask(
            "offer",
            room=self._transfer.place,
            name=self._encoding.name,
            size=source.stored,
            sha256=source.sha256,
        )
        try:
            file, ticket, there = int(offer["file"]), str(offer["ticket"]), int(offer["from"])
        except (KeyError, TypeError, ValueError):
            raise Lost(NONSENSE) from None
        self._transfer.moved(min(max(there, 0), source.stored))
        connection = await self._server.connect()
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


PIECE = 64 * 1024  # about so many bytes of a file are in memory at once


class Source:
    """An open file, as it is stored."""

    def __init__(self, path: Path, most: int) -> None:
        """A ChatError says what is wrong with it; `most` is how many bytes it may have."""
        self.path = path
        self._file = _opened(path)
        try:
            _check_kind(path, os.fstat(self._file).st_mode)
            self._facts = _facts(self._file)
            self.size = self._facts[0]
            if not most:
                raise ChatError("too_long", "This server takes no files.")
            if self.size > most:
                raise ChatError(
                    "too_long",
                    f"{shown(path.name)} has {size_in_words(self.size)},"
                    f" and {size_in_words(most)} is the most that this server takes.",
                    max=most,
                    actual=self.size,
                )
        except BaseException:
            os.close(self._file)
            raise

    def take(self, codec: Codec) -> None:
        """Store it with this codec; to be called before anything is read."""
        self._codec = codec
        self._step = max(1, PIECE // codec.plain)  # blocks of a piece
        self._blocks = blocks_of(codec, self.size)
        self.stored = stored_size(codec, self.size)
        self._hash = sha256()
        self._hashed = 0

    def hash_on(self) -> bool:
        """Hash the next piece for `sha256`; return whether there is more."""
        if self._hashed < self.stored:
            piece = self.read(self._hashed)
            self._hash.update(piece)
            self._hashed += len(piece)
        return self._hashed < self.stored

    @property
    def sha256(self) -> str:
        """The hash of all of it as it is stored."""
        return self._hash.hexdigest()

    def read(self, position: int) -> bytes:
        """The next bytes of what is stored; a ChatError if the file is not what it was."""
        first, skipped = divmod(position, self._codec.stored)
        begin = first * self._codec.plain
        end = min(begin + self._step * self._codec.plain, self.size)
        plain = self._plain(begin, end)
        if _facts(self._file) != self._facts or len(plain) != end - begin:
            raise ChatError(
                "changed",
                f"{shown(self.path.name)} was changed while it was sent: send it again"
                " when nobody writes to it.",
            )
        ends = first + self._step >= self._blocks
        return self._codec.outward(first, plain, ends)[skipped:]

    def _plain(self, begin: int, end: int) -> bytes:
        found = bytearray()
        while begin + len(found) < end:
            try:
                some = os.pread(self._file, end - begin - len(found), begin + len(found))
            except OSError as error:
                raise _unreadable(self.path, error) from None
            if not some:
                break
            found += some
        return bytes(found)

    def close(self) -> None:
        os.close(self._file)


def _opened(path: Path) -> int:
    try:
        # To open a pipe that nobody writes to would block.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise ChatError(
            "no_file",
            f"{shown(str(path))} is a folder: pack it into one file (zip, tar), and send that.",
        )
    if not stat.S_ISREG(mode):
        raise ChatError("no_file", f"{shown(str(path))} is not an ordinary file.")


def _facts(file: int) -> tuple[int, int]:
    """What changes when the file does."""
    found = os.fstat(file)
    return found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError | ValueError) -> ChatError:
    number = error.errno if isinstance(error, OSError) else errno.ENOENT
    if number in (errno.ENOENT, errno.ENOTDIR):
        return ChatError("no_file", f"There is no file {shown(str(path))} on this computer.")
    return ChatError("no_file", f"{shown(str(path))} cannot be read: {reason_of(error)}.")
