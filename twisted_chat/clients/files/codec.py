"""How files are stored at the server: as they are under their name, or encrypted.

In encrypted conversations the server has ciphertext, and the message that names the file has its
key. Sizes, resuming and checking are counted in stored blocks everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ...core.errors import ChatError
from ..encryption.incoming import Archive
from ..sync.messages import Outgoing

if TYPE_CHECKING:
    from ...e2e.chunks import FileCipher  # loaded when something is encrypted
    from ...e2e.envelopes import SealedFile

SayFile = Callable[[str, str, int, "SealedFile | None"], Outgoing]


class Damaged(Exception):
    """What came is not what was sent."""


class Codec(Protocol):
    """Converts a file's own bytes to stored bytes and back, in blocks that are independent.

    The same block is always the same bytes in storage, however often it is made. These methods
    run outside of the reactor's thread, for one file one after another.
    """

    plain: int  # bytes of the file in a block; the last block may have fewer, or none
    stored: int  # bytes of such a block in storage

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        """The stored form of whole blocks from number `first` on; the file `ends` with them."""

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        """The file's own bytes of whole stored blocks; Damaged if they are not what was sent."""


class PlainCodec:
    """Files as they are, which can go on at any byte."""

    plain = stored = 1

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        return data

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        return data


def blocks_of(codec: Codec, size: int) -> int:
    """How many blocks a file of this size has; an empty one has one without anything in it."""
    return max(1, -(-size // codec.plain))


def stored_size(codec: Codec, size: int) -> int:
    """How many bytes a file of this size is in storage."""
    return size + blocks_of(codec, size) * (codec.stored - codec.plain)


def plain_size(codec: Codec, stored: int) -> int:
    """How many bytes the file has that is so many in storage."""
    blocks = max(1, -(-stored // codec.stored))
    size = stored - blocks * (codec.stored - codec.plain)
    if size < 0 or stored_size(codec, size) != stored:
        raise Damaged("no file has this size")
    return size


class Encoding(NamedTuple):
    """One file: its name (to the server at sending, to its reader at fetching), and its coding."""

    name: str
    codec: Codec = PlainCodec()


class Ticket(NamedTuple):
    """What the server says of a file that one may fetch."""

    file: int
    name: str
    size: int  # as it is stored
    sha256: str  # of what is stored
    ticket: str
    room: str  # where the message is that it belongs to
    seq: int


class Uploaded(NamedTuple):
    """A file that the server has, and that no message names yet."""

    place: str  # the #room or the person it is for
    file: int
    name: str  # its own
    size: int  # its own
    encoding: Encoding


class EncryptedCodec:
    """A file in chunks that are encrypted each for itself."""

    def __init__(self, cipher: FileCipher, secret: SealedFile) -> None:
        from ...e2e.chunks import CHUNK, SEALED_CHUNK

        self.plain, self.stored = CHUNK, SEALED_CHUNK
        self.secret = secret
        self._cipher = cipher

    def outward(self, first: int, data: bytes, ends: bool) -> bytes:
        return b"".join(
            self._cipher.seal(first + index, piece)
            for index, piece in enumerate(_pieces(data, self.plain))
        )

    def inward(self, first: int, data: bytes, ends: bool) -> bytes:
        try:
            return b"".join(
                self._cipher.open(first + index, piece)
                for index, piece in enumerate(_pieces(data, self.stored))
            )
        except (ChatError, ValueError) as error:
            raise Damaged(str(error)) from None


def _pieces(data: bytes, length: int) -> list[bytes]:
    """The blocks in some bytes; nothing at all is one block too."""
    return [data[at : at + length] for at in range(0, max(1, len(data)), length)]


class FileEncryption:
    """Encrypts what goes into encrypted conversations; everything else goes as it is."""

    def __init__(
        self, is_encrypted: Callable[[str], bool], archive: Archive, say_file: SayFile
    ) -> None:
        """`say_file` sends the message that names a file: its place, name, number, and secret."""
        self._is_encrypted = is_encrypted
        self._archive = archive
        self._say_file = say_file

    def outgoing(self, place: str, name: str, size: int) -> Encoding:
        """Return how a file is sent there; its name is empty where the server may not know it."""
        if not self._is_encrypted(place):
            return Encoding(name)
        from ...e2e.base64 import to_base64
        from ...e2e.chunks import FileCipher, new_key
        from ...e2e.envelopes import SealedFile

        key = new_key()
        secret = SealedFile(name, size, to_base64(key))
        return Encoding("", EncryptedCodec(FileCipher(key, size), secret))

    async def incoming(self, ticket: Ticket) -> Encoding:
        """Return how a file is read; raise ChatError if it is not for this device."""
        archive = self._archive
        kept = await archive.file(ticket.file)
        if kept is None and ticket.name and not archive.is_sealed(ticket.room, ticket.seq):
            return Encoding(ticket.name)
        from ...e2e.chunks import FileCipher
        from ...e2e.envelopes import file_key

        kept = kept or await archive.kept_at(ticket.room, ticket.seq)
        if kept is None or kept.file is None:
            raise ChatError(
                "no_keys",
                f"File {ticket.file} is encrypted, and this device has no key for it: ask who sent"
                " it to send it again.",
            )
        secret = kept.file
        return Encoding(
            secret.name, EncryptedCodec(FileCipher(file_key(secret), secret.size), secret)
        )

    def say(self, uploaded: Uploaded) -> Outgoing:
        """Send the message that names a file."""
        codec: Codec = uploaded.encoding.codec
        secret = codec.secret if isinstance(codec, EncryptedCodec) else None
        return self._say_file(uploaded.place, uploaded.name, uploaded.file, secret)
