"""What a client keeps on disk, encrypted: one random key, and what opens it.

The master key is 32 random bytes. Each value is encrypted under a key of its own:

    salt   = 24 random bytes
    key    = BLAKE2b-256(salt, key=master key, person="chat vault row 1")
    value  = salt + ChaCha20-Poly1305(key, nonce of 12 zero bytes, plain,
                                      associated data = UTF-8 of "TABLE\\0KEY")

so a value that was moved to another row does not open. The master key is kept wrapped:

    {"v":1,"by":"file","salt":"b64","key":"b64"}
    {"v":1,"by":"passphrase","salt":"b64","key":"b64","memory":65536,"time":3}

    key file:    secret = BLAKE2b-256(bytes of the file, salt=salt, person="chat vault file1")
    passphrase:  secret = Argon2id(NFC of the passphrase in UTF-8, salt, `memory` KiB,
                                   `time` passes, 1 lane, 32 bytes)
    "key"        = ChaCha20-Poly1305(secret, nonce of 12 zero bytes, master key,
                                     associated data = "twisted-chat vault 1 " + "by")

The salt is 16 random bytes, new at every wrapping, so no secret is used twice. Base64 is the
ordinary alphabet without padding. Changing the wrapping leaves all values as they are.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from unicodedata import normalize

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ..core.errors import ChatError
from .base64 import from_base64, to_base64

MEMORY = 65_536  # KiB
PASSES = 3
MOST_MEMORY = 1_048_576  # of a file that somebody may have tampered with
MOST_PASSES = 100
LEAST_KEY_FILE = 32  # bytes
_SALT = 24
_NONCE = bytes(12)


class Wrapped(msgspec.Struct, frozen=True, omit_defaults=True):
    """The master key as it is on disk."""

    v: int
    by: str
    salt: str
    key: str
    memory: int = 0
    time: int = 0


class Vault:
    """Encrypts values for their rows, and decrypts them there only."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError("a master key has 32 bytes")
        self._master = master

    @classmethod
    def new(cls) -> Vault:
        """A vault with a key that nobody has had before."""
        return cls(os.urandom(32))

    # --- the master key ----------------------------------------------------------------------

    @classmethod
    def unlock(cls, wrapped: bytes, secret: bytes | str) -> Vault:
        """The vault that a key file (bytes) or a passphrase (str) opens.

        A passphrase takes a third of a second of work: do it in a thread.
        """
        kind = "passphrase" if isinstance(secret, str) else "file"
        try:
            kept = msgspec.json.decode(wrapped, type=Wrapped)
            salt, key = from_base64(kept.salt), from_base64(kept.key)
        except (ValueError, msgspec.MsgspecError):
            raise _damaged() from None
        if kept.v != 1 or len(salt) != 16 or len(key) != 48:
            raise _damaged()
        if kept.by != kind:
            raise ChatError(
                "vault", f"The keys on this computer are opened by a {_named(kept.by)}."
            )
        if kind == "passphrase" and not (
            8 <= kept.memory <= MOST_MEMORY and 1 <= kept.time <= MOST_PASSES
        ):
            raise _damaged()
        stretched = _stretched(secret, salt, kept.memory, kept.time)
        try:
            return cls(ChaCha20Poly1305(stretched).decrypt(_NONCE, key, _bound(kind)))
        except InvalidTag:
            sentence = (
                "That is not the passphrase of the keys on this computer."
                if kind == "passphrase"
                else "The key file does not open the keys on this computer: it is another one."
            )
            raise ChatError("bad_passphrase", sentence) from None

    def wrap(self, secret: bytes | str, salt: bytes | None = None) -> bytes:
        """The master key for the disk, to be opened by a key file (bytes) or a passphrase (str)."""
        salt = os.urandom(16) if salt is None else salt
        if isinstance(secret, str):
            kind, memory, time = "passphrase", MEMORY, PASSES
        else:
            kind, memory, time = "file", 0, 0
        stretched = _stretched(secret, salt, memory, time)
        key = ChaCha20Poly1305(stretched).encrypt(_NONCE, self._master, _bound(kind))
        return msgspec.json.encode(Wrapped(1, kind, to_base64(salt), to_base64(key), memory, time))

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose; `purpose` is at most 16 bytes."""
        return blake2b(key=self._master, person=purpose.encode(), digest_size=32).digest()

    # --- values ------------------------------------------------------------------------------

    def seal(self, table: str, key: str, plain: bytes, salt: bytes | None = None) -> bytes:
        """A value, encrypted for one row."""
        salt = os.urandom(_SALT) if salt is None else salt
        return salt + ChaCha20Poly1305(self._row_key(salt)).encrypt(_NONCE, plain, _row(table, key))

    def open(self, table: str, key: str, value: bytes) -> bytes:
        """What was encrypted for this row."""
        salt, sealed = value[:_SALT], value[_SALT:]
        try:
            return ChaCha20Poly1305(self._row_key(salt)).decrypt(_NONCE, sealed, _row(table, key))
        except InvalidTag:
            raise ChatError(
                "vault",
                "What is kept on this computer was changed by somebody else, or is damaged:"
                " it cannot be read with these keys.",
            ) from None

    def _row_key(self, salt: bytes) -> bytes:
        return blake2b(salt, key=self._master, person=b"chat vault row 1", digest_size=32).digest()


def is_by_passphrase(wrapped: bytes) -> bool:
    """Whether a passphrase opens this, and not a key file."""
    try:
        return msgspec.json.decode(wrapped, type=Wrapped).by == "passphrase"
    except msgspec.MsgspecError:
        raise _damaged() from None


def _stretched(secret: bytes | str, salt: bytes, memory: int, time: int) -> bytes:
    if isinstance(secret, bytes):
        if len(secret) < LEAST_KEY_FILE:
            raise ChatError("vault", f"A key file has at least {LEAST_KEY_FILE} bytes.")
        return blake2b(secret, salt=salt, person=b"chat vault file1", digest_size=32).digest()
    if not secret:
        raise ChatError("bad_passphrase", "A passphrase has at least one character.")
    return hash_secret_raw(normalize("NFC", secret).encode(), salt, time, memory, 1, 32, Type.ID)


def _bound(kind: str) -> bytes:
    return b"twisted-chat vault 1 " + kind.encode()


def _row(table: str, key: str) -> bytes:
    return f"{table}\0{key}".encode()


def _named(by: str) -> str:
    return "passphrase" if by == "passphrase" else "key file"


def _damaged() -> ChatError:
    return ChatError("damaged", "The file with the keys on this computer is damaged.")
