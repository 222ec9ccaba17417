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
ordinary alphabet without padding.

A new passphrase comes with a new master key, so that an old one, or an old copy of this file, is
of no use for what is kept from then on. The version is 2 then, and there are two more fields:

    "id"       = hex of BLAKE2b-64(key=master key, person="chat vault id")
    "carried"  = base64 of a value for the row "carried" of the table "vault":
                 {"first":"b64","former":["b64",...]}

`first` is the first master key, from which keys for other purposes are derived; `former` are
those under which values may still be encrypted, until all of them were encrypted anew.
"""

from __future__ import annotations

import os
from contextlib import suppress
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
    id: str = ""
    carried: str = ""


class _Carried(msgspec.Struct, frozen=True):
    """Master keys of before, as they are kept under that of today."""

    first: str
    former: tuple[str, ...] = ()


class Vault:
    """Encrypts values for their rows, and decrypts them there only."""

    def __init__(self, master: bytes, first: bytes = b"", former: tuple[bytes, ...] = ()) -> None:
        """`first` was the master key in the beginning, and `former` may have encrypted values."""
        if len(master) != 32:
            raise ValueError("a master key has 32 bytes")
        self._master = master
        self._first = first or master
        self._former = former

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
        if kept.v not in (1, 2) or len(salt) != 16 or len(key) != 48:
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
            vault = cls(ChaCha20Poly1305(stretched).decrypt(_NONCE, key, _bound(kind)))
        except InvalidTag:
            sentence = (
                "That is not the passphrase of the keys on this computer."
                if kind == "passphrase"
                else "The key file does not open the keys on this computer: it is another one."
            )
            raise ChatError("bad_passphrase", sentence) from None
        return vault if kept.v == 1 else vault._with(kept)

    def _with(self, kept: Wrapped) -> Vault:
        """The same with the master keys of before."""
        try:
            carried = msgspec.json.decode(
                self.open("vault", "carried", from_base64(kept.carried)), type=_Carried
            )
            first = from_base64(carried.first)
            former = tuple(from_base64(one) for one in carried.former)
            return Vault(self._master, first, former)
        except (ValueError, msgspec.MsgspecError, ChatError):
            raise _damaged() from None

    def wrap(self, secret: bytes | str, salt: bytes | None = None) -> bytes:
        """The master key for the disk, to be opened by a key file (bytes) or a passphrase (str)."""
        salt = os.urandom(16) if salt is None else salt
        if isinstance(secret, str):
            kind, memory, time = "passphrase", MEMORY, PASSES
        else:
            kind, memory, time = "file", 0, 0
        stretched = _stretched(secret, salt, memory, time)
        key = ChaCha20Poly1305(stretched).encrypt(_NONCE, self._master, _bound(kind))
        version = 1 if self._first == self._master else 2
        wrapped = Wrapped(version, kind, to_base64(salt), to_base64(key), memory, time)
        return msgspec.json.encode(wrapped if version == 1 else self._carrying(wrapped))

    def _carrying(self, wrapped: Wrapped) -> Wrapped:
        former = tuple(to_base64(one) for one in self._former)
        carried = msgspec.json.encode(_Carried(to_base64(self._first), former))
        sealed = to_base64(self.seal("vault", "carried", carried))
        return msgspec.structs.replace(wrapped, id=self._id, carried=sealed)

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose, which stays; `purpose` is at most 16 bytes."""
        return blake2b(key=self._first, person=purpose.encode(), digest_size=32).digest()

    # --- another master key ------------------------------------------------------------------

    def renewed(self) -> Vault:
        """A vault with a new master key that opens everything this one does."""
        return Vault(os.urandom(32), self._first, (self._master, *self._former))

    def become(self, other: Vault) -> None:
        """Be that vault from now on."""
        self._master, self._first, self._former = other._master, other._first, other._former

    @property
    def is_settled(self) -> bool:
        """Whether the master key of today has encrypted everything."""
        return not self._former

    @property
    def _id(self) -> str:
        return blake2b(key=self._master, person=b"chat vault id", digest_size=8).hexdigest()

    def is_of(self, wrapped: bytes) -> bool:
        """Whether the master key that is wrapped there is this one, as far as can be seen."""
        kept = _wrapped(wrapped)
        return kept.id == (self._id if self._first != self._master else "")

    def settled(self, wrapped: bytes) -> bytes:
        """The same for the disk without the former master keys: nothing needs them any more."""
        alone = Vault(self._master, self._first)
        return msgspec.json.encode(alone._carrying(_wrapped(wrapped)))

    def again(self, table: str, key: str, value: bytes) -> bytes:
        """A value encrypted anew, unless it cannot be opened anyway."""
        try:
            return self.seal(table, key, self.open(table, key, value))
        except ChatError:
            return value

    # --- values ------------------------------------------------------------------------------

    def seal(self, table: str, key: str, plain: bytes, salt: bytes | None = None) -> bytes:
        """A value, encrypted for one row."""
        salt = os.urandom(_SALT) if salt is None else salt
        cipher = ChaCha20Poly1305(_row_key(self._master, salt))
        return salt + cipher.encrypt(_NONCE, plain, _row(table, key))

    def open(self, table: str, key: str, value: bytes) -> bytes:
        """What was encrypted for this row."""
        salt, sealed = value[:_SALT], value[_SALT:]
        for master in (self._master, *self._former):
            with suppress(InvalidTag):
                cipher = ChaCha20Poly1305(_row_key(master, salt))
                return cipher.decrypt(_NONCE, sealed, _row(table, key))
        raise ChatError(
            "vault",
            "What is kept on this computer was changed by somebody else, or is damaged:"
            " it cannot be read with these keys.",
        )


def is_by_passphrase(wrapped: bytes) -> bool:
    """Whether a passphrase opens this, and not a key file."""
    return _wrapped(wrapped).by == "passphrase"


def _wrapped(wrapped: bytes) -> Wrapped:
    try:
        return msgspec.json.decode(wrapped, type=Wrapped)
    except msgspec.MsgspecError:
        raise _damaged() from None


def _row_key(master: bytes, salt: bytes) -> bytes:
    return blake2b(salt, key=master, person=b"chat vault row 1", digest_size=32).digest()


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
