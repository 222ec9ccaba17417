"""What can be known of encryption from end to end without it: how its pieces look from outside.

Whether a signature is right, and what is in an envelope, only clients can know.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from .errors import ChatError

MOST_SEALED = 32 * 1024  # characters of an envelope
MOST_ONE_TIME = 100  # keys of one device that are still to be taken
MOST_CLAIMED = 100  # devices that one request may ask a key of
KEY = 32  # bytes
SIGNATURE = 64
_ID = re.compile(r"[A-Za-z0-9+/_-]{1,32}")
_VERSION = 16  # bytes of a hash that are enough to tell two versions apart


class RowChange(NamedTuple):
    """A row of a client's encrypted state to write, in the place of an older one, or to delete."""

    table: str
    key: str
    value: bytes | None  # None deletes it


class DeviceKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two keys that a device is known by, and its signature of them."""

    ed25519: str
    curve25519: str
    signature: str


class OneTimeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to begin with, and the signature of the device that will know it again."""

    key: str
    signature: str


class Published(msgspec.Struct, frozen=True):
    """What a device publishes at once; the keys to begin with have ids of its own."""

    device_keys: DeviceKeys
    one_time: Mapping[str, OneTimeKey]
    fallback: Mapping[str, OneTimeKey]


def check_envelope(sealed: str) -> str:
    """The envelope itself, or a refusal of what cannot be one."""
    if len(sealed) > MOST_SEALED:
        raise ChatError(
            "too_long",
            f"A sealed message has at most {MOST_SEALED:,} characters; this one has "
            f"{len(sealed):,}.",
            max=MOST_SEALED,
        )
    if not sealed or not sealed.isascii() or not sealed.isprintable():
        raise ChatError("args", "A sealed message is one line of printable ASCII.")
    return sealed


def check_published(published: Published) -> None:
    """Refuse keys that do not have the shape of keys."""
    keys = published.device_keys
    _check("ed25519", keys.ed25519, KEY)
    _check("curve25519", keys.curve25519, KEY)
    _check("signature", keys.signature, SIGNATURE)
    if len(published.one_time) > MOST_ONE_TIME:
        raise ChatError("args", f"A device publishes {MOST_ONE_TIME} one-time keys at most.")
    if len(published.fallback) > 1:
        raise ChatError("args", "A device has one fallback key.")
    for id, one in (*published.one_time.items(), *published.fallback.items()):
        if not _ID.fullmatch(id):
            raise ChatError("args", "The id of a one-time key is 1 to 32 characters of base64.")
        _check("key", one.key, KEY)
        _check("signature", one.signature, SIGNATURE)


def check_devices(devices: Iterable[str]) -> list[str]:
    """The devices of which somebody wants a key, each once."""
    asked = list(dict.fromkeys(devices))
    if not 0 < len(asked) <= MOST_CLAIMED:
        raise ChatError("args", f"Ask for the keys of 1 to {MOST_CLAIMED} devices at once.")
    for device in asked:
        _check("curve25519", device, KEY)
    return asked


def version_of(parts: Iterable[str]) -> str:
    """A short name for exactly these parts in this order."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest[:_VERSION]).decode().rstrip("=")


def _check(name: str, text: str, size: int) -> None:
    # A key that could be written in two ways would be taken for two.
    if len(text) != (size * 4 + 2) // 3 or _again(text) != text:
        raise ChatError("args", f"{name} is {size} bytes in base64 without padding.")


def _again(text: str) -> str | None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(raw).decode().rstrip("=")
