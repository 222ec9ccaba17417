"""Files as they are encrypted: in chunks, so that any part can be sent again or read on its own.

The plain file is cut in chunks of 65,536 bytes; the last is shorter, or as long; an empty file
is one empty chunk. Each is encrypted with ChaCha20-Poly1305 under a random key that is used for
this file only and that travels inside the message:

    nonce = 4 bytes, big-endian: 1 in the last chunk, 0 in the others
          + 8 bytes, big-endian: the number of the chunk, from 0

There is no associated data, and nothing between the chunks: chunk i begins at i * 65,552. A
chunk that was changed, or stands in another place, does not open; neither does a file that was
cut short at the end of a chunk, since its last chunk does not say that it is the last.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ..core.errors import ChatError

CHUNK = 65_536  # plain bytes
TAG = 16
SEALED_CHUNK = CHUNK + TAG


class Start(NamedTuple):
    """Where to go on in a file of which the other side has something already."""

    chunk: int
    skip: int  # bytes of that encrypted chunk that are there


def new_key() -> bytes:
    """A key for one file."""
    return os.urandom(32)


def chunks_of(size: int) -> int:
    """How many chunks a plain file of that size has."""
    return max(1, -(-size // CHUNK))


def sealed_size(size: int) -> int:
    """How long a plain file of that size is once it is encrypted."""
    return size + TAG * chunks_of(size)


def plain_size(size: int) -> int:
    """How long an encrypted file of that size is in plain; a refusal if none is so long."""
    count = max(1, -(-size // SEALED_CHUNK))
    plain = size - TAG * count
    if plain < 0 or sealed_size(plain) != size:
        raise _damaged()
    return plain


def start_at(offset: int) -> Start:
    """Where the encrypted byte number `offset` is."""
    return Start(*divmod(offset, SEALED_CHUNK))


class FileCipher:
    """Encrypts or decrypts one file, chunk by chunk, in any order."""

    def __init__(self, key: bytes, size: int) -> None:
        """`size` is the plain file's."""
        self.size = size
        self.count = chunks_of(size)
        self._cipher = ChaCha20Poly1305(key)

    def length(self, number: int) -> int:
        """How many plain bytes chunk `number` has."""
        if not 0 <= number < self.count:
            raise ValueError(f"this file has no chunk {number}")
        return CHUNK if number < self.count - 1 else self.size - CHUNK * (self.count - 1)

    def seal(self, number: int, plain: bytes) -> bytes:
        """Encrypt chunk `number`."""
        if len(plain) != self.length(number):
            raise ChatError("changed", "The file has changed while it was sent: send it again.")
        return self._cipher.encrypt(self._nonce(number), plain, None)

    def open(self, number: int, sealed: bytes) -> bytes:
        """Decrypt chunk `number`; a refusal if it is not that chunk of this file, whole."""
        if len(sealed) != self.length(number) + TAG:
            raise _damaged()
        try:
            return self._cipher.decrypt(self._nonce(number), sealed, None)
        except InvalidTag:
            raise _damaged() from None

    def _nonce(self, number: int) -> bytes:
        last = number == self.count - 1
        return int(last).to_bytes(4, "big") + number.to_bytes(8, "big")


def _damaged() -> ChatError:
    return ChatError(
        "damaged", "This file was damaged or changed on its way: ask for it to be sent again."
    )
