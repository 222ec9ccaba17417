"""What the server carries: envelopes of printable ASCII, and the payload inside.

An envelope is compact JSON, written in just one way (another spelling of it is refused), of at
most 32,768 bytes. Keys are base64 (the ordinary alphabet, no padding); CURVE is a device's
curve25519 key, "by" the sending device's.

    {"kind":"pair","v":1,"by":CURVE,"keys":{CURVE:[TYPE,OLM],...},"body":BODY}
    {"kind":"group","v":1,"by":CURVE,"session":ID,"body":MEGOLM}
    {"kind":"keys","v":1,"by":CURVE,"keys":{CURVE:[TYPE,OLM],...}}

`pair` is a message of a private conversation. BODY is ChaCha20-Poly1305 of the padded payload
under a random key used once, with a nonce of 12 zero bytes and no associated data; for every
device that may read it, OLM is an Olm message (TYPE 0 begins a session, 1 does not) of

    {"key":KEY,"hash":SHA-256 of BODY's bytes,"from":sender's ed25519,"to":recipient's ed25519}

`group` is a message in a room: MEGOLM is a Megolm message of the padded payload. `keys` is no
message to people: each OLM is one of

    {"place":PLACE,"from":ED,"to":ED,"device":NAME,"signature":SIG,"session":SESSION KEY}
    {"place":PLACE,"from":ED,"to":ED,"device":NAME,"signature":SIG}

The first hands on a Megolm session; the second, a greeting, begins a new Olm session in place
of one that is lost. With either the sending device introduces itself: SIG is its signature of
its own keys (see `device`). The payload is JSON, filled up with blanks to a multiple of 64
bytes; `target`, `file`, `device`, `signature` and `deleted` are left out where there are none:

    {"place":PLACE,"n":N,"by":CURVE,"text":TEXT,"target":SEQ,
     "file":{"name":NAME,"size":SIZE,"key":KEY,"chunk":65536},"device":NAME,"signature":SIG,
     "deleted":true}

PLACE is the conversation: the two folded names in order with a blank between them, or `#room`.
N counts the messages of this device in this place from 1, and apart from them its edits.
`target` is the number of the message that this one edits; with `deleted` its author takes it
back, and the text is the reason. `device` and `signature` introduce the device, in `pair` only.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ..core.errors import ChatError
from .base64 import from_base64
from .chunks import CHUNK

MOST_SEALED = 32_768
PADDING = 64
_Plain = TypeVar("_Plain", bound=msgspec.Struct)


class Envelope(
    msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower, forbid_unknown_fields=True
):
    """What all envelopes have; `v` is the version of their format."""

    v: int
    by: str


class Pair(Envelope, frozen=True):
    """A message of a private conversation."""

    keys: dict[str, tuple[int, str]]
    body: str


class Group(Envelope, frozen=True):
    """A message in a room."""

    session: str
    body: str


class Keys(Envelope, frozen=True):
    """Key material for devices."""

    keys: dict[str, tuple[int, str]]


class BodyKey(msgspec.Struct, frozen=True):
    """What an Olm message in a `pair` envelope says."""

    key: str
    hash: str
    from_: str = msgspec.field(name="from")
    to: str


class SessionShare(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an Olm message in a `keys` envelope says."""

    place: str
    from_: str = msgspec.field(name="from")
    to: str
    device: str
    signature: str
    session: str = ""


class SealedFile(msgspec.Struct, frozen=True):
    """A file as the message that brings it tells of it."""

    name: str
    size: int
    key: str
    chunk: int = CHUNK


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message says, and what it belongs to."""

    place: str
    n: int
    by: str
    text: str
    target: int | None = None
    file: SealedFile | None = None
    device: str = ""
    signature: str = ""
    deleted: bool = False  # its author takes back the message that this edits


class NotAnEnvelope(ValueError):
    """Something that no client would have written; `newer` if a later one may have."""

    def __init__(self, newer: bool = False) -> None:
        super().__init__("this is no envelope")
        self.newer = newer


def written(envelope: Envelope) -> str:
    """An envelope as it is sent; a refusal if it would be too long."""
    text = msgspec.json.encode(envelope).decode("ascii")
    if len(text) > MOST_SEALED:
        raise ChatError(
            "too_long",
            "Encrypted for everybody's devices this would be too long: send it in parts.",
        )
    return text


def read(sealed: str) -> Pair | Group | Keys:
    """An envelope as it came."""
    if len(sealed) > MOST_SEALED or not sealed.isascii():
        raise NotAnEnvelope
    try:
        envelope = msgspec.json.decode(sealed, type=Pair | Group | Keys)
    except (msgspec.MsgspecError, RecursionError):
        raise NotAnEnvelope(newer=_is_newer(sealed)) from None
    if envelope.v != 1:
        raise NotAnEnvelope(newer=envelope.v > 1)
    if msgspec.json.encode(envelope) != sealed.encode():
        raise NotAnEnvelope
    return envelope


class _Version(msgspec.Struct):
    v: int


def _is_newer(sealed: str) -> bool:
    try:
        return msgspec.json.decode(sealed, type=_Version).v > 1
    except (msgspec.MsgspecError, RecursionError):
        return False


def padded(payload: Payload) -> bytes:
    """A payload as it is encrypted."""
    plain = msgspec.json.encode(payload)
    return plain + b" " * (-len(plain) % PADDING)


def plain(text: bytes, kind: type[_Plain]) -> _Plain:
    """What was decrypted, as what it should be; ValueError if it is not that."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError("this is not what was to be inside") from None


def file_key(file: SealedFile) -> bytes:
    """The key of a file that somebody sent; ValueError if what is said of it cannot be."""
    key = from_base64(file.key)
    if len(key) != 32 or file.chunk != CHUNK or not 0 <= file.size < 1 << 50:
        raise ValueError("there is no such file")
    return key
