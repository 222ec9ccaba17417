"""Files of encrypted conversations: the server has ciphertext, and whoever may read it the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ChatError
from ..files.packing import Bare, Coding, Damaged, Packed, Ticket, Uploaded

if TYPE_CHECKING:
    from ...e2e.chunks import FileCipher
    from ...e2e.envelopes import SealedFile
    from ..sync.outbox import Outgoing


class Ciphered:
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


class Veiling(Bare):
    """Encrypts what goes into encrypted conversations; everything else goes as it is."""

    async def pack(self, place: str, name: str, size: int) -> Packed:
        if not self._user.secrets.encrypted(place):
            return Packed(name)
        from ...e2e.base64 import to_base64
        from ...e2e.chunks import FileCipher, new_key
        from ...e2e.envelopes import SealedFile

        key = new_key()
        secret = SealedFile(name, size, to_base64(key))
        return Packed("", Ciphered(FileCipher(key, size), secret))

    async def unpack(self, ticket: Ticket) -> Packed:
        recalling = self._user.recalling
        kept = await recalling.file(ticket.file)
        if kept is None and ticket.name and not recalling.is_sealed(ticket.room, ticket.seq):
            return Packed(ticket.name)
        from ...e2e.chunks import FileCipher
        from ...e2e.envelopes import file_key

        kept = kept or await recalling.kept_at(ticket.room, ticket.seq)
        if kept is None or kept.file is None:
            raise ChatError(
                "no_keys",
                f"File {ticket.file} is encrypted, and this device has no key for it: ask who sent"
                " it to send it again.",
            )
        secret = kept.file
        return Packed(secret.name, Ciphered(FileCipher(file_key(secret), secret.size), secret))

    def say(self, uploaded: Uploaded) -> Outgoing:
        coding: Coding = uploaded.packed.coding
        secret = coding.secret if isinstance(coding, Ciphered) else None
        return self._user.say_file(uploaded.place, uploaded.name, uploaded.file, secret)
